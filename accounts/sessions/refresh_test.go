package sessions_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func wantRefreshInvalid(t *testing.T, what string, err error) {
	t.Helper()
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Unauthenticated || e.Code != "REFRESH_INVALID" {
		t.Errorf("%s: %v, want REFRESH_INVALID", what, err)
	}
}

func TestRefresh(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
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
		_, err = s.Refresh(t.Context(), first.Refresh.Reveal())
		wantRefreshInvalid(t, "an honest retry", err)
		wantIn(t, h, "after an honest retry", second, true)

		h.Clock.Advance(time.Microsecond)
		_, err = s.Refresh(t.Context(), first.Refresh.Reveal())
		wantRefreshInvalid(t, "a stolen token", err)
		wantIn(t, h, "after a stolen token", second, false)
		_, err = s.Refresh(t.Context(), second.Refresh.Reveal())
		wantRefreshInvalid(t, "the family of a stolen token", err)

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

// TestRefreshOnce has 64 renew one session at once.
func TestRefreshOnce(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s := service(h)
		i := open(t, h, h.Person("ada"), sessions.Token, false)
		var good atomic.Pointer[sessions.Issued]
		var wins atomic.Int32
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				out, err := s.Refresh(t.Context(), i.Refresh.Reveal())
				for fault.KindOf(err) == fault.Unavailable { // busy: try again
					out, err = s.Refresh(t.Context(), i.Refresh.Reveal())
				}
				if err == nil {
					good.Store(&out)
					wins.Add(1)
					return
				}
				wantRefreshInvalid(t, "a late one", err)
			})
		}
		wg.Wait()
		if wins.Load() != 1 {
			t.Fatalf("%d renewals succeeded", wins.Load())
		}
		wantIn(t, h, "the winner", *good.Load(), true)
		if _, err := s.Refresh(t.Context(), good.Load().Refresh.Reveal()); err != nil {
			t.Errorf("the family did not live on: %v", err)
		}
	})
}
