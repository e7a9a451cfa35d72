package revise

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
)

// A Move gives a revision another number.
type Move struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Merge finds one order for revisions that claim the same numbers, because two
// branches made them: by number, then by name. Their texts stay as they are, so
// that a database which ran one of the branches knows what it ran and runs the
// rest.
//
// It tries that first: on a new database, and on one for each branch that ran
// that branch before, the tables must become what the structs ask for, and stay
// so after everything was undone and done again. Where they do not, as when one
// branch drops what the other changes, it is fault.Conflict. It changes no
// file; [Merging.Write] does. No branches are nil.
func Merge(ctx context.Context, d Domain) (*Merging, error) {
	files := os.DirFS(string(d.Folder))
	branches, err := Branches(files)
	if err != nil || len(branches) == 0 {
		return nil, err
	}
	to, err := d.target()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the structs of %s cannot be tables: %s", d.Name, err)
	}
	all, err := list(files)
	if err != nil {
		return nil, err
	}
	m := &Merging{tables: to}
	for i, e := range all {
		now := entry{number: i + 1, name: e.name}
		if now.number != e.number {
			m.Moves = append(m.Moves, Move{e.String(), now.String()})
		}
	}
	text, err := texts(files)
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "manor-merge-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	if d.Sources, err = straightened(d, filepath.Join(work, "others")); err != nil {
		return nil, err
	}
	merged := filepath.Join(work, "merged")
	if err := copyChain(merged, text, all); err != nil {
		return nil, err
	}
	first := branches[0].Number
	base := filepath.Join(work, "base")
	if err := copyChain(base, text, all[:first-1]); err != nil {
		return nil, err
	}
	for i, chain := range append([][]entry{nil}, histories(all)...) {
		before := filepath.Join(work, "branch", string(rune('a'+i)))
		if err := copyChain(before, text, chain); err != nil {
			return nil, err
		}
		if err := d.tryMerge(ctx, []string{base, before, merged}, to, chain, len(all)-first+1); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// straightened returns the sources with those of other domains that have
// branches in the order that merging them will give.
func straightened(d Domain, work string) ([]migrate.Source, error) {
	out := slices.Clone(d.Sources)
	for i, s := range out {
		branches, err := Branches(s.FS)
		if err != nil || len(branches) == 0 || s.Name == d.Name {
			if err != nil {
				return nil, err
			}
			continue
		}
		all, err := list(s.FS)
		if err != nil {
			return nil, err
		}
		text, err := texts(s.FS)
		if err != nil {
			return nil, err
		}
		folder := filepath.Join(work, s.Name)
		if err := copyChain(folder, text, all); err != nil {
			return nil, err
		}
		out[i].FS = os.DirFS(folder)
	}
	return out, nil
}

// A Merging is an order that Merge found.
type Merging struct {
	Moves  []Move
	tables Snapshot
}

// Write gives the files their new names and records the tables.
func (m *Merging) Write(f Folder) error {
	for _, move := range slices.Backward(m.Moves) { // into numbers that are free by then
		for _, dialect := range []string{sqlite, postgres} {
			suffix := "." + dialect + ".sql"
			if err := os.Rename(f.path(move.From+suffix), f.path(move.To+suffix)); err != nil {
				return fault.Wrap(fault.Internal, err, "%s cannot be renamed", move.From)
			}
		}
	}
	return f.record(m.tables)
}

// histories returns what databases may have run: from the first revision along
// each branch to its end. A revision follows the one that its file names, or
// the only one of the number before. What cannot be told belongs to no branch.
func histories(all []entry) (out [][]entry) {
	parent := func(e entry) *entry {
		var before []entry
		for _, o := range all {
			if o.number == e.number-1 {
				before = append(before, o)
			}
		}
		for i := range before {
			if len(before) == 1 || before[i].String() == e.after {
				return &before[i]
			}
		}
		return nil
	}
	for _, last := range all {
		if slices.ContainsFunc(all, func(o entry) bool { p := parent(o); return p != nil && *p == last }) {
			continue
		}
		chain := []entry{last}
		for p := parent(last); p != nil; p = parent(*p) {
			chain = append(chain, *p)
		}
		if slices.Reverse(chain); chain[0].number == 1 {
			out = append(out, chain)
		}
	}
	return out
}

// copyChain writes revisions with numbers that have no gap.
func copyChain(folder string, text map[string]string, chain []entry) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for i, e := range chain {
		for _, dialect := range []string{sqlite, postgres} {
			content, ok := text[e.file(dialect)]
			if !ok {
				return fault.Errorf(fault.Invalid, "the file %s is missing", e.file(dialect))
			}
			name := entry{number: i + 1, name: e.name}.file(dialect)
			if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// tryMerge upgrades a database that ran one branch by the merged revisions,
// undoes the newest steps of them, and does them again.
func (d *Domain) tryMerge(ctx context.Context, folders []string, to Snapshot, chain []entry, steps int) error {
	base, before, merged := folders[0], folders[1], folders[2]
	where := "a new database"
	if len(chain) > 0 {
		where = "a database that ran " + chain[len(chain)-1].String()
	}
	return d.each(ctx, func(db *data.DB) error {
		// Other domains run with what the branches share, so that nothing of
		// theirs has to be undone.
		if _, _, err := upgrade(ctx, db, d.sources(base)); err != nil {
			return err
		}
		if len(chain) > 0 {
			if _, _, err := upgrade(ctx, db, d.sources(before)); err != nil {
				return unmerged(db, where, err, nil)
			}
		}
		for round := range 2 {
			m, _, err := upgrade(ctx, db, d.sources(merged))
			if err != nil {
				return unmerged(db, where, err, nil)
			}
			if drift, err := migrate.Compare(ctx, db, to.sql(db.Dialect()), to.names()); err != nil || len(drift) > 0 {
				return unmerged(db, where, err, drift)
			}
			if round > 0 {
				return nil
			}
			ran, err := m.Current(ctx)
			if err != nil {
				return err
			}
			if err := d.undo(ctx, m, ran, steps); err != nil {
				return unmerged(db, where+" when they are undone", err, nil)
			}
		}
		return nil
	})
}

// undo undoes revisions until so many of the domain are undone.
func (d *Domain) undo(ctx context.Context, m *migrate.Migrator, ran []migrate.Revision, steps int) error {
	n := 0
	for _, r := range slices.Backward(ran) {
		if steps == 0 {
			break
		}
		n++
		if r.Source == d.Name {
			steps--
		}
	}
	if steps > 0 || n == 0 {
		return errors.New("the revisions did not run")
	}
	_, err := m.Downgrade(ctx, n)
	return err
}

func unmerged(db *data.DB, where string, err error, drift []string) error {
	if err == nil {
		err = errors.New(strings.Join(drift, "; "))
	}
	return fault.Errorf(fault.Conflict, "the revisions cannot stand in one order, so nothing was changed: the structs must be those of both branches, and each revision must leave alone what the other one does; "+
		"remove the files of one branch and make it again after the other; on %s, %s: %s", db.Dialect(), where, err)
}
