package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// racers is how many do the same at once.
const racers = 8

func (k *checker) kept() {
	for _, a := range []users.Account{ada(), bob()} {
		made := k.create(a)
		k.found("an account", made)
		if made.CreatedAt.IsZero() || made.UpdatedAt.IsZero() {
			k.errorf("it was created at %v and changed at %v", made.CreatedAt, made.UpdatedAt)
		}
	}
}

func (k *checker) nobody() {
	k.create(ada())
	for _, key := range []string{"", "nobody", "999999999", "01890000-0000-7000-8000-000000000000"} {
		_, err := k.store.Get(k.ctx, key)
		k.fails(fmt.Sprintf("the ID %q", key), err, fault.NotFound)
	}
	for _, address := range []string{"", "nobody@example.com", "da@example.com", "%@example.com", "Ada"} {
		_, err := k.store.GetByEmail(k.ctx, address)
		k.fails(fmt.Sprintf("the address %q", address), err, fault.NotFound)
	}
	for _, name := range []string{"", "nobody", "ad", "ad_", "Ada@example.com"} {
		_, err := k.store.GetByField(k.ctx, users.ByUsername, name)
		k.fails(fmt.Sprintf("the username %q", name), err, fault.NotFound)
	}
	_, err := k.store.Update(k.ctx, "nobody", "1", named("x"))
	k.fails("an update of nobody", err, fault.NotFound)
}

func (k *checker) spellings() {
	a := k.create(ada())
	for _, address := range []string{"ADA@EXAMPLE.COM", "ada@example.com", " Ada@Example.com "} {
		got, err := k.store.GetByEmail(k.ctx, address)
		if err != nil || got.ID != a.ID {
			k.errorf("the address %q finds %q, %v", address, got.ID, err)
		}
		got, err = k.store.GetByField(k.ctx, users.ByEmail, address)
		if err != nil || got.ID != a.ID {
			k.errorf("the field email as %q finds %q, %v", address, got.ID, err)
		}
	}
	for _, name := range []string{"ADA", "ada"} {
		got, err := k.store.GetByField(k.ctx, users.ByUsername, name)
		if err != nil || got.ID != a.ID {
			k.errorf("the username %q finds %q, %v", name, got.ID, err)
		}
	}
	// Only A to Z are folded: K is not the Kelvin sign.
	kim := k.create(users.Account{Email: "kim@example.com", Username: "kim"})
	got, err := k.store.GetByEmail(k.ctx, "\u212Aim@example.com")
	if err == nil {
		k.errorf("an address with a Kelvin sign finds %q, the account %q", got.Email, kim.ID)
	}
}

func (k *checker) otherField() {
	a := k.create(ada())
	for _, f := range []users.Field{"id", "password", "first_name", ""} {
		_, err := k.store.GetByField(k.ctx, f, a.ID)
		k.fails(fmt.Sprintf("the field %q", f), err, fault.Internal)
	}
}

func (k *checker) unique() {
	a := k.create(ada())
	other := bob()
	other.Email = strings.ToUpper(a.Email)
	_, err := k.store.Create(k.ctx, other)
	k.taken("the same address in other letters", err, users.CodeEmailTaken)
	other = bob()
	other.Username = "aDA"
	_, err = k.store.Create(k.ctx, other)
	k.taken("the same username in other letters", err, users.CodeUsernameTaken)
	if _, total, err := k.store.List(k.ctx, 0, 10); err != nil || total != 1 {
		k.errorf("after two refusals there are %d accounts, want 1 (%v)", total, err)
	}

	b := k.create(bob())
	_, err = k.store.Update(k.ctx, b.ID, b.Version, users.AccountChanges{Email: patch.Of("ADA@example.com")})
	k.taken("an update to a taken address", err, users.CodeEmailTaken)
	_, err = k.store.Update(k.ctx, b.ID, b.Version, users.AccountChanges{Username: patch.Of("ADA")})
	k.taken("an update to a taken username", err, users.CodeUsernameTaken)
	k.found("who was refused", b)

	// One's own names are not taken.
	own, err := k.store.Update(k.ctx, b.ID, b.Version, users.AccountChanges{Email: patch.Of("BOB@example.com"), Username: patch.Of("Bob")})
	k.must("one's own names in other letters", err)
	if own.Email != "BOB@example.com" || own.Username != "Bob" {
		k.errorf("one's own names in other letters are now %q and %q", own.Email, own.Username)
	}
	k.found("one's own names in other letters", own)
	// Names that were given up are free.
	moved, err := k.store.Update(k.ctx, own.ID, own.Version, users.AccountChanges{Email: patch.Of("b@example.com"), Username: patch.Of("bb")})
	k.must("other names", err)
	k.found("other names", moved)
	k.create(bob())
}

