package migrate

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A record notes that a revision ran.
type record struct {
	Source    string    `db:"source"`
	Number    int       `db:"number"`
	Name      string    `db:"name"`
	Checksum  string    `db:"checksum"`
	AppliedAt time.Time `db:"applied_at"`
	Position  int       `db:"position"` // 1 for the first that ran
}

const (
	selectRecords = `SELECT source, number, name, checksum, applied_at, position FROM manor_revisions ORDER BY position`
	insertRecord  = `INSERT INTO manor_revisions (source, number, name, checksum, applied_at, position) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`
	deleteRecord  = `DELETE FROM manor_revisions WHERE source = ?1 AND number = ?2`

	createSQLite = `CREATE TABLE IF NOT EXISTS manor_revisions (
	source TEXT NOT NULL,
	number INTEGER NOT NULL,
	name TEXT NOT NULL,
	checksum TEXT NOT NULL,
	applied_at INTEGER NOT NULL, -- microseconds since 1970
	position INTEGER NOT NULL UNIQUE,
	PRIMARY KEY (source, number)
) STRICT`
	createPostgres = `CREATE TABLE IF NOT EXISTS manor_revisions (
	source text NOT NULL,
	number integer NOT NULL,
	name text NOT NULL,
	checksum text NOT NULL,
	applied_at timestamptz NOT NULL,
	position integer NOT NULL UNIQUE,
	PRIMARY KEY (source, number)
)`
)

var (
	allRecords = data.NewSelect[record](selectRecords, "")

	tableExists = data.NewSelect[struct {
		Found bool `db:"found"`
	}](`SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'manor_revisions') AS found`,
		`SELECT to_regclass('manor_revisions') IS NOT NULL AS found`)
)

// stored returns what is noted to have run, in that order, and whether the
// table of notes exists. It costs one statement once it does.
func (m *Migrator) stored(ctx context.Context) ([]record, bool, error) {
	records, err := allRecords.All(ctx, m.db)
	if err == nil {
		return records, true, nil
	}
	if errors.Is(err, fault.Unavailable) {
		return nil, false, err
	}
	found, ferr := tableExists.One(ctx, m.db)
	if ferr != nil {
		return nil, false, ferr
	}
	if !found.Found {
		return nil, false, nil
	}
	records, err = allRecords.All(ctx, m.db) // perhaps it came into being just now
	return records, true, err
}

// history joins what ran, in that order, with what has not.
func (m *Migrator) history(records []record) []Revision {
	out := make([]Revision, 0, max(len(records), len(m.files)))
	files := m.match(records)
	for i, r := range records {
		rev := Revision{Source: r.Source, Number: r.Number, Name: r.Name, AppliedAt: r.AppliedAt, State: Unknown}
		if f := files[i]; f != nil {
			rev.Number, rev.Name = f.number, f.name
			if rev.State = Applied; f.checksum != r.Checksum {
				rev.State = Changed
			}
		}
		out = append(out, rev)
	}
	for i := range m.files {
		if f := &m.files[i]; !slices.Contains(files, f) {
			out = append(out, f.revision(Pending))
		}
	}
	return out
}

// History returns every revision: those that ran in the order in which they
// ran, then those that will.
func (m *Migrator) History(ctx context.Context) ([]Revision, error) {
	records, _, err := m.stored(ctx)
	if err != nil {
		return nil, err
	}
	return m.history(records), nil
}

// Current returns the revisions that ran, in that order.
func (m *Migrator) Current(ctx context.Context) ([]Revision, error) {
	return m.in(ctx, Applied, Changed, Unknown)
}

// Pending returns the revisions that Upgrade would run, in that order.
func (m *Migrator) Pending(ctx context.Context) ([]Revision, error) { return m.in(ctx, Pending) }

func (m *Migrator) in(ctx context.Context, states ...State) ([]Revision, error) {
	all, err := m.History(ctx)
	return pick(all, states...), err
}

func pick(all []Revision, states ...State) (out []Revision) {
	for _, r := range all {
		if slices.Contains(states, r.State) {
			out = append(out, r)
		}
	}
	return out
}

// Check reports pending, changed and unknown revisions, and how the live tables
// differ from schemas. It changes nothing.
func (m *Migrator) Check(ctx context.Context, schemas []data.Schema) (Report, error) {
	all, err := m.History(ctx)
	if err != nil {
		return Report{}, err
	}
	drift, err := Drift(ctx, m.db, schemas)
	if err != nil {
		return Report{}, err
	}
	return Report{Pending: pick(all, Pending), Changed: pick(all, Changed), Unknown: pick(all, Unknown), Drift: drift}, nil
}
