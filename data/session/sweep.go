package session

import (
	"context"
	"fmt"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

const sweepBatch = 500 // rows in one transaction

// A rowID is all that the sweeper reads of a row, whose values may be large.
type rowID struct {
	ID data.ID[row] `db:"id"`
}

// oldest returns the query of the rows that expired first. The names have been
// checked: they are made of letters, digits and underscores.
func oldest(table string, names map[string]string) *data.Select[rowID] {
	return data.NewSelect[rowID](fmt.Sprintf(`SELECT %q FROM %q WHERE %q <= ? ORDER BY %[3]q LIMIT %[4]d`,
		names["id"], table, names["expires_at"], sweepBatch), "")
}

// DeleteExpired removes the sessions that have expired, in batches, and returns
// how many it removed. Several may run at once. What was removed before an error
// stays removed.
func (st *Store) DeleteExpired(ctx context.Context) (int, error) {
	now, total := st.db.Now(), 0
	for {
		found, err := st.old.All(ctx, st.db, now)
		if err != nil || len(found) == 0 {
			return total, err
		}
		ids := make([]data.ID[row], len(found))
		for i := range found {
			ids[i] = found[i].ID
		}
		removed := 0
		err = st.db.TxWith(ctx, data.TxOptions{Retry: true}, func(tx *data.Tx) (err error) {
			removed, err = st.table.On(tx).DeleteWhere(ctx, data.All(st.id.In(ids...), st.expiresAt.Le(now)))
			return err
		})
		if err != nil {
			return total, err
		}
		if total += removed; len(found) < sweepBatch {
			return total, nil
		}
	}
}

// Start removes expired sessions at once and then each Config.SweepEvery, in
// the background, until ctx ends or Close is called. A failure is logged, and
// the next time is another try. A store that has started already is
// fault.Conflict.
func (st *Store) Start(ctx context.Context) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.cancel != nil {
		return fault.Errorf(fault.Conflict, "session: the store has started already")
	}
	ctx, st.cancel = context.WithCancel(ctx)
	st.swept = make(chan struct{})
	go st.sweep(ctx, st.swept)
	return nil
}

func (st *Store) sweep(ctx context.Context, done chan struct{}) {
	defer close(done)
	ticker := time.NewTicker(st.cfg.SweepEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		n, err := st.DeleteExpired(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			st.cfg.warn(ctx, "expired sessions were not removed", err)
		case err == nil:
			st.cfg.Log.DebugContext(ctx, "session: expired sessions were removed", "removed", n)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// Close stops what Start began and waits until it has ended. The database stays
// open. Closing again, or a store that was not started, does nothing.
func (st *Store) Close() error {
	st.mu.Lock()
	cancel, done := st.cancel, st.swept
	st.cancel = nil
	st.mu.Unlock()
	if cancel != nil {
		cancel()
		<-done
	}
	return nil
}
