package transfer

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// DumpOptions say what is dumped and how. The zero value dumps all tables as
// JSON.
type DumpOptions struct {
	Schemas  []data.Schema // what the tables hold
	Tables   []string      // nil means all but those that the program keeps for itself
	Format   string        // json, ndjson or csv; "" means json
	Compress string        // gz, zip, or "" for none
	Progress func(Step)    // told how far the work is, unless nil

	sparse bool
}

// Dumped says what was written.
type Dumped struct {
	Table string `json:"table"`
	File  string `json:"file"`
	Rows  int64  `json:"rows"`
}

// Dump writes a file for each table into the folder dir, made if need be, all as
// they are at one moment, in the order of their primary keys. It reads on while
// it writes, so memory does not grow with the tables, and keeps no writer
// waiting. [OpenFixture] and [Load] read the files.
//
// Each file appears whole, in the place of an older one, readable by its owner
// only: it holds whatever the table holds. In JSON, a column that may be NULL and
// holds the null of JSON looks like one that is NULL. An unknown table, format or
// compression is fault.Invalid, and nothing is written.
func Dump(ctx context.Context, db *data.DB, dir string, opts DumpOptions) ([]Dumped, error) {
	if opts.Format == "" {
		opts.Format = formatJSON
	}
	if !slices.Contains([]string{formatJSON, formatNDJSON, formatCSV}, opts.Format) || !slices.Contains([]string{"", "gz", "zip"}, opts.Compress) {
		return nil, fault.Errorf(fault.Invalid, "tables are dumped as json, ndjson or csv, and packed as gz or zip")
	}
	all, err := catalogue(ctx, db)
	if err != nil {
		return nil, failed(ctx, err, "the tables cannot be listed")
	}
	hintsOf(opts.Schemas).hint(all)
	var parts []*part
	for _, g := range inOrder(all) {
		for _, t := range g.tables {
			if opts.Tables == nil && !t.own() || slices.Contains(opts.Tables, t.name) {
				parts = append(parts, t.part())
			}
		}
	}
	for _, name := range opts.Tables {
		if find(all, name) == nil {
			return nil, fault.Errorf(fault.Invalid, "there is no table %s", name)
		}
	}
	for _, p := range parts {
		if strings.ContainsAny(p.table, `/\`) || strings.HasPrefix(p.table, ".") {
			return nil, fault.Errorf(fault.Invalid, "the table %s has a name that a file cannot have", p.table)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the folder %s cannot be made", dir)
	}
	out := []Dumped{}
	err = snapshot(ctx, db, parts, func(i int, rows source) error {
		p := parts[i]
		d := Dumped{Table: p.table, File: filepath.Join(dir, p.table+"."+opts.Format)}
		if opts.Compress != "" {
			d.File += "." + opts.Compress
		}
		err := atomically(d.File, true, func(w io.Writer) (err error) {
			d.Rows, err = opts.write(w, p, rows)
			return err
		})
		if err == nil {
			out = append(out, d)
		}
		return err
	})
	return out, failed(ctx, err, "the tables cannot be dumped")
}

// write writes one table, packed.
func (o DumpOptions) write(w io.Writer, p *part, rows source) (n int64, err error) {
	switch o.Compress {
	case "gz":
		z := gzip.NewWriter(w)
		if n, err = o.rows(z, p, rows); err != nil {
			return n, err
		}
		return n, z.Close()
	case "zip":
		z := zip.NewWriter(w)
		m, err := z.Create(p.table + "." + o.Format)
		if err != nil {
			return 0, err
		}
		if n, err = o.rows(m, p, rows); err != nil {
			return n, err
		}
		return n, z.Close()
	}
	return o.rows(w, p, rows)
}

func (o DumpOptions) rows(w io.Writer, p *part, rows source) (n int64, err error) {
	b := bufio.NewWriterSize(w, 64<<10)
	var line []byte
	if o.Format == formatCSV {
		line = p.csvHead(line)
	}
	for {
		row, ok, err := rows.next()
		if err != nil {
			return n, err
		}
		if !ok {
			break
		}
		switch {
		case o.Format == formatCSV:
			line = p.csv(line, row)
		case o.Format == formatNDJSON:
			line = append(p.object(line, row, o.sparse), '\n')
		case n == 0:
			line = p.object(append(line, "[\n"...), row, false)
		default:
			line = p.object(append(line, ",\n"...), row, false)
		}
		if _, err := b.Write(line); err != nil {
			return n, err
		}
		line = line[:0]
		n++
		tell(o.Progress, p.table, n, -1)
	}
	switch {
	case o.Format == formatJSON && n == 0:
		line = append(line, "[]\n"...)
	case o.Format == formatJSON:
		line = append(line, "\n]\n"...)
	}
	if _, err := b.Write(line); err != nil { // the head, if there was no row
		return n, err
	}
	if o.Progress != nil {
		o.Progress(Step{Table: p.table, Rows: n, Share: 1})
	}
	return n, b.Flush()
}

// object appends a row as a JSON object. A sparse one has no NULLs: then null is
// that of JSON.
func (p *part) object(dst []byte, row []cell, sparse bool) []byte {
	dst = append(dst, '{')
	first := true
	for i := range row {
		if sparse && row[i].null {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendString(dst, p.columns[i].Name), ':')
		dst = p.columns[i].appendJSON(dst, row[i])
	}
	return append(dst, '}')
}

func (p *part) csvHead(dst []byte) []byte {
	for i, c := range p.columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendCSV(dst, c.Name)
	}
	return append(dst, '\n')
}

// csv appends a row of CSV, in which NULL is nothing and an empty text is "".
func (p *part) csv(dst []byte, row []cell) []byte {
	for i := range row {
		if i > 0 {
			dst = append(dst, ',')
		}
		if !row[i].null {
			dst = appendCSV(dst, p.columns[i].text(row[i]))
		}
	}
	return append(dst, '\n')
}

func appendCSV(dst []byte, s string) []byte {
	if s != "" && !strings.ContainsAny(s, ",\"\r\n") && strings.TrimSpace(s) == s {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(s, `"`, `""`)...)
	return append(dst, '"')
}

// atomically writes a file that appears whole or not at all, readable by its
// owner only. What a killed process leaves ends in .partial.
func atomically(file string, replace bool, write func(io.Writer) error) (err error) {
	if _, err := os.Lstat(file); err == nil && !replace {
		return fault.Errorf(fault.Conflict, "%s exists already", file)
	}
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*.partial") // mode 0600
	if err != nil {
		return fault.Wrap(fault.Internal, err, "%s cannot be written", file)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // perhaps it is closed
			err = also(err, os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	err = f.Sync()
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return fault.Wrap(fault.Internal, err, "%s cannot be written", file)
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return nil // it is there, if perhaps not after the machine fails
	}
	_ = dir.Sync() // some systems cannot
	return dir.Close()
}
