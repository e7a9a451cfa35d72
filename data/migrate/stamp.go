package migrate

import (
	"context"
	"slices"
	"strings"

	"github.com/manorgo/manor/fault"
)

// Stamp notes that revisions ran without running them, and returns all that are
// noted then. With a revision, its source is noted up to it and no further, and
// other sources stay as they are; "head" stands for everything, [Base] for
// nothing, and "users/base" for nothing of one source. Files that were edited
// are accepted as they are now.
//
// Purge forgets everything that is noted before. Without it, a record that the
// program does not know is fault.Conflict in a source that is stamped.
func (m *Migrator) Stamp(ctx context.Context, revision string, purge bool) ([]Revision, error) {
	if _, _, err := m.marked(revision); err != nil {
		return nil, err
	}
	s, err := open(ctx, m.db)
	if err != nil {
		return nil, failed(ctx, err, "the database cannot be stamped")
	}
	defer s.close(ctx)
	var after []record
	err = s.tx(ctx, func(tx locked) error {
		if err := tx.script(ctx, m.createTable()); err != nil {
			return err
		}
		records, err := tx.records(ctx)
		if err != nil {
			return err
		}
		changes, err := m.stamping(records, revision, purge)
		if err != nil {
			return err
		}
		for _, r := range changes.remove {
			if err := tx.exec(ctx, deleteRecord, r.Source, r.Number); err != nil {
				return err
			}
		}
		for _, r := range changes.add {
			if r.AppliedAt.IsZero() {
				r.AppliedAt = m.db.Now()
			}
			if err := tx.exec(ctx, insertRecord, r.Source, r.Number, r.Name, r.Checksum, r.AppliedAt, r.Position); err != nil {
				return err
			}
		}
		after, err = tx.records(ctx)
		return err
	})
	if err != nil {
		return nil, failed(ctx, err, "stamping failed and changed nothing")
	}
	return m.history(after)[:len(after)], nil
}

// A stamping is what Stamp does to the records: those that it removes go first.
type stamping struct{ remove, add []record }

func (m *Migrator) stamping(records []record, revision string, purge bool) (s stamping, err error) {
	concerns, ran, err := m.marked(revision)
	if err != nil {
		return s, err
	}
	files := m.match(records)
	var kept []*file
	position := after(records)
	if purge {
		position = 1
	}
	for i, r := range records {
		switch f := files[i]; {
		case purge:
			s.remove = append(s.remove, r)
		case !concerns(r.Source):
		case f == nil:
			return s, fault.Errorf(fault.Conflict, "this program does not know %s/%04d_%s: purge the records to forget it", r.Source, r.Number, r.Name)
		case !ran(f):
			s.remove = append(s.remove, r)
		case f.number != r.Number || f.name != r.Name || f.checksum != r.Checksum:
			s.remove = append(s.remove, r)
			r.Number, r.Name, r.Checksum = f.number, f.name, f.checksum
			s.add = append(s.add, r)
			kept = append(kept, f)
		default:
			kept = append(kept, f)
		}
	}
	for i := range m.files {
		if f := &m.files[i]; ran(f) && concerns(f.source) && !slices.Contains(kept, f) {
			s.add = append(s.add, record{Source: f.source, Number: f.number, Name: f.name, Checksum: f.checksum, Position: position})
			position++
		}
	}
	return s, nil
}

// marked returns which sources a stamp concerns, and which of their files are
// noted then.
func (m *Migrator) marked(revision string) (concerns func(source string) bool, ran func(*file) bool, err error) {
	always := func(string) bool { return true }
	switch revision {
	case head:
		return always, func(*file) bool { return true }, nil
	case Base:
		return always, func(*file) bool { return false }, nil
	}
	if source, ok := strings.CutSuffix(revision, "/"+Base); ok && slices.ContainsFunc(m.files, func(f file) bool { return f.source == source }) {
		return func(s string) bool { return s == source }, func(*file) bool { return false }, nil
	}
	goal, err := m.find(revision)
	if err != nil {
		return nil, nil, err
	}
	return func(s string) bool { return s == goal.source }, func(f *file) bool { return f.source == goal.source && f.number <= goal.number }, nil
}
