package revise

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
)

// A Scratch opens a new, empty database that close removes again.
type Scratch func(ctx context.Context) (db *data.DB, close func() error, err error)

// A Domain is whose revisions are written.
type Domain struct {
	Name    string
	Folder  Folder
	Schemas []data.Schema
	Sources []migrate.Source // of the whole program, in the order of package migrate
	Scratch []Scratch        // where revisions are tried: SQLite, and PostgreSQL where there is one

	Extends []data.Extender // columns that it adds to tables of other domains
	Others  []data.Schema   // tables of other domains, among them all that it has ever added columns to

	// Live is a database that must be as the revisions leave it before a new
	// one is made; nil means none.
	Live *data.DB
}

// Options say how a revision is made. The zero value works.
type Options struct {
	Message string   // becomes the name; "" means the domain's for the first one, and "changes"
	Empty   bool     // nothing is planned: somebody writes it by hand
	Renames []Rename // what has another name now
	Denied  []Rename // what only looks like it
	// Drop says that whatever may be a rename is none.
	Drop bool
}

// A Doubt is an error: something is gone, something alike is new, and only a
// person knows whether they are the same.
type Doubt struct{ Renames []Rename }

// Error asks.
func (d *Doubt) Error() string {
	lines := make([]string, len(d.Renames))
	for i, r := range d.Renames {
		lines[i] = r.String()
	}
	return "these may be renamed, or dropped and new: " + strings.Join(lines, ", ")
}

// Make plans the next revision of a domain, and tries it in each scratch
// database: up, down and up again. It writes nothing but schema.json, where
// that is missing or behind revisions written by hand. It returns nil if the
// structs ask for nothing new, a *Doubt if a person has to decide, and
// fault.Invalid or fault.Conflict for what cannot be planned.
func Make(ctx context.Context, d Domain, o Options) (*Draft, error) {
	to, err := d.target()
	if err != nil {
		return nil, fault.Errorf(fault.Invalid, "the structs of %s cannot be tables: %s", d.Name, err)
	}
	files := os.DirFS(string(d.Folder))
	branches, err := Branches(files)
	if err != nil {
		return nil, err
	}
	if len(branches) > 0 {
		return nil, fault.Errorf(fault.Conflict, "%s have the same number: merge the branches first", strings.Join(branches[0].Names, " and "))
	}
	all, err := list(files)
	if err != nil {
		return nil, err
	}
	from, extras, err := d.present(ctx, &to, len(all) > 0)
	if err != nil {
		return nil, err
	}
	if err := d.checkLive(ctx, from); err != nil {
		return nil, err
	}
	draft := &Draft{Up: map[string]string{}, Down: map[string]string{}, Tables: to, before: from}
	if !o.Empty {
		if draft, err = plan(from, to, o, extras); err != nil || draft == nil {
			return nil, err
		}
	}
	draft.Number, draft.Name = len(all)+1, Slug(o.Message)
	if len(all) > 0 {
		draft.after = all[len(all)-1].String()
	}
	if draft.Name == "" {
		if draft.Name = "changes"; len(all) == 0 {
			draft.Name = Slug(d.Name)
		}
	}
	if o.Empty {
		return draft, nil
	}
	return draft, d.try(ctx, draft)
}

func plan(from, to Snapshot, o Options, extras map[string][]string) (*Draft, error) {
	doubts, err := Doubts(from, to, o.Renames, o.Denied)
	if err != nil {
		return nil, err
	}
	if len(doubts) > 0 && !o.Drop {
		return nil, &Doubt{doubts}
	}
	draft, err := difference(from, to, o.Renames, extras)
	if err != nil || draft.nothing() {
		return nil, err
	}
	return draft, nil
}

// Write makes the draft's files. One that exists already is fault.Conflict.
func (d *Draft) Write(f Folder) (paths []string, err error) {
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "%s cannot be made", f)
	}
	for _, dialect := range []string{sqlite, postgres} {
		path := f.path(entry{number: d.Number, name: d.Name}.file(dialect))
		if err := writeNew(path, d.text(dialect)); err != nil {
			for _, p := range paths {
				os.Remove(p)
			}
			return nil, fault.Wrap(fault.Conflict, err, "%s cannot be written", path)
		}
		paths = append(paths, path)
	}
	return paths, f.record(d.Tables)
}

func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
