package sessions_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func wantRefreshInvalid(t *testing.T, what string, err error) {
	t.Helper()
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Unauthenticated || e.Code != "REFRESH_INVALID" {
		t.Errorf("%s: %v, want REFRESH_INVALID", what, err)
	}
}

func samePair(a, b sessions.Issued) bool {
	return a.Access.Equal(b.Access) && a.Refresh.Reveal() == b.Refresh.Reveal()
}

func TestRefresh(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		log := new(bytes.Buffer)
		h.Env.Log = slog.New(slog.NewTextHandler(log, nil))
		s := service(h)
		first := open(t, h, h.Person("ada"), sessions.Token, false)
		h.Clock.Advance(time.Hour)
		wantIn(t, h, "an old access token", first, false)
		second, err := s.Refresh(t.Context(), first.Refresh.Reveal())
		h.Must(err)
		wantIn(t, h, "the new access token", second, true)
		if second.Session.ID != first.Session.ID || second.Session.ExpiresAt != first.Session.ExpiresAt {
			t.Errorf("the session changed: %+v, then %+v", first.Session, second.Session)
		}

		h.Clock.Advance(10 * time.Second)
		again, err := s.Refresh(t.Context(), first.Refresh.Reveal())
		h.Must(err)
		if !samePair(again, second) || again.ExpiresIn != sessions.AccessLife-10*time.Second {
			t.Errorf("an honest retry is given %+v, first it was %+v", again, second)
		}
		wantIn(t, h, "after an honest retry", again, true)

		h.Clock.Advance(time.Microsecond)
		_, err = s.Refresh(t.Context(), first.Refresh.Reveal())
		wantRefreshInvalid(t, "a stolen token", err)
		wantIn(t, h, "after a stolen token", second, false)
		_, err = s.Refresh(t.Context(), second.Refresh.Reveal())
		wantRefreshInvalid(t, "the family of a stolen token", err)

		if n := strings.Count(log.String(), second.Session.ID.String()); n != 1 || strings.Contains(log.String(), first.Refresh.Reveal()) {
			t.Errorf("the log names the session %d times, want once, and no token:\n%s", n, log)
		}

		for _, junk := range []string{"", "mnr_", second.Access.Reveal(), secret.NewToken(secret.RefreshToken).Reveal()} {
			_, err := s.Refresh(t.Context(), junk)
			wantRefreshInvalid(t, "junk", err)
		}
	})
}

func TestRefreshEndsWithTheSession(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada := service(h), h.Person("ada")
		i := open(t, h, ada, sessions.Token, false)
		h.Clock.Advance(14 * 24 * time.Hour)
		_, err := s.Refresh(t.Context(), i.Refresh.Reveal())
		wantRefreshInvalid(t, "unused for two weeks", err)

		i = open(t, h, ada, sessions.Token, false)
		for day := range 29 {
			h.Clock.Advance(24 * time.Hour)
			if i, err = s.Refresh(t.Context(), i.Refresh.Reveal()); err != nil {
				t.Fatalf("day %d: %v", day+1, err)
			}
		}
		h.Clock.Advance(24*time.Hour - time.Minute)
		i, err = s.Refresh(t.Context(), i.Refresh.Reveal())
		h.Must(err)
		wantIn(t, h, "in its last minute", i, true)
		h.Clock.Advance(time.Minute)
		wantIn(t, h, "after thirty days", i, false)
		_, err = s.Refresh(t.Context(), i.Refresh.Reveal())
		wantRefreshInvalid(t, "after thirty days", err)
	})
}

// A retry that is not honest any more, because its answer did arrive, is
// refused within the grace, too, and ends nothing then.
func TestRetryAfterTheAnswer(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s := service(h)
		first := open(t, h, h.Person("ada"), sessions.Token, false)
		second, err := s.Refresh(t.Context(), first.Refresh.Reveal())
		h.Must(err)
		third, err := s.Refresh(t.Context(), second.Refresh.Reveal())
		h.Must(err)
		_, err = s.Refresh(t.Context(), first.Refresh.Reveal())
		wantRefreshInvalid(t, "two generations late", err)
		wantIn(t, h, "the newest", third, true)

		// Nor is anybody given what belongs to a session that has ended.
		h.Must(s.Revoke(t.Context(), first.Session.UserID, first.Session.ID))
		_, err = s.Refresh(t.Context(), second.Refresh.Reveal())
		wantRefreshInvalid(t, "of an ended session", err)
	})
}

// A key that was changed between the answer and the retry changes no pair.
func TestRetryUnderAnotherKey(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		first := open(t, h, h.Person("ada"), sessions.Token, false)
		second, err := service(h).Refresh(t.Context(), first.Refresh.Reveal())
		h.Must(err)
		env := h.Env
		env.Keys, err = secret.NewKeyring([]byte("another key, which is current now"[:32]), []byte("0123456789abcdefghijklmnopqrstuv"))
		h.Must(err)
		again, err := sessions.NewService(env, sessions.Config{}).Refresh(t.Context(), first.Refresh.Reveal())
		h.Must(err)
		if !samePair(again, second) {
			t.Error("the retry is given another pair")
		}
	})
}

// TestRefreshOnce has 64 renew one session at once: it is renewed once, and all
// are given what came of it. Later the same token ends the session.
func TestRefreshOnce(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		h.Env.Log = slog.New(slog.DiscardHandler)
		s, ada := service(h), h.Person("ada")
		for range 25 {
			i := open(t, h, ada, sessions.Token, false)
			pairs := make(chan sessions.Issued, 64)
			var wg sync.WaitGroup
			for range 64 {
				wg.Go(func() {
					out, err := s.Refresh(t.Context(), i.Refresh.Reveal())
					for fault.KindOf(err) == fault.Unavailable { // busy: try again
						out, err = s.Refresh(t.Context(), i.Refresh.Reveal())
					}
					if err != nil {
						t.Error(err)
						return
					}
					pairs <- out
				})
			}
			wg.Wait()
			close(pairs)
			first := <-pairs
			for other := range pairs {
				if !samePair(first, other) {
					t.Fatal("there are two pairs")
				}
			}
			wantIn(t, h, "what they were given", first, true)
			next, err := s.Refresh(t.Context(), first.Refresh.Reveal())
			if err != nil {
				t.Errorf("the family did not live on: %v", err)
			}
			h.Clock.Advance(time.Minute)
			_, err = s.Refresh(t.Context(), i.Refresh.Reveal())
			wantRefreshInvalid(t, "a stolen token", err)
			wantIn(t, h, "after a stolen token", next, false)
		}
	})
}

// The end of a family outlives the transaction of whoever presents the token.
func TestReuseOutlivesARollback(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		if h.Env.DB.Dialect() == "sqlite" {
			return // SQLite has one writer: there nobody else ends anything during a transaction
		}
		s := service(h)
		first := open(t, h, h.Person("ada"), sessions.Token, false)
		second, err := s.Refresh(t.Context(), first.Refresh.Reveal())
		h.Must(err)
		h.Clock.Advance(time.Minute)
		undo := errors.New("undo")
		err = h.Env.DB.Tx(t.Context(), func(*data.Tx) error {
			_, err := s.Refresh(t.Context(), first.Refresh.Reveal())
			wantRefreshInvalid(t, "a stolen token", err)
			return undo
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
		wantIn(t, h, "after the rollback", second, false)
	})
}
