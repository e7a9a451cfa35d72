package memberships_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/memberships"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

func ExampleMembership_NeedsVoteAffirmation() {
	m := memberships.Membership{LastVoteAffirmation: new(data.Date("2025-03-01"))}
	fmt.Println(m.NeedsVoteAffirmation(time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)))
	fmt.Println(m.NeedsVoteAffirmation(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)))
	// Output:
	// false
	// true
}

func TestNeedsVoteAffirmation(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)
	for days, want := range map[int]bool{0: false, 30: false, 365: false, 366: true, 4000: true} {
		m := memberships.Membership{LastVoteAffirmation: new(data.DateOf(now.AddDate(0, 0, -days)))}
		if got := m.NeedsVoteAffirmation(now); got != want {
			t.Errorf("after %d days: %v", days, got)
		}
	}
	if !(&memberships.Membership{}).NeedsVoteAffirmation(now) {
		t.Error("who never affirmed needs not")
	}
}

func TestHigherLevel(t *testing.T) {
	t.Parallel()
	for kind, want := range map[memberships.Type]bool{
		memberships.Basic: false, memberships.Supporting: true, memberships.Sponsor: true, memberships.Managing: true,
		memberships.Contributing: true, memberships.Fellow: true,
	} {
		if got := (&memberships.Membership{Type: kind}).HigherLevel(); got != want {
			t.Errorf("%s: %v", kind, got)
		}
	}
}

func TestOrganisation(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada, clerk := memberships.NewService(h.Env.DB, h.Env.Events), h.Person("ada"), h.Person("clerk")
		ctx := h.As(clerk, memberships.Read, memberships.Write)
		m, err := s.Create(ctx, memberships.Create{
			UserID: ada.ID, Type: memberships.Fellow, Votes: true, Profile: memberships.Profile{LegalName: " Ada King ", EmailAddress: "Ada@Example.com"},
		})
		h.Must(err)
		if m.Type != memberships.Fellow || !m.Votes || m.LegalName != "Ada King" || m.EmailAddress != "Ada@example.com" || m.LastVoteAffirmation != nil {
			t.Errorf("created %+v", m)
		}
		stored, err := s.GetByUser(ctx, ada.ID)
		if diff := cmp.Diff(m, stored); diff != "" || err != nil {
			t.Errorf("stored (-want +got), %v:\n%s", err, diff)
		}
		_, err = s.Create(ctx, memberships.Create{UserID: ada.ID})
		if e, ok := errors.AsType[*fault.Error](err); !ok || e.Code != "CONFLICT" || len(e.Details) != 1 || e.Details[0].Location != "body.user_id" {
			t.Errorf("a second one: %v", err)
		}
		_, err = s.Create(ctx, memberships.Create{UserID: users.ID{1}})
		if e, ok := errors.AsType[*fault.Error](err); !ok || e.Code != "REFERENCE" || e.Kind != fault.Conflict {
			t.Errorf("one of nobody: %v", err)
		}
		for what, p := range map[string]memberships.Profile{
			"bad address": {EmailAddress: "nobody"}, "long legal name": {LegalName: strings.Repeat("ä", 256)},
			"long preferred name": {PreferredName: strings.Repeat("ä", 256)}, "long city": {City: strings.Repeat("ä", 101)},
			"long region": {Region: strings.Repeat("ä", 101)}, "long country": {Country: strings.Repeat("ä", 101)},
			"long postal code": {PostalCode: strings.Repeat("ä", 21)}, "NUL": {City: "a\x00"},
		} {
			_, err := s.Create(ctx, memberships.Create{UserID: clerk.ID, Profile: p})
			h.Want(what, err, fault.Invalid)
		}
		_, err = s.Create(ctx, memberships.Create{UserID: clerk.ID, Type: "king"})
		h.Want("an unknown type", err, fault.Invalid)
		at := memberships.Profile{
			LegalName: strings.Repeat("ä", 255), PreferredName: strings.Repeat("ä", 255), City: strings.Repeat("ä", 100),
			Region: strings.Repeat("ä", 100), Country: strings.Repeat("ä", 100), PostalCode: strings.Repeat("ä", 20),
		}
		_, err = s.CreateForUser(ctx, clerk.ID, at)
		h.Want("texts as long as they may be", err, "")

		day := data.Date("2026-02-28")
		m, err = s.Update(ctx, m.ID, memberships.Update{Type: patch.Of(memberships.Managing), LastVoteAffirmation: patch.Of(day), ProfileUpdate: memberships.ProfileUpdate{EmailAddress: patch.Of("")}})
		if err != nil || m.Type != memberships.Managing || *m.LastVoteAffirmation != day || m.EmailAddress != "" || m.LegalName != "Ada King" {
			t.Errorf("changed %+v, %v", m, err)
		}
		for what, in := range map[string]memberships.Update{
			"the future": {LastVoteAffirmation: patch.Of(data.Date("2026-03-02"))}, "no day": {LastVoteAffirmation: patch.Of(data.Date("2026-02-30"))},
			"null type": {Type: patch.Null[memberships.Type]()}, "unknown type": {Type: patch.Of(memberships.Type("king"))},
			"bad address": {ProfileUpdate: memberships.ProfileUpdate{EmailAddress: patch.Of("x")}},
		} {
			_, err := s.Update(ctx, m.ID, in)
			h.Want(what, err, fault.Invalid)
		}
		m, err = s.Update(ctx, m.ID, memberships.Update{LastVoteAffirmation: patch.Null[data.Date]()})
		if err != nil || m.LastVoteAffirmation != nil {
			t.Errorf("cleared %+v, %v", m, err)
		}
		h.Must(h.Users.Delete(h.As(clerk, "*"), ada.ID))
		_, err = s.GetByUser(ctx, ada.ID)
		h.Want("the membership of somebody who is gone", err, fault.NotFound)
	})
}

