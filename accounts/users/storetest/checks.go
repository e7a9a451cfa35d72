package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/manorgo/manor/accounts/internal/contract"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// racers is how many do the same at once.
const racers = 8

func kept(k *checker) {
	for _, a := range []users.Account{ada(), bob()} {
		made := create(k, a)
		found(k, "an account", made)
		if made.CreatedAt.IsZero() || made.UpdatedAt.IsZero() {
			k.Errorf("it was created at %v and changed at %v", made.CreatedAt, made.UpdatedAt)
		}
	}
}

func nobody(k *checker) {
	create(k, ada())
	for _, key := range []string{"", "nobody", "999999999", "01890000-0000-7000-8000-000000000000"} {
		_, err := k.Store.Get(k.Ctx, key)
		k.Fails(fmt.Sprintf("the ID %q", key), err, fault.NotFound)
	}
	for _, address := range []string{"", "nobody@example.com", "da@example.com", "%@example.com", "Ada"} {
		_, err := k.Store.GetByEmail(k.Ctx, address)
		k.Fails(fmt.Sprintf("the address %q", address), err, fault.NotFound)
	}
	for _, name := range []string{"", "nobody", "ad", "ad_", "Ada@example.com"} {
		_, err := k.Store.GetByField(k.Ctx, users.ByUsername, name)
		k.Fails(fmt.Sprintf("the username %q", name), err, fault.NotFound)
	}
	_, err := k.Store.Update(k.Ctx, "nobody", "1", named("x"))
	k.Fails("an update of nobody", err, fault.NotFound)
}

func spellings(k *checker) {
	a := create(k, ada())
	for _, address := range []string{"ADA@EXAMPLE.COM", "ada@example.com", " Ada@Example.com "} {
		got, err := k.Store.GetByEmail(k.Ctx, address)
		if err != nil || got.ID != a.ID {
			k.Errorf("the address %q finds %q, %v", address, got.ID, err)
		}
		got, err = k.Store.GetByField(k.Ctx, users.ByEmail, address)
		if err != nil || got.ID != a.ID {
			k.Errorf("the field email as %q finds %q, %v", address, got.ID, err)
		}
	}
	for _, name := range []string{"ADA", "ada"} {
		got, err := k.Store.GetByField(k.Ctx, users.ByUsername, name)
		if err != nil || got.ID != a.ID {
			k.Errorf("the username %q finds %q, %v", name, got.ID, err)
		}
	}
	// Only A to Z are folded: K is not the Kelvin sign.
	kim := create(k, users.Account{Email: "kim@example.com", Username: "kim"})
	got, err := k.Store.GetByEmail(k.Ctx, "\u212Aim@example.com")
	if err == nil {
		k.Errorf("an address with a Kelvin sign finds %q, the account %q", got.Email, kim.ID)
	}
}

func otherField(k *checker) {
	a := create(k, ada())
	for _, f := range []users.Field{"id", "password", "first_name", ""} {
		_, err := k.Store.GetByField(k.Ctx, f, a.ID)
		k.Fails(fmt.Sprintf("the field %q", f), err, fault.Internal)
	}
}

func unique(k *checker) {
	a := create(k, ada())
	other := bob()
	other.Email = strings.ToUpper(a.Email)
	_, err := k.Store.Create(k.Ctx, other)
	k.Conflicts("the same address in other letters", err, users.CodeEmailTaken)
	other = bob()
	other.Username = "aDA"
	_, err = k.Store.Create(k.Ctx, other)
	k.Conflicts("the same username in other letters", err, users.CodeUsernameTaken)
	if _, total, err := k.Store.List(k.Ctx, 0, 10); err != nil || total != 1 {
		k.Errorf("after two refusals there are %d accounts, want 1 (%v)", total, err)
	}

	b := create(k, bob())
	_, err = k.Store.Update(k.Ctx, b.ID, b.Version, users.AccountChanges{Email: patch.Of("ADA@example.com")})
	k.Conflicts("an update to a taken address", err, users.CodeEmailTaken)
	_, err = k.Store.Update(k.Ctx, b.ID, b.Version, users.AccountChanges{Username: patch.Of("ADA")})
	k.Conflicts("an update to a taken username", err, users.CodeUsernameTaken)
	found(k, "who was refused", b)

	// One's own names are not taken.
	own, err := k.Store.Update(k.Ctx, b.ID, b.Version, users.AccountChanges{Email: patch.Of("BOB@example.com"), Username: patch.Of("Bob")})
	k.Must("one's own names in other letters", err)
	if own.Email != "BOB@example.com" || own.Username != "Bob" {
		k.Errorf("one's own names in other letters are now %q and %q", own.Email, own.Username)
	}
	found(k, "one's own names in other letters", own)
	// Names that were given up are free.
	moved, err := k.Store.Update(k.Ctx, own.ID, own.Version, users.AccountChanges{Email: patch.Of("b@example.com"), Username: patch.Of("bb")})
	k.Must("other names", err)
	found(k, "other names", moved)
	create(k, bob())
}

