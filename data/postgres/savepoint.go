package postgres

import (
	"context"
	"strconv"
)

// Savepoint marks a point in the transaction.
func (t *tx) Savepoint(ctx context.Context, depth int) error {
	return t.point(ctx, "SAVEPOINT "+savepoint(depth))
}

// Release keeps what happened since the savepoint.
func (t *tx) Release(ctx context.Context, depth int) error {
	return t.point(ctx, "RELEASE "+savepoint(depth))
}

// Undo forgets what happened since the savepoint, a failure included.
func (t *tx) Undo(ctx context.Context, depth int) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	name := savepoint(depth)
	return t.point(ctx, "ROLLBACK TO "+name+"; RELEASE "+name)
}

func (t *tx) point(ctx context.Context, sql string) error {
	if err := t.ready(); err != nil {
		return err
	}
	_, err := t.native.Exec(ctx, sql)
	return classify(ctx, err)
}

func savepoint(depth int) string { return "manor_" + strconv.Itoa(depth) }
