package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

func asCell(err error) (*cellError, bool) { return errors.AsType[*cellError](err) }

// begin starts a transaction that may take its time.
func begin(ctx context.Context, d driver.Driver) (driver.Tx, error) {
	tx, err := d.Begin(ctx, driver.DefaultIsolation)
	if err == nil && d.Dialect().Name == "postgres" {
		if err = unhurried(ctx, tx); err != nil {
			err = also(err, tx.Rollback(ctx))
		}
	}
	return tx, err
}

// relax has PostgreSQL check the references of tables that form a circle in
// another way. Only the catalogue is changed, and not for others, who wait if
// they write to these tables.
func relax(ctx context.Context, tx driver.Tx, g group, how string) error {
	for _, t := range g.tables {
		for _, r := range t.refs {
			if r.constraint == "" || find(g.tables, r.to) == nil {
				continue
			}
			if err := exec(ctx, tx, "ALTER TABLE "+quote(t.name)+" ALTER CONSTRAINT "+quote(r.constraint)+" "+how); err != nil {
				return err
			}
		}
	}
	return nil
}

const later = "DEFERRABLE INITIALLY DEFERRED"

// relaxable leaves out of g the references that are checked late as they are.
func relaxable(ctx context.Context, tx driver.Tx, g group) (group, error) {
	late := map[string]bool{}
	err := each(ctx, tx, `SELECT c.relname::text, f.conname::text FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid
		JOIN pg_namespace n ON n.oid = c.relnamespace WHERE f.contype = 'f' AND f.condeferrable AND n.nspname = current_schema()`, "tt", nil,
		func(v []any) error {
			late[v[0].(string)+"\x00"+v[1].(string)] = true
			return nil
		})
	out := group{circle: g.circle}
	for _, t := range g.tables {
		kept := *t
		kept.refs = nil
		for _, r := range t.refs {
			if !late[t.name+"\x00"+r.constraint] {
				kept.refs = append(kept.refs, r)
			}
		}
		out.tables = append(out.tables, &kept)
	}
	return out, err
}

// inCircle runs fn, which fills the tables of g, with their references to each
// other checked after it.
func inCircle(ctx context.Context, tx driver.Tx, g group, onServer bool, fn func() error) error {
	if !g.circle {
		return fn()
	}
	if !onServer {
		if err := exec(ctx, tx, "PRAGMA defer_foreign_keys = on"); err != nil {
			return err
		}
		if err := fn(); err != nil {
			return err
		}
		if err := dangling(ctx, tx, g); err != nil {
			return err
		}
		return exec(ctx, tx, "PRAGMA defer_foreign_keys = off")
	}
	strict, err := relaxable(ctx, tx, g)
	if err != nil {
		return err
	}
	if err := relax(ctx, tx, strict, later); err != nil {
		return err
	}
	if err := exec(ctx, tx, "SET CONSTRAINTS ALL DEFERRED"); err != nil {
		return err
	}
	if err := fn(); err != nil {
		return err
	}
	if err := exec(ctx, tx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
		return err
	}
	return relax(ctx, tx, strict, "NOT DEFERRABLE")
}

