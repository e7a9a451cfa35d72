package storetest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/internal/contract"
	"github.com/manorgo/manor/fault"
)

// A memory keeps every promise that it is not told to break.
type memory struct {
	mu     sync.Mutex
	all    []*entry
	last   int
	breaks string
	looked sync.WaitGroup // racers that have looked, for a store that looks before it writes
}

type entry struct {
	apikeys.Key
	sealed []byte
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (m *memory) breaking(what string) bool { return m.breaks == what }

// seal is no encryption, and looks like one.
func seal(k apikeys.Key, nonce int) []byte {
	out := []byte(strconv.Itoa(nonce) + "|" + k.Secret.Reveal())
	slices.Reverse(out)
	return out
}

func (m *memory) find(keyID string) *entry {
	for _, e := range m.all {
		if e.KeyID == keyID {
			return e
		}
	}
	return nil
}

func (m *memory) active(k *apikeys.Key) bool {
	c := *k
	switch m.breaks {
	case "late":
		c.ExpiresAt = time.Time{}
	case "idle":
		c.IdleExpiresAt = time.Time{}
	}
	return c.Active(noon)
}

func (m *memory) Create(_ context.Context, k apikeys.Key) (apikeys.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.add(k)
}

func (m *memory) add(k apikeys.Key) (apikeys.Key, error) {
	if err := k.Check(); err != nil && !m.breaking("check") {
		return k, err
	}
	if k.UserID != "ann" && k.UserID != "bob" {
		return k, fault.Errorf(fault.NotFound, "nobody")
	}
	if m.find(k.KeyID) != nil && !m.breaking("twice") {
		return k, fault.Errorf(fault.Conflict, "taken")
	}
	if m.breaking("scopes") {
		k.Scopes = nil
	}
	m.last++
	k.ID, k.CreatedAt, k.UpdatedAt = "row"+strconv.Itoa(m.last), noon, noon
	e := &entry{Key: k}
	if !k.Secret.IsZero() {
		e.sealed = seal(k, 0)
		if m.breaking("plain") {
			e.sealed = []byte(k.Secret.Reveal())
		}
	}
	m.all = append(m.all, e)
	return k, nil
}

func (m *memory) CreateWithLimit(_ context.Context, k apikeys.Key, most int) (apikeys.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, e := range m.all {
		if (e.UserID == k.UserID || m.breaking("others")) && (m.active(&e.Key) || m.breaking("dead")) {
			n++
		}
	}
	if m.breaking("race") && k.UserID == "ann" && len(k.KeyID) < len("Key100") { // those at once
		m.mu.Unlock()
		m.looked.Done()
		m.looked.Wait()
		m.mu.Lock()
	}
	if err := k.Check(); err == nil && n >= most {
		return k, apikeys.LimitReached()
	}
	return m.add(k)
}

func (m *memory) DeleteForUser(_ context.Context, user string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.all)
	m.all = slices.DeleteFunc(m.all, func(e *entry) bool { return e.UserID == user || m.breaking("everybody") })
	return n - len(m.all), nil
}

func (m *memory) ByKeyID(_ context.Context, keyID string, inactive bool) (apikeys.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.breaking("case") {
		keyID = strings.ReplaceAll(keyID, "key", "Key")
	}
	if e := m.find(keyID); e != nil && (inactive || m.active(&e.Key)) {
		return e.Key, nil
	}
	return apikeys.Key{}, fault.Errorf(fault.NotFound, "no key")
}

func (m *memory) ListForUser(_ context.Context, user string, inactive bool) (out []apikeys.Key, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.all {
		if e.UserID == user && (inactive || m.active(&e.Key)) {
			out = append(out, e.Key)
		}
	}
	slices.SortFunc(out, func(a, b apikeys.Key) int { return cmp.Compare(a.KeyID, b.KeyID) })
	if m.breaking("order") {
		slices.Reverse(out)
	}
	return out, nil
}

func (m *memory) SealedSecrets(_ context.Context, inactive bool, stale func([]byte) bool) (out []apikeys.SealedSecret, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.all {
		if e.sealed != nil && (inactive || m.active(&e.Key)) && (stale(e.sealed) || m.breaking("fresh")) {
			out = append(out, apikeys.SealedSecret{KeyID: e.KeyID, Sealed: e.sealed})
		}
	}
	return out, nil
}

