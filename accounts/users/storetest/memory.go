package storetest

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/fault"
)

// A Memory is a store that forgets everything with the program.
type Memory struct {
	mu       sync.Mutex
	accounts []users.Account
	last     int // ID, and version
}

// NewMemory returns a store without accounts.
func NewMemory() *Memory { return new(Memory) }

// Get returns an account.
func (m *Memory) Get(_ context.Context, id string) (users.Account, error) {
	return m.find(func(a users.Account) bool { return a.ID == id })
}

// GetByEmail returns an account.
func (m *Memory) GetByEmail(_ context.Context, address string) (users.Account, error) {
	return m.find(func(a users.Account) bool { return users.EmailKey(a.Email) == users.EmailKey(address) })
}

// GetByField returns an account.
func (m *Memory) GetByField(ctx context.Context, field users.Field, value string) (users.Account, error) {
	switch field {
	case users.ByEmail:
		return m.GetByEmail(ctx, value)
	case users.ByUsername:
		return m.find(func(a users.Account) bool {
			return a.Username != "" && users.UsernameKey(a.Username) == users.UsernameKey(value)
		})
	}
	return users.Account{}, fault.Errorf(fault.Internal, "storetest: no account is found by the field %q", field)
}

func (m *Memory) find(is func(users.Account) bool) (users.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.IndexFunc(m.accounts, is); i >= 0 {
		return m.accounts[i], nil
	}
	return users.Account{}, notFound()
}

func notFound() error { return fault.Errorf(fault.NotFound, "storetest: no such account") }

// List returns accounts in the order in which they came.
func (m *Memory) List(_ context.Context, offset, limit int) ([]users.Account, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from := min(offset, len(m.accounts))
	return slices.Clone(m.accounts[from:min(from+limit, len(m.accounts))]), len(m.accounts), nil
}

// Create stores an account under an ID of its own.
func (m *Memory) Create(_ context.Context, a users.Account) (users.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a.ID = "account-" + strconv.Itoa(m.last+1)
	if err := m.free(a); err != nil {
		return users.Account{}, err
	}
	m.stamp(&a)
	a.CreatedAt = a.UpdatedAt
	m.accounts = append(m.accounts, a)
	return a, nil
}

// free refuses names that another account has.
func (m *Memory) free(a users.Account) error {
	for _, o := range m.accounts {
		switch {
		case o.ID == a.ID:
		case users.EmailKey(o.Email) == users.EmailKey(a.Email):
			return users.EmailTaken()
		case a.Username != "" && users.UsernameKey(o.Username) == users.UsernameKey(a.Username):
			return users.UsernameTaken()
		}
	}
	return nil
}

// stamp notes that an account changes now.
func (m *Memory) stamp(a *users.Account) {
	m.last++
	a.Version, a.UpdatedAt = strconv.Itoa(m.last), time.Now()
}

// Update changes an account.
func (m *Memory) Update(_ context.Context, id, version string, c users.AccountChanges) (users.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.accounts, func(a users.Account) bool { return a.ID == id })
	switch {
	case i < 0:
		return users.Account{}, notFound()
	case m.accounts[i].Version != version:
		return users.Account{}, fault.Errorf(fault.Stale, "storetest: the account was changed meanwhile")
	}
	a := c.Apply(m.accounts[i])
	if err := m.free(a); err != nil {
		return users.Account{}, err
	}
	m.stamp(&a)
	m.accounts[i] = a
	return a, nil
}

// Delete removes an account.
func (m *Memory) Delete(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.accounts = slices.DeleteFunc(m.accounts, func(a users.Account) bool { return a.ID == id })
	return nil
}
