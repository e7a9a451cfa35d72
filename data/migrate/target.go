package migrate

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/manorgo/manor/fault"
)

// Base is the Target before the first revision, alone or as "users/base".
const Base = "base"

// head is the Target after the last one.
const head = "head"

// A Target says how far to go: so many steps, or to a revision. Its zero value
// means all the way.
//
// A revision is written as "users/0002_avatar", or as any beginning of that
// which fits no other one: "users/0002", "users/2", "users/ava", and without its
// source "0002" or "avatar". "head" is the last one of all sources,
// "users/head" of one.
type Target struct {
	Steps    int // 0 means that Revision counts
	Revision string
}

// goal returns the file that a target names, or nil for all.
func (m *Migrator) goal(to Target) (*file, error) {
	switch {
	case to.Steps < 0:
		return nil, fault.Errorf(fault.Invalid, "%d steps lead nowhere", to.Steps)
	case to.Steps > 0 || to.Revision == "" || to.Revision == head:
		return nil, nil
	}
	return m.find(to.Revision)
}

// find returns the file that text names.
func (m *Migrator) find(text string) (*file, error) {
	source, id, qualified := strings.Cut(text, "/")
	if !qualified {
		source, id = "", text
	}
	var found []*file
	for i := range m.files {
		f := &m.files[i]
		switch {
		case qualified && f.source != source:
		case f.fits(id):
			found = append(found, f)
		case qualified && id == head && (i+1 == len(m.files) || m.files[i+1].source != source):
			found = append(found, f)
		}
	}
	// A whole name wins over the beginnings of others.
	if i := slices.IndexFunc(found, func(f *file) bool { return f.String() == text }); i >= 0 {
		return found[i], nil
	}
	switch len(found) {
	case 0:
		return nil, fault.Errorf(fault.NotFound, "there is no revision %s", text)
	case 1:
		return found[0], nil
	}
	var names []string
	for _, f := range found {
		names = append(names, f.String())
	}
	return nil, fault.Errorf(fault.Invalid, "%s may be each of %s", text, strings.Join(names, ", "))
}

// fits reports whether id is the number, or begins the file's name with or
// without its number.
func (f *file) fits(id string) bool {
	if id == "" {
		return false
	}
	if n, err := strconv.Atoi(id); err == nil && n == f.number {
		return true
	}
	return strings.HasPrefix(f.name, id) || strings.HasPrefix(fmt.Sprintf("%04d_%s", f.number, f.name), id)
}

// PlanUpgrade returns the revisions that UpgradeTo would run now, in that order.
func (m *Migrator) PlanUpgrade(ctx context.Context, to Target) ([]Revision, error) {
	records, _, err := m.stored(ctx)
	if err != nil {
		return nil, err
	}
	files, err := m.ahead(records, to)
	return revisions(files, Pending), err
}

func (m *Migrator) ahead(records []record, to Target) (out []*file, err error) {
	goal, err := m.goal(to)
	if err != nil {
		return nil, err
	}
	if next, err := m.next(records, goal); next == nil || err != nil {
		return nil, err
	}
	ran := m.match(records)
	for i := range m.files {
		f := &m.files[i]
		if slices.Contains(ran, f) {
			continue
		}
		out = append(out, f)
		if f == goal || len(out) == to.Steps {
			break
		}
	}
	return out, nil
}

// PlanDowngrade returns the revisions to undo so that the target is the last
// one that ran, the latest first. Steps count revisions; [Base] stands for
// before the first. It is fault.Conflict if the target did not run or one of
// them cannot be undone. A zero Target is one step.
func (m *Migrator) PlanDowngrade(ctx context.Context, to Target) ([]Revision, error) {
	records, _, err := m.stored(ctx)
	if err != nil {
		return nil, err
	}
	files, err := m.back(records, to)
	return revisions(files, Pending), err
}

func (m *Migrator) back(records []record, to Target) (out []*file, err error) {
	n := to.Steps
	switch {
	case n == 0 && to.Revision == "":
		n = 1
	case n == 0 && to.Revision == Base:
		n = len(records)
	case n == 0:
		f, err := m.find(to.Revision)
		if err != nil {
			return nil, err
		}
		at := slices.Index(m.match(records), f)
		if at < 0 {
			return nil, fault.Errorf(fault.Conflict, "%s did not run", f)
		}
		n = len(records) - 1 - at
	}
	if n < 0 || n > len(records) {
		return nil, fault.Errorf(fault.Invalid, "cannot undo %d revisions: %d ran", n, len(records))
	}
	for i := range n {
		f, err := m.undoable(records[:len(records)-i])
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// DowngradeTo undoes what PlanDowngrade says and returns it.
func (m *Migrator) DowngradeTo(ctx context.Context, to Target) ([]Revision, error) {
	records, _, err := m.stored(ctx)
	if err != nil {
		return nil, err
	}
	files, err := m.back(records, to)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	return m.undo(ctx, records[len(records)-len(files):])
}

func revisions(files []*file, s State) (out []Revision) {
	for _, f := range files {
		out = append(out, f.revision(s))
	}
	return out
}

// A Detail is a revision with its text.
type Detail struct {
	Revision
	Checksum string `json:"checksum"` // SHA-256 of the file
	Up       string `json:"up"`
	Down     string `json:"down"`
	Undoable bool   `json:"undoable"` // it has a section "-- down", if an empty one
}

// Show returns the revision that text names, as a Target names it.
func (m *Migrator) Show(ctx context.Context, text string) (Detail, error) {
	f, err := m.find(text)
	if err != nil {
		return Detail{}, err
	}
	all, err := m.History(ctx)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Revision: f.revision(Pending), Checksum: f.checksum, Up: f.up, Down: f.down, Undoable: f.downable}
	for _, r := range all {
		if r.Source == f.source && r.Number == f.number && r.State != Unknown {
			d.Revision = r
		}
	}
	return d, nil
}

// Heads returns the last revision of each source, in the order of the sources.
func (m *Migrator) Heads(ctx context.Context) ([]Revision, error) {
	all, err := m.History(ctx)
	if err != nil {
		return nil, err
	}
	var out []Revision
	for i := range m.files {
		f := &m.files[i]
		if i+1 < len(m.files) && m.files[i+1].source == f.source {
			continue
		}
		for _, r := range all {
			if r.Source == f.source && r.Number == f.number && r.State != Unknown {
				out = append(out, r)
			}
		}
	}
	return out, nil
}

// Dialect returns what the database speaks, "sqlite" or "postgres".
func (m *Migrator) Dialect() string { return m.db.Dialect() }