// dangling returns an error if a row of g refers to nothing. SQLite would say so
// at the commit, but not where.
func dangling(ctx context.Context, tx driver.Tx, g group) error {
	for _, t := range g.tables {
		err := each(ctx, tx, `SELECT "parent" FROM pragma_foreign_key_check(?) LIMIT 1`, "t", []any{t.name}, func(v []any) error {
			return fault.Errorf(fault.Invalid, "a row of %s refers to a row of %s that does not exist", t.name, v[0])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fill adds all rows of a source to a table, as fast as the database can.
func fill(ctx context.Context, tx driver.Tx, p *part, rows source) error {
	if native, ok := tx.Native().(pgx.Tx); ok {
		return copyIn(ctx, native, p, rows)
	}
	w := &inserts{tx: tx, p: p}
	for n := 1; ; n++ {
		row, ok, err := rows.next()
		if err != nil {
			return err
		}
		if !ok {
			return w.flush(ctx)
		}
		if err := w.add(ctx, row); err != nil {
			if e, ok := asCell(err); ok {
				return fault.Errorf(fault.Invalid, "%s: row %d: %s", p.table, n, e)
			}
			return err
		}
	}
}

// copyIn fills a table by COPY.
func copyIn(ctx context.Context, tx pgx.Tx, p *part, rows source) error {
	names := make([]string, len(p.columns))
	for i := range p.columns {
		names[i] = quote(p.columns[i].Name)
	}
	r := &lines{p: p, rows: rows}
	_, err := tx.Conn().PgConn().CopyFrom(ctx, r, "COPY "+quote(p.table)+" ("+strings.Join(names, ", ")+") FROM STDIN")
	if r.err != nil {
		return r.err // the server's error only says that the client gave up
	}
	return err
}

// lines is what COPY reads.
type lines struct {
	p       *part
	rows    source
	b       []byte
	rest    []byte
	scratch []byte
	n       int64
	over    bool
	err     error
}

// Read fills b with lines.
func (l *lines) Read(b []byte) (int, error) {
	for len(l.rest) == 0 {
		if l.over {
			return 0, io.EOF
		}
		if l.err = l.more(); l.err != nil {
			return 0, l.err
		}
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// more makes the next lines, many at once.
func (l *lines) more() error {
	const enough = 32 << 10
	l.b = l.b[:0]
	for len(l.b) < enough {
		row, ok, err := l.rows.next()
		if err != nil {
			return err
		}
		if !ok {
			l.over = true
			break
		}
		l.n++
		for i := range row {
			if i > 0 {
				l.b = append(l.b, '\t')
			}
			if row[i].null {
				l.b = append(l.b, `\N`...)
				continue
			}
			if l.scratch, err = l.p.columns[i].appendServer(l.scratch[:0], row[i]); err != nil {
				return fault.Errorf(fault.Invalid, "%s: row %d: %s %s", l.p.table, l.n, l.p.columns[i].Name, err)
			}
			l.b = appendCopy(l.b, l.scratch)
		}
		l.b = append(l.b, '\n')
	}
	l.rest = l.b
	return nil
}

// inserts adds rows by INSERT, some hundred at once.
type inserts struct {
	tx    driver.Tx
	p     *part
	match []string // the columns by which a row that is there is found, and changed
	args  []any
	rows  int
	text  driver.Statement
	made  int // for how many rows text is
}

func (w *inserts) most() int {
	limit := 32766
	if len(w.p.columns) > 0 && w.p.columns[0].server {
		limit = 65535
	}
	return max(1, min(200, limit/max(1, len(w.p.columns))))
}

func (w *inserts) add(ctx context.Context, row []cell) error {
	for i := range row {
		v, err := w.p.columns[i].bind(row[i])
		if err != nil {
			return &cellError{w.p.columns[i].Name, err}
		}
		w.args = append(w.args, v)
	}
	if w.rows++; w.rows < w.most() {
		return nil
	}
	return w.flush(ctx)
}

func (w *inserts) flush(ctx context.Context) error {
	if w.rows == 0 {
		return nil
	}
	if w.made != w.rows {
		w.text = driver.Statement{SQL: w.sql(w.rows)}
		w.made = w.rows
	}
	st := w.text
	_, err := w.tx.Exec(ctx, driver.Call{Statement: &st, Args: w.args})
	w.args, w.rows = w.args[:0], 0
	return err
}

func (w *inserts) sql(rows int) string {
	var b strings.Builder
	names := make([]string, len(w.p.columns))
	override := ""
	for i := range w.p.columns {
		names[i] = quote(w.p.columns[i].Name)
		if w.p.columns[i].always {
			override = " OVERRIDING SYSTEM VALUE"
		}
	}
	fmt.Fprintf(&b, "INSERT INTO %s (%s)%s VALUES ", quote(w.p.table), strings.Join(names, ", "), override)
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		for i := range w.p.columns {
			if i == 0 {
				b.WriteString("(")
			} else {
				b.WriteString(", ")
			}
			b.WriteString(w.p.columns[i].write(r*len(names) + i + 1))
		}
		b.WriteString(")")
	}
	if len(w.match) > 0 {
		w.upsert(&b)
	}
	return b.String()
}

// upsert writes what happens to a row that is there.
func (w *inserts) upsert(b *strings.Builder) {
	keys := make([]string, len(w.match))
	matched := map[string]bool{}
	for i, m := range w.match {
		keys[i], matched[m] = quote(m), true
	}
	fmt.Fprintf(b, " ON CONFLICT (%s) DO ", strings.Join(keys, ", "))
	var sets []string
	for i := range w.p.columns {
		if name := w.p.columns[i].Name; !matched[name] {
			sets = append(sets, quote(name)+" = excluded."+quote(name))
		}
	}
	if sets == nil {
		b.WriteString("NOTHING")
		return
	}
	b.WriteString("UPDATE SET " + strings.Join(sets, ", "))
}

// renumber has the numbers that the database gives go on behind those that came
// from elsewhere. SQLite does so by itself.
func renumber(ctx context.Context, on driver.Conn, t *table) error {
	for _, c := range t.columns {
		if c.sequence == "" {
			continue
		}
		name := strings.ReplaceAll(c.sequence, "'", "''")
		edge, beyond := "max", ">="
		step, err := one[int64](ctx, on, driver.Int, "SELECT seqincrement FROM pg_sequence WHERE seqrelid = '"+name+"'::regclass")
		if err != nil {
			return err
		}
		if step < 0 {
			edge, beyond = "min", "<="
		}
		sql := fmt.Sprintf(`SELECT count(setval('%s'::regclass, m))::bigint FROM (SELECT %s(%s) AS m FROM %s) AS x WHERE m %s (SELECT last_value FROM %s)`,
			name, edge, quote(c.Name), quote(t.name), beyond, c.sequence)
		if _, err := one[int64](ctx, on, driver.Int, sql); err != nil {
			return err
		}
	}
	return nil
}
