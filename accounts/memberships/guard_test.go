package memberships_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/memberships"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/web"
)

func TestGuards(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		count := datatest.NewCounter(h.Env.DB.Driver())
		db := data.New(count, h.Clock.Now)
		s := memberships.NewService(h.Env.DB, h.Env.Events)
		people := map[string]users.User{"other": h.Person("other"), "member": h.Person("member"), "higher": h.Person("higher")}
		_, err := s.CreateForUser(t.Context(), people["member"].ID, memberships.Profile{})
		h.Must(err)
		_, err = s.Create(t.Context(), memberships.Create{UserID: people["higher"].ID, Type: memberships.Contributing})
		h.Must(err)

		r := web.NewRouter(web.Config{Gate: auth.Gate{{
			Name: "test",
			Find: func(r *http.Request) (string, bool) { s := r.Header.Get("X-Test"); return s, s != "" },
			Verify: func(_ context.Context, name string) (*auth.Principal, error) {
				u := people[name]
				return &auth.Principal{Subject: u.Subject()}, nil
			},
		}}})
		answer := func(context.Context, *web.None) (*web.None, error) { return nil, nil }
		web.Handle(r, "GET /free", answer, web.SignedIn)
		web.Handle(r, "GET /member", answer, memberships.Member(db))
		web.Handle(r, "GET /higher", answer, memberships.HigherMember(db))
		for path, may := range map[string]map[string]int{
			"/free":   {"": 401, "other": 204, "member": 204, "higher": 204},
			"/member": {"": 401, "other": 403, "member": 204, "higher": 204},
			"/higher": {"": 401, "other": 403, "member": 403, "higher": 204},
		} {
			for name, want := range may {
				req, w := httptest.NewRequestWithContext(t.Context(), "GET", path, nil), httptest.NewRecorder()
				if name != "" {
					req.Header.Set("X-Test", name)
				}
				count.Reset()
				r.ServeHTTP(w, req)
				statements := 1
				if name == "" || path == "/free" {
					statements = 0
				}
				if n := len(count.Statements()); w.Code != want || n != statements {
					t.Errorf("%s by %q: %d after %d statements, want %d after %d", path, name, w.Code, n, want, statements)
				}
			}
		}
	})
}

func TestEvents(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada := memberships.NewService(h.Env.DB, h.Env.Events), h.Person("ada")
		var told []event.Event
		h.Env.Events.Listen(
			event.Inside(func(_ context.Context, _ *data.Tx, e memberships.Created) error { told = append(told, e); return nil }),
			event.Inside(func(_ context.Context, _ *data.Tx, e memberships.Changed) error { told = append(told, e); return nil }),
			event.Inside(func(_ context.Context, _ *data.Tx, e memberships.Deleted) error { told = append(told, e); return nil }),
		)
		clerk := h.As(h.Person("clerk"), memberships.Read, memberships.Write)
		for range 2 {
			m, err := s.CreateForUser(t.Context(), ada.ID, memberships.Profile{})
			h.Must(err)
			_, err = s.CreateForUser(t.Context(), ada.ID, memberships.Profile{})
			if err == nil {
				t.Error("a second one")
			}
			_, err = s.UpdateOwn(h.As(ada), memberships.ProfileUpdate{City: patch.Of("Oslo")})
			h.Must(err)
			_, err = s.Update(clerk, m.ID, memberships.Update{Type: patch.Of(memberships.Fellow), Votes: patch.Of(true)})
			h.Must(err)
			if len(told) == 3 {
				h.Must(s.DeleteOwn(h.As(ada)))
			} else {
				h.Must(s.Delete(clerk, m.ID))
			}
			want := []event.Event{
				memberships.Created{ID: m.ID, UserID: ada.ID, Type: memberships.Basic},
				memberships.Changed{ID: m.ID, UserID: ada.ID, Type: memberships.Basic},
				memberships.Changed{ID: m.ID, UserID: ada.ID, Type: memberships.Fellow, Votes: true},
				memberships.Deleted{ID: m.ID, UserID: ada.ID},
			}
			if diff := cmp.Diff(want, told[len(told)-4:]); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		}
		if len(told) != 8 {
			t.Errorf("%d events, want 8", len(told))
		}
	})
}
