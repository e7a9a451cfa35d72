package revise

import (
	"fmt"
	"slices"
	"strings"

	"github.com/manorgo/manor/fault"
)

// A Draft is a revision that is not a file yet.
type Draft struct {
	Number int               `json:"number"`
	Name   string            `json:"name"`
	Up     map[string]string `json:"up"`    // by dialect
	Down   map[string]string `json:"down"`  // by dialect
	Notes  []string          `json:"notes"` // what whoever reviews it should know
	Tables Snapshot          `json:"-"`     // as it leaves them

	before Snapshot
	after  string // the revision before it
}

// String returns the name of the revision without its domain.
func (d *Draft) String() string { return fmt.Sprintf("%04d_%s", d.Number, d.Name) }

// difference plans the way between the tables, and back.
func difference(from, to Snapshot, renames []Rename, extras map[string][]string) (*Draft, error) {
	d := &Draft{Up: map[string]string{}, Down: map[string]string{}, Tables: to, before: from}
	renames = sorted(renames)
	renamed, err := from.apply(to, renames)
	if err != nil {
		return nil, err
	}
	back := reversed(renames)
	unnamed, err := to.apply(from, back)
	if err != nil {
		return nil, err
	}
	for _, dialect := range []string{sqlite, postgres} {
		up := &planner{dialect: dialect, from: renamed, to: to, renames: renames, extras: extras, inPlace: map[string]bool{}}
		if err := up.plan(); err != nil {
			return nil, err
		}
		down := &planner{dialect: dialect, from: unnamed, to: from, renames: back, extras: extras, inPlace: up.inPlace, undoing: true}
		if err := down.plan(); err != nil {
			return nil, fault.Errorf(fault.KindOf(err), "the way back: %s", message(err))
		}
		d.Up[dialect], d.Down[dialect] = script(up.statements()), script(down.statements())
		d.Notes = append(d.Notes, up.notes...)
	}
	slices.Sort(d.Notes)
	d.Notes = slices.Compact(d.Notes)
	return d, nil
}

// nothing reports whether neither database would notice.
func (d *Draft) nothing() bool {
	for _, text := range []string{d.Up[sqlite], d.Up[postgres], d.Down[sqlite], d.Down[postgres]} {
		if text != "" {
			return false
		}
	}
	return true
}

// text returns the file for a dialect.
func (d *Draft) text(dialect string) string {
	var w strings.Builder
	if d.after != "" {
		fmt.Fprintf(&w, "%s%s\n", afterMark, d.after)
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&w, "-- note: %s\n", n)
	}
	if w.Len() > 0 {
		w.WriteString("\n")
	}
	fmt.Fprintf(&w, "-- up\n%s\n-- down\n%s", d.Up[dialect], d.Down[dialect])
	return w.String()
}

// afterMark begins the line that names the revision before.
const afterMark = "-- after "

// Slug returns a message as the name of a revision: small letters, digits and
// _, at most 40.
func Slug(message string) string {
	var w strings.Builder
	for _, r := range strings.ToLower(message) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			w.WriteRune(r)
		case w.Len() > 0 && !strings.HasSuffix(w.String(), "_"):
			w.WriteByte('_')
		}
	}
	const longest = 40
	text := w.String()
	return strings.Trim(text[:min(len(text), longest)], "_")
}

func message(err error) string {
	if f, ok := err.(*fault.Error); ok && f.Msg != "" {
		return f.Msg
	}
	return err.Error()
}
