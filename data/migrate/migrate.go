package migrate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

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

// Upgrade runs the pending revisions and returns those that it ran itself: none
// if the database is up to date, which it finds out with one statement. When
// another process runs revisions it waits for its turn.
//
// A revision that fails leaves no trace; those before it stay. A database with
// revisions that the program does not know, or whose files changed after they
// ran, is fault.Conflict, and nothing is done.
func (m *Migrator) Upgrade(ctx context.Context) ([]Revision, error) {
	return m.UpgradeTo(ctx, Target{})
}

// UpgradeTo does what Upgrade does, no further than the target: the number of
// steps, or the revision with those that come before it. A target that is not
// to be found is fault.NotFound or fault.Invalid, and one that ran is reached.
func (m *Migrator) UpgradeTo(ctx context.Context, to Target) ([]Revision, error) {
	records, exists, err := m.stored(ctx)
	if err != nil {
		return nil, err
	}
	goal, err := m.goal(to)
	if err != nil {
		return nil, err
	}
	if next, err := m.next(records, goal); next == nil || err != nil {
		return nil, err
	}
	s, err := open(ctx, m.db)
	if err != nil {
		return nil, failed(ctx, err, "the database cannot be upgraded")
	}
	defer s.close(ctx)
	var done []Revision
	for to.Steps == 0 || len(done) < to.Steps {
		ran, err := m.up(ctx, s, !exists, goal)
		if err != nil || ran == nil {
			return done, err
		}
		exists = true
		done = append(done, *ran)
		m.log.InfoContext(ctx, "revision applied", "revision", ran.String())
	}
	return done, nil
}

// next returns the first pending revision on the way to the goal, or nil. The
// goal is nil for all.
func (m *Migrator) next(records []record, goal *file) (*file, error) {
	all := m.history(records)
	if unknown := pick(all, Unknown); len(unknown) > 0 {
		return nil, fault.Errorf(fault.Conflict, "the database is newer than this program, which does not know %s", listed(unknown))
	}
	if changed := pick(all, Changed); len(changed) > 0 {
		return nil, fault.Errorf(fault.Conflict, "edited after it ran: %s; restore the file, or stamp the revision to accept it as it is", listed(changed))
	}
	ran := m.match(records)
	if goal != nil && slices.Contains(ran, goal) {
		return nil, nil
	}
	for i := range m.files {
		if f := &m.files[i]; !slices.Contains(ran, f) {
			return f, nil
		}
	}
	return nil, nil
}

// up runs the first pending revision on the way to the goal and returns it, or
// nil.
func (m *Migrator) up(ctx context.Context, s session, create bool, goal *file) (ran *Revision, err error) {
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
		if f, err = m.next(records, goal); f == nil || err != nil {
			return err
		}
		if err := m.renumber(ctx, tx, records); err != nil {
			return err
		}
		if err := runScript(ctx, tx, f.up); err != nil {
			return err
		}
		r := f.revision(Applied)
		r.AppliedAt = m.db.Now()
		ran = &r
		return tx.exec(ctx, insertRecord, f.source, f.number, f.name, f.checksum, ran.AppliedAt, after(records))
	})
	if err != nil {
		return nil, failed(ctx, err, "%s failed and left no trace", f)
	}
	return ran, nil
}

// Downgrade undoes the last n revisions, the latest first, and returns them as
// the pending ones that they are then. It is fault.Invalid if n is less than 1
// or more than ran, and fault.Conflict if one of them is unknown, was edited
// after it ran or has no section "-- down"; nothing is done then.
func (m *Migrator) Downgrade(ctx context.Context, n int) ([]Revision, error) {
	records, _, err := m.stored(ctx)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > len(records) {
		return nil, fault.Errorf(fault.Invalid, "cannot undo %d revisions: %d ran", n, len(records))
	}
	for i := range n {
		if _, err := m.undoable(records[:len(records)-i]); err != nil {
			return nil, err
		}
	}
	return m.undo(ctx, records[len(records)-n:])
}

// undo undoes the records, the last one first, as long as nobody else does.
func (m *Migrator) undo(ctx context.Context, records []record) ([]Revision, error) {
	s, err := open(ctx, m.db)
	if err != nil {
		return nil, failed(ctx, err, "the database cannot be downgraded")
	}
	defer s.close(ctx)
	var done []Revision
	for _, r := range slices.Backward(records) {
		undone, err := m.down(ctx, s, r)
		if err != nil || undone == nil {
			return done, err
		}
		done = append(done, *undone)
		m.log.InfoContext(ctx, "revision undone", "revision", undone.String())
	}
	return done, nil
}

// undoable returns the file that undoes the last of the records.
func (m *Migrator) undoable(records []record) (*file, error) {
	r := records[len(records)-1]
	f := m.match(records)[len(records)-1]
	switch {
	case f == nil:
		return nil, fault.Errorf(fault.Conflict, "this program does not know %s/%04d_%s, so it cannot undo it", r.Source, r.Number, r.Name)
	case f.checksum != r.Checksum:
		return nil, fault.Errorf(fault.Conflict, "edited after it ran: %s; restore the file, or stamp the revision to accept it as it is", f)
	case !f.downable:
		return nil, fault.Errorf(fault.Conflict, `%s cannot be undone: it has no section "-- down"`, f)
	}
	return f, nil
}

// down undoes the latest revision and returns it, or nil if that is not the
// expected one any more, because somebody else was faster.
func (m *Migrator) down(ctx context.Context, s session, expected record) (undone *Revision, err error) {
	var f *file
	err = s.tx(ctx, func(tx locked) error {
		records, err := tx.records(ctx)
		if err != nil || len(records) == 0 {
			return err
		}
		last := records[len(records)-1]
		if last.Source != expected.Source || last.Name != expected.Name || last.Checksum != expected.Checksum {
			return nil
		}
		if f, err = m.undoable(records); err != nil {
			return err
		}
		if err := runScript(ctx, tx, f.down); err != nil {
			return err
		}
		r := f.revision(Pending)
		undone = &r
		return tx.exec(ctx, deleteRecord, last.Source, last.Number)
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
