package main

import (
	"context"
	"database/sql"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	sqlite3 "modernc.org/sqlite"
)

// files are the two pools on one SQLite file that everybody gets: readers, and
// one connection that writes.
type files struct{ reads, writes *sql.DB }

// openFiles sets connections up as data/sqlite does.
func openFiles(path string) (f files, err error) {
	if f.reads, err = openFile(path, url.Values{"_query_only": {"on"}}); err != nil {
		return f, err
	}
	n := max(4, runtime.NumCPU())
	f.reads.SetMaxIdleConns(n)
	f.reads.SetMaxOpenConns(n)
	f.writes, err = openFile(path, url.Values{
		"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_txlock": {"immediate"},
		"_pragma": {"journal_size_limit(67108864)"},
	})
	if err == nil {
		f.writes.SetMaxOpenConns(1)
	}
	return f, err
}

func openFile(path string, q url.Values) (*sql.DB, error) {
	q.Set("_busy_timeout", "5000")
	q.Set("_foreign_keys", "on")
	q.Set("_dqs", "0")
	for _, p := range []string{"trusted_schema(off)", "temp_store(memory)", "cache_size(-2000)"} {
		q.Add("_pragma", p)
	}
	c, err := sqlite3.NewConnector((&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

func (f files) close() error {
	f.reads.Close() // nothing was written there
	return f.writes.Close()
}

// bareSQLite is what one would write by hand: database/sql with statements
// that are prepared once.
type bareSQLite struct {
	files
	byID, some, count, change, add, addMany, drop, any, all, newest, older, authorsOf, booksOf *sql.Stmt

	addTags, upsertTags *sql.Stmt
}

// bulkRows is how many rows one statement of the bulk insert stores. It was
// found by trying.
const bulkRows = 250

func openBareSQLite(path string) (*bareSQLite, error) {
	f, err := openFiles(path)
	s := &bareSQLite{files: f}
	for _, p := range []struct {
		stmt *(*sql.Stmt)
		db   *sql.DB
		text string
	}{
		{&s.byID, f.reads, "SELECT " + columns + " FROM products WHERE id = ?"},
		{&s.some, f.reads, "SELECT " + columns + " FROM products WHERE is_active AND price < ? ORDER BY created_at DESC, id DESC LIMIT ?"},
		{&s.count, f.reads, "SELECT count(*) FROM products WHERE is_active AND price < ?"},
		{&s.change, f.writes, changeSQLite},
		{&s.add, f.writes, "INSERT INTO products (" + columns + ") VALUES " + tuples(1)},
		{&s.addMany, f.writes, "INSERT INTO products (" + columns + ") VALUES " + tuples(bulkRows)},
		{&s.drop, f.writes, "DELETE FROM products WHERE id = ?"},
		{&s.any, f.reads, "SELECT EXISTS (SELECT 1 FROM products WHERE is_active AND price < ?)"},
		{&s.all, f.reads, "SELECT " + columns + " FROM products ORDER BY created_at, id LIMIT ?"},
		{&s.newest, f.reads, "SELECT " + columns + " FROM products ORDER BY created_at DESC, id DESC LIMIT ?"},
		{&s.older, f.reads, "SELECT " + columns + " FROM products WHERE (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?"},
		{&s.authorsOf, f.reads, "SELECT id, name FROM authors ORDER BY name, id LIMIT ? OFFSET ?"},
		{&s.booksOf, f.reads, "SELECT " + bookColumns + " FROM books WHERE author_id IN (?" + strings.Repeat(", ?", authorsShown-1) + ") ORDER BY author_id, id"},
		{&s.addTags, f.writes, "INSERT INTO tags (" + tagColumns + ") VALUES " + tagTuples(bulkRows)},
		{&s.upsertTags, f.writes, "INSERT INTO tags (" + tagColumns + ") VALUES " + tagTuples(bulkRows) + upsertSQLite},
	} {
		if err == nil {
			*p.stmt, err = p.db.Prepare(p.text)
		}
	}
	return s, err
}

func tuples(n int) string {
	return strings.Repeat("(?, ?, ?, ?, ?, ?, ?, ?), ", n-1) + "(?, ?, ?, ?, ?, ?, ?, ?)"
}

func (s *bareSQLite) get(ctx context.Context, id uuid.UUID) (product, error) {
	return scanSQLite(s.byID.QueryRowContext(ctx, id[:]))
}

func (s *bareSQLite) update(ctx context.Context, id uuid.UUID, name string, price decimal.Decimal) (product, error) {
	return scanSQLite(s.change.QueryRowContext(ctx, name, hundredths(price), time.Now().UnixMicro(), id[:]))
}

// changeSQLite has the time of change move on only if something changes.
const changeSQLite = "UPDATE products SET name = ?1, price = ?2, updated_at = CASE WHEN name IS NOT ?1 OR price IS NOT ?2" +
	" THEN max(?3, updated_at + 1) ELSE updated_at END WHERE id = ?4 RETURNING " + columns

// A scanned row is what a product's columns are read into. It serves many rows.
type scanned struct{ price, created, updated int64 }

func (s *scanned) read(from interface{ Scan(...any) error }, p *product) error {
	if err := from.Scan(&p.id, &p.owner, &p.name, &p.description, &s.price, &p.active, &s.created, &s.updated); err != nil {
		return err
	}
	p.price = decimal.New(s.price, -2)
	p.createdAt, p.updatedAt = time.UnixMicro(s.created).UTC(), time.UnixMicro(s.updated).UTC()
	return nil
}

func scanSQLite(from interface{ Scan(...any) error }) (p product, err error) {
	err = new(scanned).read(from, &p)
	return p, err
}

func hundredths(d decimal.Decimal) int64 { return d.Shift(2).IntPart() }

func (s *bareSQLite) insert(ctx context.Context, p *product) error {
	if err := p.stamp(); err != nil {
		return err
	}
	_, err := s.add.ExecContext(ctx, p.argsSQLite(nil)...)
	return err
}

// stamp gives a new row what storing fills in.
func (p *product) stamp() (err error) {
	p.id, err = uuid.NewV7()
	p.createdAt = time.Now().UTC().Truncate(time.Microsecond)
	p.updatedAt = p.createdAt
	return err
}

func (p *product) argsSQLite(args []any) []any {
	return append(args, p.id[:], p.owner[:], p.name, p.description, hundredths(p.price), p.active,
		p.createdAt.UnixMicro(), p.updatedAt.UnixMicro())
}

func (s *bareSQLite) page(ctx context.Context, below decimal.Decimal) ([]product, error) {
	return collectSQLite(s.some.QueryContext(ctx, hundredths(below), pageSize))
}

func (s *bareSQLite) list(ctx context.Context, below decimal.Decimal) ([]product, int, error) {
	out, err := s.page(ctx, below)
	if err != nil {
		return nil, 0, err
	}
	var total int
	err = s.count.QueryRowContext(ctx, hundredths(below)).Scan(&total)
	return out, total, err
}

func (s *bareSQLite) bulk(ctx context.Context, ps []product) error {
	tx, err := s.writes.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	many, one := tx.StmtContext(ctx, s.addMany), tx.StmtContext(ctx, s.add)
	args := make([]any, 0, bulkRows*8)
	for len(ps) > 0 {
		stmt, n := many, bulkRows
		if len(ps) < bulkRows {
			stmt, n = one, 1
		}
		args = args[:0]
		for i := range ps[:n] {
			if err := ps[i].stamp(); err != nil {
				return err
			}
			args = ps[i].argsSQLite(args)
		}
		if _, err := stmt.ExecContext(ctx, args...); err != nil {
			return err
		}
		ps = ps[n:]
	}
	return tx.Commit()
}

func (s *bareSQLite) from(p product) product   { return p }
func (s *bareSQLite) plain(p *product) product { return *p }
