package migrate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A Migrator runs the revisions of a program's domains on one database. It is
// safe for concurrent use, and any number of processes may run theirs at once:
// each revision runs exactly once.
type Migrator struct {
	db    *data.DB
	log   *slog.Logger
	files []file // in the order in which they run on an empty database
}

// Options complete a Migrator. The zero value works.
type Options struct {
	Log *slog.Logger // what ran; nil means slog.Default()
}

// New returns a Migrator of the sources' revisions. A source whose tables refer
// to those of another comes after it. Files that are misnamed, malformed or
// missing are an error that names them.
func New(db *data.DB, sources []Source, opts Options) (*Migrator, error) {
	m := &Migrator{db: db, log: opts.Log}
	if m.log == nil {
		m.log = slog.Default()
	}
	if d := db.Dialect(); d != sqlite && d != postgres {
		return nil, fmt.Errorf("migrate: no revisions for the dialect %q", d)
	}
	for i, s := range sources {
		if slices.ContainsFunc(sources[:i], func(o Source) bool { return o.Name == s.Name }) {
			return nil, fmt.Errorf("migrate: two sources are called %q", s.Name)
		}
		files, err := s.read(db.Dialect())
		if err != nil {
			return nil, err
		}
		m.files = append(m.files, files...)
	}
	return m, nil
}

func (m *Migrator) file(source string, number int) *file {
	i := slices.IndexFunc(m.files, func(f file) bool { return f.source == source && f.number == number })
	if i < 0 {
		return nil
	}
	return &m.files[i]
}

// is reports whether r notes that f ran.
func (f file) is(r record) bool { return f.source == r.Source && f.number == r.Number }

// Upgrade runs the pending revisions and returns those that it ran itself: none
// if the database is up to date, which it finds out with one statement. When
// another process runs revisions it waits for its turn.
//
// A revision that fails leaves no trace; those before it stay. A database with
// revisions that the program does not know is fault.Conflict, and nothing is
// done. A changed file of a revision that ran is only logged: see Check.
func (m *Migrator) Upgrade(ctx context.Context) ([]Revision, error) {
	records, exists, err := m.stored(ctx)
	if err != nil {
		return nil, err
	}
	if next, err := m.next(records); next == nil || err != nil {
		return nil, err
	}
	for _, r := range pick(m.history(records), Changed) {
		m.log.WarnContext(ctx, "the file of a revision changed after it ran", "revision", r.String())
	}
	s, err := open(ctx, m.db)
	if err != nil {
		return nil, failed(ctx, err, "the database cannot be upgraded")
	}
	defer s.close(ctx)
	var done []Revision
	for {
		ran, err := m.up(ctx, s, !exists)
		if err != nil || ran == nil {
			return done, err
		}
		exists = true
		done = append(done, *ran)
		m.log.InfoContext(ctx, "revision applied", "revision", ran.String())
	}
}

// next returns the first pending revision, or nil.
func (m *Migrator) next(records []record) (*file, error) {
	var unknown []string
	for _, r := range pick(m.history(records), Unknown) {
		unknown = append(unknown, r.String())
	}
	if len(unknown) > 0 {
		return nil, fault.Errorf(fault.Conflict, "the database is newer than this program, which does not know %s", strings.Join(unknown, ", "))
	}
	for i := range m.files {
		if !slices.ContainsFunc(records, m.files[i].is) {
			return &m.files[i], nil
		}
	}
	return nil, nil
}

// up runs the first pending revision and returns it, or nil.
func (m *Migrator) up(ctx context.Context, s session, create bool) (ran *Revision, err error) {
	var f *file
	err = s.tx(ctx, func(tx locked) error {
		if create {
			if err := tx.script(ctx, m.createTable()); err != nil {
				return err
			}
		}
		records, err := tx.records(ctx)
		if err != nil {
			return err
		}
		if f, err = m.next(records); f == nil || err != nil {
			return err
		}
		if err := runScript(ctx, tx, f.up); err != nil {
			return err
		}
		position := 1
		if n := len(records); n > 0 {
			position = records[n-1].Position + 1
		}
		ran = &Revision{Source: f.source, Number: f.number, Name: f.name, State: Applied, AppliedAt: m.db.Now()}
		return tx.exec(ctx, insertRecord, f.source, f.number, f.name, f.checksum, ran.AppliedAt, position)
	})
	if err != nil {
		return nil, failed(ctx, err, "%s failed and left no trace", f)
	}
	return ran, nil
}

