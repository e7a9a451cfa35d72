package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/manorgo/manor/accounts/internal/contract"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/fault"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	Run(t, func(*testing.T) users.Store { return NewMemory() })
}

// A broken store breaks one promise.
type broken struct {
	*Memory
	mu     sync.Mutex
	change func(ctx context.Context, b *broken, id, version string, c users.AccountChanges) (users.Account, error)
	create func(ctx context.Context, b *broken, a users.Account) (users.Account, error)
	email  func(ctx context.Context, b *broken, address string) (users.Account, error)
	field  func(ctx context.Context, b *broken, f users.Field, value string) (users.Account, error)
	list   func(ctx context.Context, b *broken, offset, limit int) ([]users.Account, int, error)
	remove func(ctx context.Context, b *broken, id string) error
	former map[string]users.Account
}

func (b *broken) Update(ctx context.Context, id, version string, c users.AccountChanges) (users.Account, error) {
	if b.change == nil {
		return b.Memory.Update(ctx, id, version, c)
	}
	return b.change(ctx, b, id, version, c)
}

func (b *broken) Create(ctx context.Context, a users.Account) (users.Account, error) {
	if b.create == nil {
		return b.Memory.Create(ctx, a)
	}
	return b.create(ctx, b, a)
}

func (b *broken) GetByEmail(ctx context.Context, address string) (users.Account, error) {
	if b.email == nil {
		return b.Memory.GetByEmail(ctx, address)
	}
	return b.email(ctx, b, address)
}

func (b *broken) GetByField(ctx context.Context, f users.Field, value string) (users.Account, error) {
	if b.field == nil {
		return b.Memory.GetByField(ctx, f, value)
	}
	return b.field(ctx, b, f, value)
}

func (b *broken) List(ctx context.Context, offset, limit int) ([]users.Account, int, error) {
	if b.list == nil {
		return b.Memory.List(ctx, offset, limit)
	}
	return b.list(ctx, b, offset, limit)
}

func (b *broken) Delete(ctx context.Context, id string) error {
	if b.remove == nil {
		return b.Memory.Delete(ctx, id)
	}
	return b.remove(ctx, b, id)
}

// put stores an account as it is, whatever the rules say.
func (b *broken) put(a users.Account) users.Account {
	b.Memory.mu.Lock()
	defer b.Memory.mu.Unlock()
	b.stamp(&a)
	for i := range b.accounts {
		if b.accounts[i].ID == a.ID {
			b.accounts[i] = a
			return a
		}
	}
	a.ID, a.CreatedAt = fmt.Sprint("put-", b.last), a.UpdatedAt
	b.accounts = append(b.accounts, a)
	return a
}

