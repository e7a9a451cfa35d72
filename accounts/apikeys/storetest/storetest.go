// Package storetest proves that a store of API keys keeps the promises of
// [apikeys.Store].
package storetest

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/internal/contract"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// A Setup is a store without keys, and users that it knows.
type Setup struct {
	Store    apikeys.Store
	Ann, Bob string           // the IDs of two users
	NotAUser string           // what could be the ID of one; "" means "nobody"
	Now      func() time.Time // the store's clock; nil means time.Now

	// Reseal encrypts once more what the store keeps of the secret of a signing key,
	// so that other bytes come of it.
	Reseal func(k apikeys.Key, sealed []byte) []byte
}

// Run holds a store to the contract, each part in a subtest of its own with what
// open returns.
func Run(t *testing.T, open func(t *testing.T) Setup) {
	t.Helper()
	contract.Run(t, checks, open)
}

type (
	check   = contract.Check[Setup]
	checker = contract.Checker[Setup]
)

var checks = []check{
	{Name: "a key is kept as it is", Do: kept},
	{Name: "what is not there is not found", Do: nobody},
	{Name: "keys end", Do: ended},
	{Name: "a key id is taken once", Do: once},
	{Name: "the limit is exact", Do: limited},
	{Name: "the first revocation counts", Do: revoked},
	{Name: "changes are what they say", Do: changed},
	{Name: "a use is noted once in a while", Do: used},
	{Name: "secrets are encrypted and replaced", Do: resealed},
	{Name: "the keys of one user go", Do: deleted},
	{Name: "what is no key is refused", Do: refused},
}

// racers is how many do the same at once.
const racers = 8

// now is the time by the store's clock, as exact as times are kept.
func now(k *checker) time.Time {
	if k.Store.Now == nil {
		return time.Now().UTC().Truncate(time.Microsecond)
	}
	return k.Store.Now().UTC().Truncate(time.Microsecond)
}

// plain is one of many keys, which says as little as it may.
func plain(user string, n int) apikeys.Key {
	id := fmt.Sprintf("Key%d", n)
	return apikeys.Key{KeyID: id, UserID: user, Name: id, PrefixEnv: "mnk_live", Hint: "mnk_live_" + id, CreatedVia: "go"}
}

// full is a key that says something everywhere and signs requests.
func full(k *checker, user string) apikeys.Key {
	at := now(k)
	return apikeys.Key{
		KeyID: "aB3-_x", UserID: user, Name: "Deploy \u00e9", Description: "for the build", PrefixEnv: "mnk_live", Hint: "mnk_live_aB3-",
		Digest: secret.Digest{1, 2, 31: 9}, Form: apikeys.HMAC, DigestSecret: secret.NewText("theirs"),
		Scopes: auth.Permissions{"posts:read", "users:*"}, AllowedIPs: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/48")},
		Signing: apikeys.SignHMAC, Secret: secret.NewText("to sign with"), RatePerMinute: 60, IdleDays: 30,
		ExpiresAt: at.Add(time.Hour + time.Microsecond), IdleExpiresAt: at.Add(2 * time.Hour), CreatedVia: "http",
		Metadata: map[string]string{"host": "build-1"}, Replaces: "before", ReplacedBy: "after",
	}
}

// create stores a key, which must be possible.
func create(k *checker, key apikeys.Key) apikeys.Key {
	got, err := k.Store.Store.Create(k.Ctx, key)
	k.Must("creating "+key.KeyID, err)
	if got.ID == "" || got.CreatedAt.IsZero() || got.UpdatedAt.IsZero() {
		k.Errorf("%s was created with the ID %q at %v and changed at %v", key.KeyID, got.ID, got.CreatedAt, got.UpdatedAt)
	}
	same(k, "what Create returns", got, key)
	return got
}

