package migrate

import (
	"context"
	"slices"
	"strings"
)

// match returns the file that each record notes, nil for those that the program
// does not know. Two of number, name and text have to agree: a file may have got
// another number when branches were merged, another name, or another text,
// which is a mistake. Where all agree comes first.
func (m *Migrator) match(records []record) []*file {
	out := make([]*file, len(records))
	taken := map[*file]bool{}
	for _, same := range []func(f *file, r record) bool{
		func(f *file, r record) bool {
			return f.number == r.Number && f.name == r.Name && f.checksum == r.Checksum
		},
		func(f *file, r record) bool { return f.name == r.Name && f.checksum == r.Checksum },
		func(f *file, r record) bool { return f.number == r.Number && f.checksum == r.Checksum },
		func(f *file, r record) bool { return f.number == r.Number && f.name == r.Name },
	} {
		for i, r := range records {
			for j := range m.files {
				if f := &m.files[j]; out[i] == nil && !taken[f] && f.source == r.Source && same(f, r) {
					out[i], taken[f] = f, true
				}
			}
		}
	}
	return out
}

const (
	// Numbers are unique, so that those which change places go through
	// negative ones.
	moveRecord   = `UPDATE manor_revisions SET number = ?1, name = ?2 WHERE source = ?3 AND number = ?4`
	settleRecord = `UPDATE manor_revisions SET number = -number WHERE number < 0`
)

// renumber notes the numbers that files have now.
func (m *Migrator) renumber(ctx context.Context, tx locked, records []record) error {
	moved := false
	for i, f := range m.match(records) {
		r := records[i]
		if f == nil || f.number == r.Number && f.name == r.Name {
			continue
		}
		moved = true
		if err := tx.exec(ctx, moveRecord, -f.number, f.name, r.Source, r.Number); err != nil {
			return err
		}
	}
	if !moved {
		return nil
	}
	return tx.exec(ctx, settleRecord)
}

// after returns the position that follows those of the records.
func after(records []record) int {
	if len(records) == 0 {
		return 1
	}
	return records[len(records)-1].Position + 1
}

func (f *file) revision(s State) Revision {
	return Revision{Source: f.source, Number: f.number, Name: f.name, State: s}
}

// listed returns the names of revisions.
func listed(revisions []Revision) string {
	names := make([]string, len(revisions))
	for i, r := range revisions {
		names[i] = r.String()
	}
	return strings.Join(slices.Compact(names), ", ")
}