func (m *memory) ReplaceSealed(_ context.Context, keyID string, from, to []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.find(keyID)
	switch {
	case e == nil || e.sealed == nil:
		return fault.Errorf(fault.NotFound, "no secret")
	case !bytes.Equal(e.sealed, from) && !m.breaking("swap"):
		return fault.Errorf(fault.Stale, "another")
	}
	if e.sealed = to; m.breaking("touch") {
		e.UpdatedAt = e.UpdatedAt.Add(time.Second)
	}
	return nil
}

func (m *memory) Revoke(_ context.Context, keyID string, at time.Time) (apikeys.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.find(keyID)
	if e == nil {
		return apikeys.Key{}, fault.Errorf(fault.NotFound, "no key")
	}
	if e.RevokedAt.IsZero() || m.breaking("again") {
		e.RevokedAt = at
	}
	return e.Key, nil
}

func (m *memory) Update(_ context.Context, keyID string, c apikeys.Changes) (apikeys.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.find(keyID)
	if e == nil || !m.active(&e.Key) && !m.breaking("ended") {
		return apikeys.Key{}, fault.Errorf(fault.NotFound, "no key")
	}
	k := e.Key
	k.Name, k.Description = c.Name.Or(k.Name), c.Description.Or(k.Description)
	k.Scopes, k.AllowedIPs = c.Scopes.Or(k.Scopes), c.AllowedIPs.Or(k.AllowedIPs)
	if m.breaking("more") {
		k.Description = c.Description.Or("")
	}
	if err := k.Check(); err != nil {
		return k, err
	}
	e.Key = k
	return k, nil
}

func (m *memory) SawUse(_ context.Context, keyID string, at time.Time, every time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.find(keyID)
	if e == nil || !m.active(&e.Key) {
		return false, nil
	}
	if !e.LastUsedAt.IsZero() && e.LastUsedAt.After(at.Add(-every)) && !m.breaking("window") {
		return false, nil
	}
	if e.LastUsedAt = at; e.IdleDays > 0 && !m.breaking("unmoved") {
		e.IdleExpiresAt = at.Add(time.Duration(e.IdleDays) * 24 * time.Hour)
	}
	return true, nil
}

func setup(breaks string) Setup {
	m, nonce := &memory{breaks: breaks}, 0
	m.looked.Add(15)
	return Setup{Store: m, Ann: "ann", Bob: "bob", Now: func() time.Time { return noon }, Reseal: func(k apikeys.Key, _ []byte) []byte {
		nonce++
		return seal(k, nonce)
	}}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	Run(t, func(*testing.T) Setup { return setup("") })
}

// Each way of being wrong is told by the check that is there for it.
func TestBrokenStores(t *testing.T) {
	t.Parallel()
	for breaks, by := range map[string]string{
		"scopes": "a key is kept as it is", "order": "a key is kept as it is", "case": "what is not there is not found",
		"late": "keys end", "idle": "keys end", "ended": "keys end", "twice": "a key id is taken once",
		"race": "the limit is exact", "dead": "the limit is exact", "others": "the limit is exact",
		"again": "the first revocation counts", "more": "changes are what they say",
		"window": "a use is noted once in a while", "unmoved": "a use is noted once in a while",
		"plain": "secrets are encrypted and replaced", "swap": "secrets are encrypted and replaced",
		"touch": "secrets are encrypted and replaced", "fresh": "secrets are encrypted and replaced",
		"everybody": "the keys of one user go", "check": "what is no key is refused",
	} {
		i := slices.IndexFunc(checks, func(c check) bool { return c.Name == by })
		if i < 0 {
			t.Fatalf("there is no check %q", by)
		}
		if len(contract.Wrong(t.Context(), checks[i], setup(breaks))) == 0 {
			t.Errorf("%s: nothing is wrong with it", breaks)
		}
	}
}

// The first revocation of a key counts.
func Example() {
	ctx, store := context.Background(), setup("").Store
	key := apikeys.Key{KeyID: "k1", UserID: "ann", Name: "deploy", CreatedVia: "go"}
	_, err := store.CreateWithLimit(ctx, key, 1)
	fmt.Println(err)
	for hour := range 2 {
		key, err = store.Revoke(ctx, "k1", noon.Add(time.Duration(hour)*time.Hour))
		fmt.Println(key.RevokedAt.Format(time.TimeOnly), err)
	}
	// Output:
	// <nil>
	// 12:00:00 <nil>
	// 12:00:00 <nil>
}
