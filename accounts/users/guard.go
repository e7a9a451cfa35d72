package users

import (
	"context"
	"time"

	"github.com/manorgo/manor/fault"
)

// storeTimeout is how long a store may take: transactions wait for it.
const storeTimeout = 10 * time.Second

// A guarded store takes its time, but not longer, and whatever else is wrong with
// it than what the contract names is an outage.
type guarded struct{ store Store }

func within[R any](ctx context.Context, do func(context.Context) (R, error)) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	out, err := do(ctx)
	switch fault.KindOf(err) {
	case "", fault.NotFound, fault.Conflict, fault.Stale, fault.Invalid:
		return out, err
	}
	return out, &fault.Error{Kind: fault.Unavailable, Msg: "accounts cannot be reached, try again", Retry: 5 * time.Second, Err: err}
}

// Get returns an account.
func (g guarded) Get(ctx context.Context, id string) (Account, error) {
	return within(ctx, func(ctx context.Context) (Account, error) { return g.store.Get(ctx, id) })
}

// find returns the account with an e-mail address or a username.
func (g guarded) find(ctx context.Context, field Field, value string) (Account, error) {
	return within(ctx, func(ctx context.Context) (Account, error) {
		if field == ByEmail {
			return g.store.GetByEmail(ctx, value)
		}
		return g.store.GetByField(ctx, field, value)
	})
}

// List returns accounts. The total is left out.
func (g guarded) List(ctx context.Context, offset, limit int) ([]Account, error) {
	return within(ctx, func(ctx context.Context) ([]Account, error) {
		as, _, err := g.store.List(ctx, offset, limit)
		return as, err
	})
}

// Create makes an account.
func (g guarded) Create(ctx context.Context, a Account) (Account, error) {
	return within(ctx, func(ctx context.Context) (Account, error) { return g.store.Create(ctx, a) })
}

// Update changes an account.
func (g guarded) Update(ctx context.Context, id, version string, c AccountChanges) (Account, error) {
	return within(ctx, func(ctx context.Context) (Account, error) { return g.store.Update(ctx, id, version, c) })
}

// Delete removes an account.
func (g guarded) Delete(ctx context.Context, id string) error {
	_, err := within(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, g.store.Delete(ctx, id) })
	return err
}
