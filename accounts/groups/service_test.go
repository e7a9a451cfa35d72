package groups_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/accounts/groups"
	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

func ExampleNormalName() {
	fmt.Printf("%q\n", groups.NormalName("  Gophers\tof   Zu\u0308rich "))
	// Output: "Gophers of Zürich"
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"": true, "https://example.com": true, "http://example.com:8080/a?b=c#d": true, "HTTPS://EXAMPLE.com/": true,
		"https://[2001:db8::1]/": true,
		"javascript:alert(1)":    false, "JAVASCRIPT:alert(1)": false, "data:text/html,x": false, "ftp://example.com": false,
		"example.com": false, "//example.com": false, "/path": false, "https://": false, "https:///path": false, "https:example.com": false,
		"https://user:secret@example.com": false, "https://example.com/a b": false, "https://example.com/\n": false,
		"https://:80/": false, "https://exa mple.com": false, "https://example.com/\u2028": false,
	} {
		if err := (&groups.Group{Name: "x", URL: address}).Validate(); (err == nil) != ok {
			t.Errorf("the address %q: %v", address, err)
		}
	}
	for name, ok := range map[string]bool{
		"x": true, strings.Repeat("ä", 255): true, "日本語": true, "👩‍💻": true, "": false, strings.Repeat("ä", 256): false,
		"a\u200bb": false, "a\u202eb": false, "a\x1bb": false, "\ufeff": false,
	} {
		if err := (&groups.Group{Name: name}).Validate(); (err == nil) != ok {
			t.Errorf("the name %q: %v", name, err)
		}
	}
}

func FuzzCreate(f *testing.F) {
	for _, s := range []string{"https://example.com", "javascript:x", "a\u0308", "İ", " x  y ", "http://a@b"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, name, address string) {
		g := groups.Create{Name: name, URL: address}.New()
		if again := (groups.Create{Name: g.Name, URL: g.URL}).New(); again.Name != g.Name || again.NameKey != g.NameKey || again.URL != g.URL {
			t.Errorf("the normal form of %q and %q is not stable", name, address)
		}
		if g.Validate() != nil {
			return
		}
		if lower := strings.ToLower(g.URL); g.URL != "" && !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
			t.Errorf("%q was taken for an address", g.URL)
		}
		if strings.TrimSpace(g.Name) == "" || len([]rune(g.NameKey)) > 255 {
			t.Errorf("%q was taken for a name, with the key %q", g.Name, g.NameKey)
		}
	})
}

// told notes the events of a house.
type told []string

func listen(h *accountstest.Harness) *told {
	out := &told{}
	note := func(e event.Event) error { *out = append(*out, e.Kind()); return nil }
	h.Env.Events.Listen(
		event.Inside(func(_ context.Context, _ *data.Tx, e groups.Submitted) error { return note(e) }),
		event.Inside(func(_ context.Context, _ *data.Tx, e groups.Approved) error { return note(e) }),
		event.Inside(func(_ context.Context, _ *data.Tx, e groups.ApprovalRevoked) error { return note(e) }),
		event.Inside(func(_ context.Context, _ *data.Tx, e groups.Trusted) error { return note(e) }),
		event.Inside(func(_ context.Context, _ *data.Tx, e groups.TrustRevoked) error { return note(e) }),
	)
	return out
}

func (x *told) want(t *testing.T, what string, kinds ...string) {
	t.Helper()
	if !slices.Equal(*x, kinds) {
		t.Errorf("%s was told as %q, want %q", what, *x, kinds)
	}
	*x = nil
}

