package transfer

import (
	"context"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A part is the columns of a table that are carried, as one database has them.
type part struct {
	table   string
	columns []column
	key     []string
}

func (t *table) part() *part { return &part{t.name, t.carried(), t.key} }

// selecting returns the statement that reads p, in the order of its key.
func (p *part) selecting() *driver.Statement {
	st := &driver.Statement{}
	list := make([]string, len(p.columns))
	for i := range p.columns {
		list[i] = p.columns[i].read()
		st.Columns = append(st.Columns, driver.Column{Name: p.columns[i].Name, Kind: driver.Text, Null: true})
	}
	st.SQL = "SELECT " + strings.Join(list, ", ") + " FROM " + quote(p.table)
	for i, k := range p.key {
		word := ", "
		if i == 0 {
			word = " ORDER BY "
		}
		st.SQL += word + quote(p.table) + "." + quote(k)
		for _, c := range p.columns {
			if c.Name == k && c.server && (c.stored == "text" || c.stored == "character varying") {
				st.SQL += ` COLLATE "C"` // as SQLite sorts
			}
		}
	}
	return st
}

// A source yields rows. The cells are valid until the next call.
type source interface {
	// next returns false at the end.
	next() ([]cell, bool, error)
}

// stored is a source of rows that a database holds.
type stored struct {
	p     *part
	rows  driver.Rows
	row   []cell
	slots []slot
	dest  []any
	n     int64
}

// A slot takes a value as the database's library read it.
type slot struct {
	c    *column
	cell *cell
}

// Scan makes the value a cell.
func (s *slot) Scan(src any) (err error) {
	s.cell.null = src == nil
	s.cell.b = s.cell.b[:0]
	if src != nil {
		s.cell.b, err = s.c.decode(s.cell.b, src)
		if err != nil {
			return &cellError{s.c.Name, err}
		}
	}
	return nil
}

// A cellError says what is wrong with the value of a column.
type cellError struct {
	column string
	err    error
}

// Error names the column.
func (e *cellError) Error() string { return e.column + " " + e.err.Error() }

func newStored(p *part, rows driver.Rows) *stored {
	s := &stored{p: p, rows: rows, row: make([]cell, len(p.columns)), slots: make([]slot, len(p.columns)), dest: make([]any, len(p.columns))}
	for i := range p.columns {
		s.slots[i] = slot{&p.columns[i], &s.row[i]}
		s.dest[i] = &s.slots[i]
	}
	return s
}

func (s *stored) next() ([]cell, bool, error) {
	if !s.rows.Next() {
		return nil, false, s.rows.Err()
	}
	s.n++
	if err := s.rows.Scan(s.dest); err != nil {
		if e, ok := asCell(err); ok {
			return nil, false, fault.Errorf(fault.Invalid, "%s: row %d: %s", s.p.table, s.n, e)
		}
		return nil, false, err
	}
	return s.row, true, nil
}

// readPart reads one table.
func readPart(ctx context.Context, on driver.Conn, p *part, fn func(source) error) error {
	rows, err := on.Query(ctx, driver.Call{Statement: p.selecting()})
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := fn(newStored(p, rows)); err != nil {
		return err
	}
	return rows.Close()
}

// snapshot reads tables in order as they are at one moment, and keeps no writer
// waiting.
func snapshot(ctx context.Context, db *data.DB, parts []*part, fn func(i int, rows source) error) error {
	if !server(db) {
		calls := make([]driver.Call, len(parts))
		for i, p := range parts {
			calls[i].Statement = p.selecting()
		}
		return db.Driver().Batch(ctx, calls, func(i int, rows driver.Rows) error { return fn(i, newStored(parts[i], rows)) })
	}
	tx, err := db.Driver().Begin(ctx, driver.RepeatableRead)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx) // it changed nothing
	if err := unhurried(ctx, tx); err != nil {
		return err
	}
	return readParts(ctx, tx, parts, fn)
}

func readParts(ctx context.Context, tx driver.Tx, parts []*part, fn func(i int, rows source) error) error {
	for i, p := range parts {
		if err := readPart(ctx, tx, p, func(rows source) error { return fn(i, rows) }); err != nil {
			return err
		}
	}
	return nil
}

// unhurried gives a transaction of PostgreSQL the time that it needs, and the
// forms of values that this package reads.
func unhurried(ctx context.Context, tx driver.Tx) error {
	for _, set := range []string{
		"statement_timeout = 0", "idle_in_transaction_session_timeout = 0", "lock_timeout = 0",
		"bytea_output = 'hex'", "extra_float_digits = 1", "datestyle = 'ISO'", "timezone = 'UTC'",
	} {
		if err := exec(ctx, tx, "SET LOCAL "+set); err != nil {
			return err
		}
	}
	return nil
}