// same wants a key to say what another does, beside what the store decides.
func same(k *checker, what string, got, want apikeys.Key) {
	diff := cmp.Diff(want, got, cmpopts.IgnoreFields(apikeys.Key{}, "ID", "CreatedAt", "UpdatedAt"), cmpopts.EquateEmpty(),
		cmp.Comparer(secret.Text.Equal), cmp.Comparer(secret.Digest.Equal), cmp.Comparer(time.Time.Equal),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }))
	if diff != "" {
		k.Errorf("%s: it differs (-want +got):\n%s", what, diff)
	}
}

// get returns a key, which must be there.
func get(k *checker, keyID string) apikeys.Key {
	got, err := k.Store.Store.ByKeyID(k.Ctx, keyID, true)
	k.Must("the key "+keyID, err)
	return got
}

// names returns the key ids of a list.
func names(k *checker, user string, inactive bool) (out []string) {
	keys, err := k.Store.Store.ListForUser(k.Ctx, user, inactive)
	k.Must("a list", err)
	for _, key := range keys {
		out = append(out, key.KeyID)
	}
	return out
}

func listed(k *checker, what, user string, inactive bool, want ...string) {
	if got := names(k, user, inactive); !slices.Equal(got, want) {
		k.Errorf("%s: the list is %q, want %q", what, got, want)
	}
}

func kept(k *checker) {
	first, second := full(k, k.Store.Ann), plain(k.Store.Ann, 1)
	second.Signing, second.PublicKey = apikeys.SignEd25519, bytes.Repeat([]byte{7}, 32)
	create(k, first)
	create(k, second)
	same(k, "the first", get(k, first.KeyID), first)
	same(k, "the second", get(k, second.KeyID), second)
	keys, err := k.Store.Store.ListForUser(k.Ctx, k.Store.Ann, false)
	k.Must("a list", err)
	if len(keys) != 2 {
		k.Errorf("two keys are listed as %d", len(keys))
		return
	}
	for i := 1; i < len(keys); i++ {
		if a, b := keys[i-1], keys[i]; a.CreatedAt.After(b.CreatedAt) || a.CreatedAt.Equal(b.CreatedAt) && a.KeyID > b.KeyID {
			k.Errorf("%s of %v is listed before %s of %v", a.KeyID, a.CreatedAt, b.KeyID, b.CreatedAt)
		}
	}
}

func nobody(k *checker) {
	s, key := k.Store.Store, create(k, plain(k.Store.Ann, 1))
	for _, id := range []string{"", "Key2", strings.ToLower(key.KeyID), "%", key.ID} {
		_, err := s.ByKeyID(k.Ctx, id, true)
		k.Fails(fmt.Sprintf("the key %q", id), err, fault.NotFound)
		_, err = s.Revoke(k.Ctx, id, now(k))
		k.Fails(fmt.Sprintf("revoking %q", id), err, fault.NotFound)
		_, err = s.Update(k.Ctx, id, apikeys.Changes{Name: patch.Of("x")})
		k.Fails(fmt.Sprintf("changing %q", id), err, fault.NotFound)
		k.Fails(fmt.Sprintf("replacing the secret of %q", id), s.ReplaceSealed(k.Ctx, id, []byte{1}, []byte{2}), fault.NotFound)
		if seen, err := s.SawUse(k.Ctx, id, now(k), time.Minute); seen || err != nil {
			k.Errorf("a use of %q was noted: %v, %v", id, seen, err)
		}
	}
	listed(k, "somebody without keys", k.Store.Bob, true)
	listed(k, "who is not there", notAUser(k), true)
	for what, do := range map[string]func(apikeys.Key) error{
		"a key":              func(key apikeys.Key) error { _, err := s.Create(k.Ctx, key); return err },
		"a key with a limit": func(key apikeys.Key) error { _, err := s.CreateWithLimit(k.Ctx, key, 5); return err },
	} {
		k.Fails(what+" of who is not there", do(plain(notAUser(k), 3)), fault.NotFound)
	}
	same(k, "the key that is there", get(k, key.KeyID), key)
}

func notAUser(k *checker) string {
	if k.Store.NotAUser == "" {
		return "nobody"
	}
	return k.Store.NotAUser
}

