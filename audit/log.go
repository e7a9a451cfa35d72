// Package audit writes down who changed what: an entry for every change that an
// app commits, in the same transaction, and one for callers who were refused.
//
// A [Log] is the witness of the app's main database, so no domain has to think
// of it, and none can forget: what a transaction changed is in the audit, or
// nothing is changed. Entries have no place for values.
//
// Soon after they are committed entries get their places in a chain, in which
// each is sealed together with the one before under a key that the database
// does not hold. [Log.Verify] finds whatever was edited, removed, put in or
// moved since. A signed [Checkpoint] that is kept elsewhere says how far the
// chain had come, and so finds an end that was cut off.
package audit

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
)

// A Config says how a Log works. DB and Keys are required.
type Config struct {
	DB   *data.DB
	Keys *secret.Keyring

	// Checkpoints is called with each new checkpoint once it is stored, to keep
	// it where the database's administrators cannot change it. An error is
	// logged: the next one covers what this one did. nil means nowhere.
	Checkpoints func(Checkpoint) error

	Log *slog.Logger // nil means slog.Default()
}

// A Log is the audit of one database. It is safe for concurrent use.
type Log struct {
	c        Config
	tables   map[string]bool            // left out
	columns  map[string]map[string]bool // left out, by table
	refusals *refusals
	wake     chan struct{} // has one in it when there is something to chain
	seen     reached       // how far this process knows the chain to have come
}

// New returns the audit of a database. It becomes its witness by SetWitness.
func New(c Config) *Log {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	l := &Log{c: c, columns: map[string]map[string]bool{}, refusals: newRefusals(), wake: make(chan struct{}, 1)}
	l.tables = map[string]bool{table.Name(): true, heads.Name(): true, checkpoints.Name(): true}
	return l
}

// Exclude leaves out changes of tables, as "counters", and of columns, as
// "users.last_login", beside those of the audit itself. It must not be called
// once the log is in use.
func (l *Log) Exclude(names ...string) {
	for _, name := range names {
		t, column, one := strings.Cut(name, ".")
		switch {
		case !one:
			l.tables[t] = true
		case l.columns[t] == nil:
			l.columns[t] = map[string]bool{column: true, "updated_at": true, "version": true}
		default:
			l.columns[t][column] = true
		}
	}
}

// Watches reports whether a change is written down: see [data.Witness].
func (l *Log) Watches(name string, columns []string) bool {
	if l.tables[name] {
		return false
	}
	out := l.columns[name]
	return out == nil || columns == nil || slices.ContainsFunc(columns, func(c string) bool { return !out[c] })
}

// Testify writes down what a transaction did: see [data.Witness].
func (l *Log) Testify(ctx context.Context, tx *data.Tx, deeds []data.Deed) error {
	if err := l.write(ctx, tx, entries(deeds)); err != nil {
		return err
	}
	tx.AfterCommit(l.signal)
	return nil
}

// write stores new entries, in one statement.
func (l *Log) write(ctx context.Context, tx *data.Tx, es []Entry) error {
	for i := range es {
		if es[i].ActorKind == "" {
			es[i].sign(ctx)
		}
		es[i].complete(tx.DB(), l.c.Keys)
	}
	switch len(es) {
	case 0:
		return nil
	case 1:
		return table.On(tx).Add(ctx, &es[0])
	}
	return table.On(tx).AddAll(ctx, es)
}

// signal says that there is something to chain.
func (l *Log) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
