package transfer

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A Manifest says what is in an archive.
type Manifest struct {
	Format    string     `json:"format"`    // manor-backup
	Version   int        `json:"version"`   // of the format
	Program   string     `json:"program"`   // that made it, and its version
	MadeAt    time.Time  `json:"made_at"`   // by the clock of the machine that made it
	Dialect   string     `json:"dialect"`   // of the database that it was made from
	Revisions []string   `json:"revisions"` // that had run there
	Tables    []Archived `json:"tables"`    // in the order in which they are filled
}

// Archived is one table of an archive.
type Archived struct {
	Count
	File    string           `json:"file"`   // NDJSON
	SHA256  string           `json:"sha256"` // of the file
	Columns []ArchivedColumn `json:"columns"`
}

// An ArchivedColumn says what a column holds.
type ArchivedColumn struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Scale int    `json:"scale,omitempty"`
	Guess bool   `json:"guess,omitempty"` // only the type suggests the kind
}

const (
	archiveFormat  = "manor-backup"
	archiveVersion = 1
	manifestFile   = "manifest.json"
)

// BackupOptions say what a backup notes. The zero value works.
type BackupOptions struct {
	Schemas   []data.Schema // what the tables hold
	Revisions []string      // that ran on the database
	Program   string
	Progress  func(Step) // told how far the work is, unless nil
}

// Backup writes an archive of all tables, as they are at one moment, from which
// either kind of database is restored. It keeps no writer waiting. The archive
// is a zip of one NDJSON file for each table and a manifest, appears whole under
// its name or not at all, and is readable by its owner only. It does not hold
// the key file. A file that exists is fault.Conflict.
func Backup(ctx context.Context, db *data.DB, file string, opts BackupOptions) (*Manifest, error) {
	all, err := catalogue(ctx, db)
	if err != nil {
		return nil, failed(ctx, err, "the tables cannot be listed")
	}
	hintsOf(opts.Schemas).hint(all)
	var parts []*part
	for _, g := range inOrder(all) {
		for _, t := range g.tables {
			if !t.own() {
				parts = append(parts, t.part())
			}
		}
	}
	m := &Manifest{
		Format: archiveFormat, Version: archiveVersion, Program: opts.Program, MadeAt: db.Now(), Dialect: db.Dialect(),
		Revisions: append([]string{}, opts.Revisions...), Tables: []Archived{},
	}
	err = atomically(file, false, func(w io.Writer) error {
		z := zip.NewWriter(w)
		if err := snapshot(ctx, db, parts, func(i int, rows source) error { return m.add(z, i, parts[i], rows, opts.Progress) }); err != nil {
			return err
		}
		text, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			return err
		}
		out, err := z.Create(manifestFile)
		if err != nil {
			return err
		}
		if _, err := out.Write(append(text, '\n')); err != nil {
			return err
		}
		digest := sha256.Sum256(append(text, '\n'))
		if err := z.SetComment(archiveFormat + " " + hex.EncodeToString(digest[:])); err != nil {
			return err
		}
		return z.Close()
	})
	if err != nil {
		return nil, failed(ctx, err, "the backup cannot be made")
	}
	return m, nil
}

// add adds a table.
func (m *Manifest) add(z *zip.Writer, i int, p *part, rows source, progress func(Step)) error {
	a := Archived{File: fmt.Sprintf("tables/%04d.ndjson", i+1)}
	for _, c := range p.columns {
		scale := c.Scale
		if c.Kind != driver.Decimal {
			scale = 0
		}
		a.Columns = append(a.Columns, ArchivedColumn{c.Name, kindNames[c.Kind], scale, c.doubt})
	}
	out, err := z.Create(a.File)
	if err != nil {
		return err
	}
	digest := sha256.New()
	s := &summed{source: rows, p: pair{to: p}, sum: &sum{}, tell: progress}
	o := DumpOptions{Format: formatNDJSON, sparse: true}
	if _, err := o.rows(io.MultiWriter(out, digest), p, s); err != nil {
		return err
	}
	a.Count, a.SHA256 = s.sum.count(p.table), hex.EncodeToString(digest.Sum(nil))
	m.Tables = append(m.Tables, a)
	return nil
}

// kindOf returns the kind with a name.
func kindOf(name string) (driver.Kind, error) {
	for k, n := range kindNames {
		if n == name {
			return k, nil
		}
	}
	return 0, fault.Errorf(fault.Malformed, "the archive speaks of %q, which this program does not know", name)
}