// Downgrade undoes the last n revisions, the latest first, and returns them as
// the pending ones that they are then. It is fault.Invalid if n is less than 1
// or more than ran, and fault.Conflict if one of them is unknown or has no
// section "-- down"; nothing is done then.
func (m *Migrator) Downgrade(ctx context.Context, n int) ([]Revision, error) {
	records, _, err := m.stored(ctx)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > len(records) {
		return nil, fault.Errorf(fault.Invalid, "cannot undo %d revisions: %d ran", n, len(records))
	}
	for _, r := range records[len(records)-n:] {
		if _, err := m.undoable(r); err != nil {
			return nil, err
		}
	}
	s, err := open(ctx, m.db)
	if err != nil {
		return nil, failed(ctx, err, "the database cannot be downgraded")
	}
	defer s.close(ctx)
	var done []Revision
	for range n {
		undone, err := m.down(ctx, s)
		if err != nil || undone == nil {
			return done, err
		}
		done = append(done, *undone)
		m.log.InfoContext(ctx, "revision undone", "revision", undone.String())
	}
	return done, nil
}

// undoable returns the file that undoes r.
func (m *Migrator) undoable(r record) (*file, error) {
	f := m.file(r.Source, r.Number)
	switch {
	case f == nil:
		return nil, fault.Errorf(fault.Conflict, "this program does not know %s/%04d_%s, so it cannot undo it", r.Source, r.Number, r.Name)
	case !f.downable:
		return nil, fault.Errorf(fault.Conflict, `%s cannot be undone: it has no section "-- down"`, f)
	}
	return f, nil
}

// down undoes the latest revision and returns it, or nil.
func (m *Migrator) down(ctx context.Context, s session) (undone *Revision, err error) {
	var f *file
	err = s.tx(ctx, func(tx locked) error {
		records, err := tx.records(ctx)
		if err != nil || len(records) == 0 {
			return err
		}
		last := records[len(records)-1]
		if f, err = m.undoable(last); err != nil {
			return err
		}
		if err := runScript(ctx, tx, f.down); err != nil {
			return err
		}
		undone = &Revision{Source: f.source, Number: f.number, Name: f.name, State: Pending}
		return tx.exec(ctx, deleteRecord, f.source, f.number)
	})
	if err != nil {
		return nil, failed(ctx, err, "undoing %s failed and changed nothing", f)
	}
	return undone, nil
}

// runScript runs a section, and fails if it ended the transaction: then it and
// the note that it ran would not stand or fall together.
func runScript(ctx context.Context, tx locked, text string) error {
	if err := tx.exec(ctx, "SAVEPOINT manor_revision"); err != nil {
		return err
	}
	if text != "" {
		if err := tx.script(ctx, text); err != nil {
			return err
		}
	}
	if err := tx.exec(ctx, "RELEASE SAVEPOINT manor_revision"); err != nil {
		return fmt.Errorf("it must not begin or end a transaction: %w", err)
	}
	return nil
}

// failed returns err as a fault, unless it is one already.
func failed(ctx context.Context, err error, format string, args ...any) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if cause := ctx.Err(); cause != nil {
		return fault.Wrap(fault.Unavailable, errors.Join(cause, err), "running revisions was given up")
	}
	return fault.Wrap(fault.Internal, err, format, args...)
}

// String returns the file as people write the revision.
func (f *file) String() string {
	if f == nil {
		return "preparing a revision"
	}
	return fmt.Sprintf("%s/%04d_%s", f.source, f.number, f.name)
}

func (m *Migrator) createTable() string {
	if m.db.Dialect() == postgres {
		return createPostgres
	}
	return createSQLite
}