func ended(k *checker) {
	s, at := k.Store.Store, now(k)
	late, idle, gone, good := plain(k.Store.Ann, 1), plain(k.Store.Ann, 2), plain(k.Store.Ann, 3), plain(k.Store.Ann, 4)
	late.ExpiresAt, idle.IdleDays, idle.IdleExpiresAt, good.ExpiresAt = at, 1, at.Add(-time.Second), at.Add(time.Hour)
	for _, key := range []apikeys.Key{late, idle, gone, good} {
		create(k, key)
	}
	_, err := s.Revoke(k.Ctx, gone.KeyID, at)
	k.Must("revoking", err)
	listed(k, "the active ones", k.Store.Ann, false, good.KeyID)
	if got := len(names(k, k.Store.Ann, true)); got != 4 {
		k.Errorf("of four keys %d are listed", got)
	}
	for _, key := range []apikeys.Key{late, idle, gone} {
		_, err := s.ByKeyID(k.Ctx, key.KeyID, false)
		k.Fails("a key that has ended", err, fault.NotFound)
		before := get(k, key.KeyID)
		_, err = s.Update(k.Ctx, key.KeyID, apikeys.Changes{Name: patch.Of("other")})
		k.Fails("changing a key that has ended", err, fault.NotFound)
		if seen, err := s.SawUse(k.Ctx, key.KeyID, at, time.Minute); seen || err != nil {
			k.Errorf("a use of a key that has ended was noted: %v, %v", seen, err)
		}
		same(k, "a key that has ended", get(k, key.KeyID), before)
	}
	_, err = s.ByKeyID(k.Ctx, good.KeyID, false)
	k.Must("a key that is good", err)
}

func once(k *checker) {
	key := plain(k.Store.Ann, 1)
	users := []string{k.Store.Ann, k.Store.Bob}
	errs := contract.Together(len(users), func(i int) error {
		mine := key
		mine.UserID = users[i]
		_, err := k.Store.Store.Create(k.Ctx, mine)
		return err
	})
	won := k.Winner("two with one key id", errs, func(err error) { k.Fails("who lost", err, fault.Conflict) })
	key.UserID = users[won]
	same(k, "the key", get(k, key.KeyID), key)
	other := plain(k.Store.Bob, 1)
	other.KeyID = strings.ToUpper(other.KeyID)
	create(k, other)
}

func limited(k *checker) {
	s, most, at := k.Store.Store, 5, now(k)
	late, gone := plain(k.Store.Ann, 100), plain(k.Store.Ann, 101)
	late.ExpiresAt = at
	create(k, late)
	create(k, gone)
	_, err := s.Revoke(k.Ctx, gone.KeyID, at)
	k.Must("revoking", err)
	create(k, plain(k.Store.Bob, 102)) // somebody else's
	errs := contract.Together(3*most, func(i int) error {
		_, err := s.CreateWithLimit(k.Ctx, plain(k.Store.Ann, i), most)
		return err
	})
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		k.Conflicts("one too many", err, apikeys.CodeLimit)
	}
	active := names(k, k.Store.Ann, false)
	if made != most || len(active) != most {
		k.Errorf("%d of %d keys were made at once, and %d are active, want %d", made, 3*most, len(active), most)
	}
	_, err = s.CreateWithLimit(k.Ctx, plain(k.Store.Bob, 103), most)
	k.Must("a key of somebody else", err)
	if len(active) > 0 {
		_, err = s.Revoke(k.Ctx, active[0], at)
		k.Must("revoking", err)
		_, err = s.CreateWithLimit(k.Ctx, plain(k.Store.Ann, 104), most)
		k.Must("a key in place of one that ended", err)
	}
}

