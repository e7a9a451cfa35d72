package session_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/session"
)

const day = 24 * time.Hour

func TestExpiry(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		st := newStore(t, db, session.Config{MaxAge: time.Hour, Fixed: true})
		b := &browser{t: t, st: st}
		begun := c.now()
		b.set("k", "v")
		if want := begun.Add(time.Hour); !b.cookie.Expires.Equal(want.Truncate(time.Second)) || b.cookie.MaxAge != 3600 || !dump(t, db)[0].Expires.Equal(want) {
			t.Errorf("expires %v, cookie %v, want %v", dump(t, db)[0].Expires, b.cookie.Expires, want)
		}
		b.do(func(_ http.ResponseWriter, s *session.Session) {
			if !s.ExpiresAt().Equal(begun.Add(time.Hour)) {
				t.Errorf("ExpiresAt is %v", s.ExpiresAt())
			}
		})
		// The clock's zone is not UTC, and it moves to another: a moment is a moment.
		c.mu.Lock()
		c.at = begun.Add(time.Hour - time.Microsecond).In(time.FixedZone("", -11*3600))
		c.mu.Unlock()
		if got := b.get("k"); got != "v" {
			t.Errorf("read %q just before the end", got)
		}
		c.advance(time.Microsecond)
		if got := b.get("k"); got != "" {
			t.Errorf("read %q at the end", got)
		}
		if rows := dump(t, db); len(rows) != 0 {
			t.Error("the expired row is still there")
		}
	})
}

func TestSliding(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		st := newStore(t, db, session.Config{})
		b := &browser{t: t, st: st}
		start := c.now()
		b.set("k", "v")
		c.advance(7*day - time.Second)
		b.cookie.Expires = time.Time{}
		if b.get("k"); !b.cookie.Expires.IsZero() || !dump(t, db)[0].Expires.Equal(start.Add(14*day)) {
			t.Error("renewed in the first half")
		}
		updated := dump(t, db)[0].Updated
		c.advance(2 * time.Second)
		if got := b.get("k"); got != "v" || !b.cookie.Expires.Equal(c.now().Add(14*day)) || !dump(t, db)[0].Expires.Equal(c.now().Add(14*day)) {
			t.Errorf("not renewed in the second half: %v", b.cookie)
		}
		if !dump(t, db)[0].Updated.Equal(updated) {
			t.Error("renewing counts as a change")
		}
		c.advance(13 * day)
		b.set("k", "w") // a change renews, too
		if !b.cookie.Expires.Equal(c.now().Add(14 * day)) {
			t.Error("not renewed by a change")
		}
		for range 20 {
			c.advance(10 * day)
			if got := b.get("k"); got != "w" {
				t.Fatalf("read %q", got)
			}
		}
		c.advance(14 * day)
		if got := b.get("k"); got != "" {
			t.Errorf("read %q after the end", got)
		}
	})
}

func TestLimits(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		start := c.now()
		fixed := &browser{t: t, st: newStore(t, db, session.Config{Fixed: true})}
		limited := &browser{t: t, st: newStore(t, db, session.Config{MaxLife: 20 * day})}
		fixed.set("k", "v")
		limited.set("k", "v")
		c.advance(13 * day)
		fixed.set("k", "w")
		limited.do(func(_ http.ResponseWriter, s *session.Session) { s.Rotate() }) // does not begin it anew
		if rows := dump(t, db); !rows[0].Expires.Equal(start.Add(14 * day)) {
			t.Error("a fixed session was renewed")
		}
		if !limited.cookie.Expires.Equal(start.Add(20 * day)) {
			t.Errorf("limited to %v", limited.cookie.Expires)
		}
		c.advance(day)
		if got := fixed.get("k"); got != "" {
			t.Errorf("fixed: %q", got)
		}
		if got := limited.get("k"); got != "v" {
			t.Errorf("limited: %q", got)
		}
		shorter := &browser{t: t, st: newStore(t, db, session.Config{MaxLife: 14 * day}), cookie: limited.cookie}
		if got := shorter.get("k"); got != "" {
			t.Errorf("older than MaxLife: %q", got)
		}
	})
}

// A renewal that fails does not fail the request: nothing is lost.
func TestRenewalMayFail(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		newStore(t, db, session.Config{})
		db, failing := datatest.Failing(db)
		b := &browser{t: t, st: newStore(t, db, session.Config{})}
		b.set("k", "v")
		c.advance(8 * day)
		failing.Fail(true)
		b.cookie.Expires = time.Time{}
		if got := b.get("k"); got != "v" || !b.cookie.Expires.IsZero() {
			t.Errorf("read %q, cookie %v", got, b.cookie)
		}
		failing.Fail(false)
		if b.get("k"); b.cookie.Expires.IsZero() {
			t.Error("the next request does not try again")
		}
	})
}

func TestDeleteExpired(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		st := newStore(t, db, session.Config{})
		b := &browser{t: t, st: st}
		b.set("k", "old")
		fill(t, db, c.now(), 1300)
		c.advance(day)
		live := &browser{t: t, st: st}
		live.set("k", "live")
		c.advance(13 * day)
		second := newStore(t, db, session.Config{})
		removed := make(chan int)
		for _, st := range []*session.Store{st, second} {
			go func() {
				n, err := st.DeleteExpired(t.Context())
				if err != nil {
					t.Error(err)
				}
				removed <- n
			}()
		}
		if n := <-removed + <-removed; n != 1301 {
			t.Errorf("%d removed, want 1301", n)
		}
		if rows := dump(t, db); len(rows) != 1 || live.get("k") != "live" {
			t.Errorf("%d rows remain", len(rows))
		}
		if n, err := st.DeleteExpired(t.Context()); n != 0 || err != nil {
			t.Errorf("again: %d, %v", n, err)
		}
	})
}

// fill adds rows that expire after 14 days.
func fill(t testing.TB, db *data.DB, now time.Time, n int) {
	t.Helper()
	type filler struct {
		data.Audited[filler]
		Hash    string    `db:"session_id"`
		Data    []byte    `db:"data"`
		Expires time.Time `db:"expires_at"`
	}
	rows := make([]filler, n)
	for i := range rows {
		rows[i] = filler{Hash: fmt.Sprint(i), Data: []byte{1}, Expires: now.Add(14 * day)}
	}
	if err := data.NewTable[filler]("http_sessions").On(db).AddAll(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
}