func TestSubmit(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada := groups.NewService(h.Env.DB, h.Env.Events), h.Person("ada")
		told := listen(h)
		day := data.Date("2020-02-29")
		g, err := s.Create(h.As(ada), groups.Create{Name: " Gophers  Zürich ", URL: " https://example.com ", StartDate: &day})
		h.Must(err)
		if g.Name != "Gophers Zürich" || g.URL != "https://example.com" || g.URLType != groups.Other || g.Approved || g.Trusted || *g.SubmitterID != ada.ID {
			t.Errorf("created %+v", g)
		}
		told.want(t, "submitting", "groups.submitted")
		stored, err := s.Get(h.As(ada), g.ID)
		if diff := cmp.Diff(g, stored); diff != "" || err != nil {
			t.Errorf("stored (-want +got), %v:\n%s", err, diff)
		}
		for _, name := range []string{"gophers zürich", "GOPHERS ZU\u0308RICH"} {
			_, err = s.Create(h.As(ada), groups.Create{Name: name})
			if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Conflict || len(e.Details) != 1 || e.Details[0].Location != "body.name" {
				t.Errorf("the taken name %q: %v", name, err)
			}
		}
		_, err = s.Create(t.Context(), groups.Create{Name: "x"})
		h.Want("anonymous", err, fault.Unauthenticated)
		for what, in := range map[string]groups.Create{
			"no name": {Name: " "}, "script": {Name: "x", URL: "javascript:alert(1)"}, "long address": {Name: "x", URL: "https://example.com/" + strings.Repeat("a", 481)},
			"long location": {Name: "x", Location: strings.Repeat("ä", 256)}, "type": {Name: "x", URLType: "club"},
			"no day": {Name: "x", StartDate: new(data.Date("2021-02-29"))}, "empty day": {Name: "x", StartDate: new(data.Date(""))},
		} {
			_, err := s.Create(h.As(ada), in)
			h.Want(what, err, fault.Invalid)
		}
		told.want(t, "what failed")
		h.Must(h.Users.Delete(h.As(ada, "*"), ada.ID))
		h.Must(h.Env.DB.Tx(t.Context(), func(tx *data.Tx) error {
			return h.Users.Erase(t.Context(), tx, ada.ID, func(*users.User) error { return nil })
		}))
		g, err = s.Get(h.As(ada, groups.Moderate), g.ID)
		if err != nil || g.SubmitterID != nil {
			t.Errorf("a group whose submitter is gone: %+v, %v", g, err)
		}
	})
}

func TestWhoSeesAndChangesWhat(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada, bob := groups.NewService(h.Env.DB, h.Env.Events), h.Person("ada"), h.Person("bob")
		moderator := h.As(h.Person("mod1"), groups.Moderate)
		pending, err := s.Create(h.As(ada), groups.Create{Name: "pending"})
		h.Must(err)
		listed, err := s.Create(h.As(ada), groups.Create{Name: "listed"})
		h.Must(err)
		_, err = s.Approve(moderator, listed.ID, true)
		h.Must(err)
		for who, c := range map[string]struct {
			ctx           context.Context
			pending, edit fault.Kind
			rows          int
			submitter     bool
		}{
			"anonymous": {t.Context(), fault.NotFound, fault.NotFound, 1, false},
			"stranger":  {h.As(bob), fault.NotFound, fault.NotFound, 1, false},
			"submitter": {h.As(ada), "", "", 2, true},
			"moderator": {moderator, "", "", 2, true},
		} {
			g, err := s.Get(c.ctx, listed.ID)
			if err != nil || (s.View(c.ctx, &g).SubmitterID != nil) != c.submitter || g.SubmitterID == nil {
				t.Errorf("%s reads a listed group as %+v, %v", who, s.View(c.ctx, &g), err)
			}
			_, err = s.Get(c.ctx, pending.ID)
			h.Want(who+" reads a pending group", err, c.pending)
			page, err := s.List(c.ctx, data.Query[groups.Group]{})
			if err != nil || len(page.Items) != c.rows {
				t.Errorf("%s lists %d groups, %v", who, len(page.Items), err)
			}
			_, err = s.Update(c.ctx, listed.ID, groups.Update{Location: patch.Of("by " + who)})
			h.Want(who+" changes a listed group", err, c.edit)
			if c.edit != "" {
				h.Want(who+" removes a listed group", s.Delete(c.ctx, listed.ID), c.edit)
			}
		}
		h.Want("the submitter removes it", s.Delete(h.As(ada), listed.ID), "")
		h.Want("a moderator removes it", s.Delete(moderator, pending.ID), "")
		for who, ctx := range map[string]context.Context{"anonymous": t.Context(), "submitter": h.As(ada)} {
			for what, flag := range map[string]func(context.Context, groups.ID, bool) (groups.Group, error){"approves": s.Approve, "trusts": s.Trust} {
				_, err := flag(ctx, pending.ID, true)
				if k := fault.KindOf(err); k != fault.Forbidden && k != fault.Unauthenticated {
					t.Errorf("%s %s: %v", who, what, err)
				}
			}
		}
	})
}