func (k *checker) uniqueAtOnce() {
	spell := func(i int, s string) string {
		if i%2 == 1 {
			return strings.ToUpper(s[:1]) + s[1:]
		}
		return s
	}
	errs := together(racers, func(i int) error {
		a := numbered(i)
		a.Email = spell(i, "same@example.com")
		_, err := k.store.Create(k.ctx, a)
		return err
	})
	k.winner("the same address at once", errs, func(err error) { k.taken("the same address at once", err, users.CodeEmailTaken) })
	errs = together(racers, func(i int) error {
		a := numbered(100 + i)
		a.Username = spell(i, "same")
		_, err := k.store.Create(k.ctx, a)
		return err
	})
	k.winner("the same username at once", errs, func(err error) { k.taken("the same username at once", err, users.CodeUsernameTaken) })

	var people []users.Account
	for i := range racers {
		people = append(people, k.create(numbered(200+i)))
	}
	errs = together(racers, func(i int) error {
		_, err := k.store.Update(k.ctx, people[i].ID, people[i].Version, users.AccountChanges{Email: patch.Of(spell(i, "wanted@example.com"))})
		return err
	})
	won := k.winner("changing to one address at once", errs, func(err error) {
		k.taken("changing to one address at once", err, users.CodeEmailTaken)
	})
	if got, err := k.store.GetByEmail(k.ctx, "wanted@example.com"); err != nil || got.ID != people[won].ID {
		k.errorf("the address has %q, not who won it (%v)", got.ID, err)
	}
}

func (k *checker) patched() {
	a := k.create(ada())
	for _, c := range []struct {
		what string
		do   users.AccountChanges
	}{
		{"address", users.AccountChanges{Email: patch.Of("lovelace@example.com")}},
		{"username", users.AccountChanges{Username: patch.Of("lovelace")}},
		{"password", users.AccountChanges{Password: patch.Of(hashOf("two"))}},
		{"first name", named("Augusta")},
		{"last name", users.AccountChanges{LastName: patch.Of("King")}},
		{"switched off", users.AccountChanges{Active: patch.Of(false)}},
		{"not verified", users.AccountChanges{Verified: patch.Of(false)}},
		{"on, verified", users.AccountChanges{Active: patch.Of(true), Verified: patch.Of(true)}},
		{"no password", users.AccountChanges{Password: patch.Of(secret.PasswordHash(""))}},
		{"no names", users.AccountChanges{FirstName: patch.Of(""), LastName: patch.Of("")}},
		{"all", users.AccountChanges{
			Email: patch.Of("ada@example.com"), Username: patch.Of("ada"), Password: patch.Of(hashOf("three")),
			FirstName: patch.Of("Ada"), LastName: patch.Of("Byron"), Active: patch.Of(false), Verified: patch.Of(false),
		}},
	} {
		now, err := k.store.Update(k.ctx, a.ID, a.Version, c.do)
		k.must("an update of: "+c.what, err)
		k.same("after an update of: "+c.what, now, c.do.Apply(a))
		if now.Version == a.Version {
			k.errorf("after an update of: %s, the version is the same", c.what)
		}
		k.found("after an update of: "+c.what, now)
		a = now
	}
	_, err := k.store.GetByEmail(k.ctx, "lovelace@example.com")
	k.fails("an address that was given up", err, fault.NotFound)
	_, err = k.store.GetByField(k.ctx, users.ByUsername, "lovelace")
	k.fails("a username that was given up", err, fault.NotFound)
}

func (k *checker) stale() {
	a := k.create(ada())
	for _, version := range []string{"", "0", "nonsense", a.Version + "1"} {
		_, err := k.store.Update(k.ctx, a.ID, version, named("x"))
		k.fails(fmt.Sprintf("the version %q, which it never had", version), err, fault.Stale)
	}
	now, err := k.store.Update(k.ctx, a.ID, a.Version, named("First"))
	k.must("an update", err)
	_, err = k.store.Update(k.ctx, a.ID, a.Version, named("Second"))
	k.fails("the version before", err, fault.Stale)
	back, err := k.store.Update(k.ctx, a.ID, now.Version, named(a.FirstName))
	k.must("an update back to what it was", err)
	_, err = k.store.Update(k.ctx, a.ID, a.Version, named("Third"))
	k.fails("the version of the same values before", err, fault.Stale)
	k.found("after stale updates", back)
}

