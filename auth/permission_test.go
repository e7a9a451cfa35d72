package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
)

func ExampleNormalNames() {
	fmt.Println(auth.NormalNames([]string{" Users:Write", "users:read", "ｕsers:read"}))
	// Output: [users:read users:write]
}

func FuzzNormalName(f *testing.F) {
	for _, s := range []string{"", " Staff\t", "ＳＴＡＦＦ", "İ", "ẞ", "\u00a0x\u2003", "ﬁ", "a\u0308", "ϓ", "K"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := auth.NormalName(s)
		if again := auth.NormalName(n); again != n {
			t.Errorf("%q becomes %q and then %q", s, n, again)
		}
		if spaced := auth.NormalName(" " + s + "\u00a0"); spaced != n {
			t.Errorf("%q becomes %q, and with spaces around it %q", s, n, spaced)
		}
	})
}

func TestForms(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", auth.MaxName-len("users:"))
	for s, want := range map[string][2]bool{ // a permission, a grant
		"users:read": {true, true}, "api-keys:read_all2": {true, true}, "users:" + long: {true, true},
		"users:*": {false, true}, "*": {}, "*:read": {}, "*:*": {}, "": {}, " ": {}, ":": {}, "users": {}, "users:": {}, ":read": {},
		"users:read:all": {}, "Users:read": {}, "users:Read": {}, " users:read": {}, "users:read ": {}, "users: read": {}, "users:**": {},
		"users:r*": {}, "users:" + long + "a": {}, "ｕsers:read": {}, "users:read\n": {},
	} {
		if got := [2]bool{auth.IsPermission(s), auth.IsGrant(s)}; got != want {
			t.Errorf("%q is a permission and a grant: %v, want %v", s, got, want)
		}
		if want[0] && auth.NormalName(s) != s {
			t.Errorf("%q is not in normal form", s)
		}
	}
}

func TestCheckSeveral(t *testing.T) {
	t.Parallel()
	as := func(permissions ...string) context.Context {
		return auth.NewContext(context.Background(), &auth.Principal{Subject: "ann", Permissions: permissions})
	}
	nobody := auth.NewContext(context.Background(), &auth.Principal{Permissions: auth.Permissions{"*"}})
	for _, tt := range []struct {
		ctx      context.Context
		ask      string
		any, all fault.Kind
	}{
		{as("a:x", "b:*"), "a:x b:y", "", ""},
		{as("a:x"), "a:x b:y", "", fault.Forbidden},
		{as("c:x"), "a:x b:y", fault.Forbidden, fault.Forbidden},
		{as("*"), "a:x b:y", "", ""},
		{as("*"), "", fault.Forbidden, ""},
		{as(), "", fault.Forbidden, ""},
		{as("a:x"), "a:*", fault.Forbidden, fault.Forbidden},
		{nobody, "a:x", fault.Unauthenticated, fault.Unauthenticated},
		{nobody, "", fault.Unauthenticated, fault.Unauthenticated},
	} {
		list := strings.Fields(tt.ask)
		got := []fault.Kind{fault.KindOf(auth.CheckAny(tt.ctx, list...)), fault.KindOf(auth.CheckAll(tt.ctx, list...))}
		if want := []fault.Kind{tt.any, tt.all}; !slices.Equal(got, want) {
			t.Errorf("%v asked for any and all of %q: %q, want %q", auth.From(tt.ctx).Permissions, tt.ask, got, want)
		}
	}
	for _, ctx := range []context.Context{as(), nobody} { // one refusal, whatever was asked
		want := auth.Refuse(ctx).Error()
		for _, err := range []error{auth.Check(ctx, "a:x"), auth.CheckAny(ctx, "b:x"), auth.CheckAll(ctx, "a:x", "b:x")} {
			if err == nil || err.Error() != want || errors.Is(err, fault.Unauthenticated) == auth.From(ctx).SignedIn() {
				t.Errorf("refused by %v, want %s", err, want)
			}
		}
	}
	if (&auth.Principal{Roles: []string{"staff"}}).Has("staff") || !(&auth.Principal{Subject: "ann", Roles: []string{"staff"}}).Has("staff") {
		t.Error("nobody holds a role, or somebody does not hold theirs")
	}
}

// What two credentials permit together is what each permits, for all sets of grants
// of two resources with two actions.
func TestMeet(t *testing.T) {
	t.Parallel()
	grants := auth.Permissions{"*", "a:*", "a:x", "a:y", "b:*", "b:x", "ab:x"}
	asked := []string{"a:x", "a:y", "a:z", "b:x", "b:y", "ab:x", "c:x", "a:*", "*"}
	subset := func(n int) (out auth.Permissions) {
		for i, g := range grants {
			if n>>i&1 == 1 {
				out = append(out, g)
			}
		}
		return out
	}
	for n := range 1 << len(grants) {
		for m := range 1 << len(grants) {
			ps, qs := subset(n), subset(m)
			met, covers := ps.Meet(qs), true
			for _, q := range qs {
				covers = covers && ps.Allow(q)
			}
			for _, p := range asked {
				if got, want := met.Allow(p), ps.Allow(p) && qs.Allow(p); got != want {
					t.Fatalf("%q and %q are %q, which allows %s: %v, want %v", ps, qs, met, p, got, want)
				}
			}
			if ps.Cover(qs) != covers {
				t.Fatalf("%q covers %q: %v", ps, qs, !covers)
			}
		}
	}
}