func TestFlags(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, moderator := groups.NewService(h.Env.DB, h.Env.Events), h.As(h.Person("mod1"), groups.Moderate)
		g, err := s.Create(moderator, groups.Create{Name: "x"})
		h.Must(err)
		told := listen(h)
		for _, step := range []struct {
			flag              func(context.Context, groups.ID, bool) (groups.Group, error)
			on                bool
			approved, trusted bool
			told              string
		}{
			{s.Trust, true, false, true, "groups.trusted"},
			{s.Approve, true, true, true, "groups.approved"},
			{s.Trust, false, true, false, "groups.trust_revoked"},
			{s.Approve, false, false, false, "groups.approval_revoked"},
		} {
			g, err = step.flag(moderator, g.ID, step.on)
			if err != nil || g.Approved != step.approved || g.Trusted != step.trusted {
				t.Errorf("%s: %+v, %v", step.told, g, err)
			}
			told.want(t, "a step", step.told)
			again, err := step.flag(moderator, g.ID, step.on)
			if diff := cmp.Diff(g, again); diff != "" || err != nil {
				t.Errorf("%s again (-want +got), %v:\n%s", step.told, err, diff)
			}
			told.want(t, "a step again")
			_, err = step.flag(moderator, groups.ID{1}, step.on)
			h.Want(step.told+" of no group", err, fault.NotFound)
		}
	})
}

// TestChangedGroupsAreReviewedAgain holds what is listed to what a moderator
// has seen.
func TestChangedGroupsAreReviewedAgain(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada := groups.NewService(h.Env.DB, h.Env.Events), h.Person("ada")
		moderator := h.As(h.Person("mod1"), groups.Moderate)
		for what, c := range map[string]struct {
			who  context.Context
			in   groups.Update
			keep bool
		}{
			"submitter, name":         {h.As(ada), groups.Update{Name: patch.Of("Casino")}, false},
			"submitter, address":      {h.As(ada), groups.Update{URL: patch.Of("https://casino.example")}, false},
			"submitter, no address":   {h.As(ada), groups.Update{URL: patch.Of("")}, false},
			"submitter, location":     {h.As(ada), groups.Update{Location: patch.Of("Bern"), StartDate: patch.Null[data.Date]()}, true},
			"submitter, same name":    {h.As(ada), groups.Update{Name: patch.Of(" submitter,  same name ")}, true},
			"submitter, same address": {h.As(ada), groups.Update{URL: patch.Of("https://example.com ")}, true},
			"moderator, both":         {moderator, groups.Update{Name: patch.Of("Moved"), URL: patch.Of("https://other.example")}, true},
		} {
			g, err := s.Create(h.As(ada), groups.Create{Name: what, URL: "https://example.com"})
			h.Must(err)
			_, err = s.Approve(moderator, g.ID, true)
			h.Must(err)
			g, err = s.Update(c.who, g.ID, c.in)
			if err != nil || g.Approved != c.keep {
				t.Errorf("%s: approved %v, %v, want %v", what, g.Approved, err, c.keep)
			}
		}
		told := listen(h)
		g, err := s.Create(h.As(ada), groups.Create{Name: "told"})
		h.Must(err)
		_, err = s.Update(h.As(ada), g.ID, groups.Update{Name: patch.Of("told 2")})
		h.Must(err)
		told.want(t, "a pending group", "groups.submitted")
		g, err = s.Approve(moderator, g.ID, true)
		h.Must(err)
		_, err = s.Update(h.As(ada), g.ID, groups.Update{Name: patch.Of("told 3")}, data.VersionAt(g.CreatedAt.Add(-time.Microsecond)))
		h.Want("outdated", err, fault.Stale)
		_, err = s.Update(h.As(ada), g.ID, groups.Update{URL: patch.Of("javascript:x")})
		h.Want("a bad address", err, fault.Invalid)
		told.want(t, "changes that failed", "groups.approved")
		_, err = s.Update(h.As(ada), g.ID, groups.Update{Name: patch.Of("told 3")}, g.Version())
		h.Must(err)
		told.want(t, "a changed name", "groups.approval_revoked")
		for what, in := range map[string]groups.Update{
			"null name": {Name: patch.Null[string]()}, "empty name": {Name: patch.Of(" ")}, "bad day": {StartDate: patch.Of(data.Date("x"))},
		} {
			_, err = s.Update(h.As(ada), g.ID, in)
			h.Want(what, err, fault.Invalid)
		}
	})
}
