// Package sqlite opens an SQLite database file for package data. The engine is
// pure Go and part of the program; there is no server.
//
// One connection writes and several read, so readers never wait for writers
// nor writers for readers. Writers queue up, in order. A commit is on the disk
// when it returns. Another process may use the file at the same time.
//
// Writers that wait at the same time share one commit: each has a savepoint, so
// that one that fails undoes its own work only, and each gets its answer after
// the commit. If that fails, all of them get fault.Unavailable and none has
// happened. A transaction may therefore see what is not committed yet, but
// only of those that are committed with it, and while others wait it ends
// when the one that was let in last does: a function should not take its time,
// nor wait for what another does after its own transaction, and what it reads
// beside its transaction may be older than what it reads in it.
// A write that others depend on is not interrupted when its context ends; the
// transaction fails after it. INSERT OR ROLLBACK and RAISE(ROLLBACK) fail all.
//
// A statement that fails inside a transaction fails the transaction, as it does
// on PostgreSQL: nothing more runs in it, and its commit is an error.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
)

// Options are what may be chosen about an open database. The zero value works.
type Options struct {
	// ReadOnly refuses every write. The file must exist.
	ReadOnly bool
	// Readers is how many statements may read at the same time, each on a
	// connection of its own that is opened when it is first needed. 0 means one
	// for each CPU, and at least four.
	Readers int
	// Cache is how much of the file, in KiB, the connection that writes may keep
	// in memory. 0 means 2,000. More helps whoever adds very many rows to a table
	// with indexes, and nobody else: the system keeps the rest of the file.
	Cache int
	// Now is the clock that times in rows are taken from. nil means time.Now.
	Now func() time.Time
}

// Open opens the database in the file called path, and creates it, readable by
// its owner only, if there is none. A database in memory is refused: it cannot
// be shared by several connections.
func Open(ctx context.Context, path string, opts Options) (*data.DB, error) {
	if path == "" || strings.HasPrefix(path, ":memory:") || strings.HasPrefix(path, "file:") {
		return nil, fmt.Errorf("open SQLite database: %q is not the name of a file", path)
	}
	d, err := open(ctx, path, opts)
	if err != nil {
		return nil, fmt.Errorf("open SQLite database %s: %w", path, err)
	}
	return data.New(d, opts.Now), nil
}

func open(ctx context.Context, path string, opts Options) (*database, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if !opts.ReadOnly {
		// SQLite gives its other files the permissions of this one.
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	readers := opts.Readers
	if readers <= 0 {
		readers = max(4, runtime.NumCPU())
	}
	start := begin
	if !opts.ReadOnly {
		// A transaction that reads before it writes would otherwise fail as soon
		// as somebody wrote in between, however long it is willing to wait.
		start = "BEGIN IMMEDIATE"
	}
	d := &database{
		readers: newReaders(readers, dsn(path, true, opts.ReadOnly, 0)),
		writer:  newWriter(dsn(path, opts.ReadOnly, opts.ReadOnly, opts.Cache), start),
	}
	if err := d.check(ctx, opts.ReadOnly); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// busyTimeout is how long a connection waits for those of other processes.
const busyTimeout = 5 * time.Second

// dsn names the file and how a connection to it is set up.
func dsn(path string, reads, readOnly bool, cache int) string {
	if cache <= 0 {
		cache = 2000
	}
	q := url.Values{
		// First of all, so that the rest waits its turn too.
		"_busy_timeout": {strconv.FormatInt(busyTimeout.Milliseconds(), 10)},
		"_foreign_keys": {"on"},
		"_dqs":          {"0"}, // "x" is a name, never a string
		"_pragma": {
			"trusted_schema(off)",
			"temp_store(memory)",
			fmt.Sprintf("cache_size(-%d)", cache), // KiB, filled as needed
		},
	}
	switch {
	case readOnly:
		q.Set("mode", "ro")
		q.Set("_query_only", "on")
	case reads:
		q.Set("_query_only", "on")
	default:
		q.Set("_journal_mode", "WAL")
		q.Set("_synchronous", "FULL")
		q.Set("_txlock", "immediate") // of libraries on the pool, likewise
		q.Add("_pragma", "journal_size_limit(67108864)")
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}
