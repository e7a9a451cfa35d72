// Package driver is the small interface a database implements so that package
// data can store tables in it. Programs use package data and open a database
// through a driver's own package, such as data/sqlite.
//
// A driver runs SQL that package data writes in the driver's [Dialect], moves
// values between Go and the database, and says what its errors mean. It holds
// no rules. The suite in data/datatest proves a driver.
package driver

import (
	"context"
	"fmt"
)

// A Kind says what a column's values are in Go.
type Kind uint8

// The kinds. In brackets: what a bound value is and what a read value points
// to. A column that may be NULL binds nil, and reads into a pointer to a
// pointer, which NULL sets to nil.
const (
	Text    Kind = iota + 1 // string
	Int                     // int64 (read: *int64, *int, *int32)
	Float                   // float64
	Bool                    // bool
	Time                    // time.Time in UTC, whole microseconds
	UUID                    // [16]byte
	Decimal                 // decimal.Decimal of at most Column.Scale places
	Bytes                   // []byte
	JSON                    // []byte that hold a JSON text
	Other                   // a driver.Valuer and sql.Scanner of package database/sql
)

// A Column is one column of a table or of a result.
type Column struct {
	Name  string
	Kind  Kind
	Null  bool // it may be NULL
	Scale int  // decimal places, for Decimal
}

// A Statement is SQL text with the columns of its result, none if it has no
// result. Package data builds each text once and hands over the same pointer
// again, so a driver may keep what it prepared for it.
type Statement struct {
	SQL     string
	Columns []Column
	Reads   bool    // it only reads and locks nothing, so that a replica may answer it
	Writes  []Write // what it changes
}

// A Write is a table that a statement changes, as its text tells.
type Write struct {
	Table   string
	Verb    Verb
	Columns []string // that an Update sets; nil for the others
	Key     int      // the index of the parameter that is the "id" of the one row concerned; -1 if the text does not tell
}

// A Verb is what a statement does to rows of a table.
type Verb uint8

// The verbs.
const (
	Insert Verb = iota + 1
	Update
	Delete
)

// A Call is a Statement with the values of its parameters.
type Call struct {
	*Statement
	Args []any
}

// A Conn runs statements. The methods are safe for concurrent use on a Driver,
// not on a Tx. Errors are of type *Error, or the context's.
type Conn interface {
	// Query runs a statement that has a result. The caller closes the rows.
	Query(ctx context.Context, c Call) (Rows, error)

	// Exec runs a statement without a result and returns how many rows it
	// touched.
	Exec(ctx context.Context, c Call) (int64, error)

	// Batch runs reads that belong together in as few round trips as the
	// database allows, and calls read once for each, in order. It stops at
	// the first error.
	Batch(ctx context.Context, calls []Call, read func(i int, rows Rows) error) error

	// Load adds n rows to a table as fast as the database can. row fills args,
	// whose length is len(columns), for row i. Either all are added or none.
	Load(ctx context.Context, table string, columns []Column, n int, row func(i int, args []any) error) error
}

// Rows is a result being read, one row at a time.
type Rows interface {
	// Next moves to the next row. False means the end, or an error.
	Next() bool
	// Scan stores the row's columns where dest points to, as Kind says.
	Scan(dest []any) error
	// Err returns the error that ended the result early, if any.
	Err() error
	// Close ends the result. It is safe to call twice.
	Close() error
}

// A Tx is a Conn whose effects appear together at Commit, or not at all. One
// statement at a time: another one is an error while a result is being read.
// A statement that fails, fails the transaction: no other runs in it any more,
// and its Commit is an error.
type Tx interface {
	Conn
	// Commit makes the effects durable. After an error none of them happened,
	// unless the connection died while waiting for the answer.
	Commit(ctx context.Context) error
	// Rollback forgets the effects. After Commit it does nothing.
	Rollback(ctx context.Context) error
	// Savepoint marks a point in the transaction. Savepoints that are open at
	// the same time have the depths 1, 2, … in the order they were set.
	Savepoint(ctx context.Context, depth int) error
	// Release keeps the effects since the innermost savepoint, which is gone
	// then. It fails if the transaction has failed.
	Release(ctx context.Context, depth int) error
	// Undo forgets the effects since the innermost savepoint, which is gone
	// then. If a statement failed since, the transaction is whole again, unless
	// the database has ended it: then Undo is an error.
	Undo(ctx context.Context, depth int) error
	// Native returns the transaction as the database's own library knows it,
	// for libraries that join it: a *sql.Tx or a pgx.Tx.
	Native() any
}

// An Isolation is how much of other transactions one may see.
type Isolation uint8

// The levels. A database may give more than it is asked for.
const (
	DefaultIsolation Isolation = iota // as the database is set up
	RepeatableRead                    // one state of the database, beside its own changes
	Serializable                      // nothing that it could not see if it were alone
)

