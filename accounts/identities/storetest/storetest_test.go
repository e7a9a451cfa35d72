package storetest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/identities"
	"github.com/manorgo/manor/accounts/internal/contract"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A memory keeps every promise that it is not told to break.
type memory struct {
	mu     sync.Mutex
	all    []identities.Account
	last   int
	breaks string
	looked sync.WaitGroup // racers that have looked, for a store that looks before it writes
}

func (m *memory) breaking(what string) bool { return m.breaks == what }

func (m *memory) key(s string) string {
	if m.breaking("case") {
		return strings.ToLower(s)
	}
	return s
}

func (m *memory) find(provider, account string) int {
	return slices.IndexFunc(m.all, func(a identities.Account) bool {
		return a.Provider == provider && m.key(a.AccountID) == m.key(account)
	})
}

func (m *memory) ByAccount(_ context.Context, provider, account string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.find(provider, account); i >= 0 {
		return m.all[i].UserID, nil
	}
	if m.breaking("nobody") {
		return "", nil
	}
	return "", fault.Errorf(fault.NotFound, "nobody")
}

func (m *memory) Upsert(_ context.Context, user string, a identities.Account) (identities.Account, error) {
	if err := a.Check(); err != nil && !m.breaking("check") {
		return a, err
	}
	if user != "ann" && user != "bob" {
		return a, fault.Errorf(fault.NotFound, "nobody")
	}
	m.mu.Lock()
	i := m.find(a.Provider, a.AccountID)
	if m.breaking("race") && a.AccountID == "0" { // the first time
		m.mu.Unlock()
		m.looked.Done()
		m.looked.Wait() // for the other
		m.mu.Lock()
	}
	defer m.mu.Unlock()
	a.UserID, a.UpdatedAt = user, time.Now()
	if i < 0 || m.breaking("twice") {
		m.last++
		a.ID, a.CreatedAt = strconv.Itoa(m.last), a.UpdatedAt
		m.all = append(m.all, a)
		return a, nil
	}
	was := m.all[i]
	if was.UserID != user {
		switch m.breaks {
		case "code":
			return a, fault.Errorf(fault.Conflict, "taken")
		case "steal":
		default:
			return a, identities.Taken()
		}
	}
	a.ID, a.CreatedAt = was.ID, was.CreatedAt
	if a.Refresh.IsZero() && !m.breaking("refresh") {
		a.Refresh = was.Refresh
	}
	if m.breaking("first") {
		a.Access = was.Access
	}
	m.all[i] = a
	return a, nil
}

func (m *memory) List(_ context.Context, user string) (out []identities.Account, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.all {
		if a.UserID == user || m.breaking("everybody") {
			if m.breaking("tokens") {
				a.Access = secret.Text{}
			}
			out = append(out, a)
		}
	}
	return out, nil
}

func (m *memory) Delete(_ context.Context, user, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.all)
	m.all = slices.DeleteFunc(m.all, func(a identities.Account) bool { return a.ID == id && (a.UserID == user || m.breaking("owner")) })
	if len(m.all) == n && !m.breaking("again") {
		return fault.Errorf(fault.NotFound, "nothing")
	}
	return nil
}

func setup(breaks string) Setup {
	m := &memory{breaks: breaks}
	m.looked.Add(2)
	return Setup{Store: m, Ann: "ann", Bob: "bob"}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	Run(t, func(*testing.T) Setup { return setup("") })
}

// Each way of being wrong is told by the check that is there for it.
func TestBrokenStores(t *testing.T) {
	t.Parallel()
	for breaks, by := range map[string]string{
		"case": "accounts are told apart byte by byte", "nobody": "what nobody has is not found",
		"check": "what is no account is refused", "race": "one of many users wins", "twice": "linking at once links once",
		"code": "an account is somebody's alone", "steal": "an account is somebody's alone", "refresh": "what is new is noted",
		"first": "what is new is noted", "everybody": "what nobody has is not found", "tokens": "an account is kept as it is",
		"owner": "unlinking is for the owner", "again": "unlinking is for the owner",
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

// An account at a provider belongs to one user.
func Example() {
	ctx := context.Background()
	store := setup("").Store
	google := identities.Account{Provider: "google", AccountID: "108"}
	_, err := store.Upsert(ctx, "ann", google)
	fmt.Println(err)
	_, err = store.Upsert(ctx, "bob", google)
	fmt.Println(err)
	// Output:
	// <nil>
	// that account belongs to somebody else here
}