func uniqueAtOnce(k *checker) {
	spell := func(i int, s string) string {
		if i%2 == 1 {
			return strings.ToUpper(s[:1]) + s[1:]
		}
		return s
	}
	errs := contract.Together(racers, func(i int) error {
		a := numbered(i)
		a.Email = spell(i, "same@example.com")
		_, err := k.Store.Create(k.Ctx, a)
		return err
	})
	k.Winner("the same address at once", errs, func(err error) { k.Conflicts("the same address at once", err, users.CodeEmailTaken) })
	errs = contract.Together(racers, func(i int) error {
		a := numbered(100 + i)
		a.Username = spell(i, "same")
		_, err := k.Store.Create(k.Ctx, a)
		return err
	})
	k.Winner("the same username at once", errs, func(err error) { k.Conflicts("the same username at once", err, users.CodeUsernameTaken) })

	var people []users.Account
	for i := range racers {
		people = append(people, create(k, numbered(200+i)))
	}
	errs = contract.Together(racers, func(i int) error {
		_, err := k.Store.Update(k.Ctx, people[i].ID, people[i].Version, users.AccountChanges{Email: patch.Of(spell(i, "wanted@example.com"))})
		return err
	})
	won := k.Winner("changing to one address at once", errs, func(err error) {
		k.Conflicts("changing to one address at once", err, users.CodeEmailTaken)
	})
	if got, err := k.Store.GetByEmail(k.Ctx, "wanted@example.com"); err != nil || got.ID != people[won].ID {
		k.Errorf("the address has %q, not who won it (%v)", got.ID, err)
	}
}

func patched(k *checker) {
	a := create(k, ada())
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
		now, err := k.Store.Update(k.Ctx, a.ID, a.Version, c.do)
		k.Must("an update of: "+c.what, err)
		same(k, "after an update of: "+c.what, now, c.do.Apply(a))
		if now.Version == a.Version {
			k.Errorf("after an update of: %s, the version is the same", c.what)
		}
		found(k, "after an update of: "+c.what, now)
		a = now
	}
	_, err := k.Store.GetByEmail(k.Ctx, "lovelace@example.com")
	k.Fails("an address that was given up", err, fault.NotFound)
	_, err = k.Store.GetByField(k.Ctx, users.ByUsername, "lovelace")
	k.Fails("a username that was given up", err, fault.NotFound)
}

func stale(k *checker) {
	a := create(k, ada())
	for _, version := range []string{"", "0", "nonsense", a.Version + "1"} {
		_, err := k.Store.Update(k.Ctx, a.ID, version, named("x"))
		k.Fails(fmt.Sprintf("the version %q, which it never had", version), err, fault.Stale)
	}
	now, err := k.Store.Update(k.Ctx, a.ID, a.Version, named("First"))
	k.Must("an update", err)
	_, err = k.Store.Update(k.Ctx, a.ID, a.Version, named("Second"))
	k.Fails("the version before", err, fault.Stale)
	back, err := k.Store.Update(k.Ctx, a.ID, now.Version, named(a.FirstName))
	k.Must("an update back to what it was", err)
	_, err = k.Store.Update(k.Ctx, a.ID, a.Version, named("Third"))
	k.Fails("the version of the same values before", err, fault.Stale)
	found(k, "after stale updates", back)
}

