package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/manorgo/manor/data/driver"
)

// Savepoint marks a point in the transaction.
func (t *tx) Savepoint(ctx context.Context, depth int) error {
	// After a failure that ended the transaction SAVEPOINT would begin another.
	return t.point(ctx, "SAVEPOINT ", depth)
}

// Release keeps what happened since the savepoint.
func (t *tx) Release(ctx context.Context, depth int) error { return t.point(ctx, "RELEASE ", depth) }

func (t *tx) point(ctx context.Context, what string, depth int) error {
	err := t.ready()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	// What others may depend on is not interrupted.
	return t.failed(classify(ctx, t.lease.c.run(context.WithoutCancel(ctx), what+savepoint(depth))))
}

// Undo forgets what happened since the savepoint, a failure included. If that
// failure ended the whole transaction there is no savepoint any more, and the
// transaction stays failed; so does everybody's of its group.
func (t *tx) Undo(ctx context.Context, depth int) error {
	switch {
	case t.done:
		return &driver.Error{Err: sql.ErrTxDone}
	case t.ended:
		return &driver.Error{Err: errAborted{t.err}}
	case t.open != nil:
		return t.failed(&driver.Error{Err: errors.New("sqlite: a result of the savepoint is still being read")})
	}
	ctx = context.WithoutCancel(ctx)
	name := savepoint(depth)
	err := t.lease.c.run(ctx, "ROLLBACK TO "+name)
	if err == nil {
		err = t.lease.c.run(ctx, "RELEASE "+name)
	}
	if err != nil {
		return t.failed(classify(ctx, err))
	}
	t.err = nil
	return nil
}

func savepoint(depth int) string { return "manor_" + strconv.Itoa(depth) }