// The ways in which stores are known to be wrong, and the check that tells.
var breaks = map[string]struct {
	by    string
	store func() *broken
}{
	"an address must be typed as it was": {"accounts are found by any spelling", func() *broken {
		return &broken{email: func(_ context.Context, b *broken, address string) (users.Account, error) {
			return b.find(func(a users.Account) bool { return a.Email == address })
		}}
	}},
	"a username must be typed as it was": {"accounts are found by any spelling", func() *broken {
		return &broken{field: func(ctx context.Context, b *broken, f users.Field, value string) (users.Account, error) {
			if f != users.ByUsername {
				return b.Memory.GetByField(ctx, f, value)
			}
			return b.find(func(a users.Account) bool { return a.Username == value })
		}}
	}},
	"letters are folded as Unicode does": {"accounts are found by any spelling", func() *broken {
		return &broken{email: func(_ context.Context, b *broken, address string) (users.Account, error) {
			return b.find(func(a users.Account) bool { return strings.EqualFold(a.Email, strings.TrimSpace(address)) })
		}}
	}},
	"addresses are patterns": {"nobody is found by what nobody has", func() *broken {
		return &broken{email: func(ctx context.Context, b *broken, address string) (users.Account, error) {
			return b.find(func(a users.Account) bool {
				return strings.HasSuffix(users.EmailKey(a.Email), strings.TrimPrefix(users.EmailKey(address), "%"))
			})
		}}
	}},
	"any field will do": {"another field finds nobody", func() *broken {
		return &broken{field: func(ctx context.Context, b *broken, f users.Field, value string) (users.Account, error) {
			if f == "id" {
				return b.Get(ctx, value)
			}
			return b.Memory.GetByField(ctx, f, value)
		}}
	}},
	"nobody is no error": {"nobody is found by what nobody has", func() *broken {
		return &broken{email: func(ctx context.Context, b *broken, address string) (users.Account, error) {
			a, err := b.Memory.GetByEmail(ctx, address)
			if fault.KindOf(err) == fault.NotFound {
				err = nil
			}
			return a, err
		}}
	}},
	"names are looked at before they are taken": {"names are unique at once", func() *broken {
		all := newMeeting(racers)
		return &broken{create: func(ctx context.Context, b *broken, a users.Account) (users.Account, error) {
			b.Memory.mu.Lock()
			err := b.free(a)
			b.Memory.mu.Unlock()
			if strings.HasPrefix(strings.ToLower(a.Email), "same@") {
				all.wait()
			}
			if err != nil {
				return users.Account{}, err
			}
			return b.put(a), nil
		}}
	}},
	"conflicts have no code": {"names are unique", func() *broken {
		return &broken{create: func(ctx context.Context, b *broken, a users.Account) (users.Account, error) {
			a, err := b.Memory.Create(ctx, a)
			if fault.KindOf(err) == fault.Conflict {
				err = fault.Errorf(fault.Conflict, "taken")
			}
			return a, err
		}}
	}},
	"an update writes all of it": {"an update changes what is set", func() *broken {
		return &broken{change: func(ctx context.Context, b *broken, id, version string, c users.AccountChanges) (users.Account, error) {
			now, err := b.Memory.Update(ctx, id, version, c)
			if err != nil {
				return now, err
			}
			blank := c.Apply(users.Account{ID: id, CreatedAt: now.CreatedAt})
			if blank.Email == "" {
				blank.Email = now.Email
			}
			if blank.Username == "" {
				blank.Username = now.Username
			}
			return b.put(blank), nil
		}}
	}},
	"what is empty is not set": {"an update changes what is set", func() *broken {
		return &broken{change: func(ctx context.Context, b *broken, id, version string, c users.AccountChanges) (users.Account, error) {
			if v, ok := c.FirstName.Get(); ok && v == "" {
				c.FirstName = users.AccountChanges{}.FirstName
			}
			return b.Memory.Update(ctx, id, version, c)
		}}
	}},
	"the last one to write wins": {"an update of another version is stale", func() *broken {
		return &broken{change: func(ctx context.Context, b *broken, id, _ string, c users.AccountChanges) (users.Account, error) {
			a, err := b.Get(ctx, id)
			if err != nil {
				return a, err
			}
			return b.Memory.Update(ctx, id, a.Version, c)
		}}
	}},
	"the version is looked at before the write": {"one of many updates wins", func() *broken {
		all := newMeeting(racers)
		return &broken{change: func(ctx context.Context, b *broken, id, version string, c users.AccountChanges) (users.Account, error) {
			a, err := b.Get(ctx, id)
			if strings.Contains(c.FirstName.Or(""), " ") { // those of the race
				all.wait()
			}
			if err != nil || a.Version != version {
				return b.Memory.Update(ctx, id, version, c)
			}
			return b.put(c.Apply(a)), nil
		}}
	}},
	"the version is a digest of the values": {"an update of another version is stale", func() *broken {
		return &broken{change: func(ctx context.Context, b *broken, id, version string, c users.AccountChanges) (users.Account, error) {
			now, err := b.Get(ctx, id)
			if err == nil && now.Version != version && version != "" && now.FirstName == ada().FirstName && c.FirstName.Or("") == "Third" {
				version = now.Version
			}
			return b.Memory.Update(ctx, id, version, c)
		}}
	}},
	"one update at a time, others fail": {"accounts do not hold each other up", func() *broken {
		all := newMeeting(racers)
		return &broken{change: func(ctx context.Context, b *broken, id, version string, c users.AccountChanges) (users.Account, error) {
			mine := b.mu.TryLock()
			all.wait()
			if !mine {
				return users.Account{}, errors.New("locked")
			}
			defer b.mu.Unlock()
			return b.Memory.Update(ctx, id, version, c)
		}}
	}},
	"half an update stays": {"a refused update changes nothing", func() *broken {
		return &broken{change: func(ctx context.Context, b *broken, id, version string, c users.AccountChanges) (users.Account, error) {
			a, err := b.Memory.Update(ctx, id, version, users.AccountChanges{FirstName: c.FirstName, LastName: c.LastName})
			if err != nil {
				return a, err
			}
			return b.Memory.Update(ctx, id, a.Version, c)
		}}
	}},
	"the total is that of the page": {"a list has everybody", func() *broken {
		return &broken{list: func(ctx context.Context, b *broken, offset, limit int) ([]users.Account, int, error) {
			as, _, err := b.Memory.List(ctx, offset, limit)
			return as, len(as), err
		}}
	}},
	"pages overlap": {"a list has everybody", func() *broken {
		return &broken{list: func(ctx context.Context, b *broken, offset, limit int) ([]users.Account, int, error) {
			return b.Memory.List(ctx, max(0, offset-1), limit)
		}}
	}},
	"a list has no passwords": {"a list has everybody", func() *broken {
		return &broken{list: func(ctx context.Context, b *broken, offset, limit int) ([]users.Account, int, error) {
			as, n, err := b.Memory.List(ctx, offset, limit)
			for i := range as {
				as[i].Password = ""
			}
			return as, n, err
		}}
	}},
	"deleting twice is an error": {"deleting is for good", func() *broken {
		return &broken{remove: func(ctx context.Context, b *broken, id string) error {
			if _, err := b.Get(ctx, id); err != nil {
				return err
			}
			return b.Memory.Delete(ctx, id)
		}}
	}},
	"deleting switches off": {"deleting is for good", func() *broken {
		return &broken{remove: func(ctx context.Context, b *broken, id string) error {
			if a, err := b.Get(ctx, id); err == nil {
				a.Active = false
				b.put(a)
			}
			return nil
		}}
	}},
	"what comes back is what was sent": {"an account is kept as it is", func() *broken {
		return &broken{create: func(ctx context.Context, b *broken, a users.Account) (users.Account, error) {
			kept := a
			kept.Email = strings.ToLower(a.Email)
			made, err := b.Memory.Create(ctx, kept)
			made.Email = a.Email
			return made, err
		}}
	}},
	"accounts are active, whatever was asked for": {"an account is kept as it is", func() *broken {
		return &broken{create: func(ctx context.Context, b *broken, a users.Account) (users.Account, error) {
			a.Active = true
			return b.Memory.Create(ctx, a)
		}}
	}},
	"reads are late": {"an update changes what is set", func() *broken {
		return &broken{
			change: func(ctx context.Context, b *broken, id, version string, c users.AccountChanges) (users.Account, error) {
				before, err := b.Get(ctx, id)
				if err != nil {
					return before, err
				}
				b.former = map[string]users.Account{users.EmailKey(before.Email): before}
				return b.Memory.Update(ctx, id, version, c)
			},
			email: func(ctx context.Context, b *broken, address string) (users.Account, error) {
				if a, ok := b.former[users.EmailKey(address)]; ok {
					return a, nil
				}
				return b.Memory.GetByEmail(ctx, address)
			},
		}
	}},
}

// A meeting makes n callers at a time wait for each other.
type meeting struct {
	mu   sync.Mutex
	n    int
	came int
	all  chan struct{}
}

func newMeeting(n int) *meeting { return &meeting{n: n, all: make(chan struct{})} }

func (m *meeting) wait() {
	m.mu.Lock()
	all := m.all
	if m.came++; m.came == m.n {
		m.came, m.all = 0, make(chan struct{})
		close(all)
	}
	m.mu.Unlock()
	<-all
}

// Each way of being wrong is told by the check that is there for it.
func TestBrokenStores(t *testing.T) {
	t.Parallel()
	for what, b := range breaks {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for _, c := range checks {
				if c.Name != b.by {
					continue
				}
				store := b.store()
				store.Memory = NewMemory()
				if len(contract.Wrong(t.Context(), c, users.Store(store))) == 0 {
					t.Errorf("nothing is wrong with it")
				}
				return
			}
			t.Fatalf("there is no check %q", b.by)
		})
	}
}