func oneWins(k *checker) {
	a := create(k, ada())
	for range 3 {
		errs := contract.Together(racers, func(i int) error {
			_, err := k.Store.Update(k.Ctx, a.ID, a.Version, named(fmt.Sprint(a.Version, " ", i)))
			return err
		})
		won := k.Winner("updates of one version at once", errs, func(err error) { k.Fails("an update that lost", err, fault.Stale) })
		now := get(k, a.ID)
		if want := fmt.Sprint(a.Version, " ", won); now.FirstName != want {
			k.Errorf("the first name is %q, want that of the update that won, %q", now.FirstName, want)
		}
		a = now
	}
}

func apart(k *checker) {
	var people []users.Account
	for i := range racers {
		people = append(people, create(k, numbered(i)))
	}
	errs := contract.Together(racers, func(i int) error {
		_, err := k.Store.Update(k.Ctx, people[i].ID, people[i].Version, named(fmt.Sprint(i)))
		return err
	})
	for i, err := range errs {
		if err != nil {
			k.Errorf("an update of an account of its own fails: %v", err)
		}
		if got := get(k, people[i].ID).FirstName; err == nil && got != fmt.Sprint(i) {
			k.Errorf("the first name is %q, want %d", got, i)
		}
	}
}

func whole(k *checker) {
	create(k, ada())
	b := create(k, bob())
	_, err := k.Store.Update(k.Ctx, b.ID, b.Version, users.AccountChanges{
		FirstName: patch.Of("Bob"), Active: patch.Of(true), Email: patch.Of("ada@example.com"),
	})
	k.Conflicts("an update to a taken address", err, users.CodeEmailTaken)
	found(k, "who was refused", b)
}

func listed(k *checker) {
	if got, total, err := k.Store.List(k.Ctx, 0, 10); err != nil || total != 0 || len(got) != 0 {
		k.Errorf("an empty store lists %d of %d, %v", len(got), total, err)
	}
	want := []users.Account{create(k, ada())}
	for i := range 7 {
		want = append(want, create(k, numbered(i)))
	}
	for _, limit := range []int{1, 3, 8, 100} {
		var got []users.Account
		for {
			page, total, err := k.Store.List(k.Ctx, len(got), limit)
			k.Must("a list", err)
			if total != len(want) {
				k.Errorf("the total is %d, want %d", total, len(want))
			}
			if len(page) > limit {
				k.Errorf("%d accounts were listed, more than the limit of %d", len(page), limit)
			}
			if got = append(got, page...); len(page) == 0 || len(got) > len(want) {
				break
			}
		}
		if !slices.Equal(ids(got), ids(want)) {
			k.Errorf("in pages of %d there are %d accounts, want each of %d once", limit, len(got), len(want))
		}
		for _, a := range got {
			if a.ID == want[0].ID {
				same(k, "in a list", a, want[0])
				if a.Version != want[0].Version {
					k.Errorf("in a list the version is %q, want %q", a.Version, want[0].Version)
				}
			}
		}
	}
	if got, total, err := k.Store.List(k.Ctx, 100, 10); err != nil || total != len(want) || len(got) != 0 {
		k.Errorf("past the end there are %d of %d, %v", len(got), total, err)
	}
}

func deleted(k *checker) {
	a, b := create(k, ada()), create(k, bob())
	for i, err := range contract.Together(racers, func(int) error { return k.Store.Delete(k.Ctx, a.ID) }) {
		if err != nil {
			k.Errorf("deleting it, one of several at once (%d): %v", i, err)
		}
	}
	_, err := k.Store.Get(k.Ctx, a.ID)
	k.Fails("the ID of a deleted account", err, fault.NotFound)
	_, err = k.Store.GetByEmail(k.Ctx, a.Email)
	k.Fails("the address of a deleted account", err, fault.NotFound)
	_, err = k.Store.GetByField(k.Ctx, users.ByUsername, a.Username)
	k.Fails("the username of a deleted account", err, fault.NotFound)
	_, err = k.Store.Update(k.Ctx, a.ID, a.Version, named("x"))
	k.Fails("an update of a deleted account", err, fault.NotFound)
	for _, key := range []string{a.ID, "nobody", "01890000-0000-7000-8000-000000000000"} {
		if err := k.Store.Delete(k.Ctx, key); err != nil {
			k.Errorf("deleting %q, which is not there: %v", key, err)
		}
	}
	if _, total, err := k.Store.List(k.Ctx, 0, 10); err != nil || total != 1 {
		k.Errorf("after a deletion there are %d accounts, want 1 (%v)", total, err)
	}
	found(k, "the other account", b)
}