func (k *checker) oneWins() {
	a := k.create(ada())
	for range 3 {
		errs := together(racers, func(i int) error {
			_, err := k.store.Update(k.ctx, a.ID, a.Version, named(fmt.Sprint(a.Version, " ", i)))
			return err
		})
		won := k.winner("updates of one version at once", errs, func(err error) { k.fails("an update that lost", err, fault.Stale) })
		now := k.get(a.ID)
		if want := fmt.Sprint(a.Version, " ", won); now.FirstName != want {
			k.errorf("the first name is %q, want that of the update that won, %q", now.FirstName, want)
		}
		a = now
	}
}

func (k *checker) apart() {
	var people []users.Account
	for i := range racers {
		people = append(people, k.create(numbered(i)))
	}
	errs := together(racers, func(i int) error {
		_, err := k.store.Update(k.ctx, people[i].ID, people[i].Version, named(fmt.Sprint(i)))
		return err
	})
	for i, err := range errs {
		if err != nil {
			k.errorf("an update of an account of its own fails: %v", err)
		}
		if got := k.get(people[i].ID).FirstName; err == nil && got != fmt.Sprint(i) {
			k.errorf("the first name is %q, want %d", got, i)
		}
	}
}

func (k *checker) whole() {
	k.create(ada())
	b := k.create(bob())
	_, err := k.store.Update(k.ctx, b.ID, b.Version, users.AccountChanges{
		FirstName: patch.Of("Bob"), Active: patch.Of(true), Email: patch.Of("ada@example.com"),
	})
	k.taken("an update to a taken address", err, users.CodeEmailTaken)
	k.found("who was refused", b)
}

func (k *checker) listed() {
	if got, total, err := k.store.List(k.ctx, 0, 10); err != nil || total != 0 || len(got) != 0 {
		k.errorf("an empty store lists %d of %d, %v", len(got), total, err)
	}
	want := []users.Account{k.create(ada())}
	for i := range 7 {
		want = append(want, k.create(numbered(i)))
	}
	for _, limit := range []int{1, 3, 8, 100} {
		var got []users.Account
		for {
			page, total, err := k.store.List(k.ctx, len(got), limit)
			k.must("a list", err)
			if total != len(want) {
				k.errorf("the total is %d, want %d", total, len(want))
			}
			if len(page) > limit {
				k.errorf("%d accounts were listed, more than the limit of %d", len(page), limit)
			}
			if got = append(got, page...); len(page) == 0 || len(got) > len(want) {
				break
			}
		}
		if !slices.Equal(ids(got), ids(want)) {
			k.errorf("in pages of %d there are %d accounts, want each of %d once", limit, len(got), len(want))
		}
		for _, a := range got {
			if a.ID == want[0].ID {
				k.same("in a list", a, want[0])
				if a.Version != want[0].Version {
					k.errorf("in a list the version is %q, want %q", a.Version, want[0].Version)
				}
			}
		}
	}
	if got, total, err := k.store.List(k.ctx, 100, 10); err != nil || total != len(want) || len(got) != 0 {
		k.errorf("past the end there are %d of %d, %v", len(got), total, err)
	}
}

func (k *checker) deleted() {
	a, b := k.create(ada()), k.create(bob())
	for i, err := range together(racers, func(int) error { return k.store.Delete(k.ctx, a.ID) }) {
		if err != nil {
			k.errorf("deleting it, one of several at once (%d): %v", i, err)
		}
	}
	_, err := k.store.Get(k.ctx, a.ID)
	k.fails("the ID of a deleted account", err, fault.NotFound)
	_, err = k.store.GetByEmail(k.ctx, a.Email)
	k.fails("the address of a deleted account", err, fault.NotFound)
	_, err = k.store.GetByField(k.ctx, users.ByUsername, a.Username)
	k.fails("the username of a deleted account", err, fault.NotFound)
	_, err = k.store.Update(k.ctx, a.ID, a.Version, named("x"))
	k.fails("an update of a deleted account", err, fault.NotFound)
	for _, key := range []string{a.ID, "nobody", "01890000-0000-7000-8000-000000000000"} {
		if err := k.store.Delete(k.ctx, key); err != nil {
			k.errorf("deleting %q, which is not there: %v", key, err)
		}
	}
	if _, total, err := k.store.List(k.ctx, 0, 10); err != nil || total != 1 {
		k.errorf("after a deletion there are %d accounts, want 1 (%v)", total, err)
	}
	k.found("the other account", b)
}