func revoked(k *checker) {
	s, key, first := k.Store.Store, create(k, plain(k.Store.Ann, 1)), now(k)
	errs := contract.Together(racers, func(int) error {
		got, err := s.Revoke(k.Ctx, key.KeyID, first)
		if err == nil && !got.RevokedAt.Equal(first) {
			err = fmt.Errorf("it was revoked at %v, want %v", got.RevokedAt, first)
		}
		return err
	})
	for _, err := range errs {
		if err != nil {
			k.Errorf("revoking, one of several at once: %w", err)
		}
	}
	got, err := s.Revoke(k.Ctx, key.KeyID, first.Add(time.Hour))
	k.Must("revoking again", err)
	if !got.RevokedAt.Equal(first) {
		k.Errorf("the second revocation moved the time to %v, want %v", got.RevokedAt, first)
	}
	key.RevokedAt = first
	same(k, "what was revoked", get(k, key.KeyID), key)
}

func changed(k *checker) {
	s, want := k.Store.Store, full(k, k.Store.Ann)
	create(k, want)
	for _, step := range []struct {
		c     apikeys.Changes
		apply func()
	}{
		{apikeys.Changes{Name: patch.Of("Other")}, func() { want.Name = "Other" }},
		{apikeys.Changes{Description: patch.Of("")}, func() { want.Description = "" }},
		{apikeys.Changes{Scopes: patch.Of(auth.Permissions{"*"})}, func() { want.Scopes = auth.Permissions{"*"} }},
		{apikeys.Changes{AllowedIPs: patch.Of[[]netip.Prefix](nil)}, func() { want.AllowedIPs = nil }},
		{apikeys.Changes{}, func() {}},
	} {
		got, err := s.Update(k.Ctx, want.KeyID, step.c)
		k.Must("a change", err)
		step.apply()
		same(k, "what Update returns", got, want)
		same(k, "what was changed", get(k, want.KeyID), want)
	}
	_, err := s.Update(k.Ctx, want.KeyID, apikeys.Changes{Name: patch.Of(strings.Repeat("x", 121))})
	k.Fails("a long name", err, fault.Invalid)
	_, err = s.Update(k.Ctx, want.KeyID, apikeys.Changes{Scopes: patch.Of(auth.Permissions{"Posts"})})
	k.Fails("what is no scope", err, fault.Invalid)
	same(k, "after refusals", get(k, want.KeyID), want)
}

func used(k *checker) {
	s, at, key := k.Store.Store, now(k), full(k, k.Store.Ann)
	create(k, key)
	noted := func(what string, at time.Time, want bool) {
		seen, err := s.SawUse(k.Ctx, key.KeyID, at, time.Minute)
		if err != nil || seen != want {
			k.Errorf("%s: noted %v, %v, want %v", what, seen, err, want)
		}
	}
	errs := contract.Together(racers, func(int) error {
		seen, err := s.SawUse(k.Ctx, key.KeyID, at, time.Minute)
		if err == nil && !seen {
			err = fault.NotFound
		}
		return err
	})
	k.Winner("several uses at once", errs, func(err error) { k.Fails("the others", err, fault.NotFound) })
	noted("a little later", at.Add(time.Minute-time.Microsecond), false)
	noted("an earlier one", at.Add(-time.Hour), false)
	noted("a while later", at.Add(time.Minute), true)
	key.LastUsedAt = at.Add(time.Minute)
	key.IdleExpiresAt = key.LastUsedAt.Add(time.Duration(key.IdleDays) * 24 * time.Hour)
	got := get(k, key.KeyID)
	same(k, "what was used", got, key)
}

