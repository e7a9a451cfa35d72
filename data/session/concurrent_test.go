package session_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/session"
)

// together runs n requests with one session, all of which have read it before
// the first saves, and returns their statuses.
func together(b *browser, n int, fn func(i int, s *session.Session)) []int {
	var ready, done sync.WaitGroup
	ready.Add(n)
	statuses := make([]int, n)
	for i := range n {
		done.Go(func() {
			own := &browser{t: b.t, st: b.st, cookie: b.cookie}
			statuses[i] = own.do(func(_ http.ResponseWriter, s *session.Session) {
				ready.Done()
				ready.Wait()
				fn(i, s)
			}).Code
		})
	}
	done.Wait()
	return statuses
}

func TestParallelRequestsMerge(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		b := &browser{t: t, st: newStore(t, db, session.Config{})}
		const n = 8
		b.set("kept", "v", "gone", "v")
		for i, status := range together(b, n, func(i int, s *session.Session) {
			if i == 0 {
				s.Delete("gone")
			}
			s.Set(fmt.Sprint("key ", i), "v")
		}) {
			if status != http.StatusOK {
				t.Errorf("request %d: %d", i, status)
			}
		}
		b.do(func(_ http.ResponseWriter, s *session.Session) {
			want := []string{"kept", "key 0", "key 1", "key 2", "key 3", "key 4", "key 5", "key 6", "key 7"}
			if diff := cmp.Diff(want, s.Keys()); diff != "" {
				t.Errorf("values were lost:\n%s", diff)
			}
		})
		// One key: one of them wins, and nothing fails.
		for i, status := range together(b, n, func(i int, s *session.Session) { s.Set("same", fmt.Sprint(i)) }) {
			if status != http.StatusOK {
				t.Errorf("same key, request %d: %d", i, status)
			}
		}
		if got := b.get("same"); len(got) != 1 || got < "0" || got > "7" {
			t.Errorf("the key has %q", got)
		}
		if n := len(dump(t, db)); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

// Who comes with an id that was rotated or destroyed meanwhile changes nothing.
func TestEndedMeanwhile(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		st := newStore(t, db, session.Config{})
		for name, end := range map[string]func(s *session.Session) error{
			"rotated":   (*session.Session).Rotate,
			"destroyed": (*session.Session).Destroy,
			"owned":     func(s *session.Session) error { return s.SetOwner("zoë") },
		} {
			b := &browser{t: t, st: st}
			b.set("k", "v")
			other := &browser{t: t, st: st, cookie: b.cookie}
			reader := &browser{t: t, st: st, cookie: b.cookie}
			w := other.do(func(_ http.ResponseWriter, s *session.Session) {
				r := reader.do(func(_ http.ResponseWriter, s *session.Session) {
					b.do(func(_ http.ResponseWriter, s *session.Session) {
						if err := end(s); err != nil {
							t.Error(err)
						}
					})
				})
				if r.Code != http.StatusOK {
					t.Errorf("%s: a reader got %d", name, r.Code)
				}
				s.SetOwner("mallory")
				s.Set("k", "planted")
			})
			if w.Code != http.StatusConflict || len(w.Result().Cookies()) != 0 {
				t.Errorf("%s: %d, %v", name, w.Code, w.Header())
			}
			for _, r := range dump(t, db) {
				if r.Owner == "mallory" {
					t.Errorf("%s: it came back", name)
				}
			}
			if name != "destroyed" && b.get("k") != "v" {
				t.Errorf("%s: the value is %q", name, b.get("k"))
			}
		}
	})
}

// Together two requests may set more than one may.
func TestParallelRequestsAreBounded(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		b := &browser{t: t, st: newStore(t, db, session.Config{MaxBytes: 100})}
		b.set("k", "v")
		statuses := together(b, 2, func(i int, s *session.Session) {
			if err := s.Set(fmt.Sprint(i), string(make([]byte, 10))); err != nil { // 62 bytes of \u0000
				t.Error(err)
			}
		})
		if statuses[0]+statuses[1] != 200+500 {
			t.Errorf("statuses %v", statuses)
		}
	})
}
