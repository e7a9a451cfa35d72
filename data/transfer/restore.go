package transfer

import (
	"archive/zip"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// An Archive is an open backup whose files are those that its manifest tells of.
type Archive struct {
	Manifest
	file  *os.File
	zip   *zip.Reader
	names map[string]*zip.File
}

// OpenArchive opens a backup and reads all of it: one that was cut off, damaged
// or edited is fault.Malformed. Checksums do not keep out who knows how to make
// them: keep a backup where only those may write who may write to the database.
func OpenArchive(file string) (_ *Archive, err error) {
	f, err := os.Open(file)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fault.Errorf(fault.NotFound, "there is no file %s", file)
		}
		return nil, fault.Wrap(fault.Internal, err, "%s cannot be opened", file)
	}
	a := &Archive{file: f, names: map[string]*zip.File{}}
	if err := a.open(); err != nil {
		f.Close()
		if _, ok := errors.AsType[*fault.Error](err); ok {
			return nil, err
		}
		return nil, fault.Wrap(fault.Malformed, err, "%s is not a whole backup: %s", file, err)
	}
	return a, nil
}

// Close closes the file.
func (a *Archive) Close() error { return a.file.Close() }

func (a *Archive) open() error {
	info, err := a.file.Stat()
	if err != nil {
		return err
	}
	if a.zip, err = zip.NewReader(a.file, info.Size()); err != nil {
		return err
	}
	for _, m := range a.zip.File {
		if a.names[m.Name] != nil {
			return fmt.Errorf("%s is in it twice", m.Name)
		}
		a.names[m.Name] = m
	}
	if err := a.readManifest(); err != nil {
		return err
	}
	end := make([]byte, len(a.zip.Comment)) // which a zip may put anything behind
	if _, err := a.file.ReadAt(end, info.Size()-int64(len(end))); err != nil || string(end) != a.zip.Comment {
		return errors.New("something stands behind its end")
	}
	if len(a.names) != len(a.Tables)+1 {
		return errors.New("it holds other files than its manifest tells of")
	}
	for _, t := range a.Tables {
		if err := a.verify(t); err != nil {
			return err
		}
	}
	return nil
}

func (a *Archive) readManifest() error {
	m := a.names[manifestFile]
	if m == nil {
		return errors.New("it has no manifest")
	}
	r, err := m.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	const most = 64 << 20
	text, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return err
	}
	digest := sha256.Sum256(text)
	if a.zip.Comment != archiveFormat+" "+hex.EncodeToString(digest[:]) {
		return errors.New("its manifest was changed")
	}
	if err := json.Unmarshal(text, &a.Manifest); err != nil {
		return err
	}
	if a.Format != archiveFormat || a.Version != archiveVersion {
		return fmt.Errorf("it has the format %s %d, and this program knows %s %d", a.Format, a.Version, archiveFormat, archiveVersion)
	}
	return nil
}

// verify reads a file through.
func (a *Archive) verify(t Archived) error {
	m := a.names[t.File]
	if m == nil {
		return fmt.Errorf("%s is missing", t.File)
	}
	r, err := m.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, r); err != nil {
		return fmt.Errorf("%s (%s): %w", t.File, t.Table, err)
	}
	if hex.EncodeToString(digest.Sum(nil)) != t.SHA256 {
		return fmt.Errorf("%s, with the rows of %s, was changed", t.File, t.Table)
	}
	return nil
}

// Restore stores the rows of the archive, and proves it, as [Copy] does, in a
// database that has the archive's tables and no rows; with opts.Replace the rows
// that it has are removed.
func (a *Archive) Restore(ctx context.Context, db *data.DB, opts CopyOptions) ([]Count, error) {
	all, err := catalogue(ctx, db)
	if err != nil {
		return nil, failed(ctx, err, "the tables cannot be listed")
	}
	hintsOf(opts.Schemas).hint(all)
	c := &copying{to: db, opts: opts, groups: inOrder(all)}
	var archived []Archived
	for _, g := range c.groups {
		for _, t := range g.tables {
			if t.own() {
				continue
			}
			found, p, err := a.pair(t)
			if err != nil {
				return nil, err
			}
			archived, c.tables = append(archived, found), append(c.tables, p)
		}
	}
	if len(archived) != len(a.Tables) {
		return nil, fault.Errorf(fault.Conflict, "the archive has %d tables, and the database %d of them: both need the same revisions", len(a.Tables), len(archived))
	}
	counts, err := c.run(ctx, func(ctx context.Context, fn func(i int, rows source) error) error {
		for i, t := range archived {
			if err := a.read(ctx, t, c.tables[i].from, func(rows source) error { return fn(i, rows) }); err != nil {
				return err
			}
		}
		return nil
	})
	return counts, failed(ctx, err, "the archive cannot be restored")
}

// pair finds a table in the archive.
func (a *Archive) pair(t *table) (Archived, pair, error) {
	for _, found := range a.Tables {
		if found.Table != t.name {
			continue
		}
		from := &part{table: t.name}
		for _, c := range found.Columns {
			kind, err := kindOf(c.Kind)
			if err != nil {
				return found, pair{}, err
			}
			from.columns = append(from.columns, column{Column: driver.Column{Name: c.Name, Kind: kind, Scale: c.Scale, Null: true}, doubt: c.Guess})
		}
		to := &part{table: t.name, key: t.key}
		var err error
		to.columns, err = align(t, from.columns)
		return found, pair{from: from, to: to, table: t, total: found.Rows}, err
	}
	return Archived{}, pair{}, fault.Errorf(fault.Conflict, "the table %s is not in the archive: both need the same revisions", t.name)
}

// read reads a table and compares it with what the manifest says.
func (a *Archive) read(ctx context.Context, t Archived, p *part, fn func(source) error) error {
	r, err := a.names[t.File].Open()
	if err != nil {
		return err
	}
	defer r.Close()
	f := &Fixture{file: t.File, name: t.Table, format: formatNDJSON, line: 1, packed: true, r: bufio.NewReaderSize(r, 64<<10)}
	next, stop := iter.Pull2(f.Records())
	defer stop()
	s := &records{ctx: ctx, p: p, file: t.File, pull: next, row: make([]cell, len(p.columns))}
	if err := fn(s); err != nil {
		return err
	}
	if s.sum.rows != t.Rows || s.sum.String() != t.Checksum {
		return fault.Errorf(fault.Malformed, "the rows of %s are not those that the manifest tells of", t.Table)
	}
	return nil
}

// records is a source of rows that a fixture holds.
type records struct {
	ctx  context.Context
	p    *part
	file string
	pull func() (Record, error, bool)
	row  []cell
	sum  sum
}

func (s *records) next() ([]cell, bool, error) {
	r, err, ok := s.pull()
	if err == nil {
		err = s.ctx.Err()
	}
	if err != nil || !ok {
		return nil, false, err
	}
	rest := r.Fields
	for i := range s.row {
		c, v := &s.p.columns[i], &s.row[i]
		v.b, v.null = v.b[:0], true
		if len(rest) == 0 || rest[0].Name != c.Name {
			continue
		}
		v.null = false
		if v.b, err = c.parseJSON(v.b, rest[0].JSON); err != nil {
			return nil, false, fault.Errorf(fault.Malformed, "%s:%d: %s: %s", s.file, r.Line, c.Name, err)
		}
		rest = rest[1:]
	}
	if len(rest) > 0 {
		return nil, false, fault.Errorf(fault.Malformed, "%s:%d: %s is no column, or stands in another's place", s.file, r.Line, rest[0].Name)
	}
	s.sum.add(s.p.columns, s.row)
	return s.row, true, nil
}