func TestWhoMayDoWhat(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada, bob := memberships.NewService(h.Env.DB, h.Env.Events), h.Person("ada"), h.Person("bob")
		m, err := s.CreateForUser(t.Context(), ada.ID, memberships.Profile{City: "London"})
		h.Must(err)
		if m.Type != memberships.Basic || m.Votes {
			t.Errorf("a first membership is %+v", m)
		}
		for who, c := range map[string]struct {
			get, update fault.Kind
			rows        int
		}{
			"":                         {fault.NotFound, fault.NotFound, 0},
			"ada":                      {"", fault.NotFound, 1},
			"bob":                      {fault.NotFound, fault.NotFound, 0},
			"bob " + memberships.Read:  {"", fault.NotFound, 1},
			"bob " + memberships.Write: {fault.NotFound, "", 0},
		} {
			ctx := t.Context()
			if name, permission, _ := strings.Cut(who, " "); name == "ada" {
				ctx = h.As(ada)
			} else if name == "bob" {
				ctx = h.As(bob, permission)
			}
			_, err := s.Get(ctx, m.ID)
			h.Want("get by "+who, err, c.get)
			_, err = s.GetByUser(ctx, ada.ID)
			h.Want("get by user by "+who, err, c.get)
			page, err := s.List(ctx, data.Query[memberships.Membership]{})
			if err != nil || len(page.Items) != c.rows {
				t.Errorf("%q lists %d rows, %v", who, len(page.Items), err)
			}
			_, err = s.Update(ctx, m.ID, memberships.Update{Votes: patch.Of(true)})
			h.Want("update by "+who, err, c.update)
			if c.update != "" {
				h.Want("delete by "+who, s.Delete(ctx, m.ID), c.update)
			}
		}

		m, err = s.UpdateOwn(h.As(ada), memberships.ProfileUpdate{City: patch.Of("Paris"), CodeOfConduct: patch.Of(true)})
		if err != nil || m.City != "Paris" || !m.CodeOfConduct {
			t.Errorf("own: %+v, %v", m, err)
		}
		_, err = s.UpdateOwn(h.As(ada), memberships.ProfileUpdate{EmailAddress: patch.Of("x")})
		h.Want("own, with a bad address", err, fault.Invalid)
		_, err = s.UpdateOwn(h.As(bob), memberships.ProfileUpdate{City: patch.Of("Paris")})
		h.Want("bob has none", err, fault.NotFound)
		h.Want("bob has none to end", s.DeleteOwn(h.As(bob)), fault.NotFound)
		h.Want("nobody has none to end", s.DeleteOwn(t.Context()), fault.NotFound)
		h.Want("own, outdated", s.DeleteOwn(h.As(ada), data.VersionAt(time.Unix(1, 0))), fault.Stale)
		h.Want("own", s.DeleteOwn(h.As(ada), m.Version()), "")
		h.Want("own again", s.DeleteOwn(h.As(ada)), fault.NotFound)
	})
}

// TestOneEach has 32 make a membership for one person at once.
func TestOneEach(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada := memberships.NewService(h.Env.DB, h.Env.Events), h.Person("ada")
		var made atomic.Int32
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				_, err := s.CreateForUser(t.Context(), ada.ID, memberships.Profile{})
				for fault.KindOf(err) == fault.Unavailable { // busy: try again
					_, err = s.CreateForUser(t.Context(), ada.ID, memberships.Profile{})
				}
				if err == nil {
					made.Add(1)
				} else if fault.KindOf(err) != fault.Conflict {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 {
			t.Errorf("%d memberships were made", made.Load())
		}
	})
}
