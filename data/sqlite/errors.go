package sqlite

import (
	"context"
	"errors"
	"strings"

	sqlite3 "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/manorgo/manor/data/driver"
)

// classify returns err as a *driver.Error, or as the context's error if that is
// why the statement ended.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e
	}
	e, ok := errors.AsType[*sqlite3.Error](err)
	if !ok {
		return &driver.Error{Err: err}
	}
	if e.Code() == codes.SQLITE_INTERRUPT && ctx.Err() != nil {
		return ctx.Err()
	}
	out := &driver.Error{Class: class(e.Code()), Err: err}
	what := subject(e.Error())
	switch out.Class {
	case driver.Unique, driver.NotNull:
		out.Table, out.Columns, out.Constraint = columns(what)
	case driver.Check:
		out.Constraint = what
		if e.Code() == codes.SQLITE_CONSTRAINT_TRIGGER && strings.Contains(e.Error(), "FOREIGN KEY") {
			// ON DELETE RESTRICT is a trigger inside.
			out.Class, out.Constraint = driver.ForeignKey, ""
		}
	}
	return out
}

// class tells by the extended code, https://www.sqlite.org/rescode.html.
func class(code int) driver.Class {
	switch code {
	case codes.SQLITE_CONSTRAINT_UNIQUE, codes.SQLITE_CONSTRAINT_PRIMARYKEY, codes.SQLITE_CONSTRAINT_ROWID:
		return driver.Unique
	case codes.SQLITE_CONSTRAINT_FOREIGNKEY:
		return driver.ForeignKey
	case codes.SQLITE_CONSTRAINT_CHECK, codes.SQLITE_CONSTRAINT_TRIGGER:
		return driver.Check
	case codes.SQLITE_CONSTRAINT_NOTNULL:
		return driver.NotNull
	case codes.SQLITE_CONSTRAINT_DATATYPE:
		return driver.BadValue
	}
	switch code & 0xff {
	case codes.SQLITE_MISMATCH, codes.SQLITE_TOOBIG, codes.SQLITE_RANGE:
		return driver.BadValue
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED, codes.SQLITE_PROTOCOL:
		return driver.Retryable
	case codes.SQLITE_READONLY, codes.SQLITE_IOERR, codes.SQLITE_CORRUPT, codes.SQLITE_FULL,
		codes.SQLITE_CANTOPEN, codes.SQLITE_NOTADB, codes.SQLITE_NOMEM, codes.SQLITE_PERM:
		return driver.Down
	}
	return driver.Unclassified
}

// subject returns what a message about a constraint names: it ends in
// "… constraint failed: SUBJECT (CODE)". SQLite has no other way to tell, and
// the class was told by the code.
func subject(msg string) string {
	i := strings.LastIndex(msg, "constraint failed: ")
	if i < 0 {
		return ""
	}
	msg = msg[i+len("constraint failed: "):]
	if i := strings.LastIndex(msg, " ("); i >= 0 {
		msg = msg[:i]
	}
	return msg
}

// columns reads "table.column, table.column" or "index 'name'".
func columns(what string) (table string, names []string, constraint string) {
	if name, ok := strings.CutPrefix(what, "index '"); ok {
		return "", nil, strings.TrimSuffix(name, "'")
	}
	for part := range strings.SplitSeq(what, ", ") {
		t, c, ok := strings.Cut(part, ".")
		if !ok {
			return "", nil, what
		}
		table, names = t, append(names, c)
	}
	return table, names, ""
}

// closed is the error of whatever comes after Close.
func closed() error {
	return &driver.Error{Class: driver.Down, Err: errors.New("sqlite: the database is closed")}
}

// busy is the error of who waited too long for a turn to write.
func busy() error {
	return &driver.Error{Class: driver.TimedOut, Err: errors.New("sqlite: another transaction goes on writing")}
}
