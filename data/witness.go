package data

import (
	"context"
	"encoding/hex"
	"strconv"

	"github.com/manorgo/manor/data/driver"
)

// A Deed is one thing that a transaction has done: a statement that changed
// rows of a table, or a fact that Tx.Note was told.
type Deed struct {
	Table   string
	Verb    driver.Verb
	Columns []string // that an update sets
	Rows    int      // how many it changed, never 0
	ID      string   // the column id of its row as text, "" if there are several or the statement does not tell
	Fact    any      // of Note; everything else is zero then
}

// A Witness is told what every transaction of a database does, before it
// commits. Statements of this package count, whoever writes their text; what
// happens through Native does not. One that changes no row is no deed, and
// what a savepoint undid did not happen.
type Witness interface {
	// Watches reports whether changes of these columns of the table are deeds.
	// For rows that come or go there are no columns. It is asked often.
	Watches(table string, columns []string) bool

	// Testify runs in the transaction, after all its hooks, if there are deeds,
	// and may write to it. If it fails nothing is committed.
	Testify(ctx context.Context, tx *Tx, deeds []Deed) error
}

// SetWitness sets the one witness of the database, nil for none. From then on a
// statement that changes a watched table outside of a transaction has one of
// its own. Transactions that have begun keep what they had.
func (db *DB) SetWitness(w Witness) {
	if w == nil {
		db.witness.Store(nil)
		return
	}
	db.witness.Store(&w)
}

// Note tells the database's witness, if there is one, of a fact that the
// transaction makes true, unless a savepoint that is open now is undone.
func (tx *Tx) Note(fact any) {
	if in := tx.Inner(); tx.root.watched != nil {
		in.deeds = append(in.deeds, &Deed{Fact: fact})
	}
}

// testify has the witness say what the transaction did.
func (tx *Tx) testify(ctx context.Context) error {
	w := tx.db.witness.Load()
	if w == nil || len(tx.deeds) == 0 {
		return nil
	}
	deeds := make([]Deed, 0, len(tx.deeds))
	for _, d := range tx.deeds {
		if d.Fact != nil || d.Rows > 0 {
			deeds = append(deeds, *d)
		}
	}
	if len(deeds) == 0 {
		return nil
	}
	tx.watched = nil // what the witness writes is no deed
	return (*w).Testify(ctx, tx, deeds)
}

// watches reports whether a statement does anything that the witness is told.
func (db *DB) watches(st *driver.Statement) bool {
	w := db.witness.Load()
	if w == nil {
		return false
	}
	for _, write := range st.Writes {
		if (*w).Watches(write.Table, write.Columns) {
			return true
		}
	}
	return false
}

// do notes what a call does, which is known when its rows have been counted.
func (tx *Tx) do(c driver.Call) *Deed {
	w, in := tx.db.witness.Load(), tx.Inner()
	var last *Deed
	for _, write := range c.Writes {
		if w == nil || !(*w).Watches(write.Table, write.Columns) {
			continue
		}
		d := &Deed{Table: write.Table, Verb: write.Verb, Columns: write.Columns}
		if write.Key >= 0 && write.Key < len(c.Args) {
			d.ID = keyText(c.Args[write.Key])
		}
		if last != nil {
			last.Rows = 1 // only the last one's rows are counted: the others go with it
		}
		in.deeds = append(in.deeds, d)
		last = d
	}
	return last
}

// count sets how many rows a deed concerned.
func (d *Deed) count(n int64) {
	if d.Rows = int(n); n > 1 {
		d.ID = ""
	}
}

// keyText returns an id, as a driver binds it, as text, or "".
func keyText(v any) string {
	switch x := v.(type) {
	case [16]byte:
		return ID[any](x).String()
	case *[16]byte:
		return ID[any](*x).String()
	case []byte:
		if len(x) == 16 {
			return ID[any](x).String()
		}
		return hex.EncodeToString(x[:min(len(x), 32)])
	case string:
		return x
	case int64:
		return strconv.FormatInt(x, 10)
	}
	return ""
}

// A watchedTx is a transaction whose statements become deeds.
type watchedTx struct {
	driver.Tx
	of *Tx
}

// Query notes what the statement does to the rows that it returns.
func (w *watchedTx) Query(ctx context.Context, c driver.Call) (driver.Rows, error) {
	rows, err := w.Tx.Query(ctx, c)
	if err != nil || c.Reads || !w.of.db.watches(c.Statement) {
		return rows, err
	}
	return &watchedRows{Rows: rows, deed: w.of.do(c), columns: c.Columns}, nil
}

