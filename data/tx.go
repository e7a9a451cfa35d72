package data

import (
	"context"
	"errors"

	"github.com/manorgo/manor/data/driver"
)

// A Tx is a running transaction. It is not safe for concurrent use and not
// valid after the function that got it has returned. A statement that fails in
// it fails the transaction, even if its error is overlooked; in a savepoint, it
// fails the savepoint.
type Tx struct {
	db     *DB
	tx     driver.Tx
	before []func(context.Context) error
	after  []func()
	deeds  []*Deed // what a witness will be told

	root  *Tx // the transaction, which is itself if it is no savepoint
	depth int // how many savepoints it is inside of
	// Of root:
	inner   *Tx        // the innermost savepoint that is open
	broken  error      // why what should have been undone is still there
	watched *watchedTx // what tells deeds from statements; nil if nobody witnesses
}

func (tx *Tx) conn() driver.Conn {
	if w := tx.root.watched; w != nil {
		return w
	}
	return tx.tx
}

func (tx *Tx) database() *DB { return tx.db }

// Native returns the transaction as the database's own library knows it, for
// libraries that join it: a *sql.Tx (SQLite) or a pgx.Tx (PostgreSQL).
func (tx *Tx) Native() any { return tx.tx.Native() }

// DB returns the database that tx is on.
func (tx *Tx) DB() *DB { return tx.db }

// BeforeCommit runs fn in the transaction when its function has succeeded,
// after those added before. If fn fails nothing is committed. If a savepoint is
// open and is undone later, fn does not run.
func (tx *Tx) BeforeCommit(fn func(context.Context) error) {
	in := tx.Inner()
	in.before = append(in.before, fn)
}

// AfterCommit runs fn once the transaction is durable, and never if it is not,
// or if a savepoint is open and is undone later. Each runs, also after one that
// panics.
func (tx *Tx) AfterCommit(fn func()) {
	in := tx.Inner()
	in.after = append(in.after, fn)
}

// Inner returns the innermost open savepoint of the transaction, or the
// transaction if none is open. What is asked of any of them happens there. It
// is for packages that collect work by Tx, so that work which a savepoint asked
// for goes with it.
func (tx *Tx) Inner() *Tx { return tx.root.inner }

// Nested runs fn in a savepoint of the transaction. If fn returns an error or
// panics, or overlooks the error of a statement, what it did is undone, the
// hooks it added are dropped, and Nested returns the error or panics; the
// transaction is as it was before and can go on. Savepoints may be nested.
//
// Some failures end the whole transaction in the database, such as a full disk,
// a lost connection or, on SQLite, a write interrupted when its context ended.
// Then the transaction cannot be committed, whatever becomes of the error.
func (tx *Tx) Nested(ctx context.Context, fn func(tx *Tx) error) (err error) {
	root, outer := tx.root, tx.Inner()
	if root.broken != nil {
		return root.broken
	}
	in := &Tx{db: tx.db, tx: tx.tx, root: root, depth: outer.depth + 1}
	if err := in.tx.Savepoint(ctx, in.depth); err != nil {
		return classify(err, nil)
	}
	root.inner = in
	done := false
	defer func() {
		root.inner = outer
		if !done { // fn failed or panicked
			root.broken = classify(in.tx.Undo(context.WithoutCancel(ctx), in.depth), nil)
			if root.broken != nil && err != nil {
				err = errors.Join(err, root.broken)
			}
		}
	}()
	if err := fn(in); err != nil {
		return err
	}
	if err := in.tx.Release(ctx, in.depth); err != nil {
		return classify(err, nil)
	}
	done = true
	outer.before = append(outer.before, in.before...)
	outer.after = append(outer.after, in.after...)
	outer.deeds = append(outer.deeds, in.deeds...)
	return nil
}

// Tx runs fn in a transaction and commits it. If fn returns an error or panics,
// or the commit fails, nothing fn did has happened, and Tx returns the error or
// panics. A lost race with another transaction is fault.Unavailable: the caller
// may try again, or have [DB.TxWith] do it.
func (db *DB) Tx(ctx context.Context, fn func(tx *Tx) error) error {
	return db.try(ctx, driver.DefaultIsolation, fn)
}

func (db *DB) try(ctx context.Context, level driver.Isolation, fn func(tx *Tx) error) (err error) {
	tx, err := db.begin(ctx, level)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // fn failed or panicked
			if rerr := tx.rollback(ctx); rerr != nil && err != nil {
				err = errors.Join(err, rerr)
			}
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.commit(ctx); err != nil {
		return err
	}
	done = true
	callEach(tx.after)
	return nil
}

func (db *DB) begin(ctx context.Context, level driver.Isolation) (*Tx, error) {
	dtx, err := db.drv.Begin(ctx, level)
	if err != nil {
		return nil, classify(err, nil)
	}
	tx := &Tx{db: db, tx: dtx}
	tx.root, tx.inner = tx, tx
	if db.witness.Load() != nil {
		tx.watched = &watchedTx{dtx, tx}
	}
	return tx, nil
}

// rollback forgets what was done, also when ctx has ended.
func (tx *Tx) rollback(ctx context.Context) error { return tx.tx.Rollback(context.WithoutCancel(ctx)) }

// commit runs the hooks, has the witness say what happened, and commits.
func (tx *Tx) commit(ctx context.Context) error {
	for i := 0; i < len(tx.before); i++ { // a hook may add hooks
		if err := tx.before[i](ctx); err != nil {
			return err
		}
	}
	if err := tx.testify(ctx); err != nil {
		return err
	}
	if tx.broken != nil {
		return tx.broken
	}
	tx.db.writes(ctx)
	return classify(tx.tx.Commit(ctx), nil)
}

// callEach calls each function, also after one that panics.
func callEach(fns []func()) {
	if len(fns) > 0 {
		defer callEach(fns[1:])
		fns[0]()
	}
}