func resealed(k *checker) {
	s := k.Store.Store
	key := create(k, full(k, k.Store.Ann))
	gone := full(k, k.Store.Ann)
	gone.KeyID, gone.RevokedAt = "gone", now(k)
	create(k, gone)
	create(k, plain(k.Store.Ann, 1))
	all := func([]byte) bool { return true }
	find := func(inactive bool, stale func([]byte) bool, want int) []apikeys.SealedSecret {
		got, err := s.SealedSecrets(k.Ctx, inactive, stale)
		k.Must("secrets", err)
		if len(got) != want {
			k.Errorf("%d secrets are found, want %d", len(got), want)
		}
		return got
	}
	find(true, all, 2)
	find(true, func([]byte) bool { return false }, 0)
	found := find(false, all, 1)
	if len(found) != 1 || found[0].KeyID != key.KeyID {
		k.Errorf("it is not that of the active key")
		return
	}
	from := found[0].Sealed
	if len(from) == 0 || bytes.Contains(from, []byte(key.Secret.Reveal())) {
		k.Errorf("a secret is kept as %q", from)
	}
	tos := make([][]byte, racers)
	for i := range tos {
		tos[i] = k.Store.Reseal(key, from)
	}
	errs := contract.Together(racers, func(i int) error { return s.ReplaceSealed(k.Ctx, key.KeyID, from, tos[i]) })
	won := k.Winner("several replacements", errs, func(err error) { k.Fails("who lost", err, fault.Stale) })
	if now := find(false, all, 1); len(now) == 1 && !bytes.Equal(now[0].Sealed, tos[won]) {
		k.Errorf("what is kept is not what has won")
	}
	k.Fails("replacing nothing", s.ReplaceSealed(k.Ctx, "Key1", from, tos[0]), fault.NotFound)
	after := get(k, key.KeyID)
	same(k, "after its secret was replaced", after, key)
	if !after.UpdatedAt.Equal(key.UpdatedAt) {
		k.Errorf("replacing a secret moved the time of the last change")
	}
}

func deleted(k *checker) {
	create(k, plain(k.Store.Ann, 1))
	create(k, full(k, k.Store.Ann))
	other := create(k, plain(k.Store.Bob, 2))
	for _, want := range []int{2, 0} {
		if n, err := k.Store.Store.DeleteForUser(k.Ctx, k.Store.Ann); err != nil || n != want {
			k.Errorf("%d keys were removed, %v, want %d", n, err, want)
		}
	}
	listed(k, "whose keys went", k.Store.Ann, true)
	same(k, "the key of somebody else", get(k, other.KeyID), other)
	create(k, plain(k.Store.Ann, 1))
}

func refused(k *checker) {
	for what, change := range map[string]func(*apikeys.Key){
		"no key id":     func(key *apikeys.Key) { key.KeyID = "" },
		"a bad key id":  func(key *apikeys.Key) { key.KeyID = "a.b" },
		"no name":       func(key *apikeys.Key) { key.Name = " " },
		"a long name":   func(key *apikeys.Key) { key.Name = strings.Repeat("\u00e9", 121) },
		"a bad scope":   func(key *apikeys.Key) { key.Scopes = auth.Permissions{"posts"} },
		"a long scope":  func(key *apikeys.Key) { key.Scopes = auth.Permissions{"a:" + strings.Repeat("x", 119)} },
		"a bad network": func(key *apikeys.Key) { key.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")} },
		"many networks": func(key *apikeys.Key) {
			key.AllowedIPs = slices.Repeat([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, 33)
		},
		"no secret":         func(key *apikeys.Key) { key.Signing = apikeys.SignHMAC },
		"a secret too many": func(key *apikeys.Key) { key.Secret = secret.NewText("x") },
		"a short key":       func(key *apikeys.Key) { key.Signing, key.PublicKey = apikeys.SignEd25519, []byte{1} },
		"unknown signing":   func(key *apikeys.Key) { key.Signing = "rsa" },
		"long metadata":     func(key *apikeys.Key) { key.Metadata = map[string]string{"a": strings.Repeat("x", 256)} },
	} {
		key := plain(k.Store.Ann, 1)
		change(&key)
		_, err := k.Store.Store.Create(k.Ctx, key)
		k.Fails(what, err, fault.Invalid)
		_, err = k.Store.Store.CreateWithLimit(k.Ctx, key, 5)
		k.Fails(what+", with a limit", err, fault.Invalid)
	}
	good := plain(k.Store.Ann, 1)
	good.Name, good.Scopes = strings.Repeat("\u00e9", 120), auth.Permissions{"a:" + strings.Repeat("x", 118)}
	create(k, good)
}