// A Driver is an open database.
type Driver interface {
	Conn
	// Dialect describes the database's SQL. It always returns the same pointer.
	Dialect() *Dialect
	// Begin starts a transaction that may write.
	Begin(ctx context.Context, level Isolation) (Tx, error)
	// Reads starts a unit of reads. It asks no server before the first read.
	Reads(o ReadOptions) Reads
	// Replicas returns the state of the servers that a unit may read from beside
	// the primary, nil if there are none to choose from. It asks no server.
	Replicas() []Replica
	// Position returns where the primary is: behind the last commit. It is ""
	// if there are no replicas.
	Position(ctx context.Context) (string, error)
	// Ping reports whether the database answers.
	Ping(ctx context.Context) error
	// Native returns the pool as the database's own library knows it: a
	// *sql.DB that may write, or a *pgxpool.Pool.
	Native() any
	// Close waits for running statements and closes the database.
	Close() error
}

// A Dialect is what package data must know to write a database's SQL.
type Dialect struct {
	Name      string // "sqlite", "postgres"
	MaxParams int    // parameters that one statement may have
	Numbered  bool   // parameters are $1, $2, … and not ?
	Lock      string // suffix of a SELECT that locks its rows for update, or ""

	True, False string // constants of a Bool column

	// Verbatim says that a row holds what was written to it, since nothing, like
	// a trigger, can change a value on its way.
	Verbatim bool

	// Later is SQL for the next value of a time column: the parameter, or a
	// microsecond after the stored value if that is later. It is a format with
	// two %s: parameter and column.
	Later string

	// Inserted is SQL that, in the RETURNING of an INSERT … ON CONFLICT DO
	// UPDATE, holds for rows that are new; or "" where the database has none.
	Inserted string

	// TypeOf is SQL for a NULL with the type of a column: a format with two %s:
	// table and column; or "" where parameters need no type.
	TypeOf string

	// List returns a parameter that is the list of every step-th of the values
	// from start on, which are of one column and encoded, and what SQL calls its
	// type. It is nil where the database knows no unnest of lists.
	List func(c Column, values []any, start, step int) (param any, typ string)

	// NextSerials is SQL for a result of new numbers from an identity column, a
	// format with two %s: table and column as text constants, and how many; or ""
	// where numbers cannot be reserved, but one more than the largest is free
	// as long as nobody else writes.
	NextSerials string

	// AdvanceSerial is SQL that moves an identity column on, past the largest
	// number there is: a format with three %s: table and column as text constants,
	// and column and table by name; or "" where that happens by itself.
	AdvanceSerial string

	// Has is SQL that holds if a text contains another exactly: a format with
	// two %s: column and parameter. HasFold ignores the case of A–Z.
	Has, HasFold string

	// Prefix is SQL that holds if a text starts with another exactly: column,
	// parameter. Suffix holds if it ends with it. PrefixFold and SuffixFold
	// ignore the case of A–Z.
	Prefix, PrefixFold, Suffix, SuffixFold string

	// Like is SQL that holds if a text matches a pattern: column, parameter.
	// LikeFold ignores the case of A–Z. Pattern writes the pattern as they take
	// it, from one in which % is any text, _ any character, and \ comes before one
	// that means itself; nil leaves it as it is.
	Like, LikeFold string
	Pattern        func(string) string

	// Fold is SQL for a text with A–Z in lower case: a format with one %s.
	Fold string

	// Search asks the index of a table that has one for the rows with a text in
	// them; nil where there are no such indexes.
	Search Searcher

	// Together returns the SQL to run before and after many rows are added to a
	// table with such an index, in one transaction, so that it takes them in
	// together; nil where that is no faster.
	Together func(in SearchIndex) (before string, after []string)

	// Explain, put before a SELECT, makes it one row of one text, in JSON, that
	// says how many rows the planner expects, as PostgreSQL says it; or "" where
	// the planner does not say.
	Explain string

	// Member is SQL that holds if a JSON column holds a list with a text in it:
	// a format with two %s: column and parameter.
	Member string

	// Narrow is SQL for a whole number that fails as BadValue if it has more than
	// 32 bits: a format with one %s.
	Narrow string

	// Field is SQL for a JSON column with one whole number in it changed: a
	// format with three %s: column, name and number.
	Field string

	// Encode turns a value of a column into what the driver binds. v is as
	// Kind says, or nil; a UUID, a time and a decimal may also be given by
	// their address, which is valid until the statement has run.
	Encode func(c Column, v any) (any, error)
}

// A Class is what kind of thing went wrong in the database.
type Class uint8

// The classes.
const (
	Unclassified Class = iota // a bug in the statement, or something new
	Unique                    // a unique value is taken
	ForeignKey                // a reference to nothing, or a referenced row in use
	Check                     // a check does not hold
	NotNull                   // a value is missing
	BadValue                  // a value does not fit its column
	Retryable                 // lost a race with another transaction: nothing happened, the same may work now
	TimedOut                  // waited too long for another transaction, or took too long
	Down                      // the database cannot be reached, or has no room
	ReadOnly                  // a write where only reads are possible
)

// An Error is a failure that the database reported, classified by its code.
type Error struct {
	Class      Class
	Constraint string   // its name, where the database tells
	Table      string   // where the database tells
	Columns    []string // where the database tells
	Err        error    // as the database's library returned it
}

// Error returns the library's text, which is for the log only.
func (e *Error) Error() string { return fmt.Sprintf("database: %v", e.Err) }

// Unwrap returns the library's error.
func (e *Error) Unwrap() error { return e.Err }
