package sqlite

import (
	"context"
	sqldriver "database/sql/driver"

	sqlite3 "modernc.org/sqlite"

	"github.com/manorgo/manor/data/driver"
)

// A native is what a connection of the SQLite library can do.
type native interface {
	sqldriver.Conn
	sqldriver.ConnBeginTx
	sqldriver.ConnPrepareContext
	sqldriver.ExecerContext
	sqldriver.QueryerContext
	sqldriver.Pinger
	sqldriver.SessionResetter
	sqldriver.Validator
}

// A connector opens connections that keep their prepared statements. It is
// what the *sql.DB of the writer and the pool of readers have in common.
type connector struct{ sqldriver.Connector }

func newConnector(dsn string) connector {
	c, err := sqlite3.NewConnector(dsn)
	if err != nil {
		panic("sqlite: " + err.Error()) // dsn escapes what it is made from
	}
	return connector{c}
}

// Connect opens a connection, a *conn.
func (c connector) Connect(ctx context.Context) (sqldriver.Conn, error) { return c.open(ctx) }

func (c connector) open(ctx context.Context) (*conn, error) {
	nc, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{native: nc.(native), known: make(map[string]*stmt)}, nil
}

// A conn is a connection with the statements that were prepared on it, those
// used last first. It is used by one goroutine at a time.
type conn struct {
	native
	known map[string]*stmt
	ring  stmt // head of a ring of statements: next is the newest, prev the oldest
	args  []sqldriver.NamedValue
	tx    *tx // whose *sql.Tx the connection works for, or nil

	// Of a reader in use:
	turn   chan struct{} // where its token is
	broken bool          // it must not be used again
}

// maxStatements bounds what a connection keeps prepared. A statement takes a
// few kilobytes.
const maxStatements = 250

// A stmt is a prepared statement. One statement at a time runs on a connection,
// so it is never in use twice.
type stmt struct {
	native     prepared
	sql        string
	next, prev *stmt
	values     []sqldriver.Value // one row
}

// A prepared is what a statement of the SQLite library can do.
type prepared interface {
	sqldriver.Stmt
	sqldriver.StmtExecContext
	sqldriver.StmtQueryContext
}

// prepare returns the statement with a text.
func (c *conn) prepare(ctx context.Context, sql string) (*stmt, error) {
	if s := c.known[sql]; s != nil {
		if c.ring.next != s {
			unlink(s)
			c.link(s)
		}
		return s, nil
	}
	native, err := c.native.PrepareContext(ctx, sql)
	if err != nil {
		return nil, err
	}
	if c.ring.next == nil {
		c.ring.next, c.ring.prev = &c.ring, &c.ring
	}
	if len(c.known) >= maxStatements {
		c.forget(c.ring.prev)
	}
	s := &stmt{native: native.(prepared), sql: sql}
	c.known[sql] = s
	c.link(s)
	return s, nil
}

func (c *conn) forget(s *stmt) {
	unlink(s)
	delete(c.known, s.sql)
	s.native.Close() // it could only report the statement's last error again
}

func (c *conn) link(s *stmt) {
	s.prev, s.next = &c.ring, c.ring.next
	s.prev.next, s.next.prev = s, s
}

func unlink(s *stmt) { s.prev.next, s.next.prev = s.next, s.prev }

// Close closes the statements and the connection.
func (c *conn) Close() error {
	for _, s := range c.known {
		s.native.Close()
	}
	clear(c.known)
	return c.native.Close()
}

// named makes arguments of values. They are valid until the next call.
func (c *conn) named(values []any) []sqldriver.NamedValue {
	c.args = c.args[:0]
	for i, v := range values {
		c.args = append(c.args, sqldriver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(ctx context.Context, call driver.Call) (int64, error) {
	k := kindOf(call.SQL)
	if k == other {
		// Often several statements in one text, and never often.
		_, err := c.native.ExecContext(ctx, call.SQL, c.named(call.Args))
		return 0, err
	}
	s, err := c.prepare(ctx, call.SQL)
	if err != nil {
		return 0, err
	}
	res, err := s.native.ExecContext(ctx, c.named(call.Args))
	if err != nil {
		return 0, err
	}
	if k == reads {
		return 0, nil
	}
	return res.RowsAffected()
}

// query runs a statement and returns its result, to be closed before the
// connection is given back.
func (c *conn) query(ctx context.Context, call driver.Call) (*rows, error) {
	s, err := c.prepare(ctx, call.SQL)
	if err != nil {
		return nil, err
	}
	nr, err := s.native.QueryContext(ctx, c.named(call.Args))
	if err != nil {
		return nil, err
	}
	if n := len(nr.Columns()); n != len(s.values) { // a SELECT * may grow
		s.values = make([]sqldriver.Value, n)
	}
	return &rows{ctx: ctx, done: ctx.Done(), c: c, s: s, native: nr, columns: call.Columns}, nil
}

// run runs a statement of which nothing but its success matters, and keeps it
// prepared.
func (c *conn) run(ctx context.Context, sql string) error {
	s, err := c.prepare(ctx, sql)
	if err != nil {
		return err
	}
	_, err = s.native.ExecContext(ctx, nil)
	return err
}