// Exec notes what the statement does.
func (w *watchedTx) Exec(ctx context.Context, c driver.Call) (int64, error) {
	n, err := w.Tx.Exec(ctx, c)
	if err == nil && n > 0 && w.of.db.watches(c.Statement) {
		w.of.do(c).count(n)
	}
	return n, err
}

// Load notes that rows were added.
func (w *watchedTx) Load(ctx context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	if witness := w.of.db.witness.Load(); n == 0 || witness == nil || !(*witness).Watches(table, nil) {
		return w.Tx.Load(ctx, table, columns, n, row)
	}
	d := &Deed{Table: table, Verb: driver.Insert, Rows: n}
	err := w.Tx.Load(ctx, table, columns, n, func(i int, args []any) error {
		err := row(i, args)
		for k, c := range columns {
			if n == 1 && err == nil && c.Name == "id" {
				d.ID = keyText(args[k])
			}
		}
		return err
	})
	if in := w.of.Inner(); err == nil {
		in.deeds = append(in.deeds, d)
	}
	return err
}

// A watchedRows counts the rows that a statement changed and returns.
type watchedRows struct {
	driver.Rows
	deed    *Deed
	columns []driver.Column
	n       int64
}

// Next counts.
func (r *watchedRows) Next() bool {
	if !r.Rows.Next() {
		return false
	}
	r.n++
	r.deed.count(r.n)
	return true
}

// Scan looks for the id of the only row.
func (r *watchedRows) Scan(dest []any) error {
	if err := r.Rows.Scan(dest); err != nil || r.n > 1 || r.deed.ID != "" {
		return err
	}
	for i, c := range r.columns {
		if c.Name != "id" || i >= len(dest) {
			continue
		}
		switch x := dest[i].(type) {
		case *[16]byte, []byte:
			r.deed.ID = keyText(x)
		case *string:
			r.deed.ID = *x
		case *int64:
			r.deed.ID = keyText(*x)
		}
	}
	return nil
}

// A watchedDB gives each statement that is a deed a transaction of its own.
type watchedDB struct{ db *DB }

// Query runs a statement; the transaction of a deed ends with its result.
func (w watchedDB) Query(ctx context.Context, c driver.Call) (driver.Rows, error) {
	if c.Reads || !w.db.watches(c.Statement) {
		return w.db.direct().Query(ctx, c)
	}
	tx, err := w.db.begin(ctx, driver.DefaultIsolation)
	if err != nil {
		return nil, err
	}
	rows, err := tx.conn().Query(ctx, c)
	if err != nil {
		_ = tx.rollback(ctx)
		return nil, err
	}
	return &loneRows{Rows: rows, tx: tx, ctx: ctx}, nil
}

// Exec runs a statement.
func (w watchedDB) Exec(ctx context.Context, c driver.Call) (n int64, err error) {
	if !w.db.watches(c.Statement) {
		return w.db.direct().Exec(ctx, c)
	}
	err = w.db.Tx(ctx, func(tx *Tx) error {
		n, err = tx.conn().Exec(ctx, c)
		return err
	})
	return n, err
}

// Batch reads.
func (w watchedDB) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	return w.db.direct().Batch(ctx, calls, read)
}

// Load adds rows.
func (w watchedDB) Load(ctx context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	if witness := w.db.witness.Load(); witness == nil || !(*witness).Watches(table, nil) {
		return w.db.direct().Load(ctx, table, columns, n, row)
	}
	return w.db.Tx(ctx, func(tx *Tx) error { return tx.conn().Load(ctx, table, columns, n, row) })
}

// A loneRows is the result of a statement with a transaction of its own, which
// is committed at the end of the result: an error there is one of the result.
type loneRows struct {
	driver.Rows
	tx    *Tx
	ctx   context.Context
	ended bool
	err   error
}

// Next returns false at the end of the result, and when it could not be
// committed.
func (r *loneRows) Next() bool {
	if !r.ended && r.Rows.Next() {
		return true
	}
	r.end()
	return false
}

// Err returns why nothing was committed.
func (r *loneRows) Err() error {
	if r.err != nil {
		return r.err
	}
	return r.Rows.Err()
}

// Close ends the transaction.
func (r *loneRows) Close() error {
	r.end()
	return r.err
}

func (r *loneRows) end() {
	if r.ended {
		return
	}
	r.ended = true
	if r.err = r.Rows.Err(); r.err == nil {
		r.err = r.Rows.Close()
	}
	if r.err == nil {
		r.err = r.tx.commit(r.ctx)
	}
	if r.err != nil {
		_ = r.Rows.Close()
		_ = r.tx.rollback(r.ctx)
		return
	}
	callEach(r.tx.after)
}
