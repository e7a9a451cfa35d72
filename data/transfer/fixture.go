package transfer

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"

	"github.com/manorgo/manor/fault"
)

// The formats of a fixture.
const (
	formatJSON   = "json"   // a list of objects, or one
	formatNDJSON = "ndjson" // an object a line
	formatCSV    = "csv"    // the first line names the columns
)

// The limits of what is read, which keep a small file from filling the memory or
// the disk.
const (
	maxRow      = 64 << 20 // bytes of one row
	maxUnpacked = 16 << 30 // bytes of a packed file
)

// A Fixture is a file of rows, being read: JSON, NDJSON or CSV, alone, or packed
// by gzip or in a zip archive. A byte order mark at its beginning is left out.
type Fixture struct {
	file   string
	name   string
	format string
	r      *bufio.Reader
	close  []func() error
	line   int // that is being read
	state  brackets
	packed bool
	size   int64        // of the file, 0 if it is not known
	raw    *countReader // what was read of the file
}

// A Record is one row of a fixture.
type Record struct {
	Line   int // where it begins, from 1
	Fields []Field
}

// A Field is one value of a row. Of JSON, JSON holds it; of CSV, Text does.
type Field struct {
	Name   string
	JSON   json.RawMessage // nil in CSV
	Text   string
	Quoted bool // in CSV: an empty text without quotes stands for NULL
}

// variants returns the files that may hold the fixture called name, the first
// choice first.
func variants(name string) []string {
	upper := strings.ToUpper(name)
	out := []string{
		name + ".json", upper + ".json.gz", name + ".json.gz", upper + ".json.zip", name + ".json.zip",
		name + ".csv", upper + ".csv", upper + ".csv.gz", name + ".csv.gz", upper + ".csv.zip", name + ".csv.zip",
	}
	for _, end := range []string{".ndjson", ".ndjson.gz", ".ndjson.zip"} {
		out = append(out, name+end, upper+end)
	}
	return out
}

// OpenFixture opens the rows of name, such as "users": the first that exists of
// name.json, NAME.json.gz, name.json.gz, NAME.json.zip, name.json.zip, name.csv,
// NAME.csv, NAME.csv.gz, name.csv.gz, NAME.csv.zip, name.csv.zip, and the same
// with ndjson. It is fault.NotFound, with the names that were tried, if none
// does.
func OpenFixture(fsys fs.FS, name string) (*Fixture, error) {
	files := variants(name)
	for _, file := range files {
		f, err := OpenFile(fsys, file)
		if !errors.Is(err, fault.NotFound) {
			return f, err
		}
	}
	return nil, fault.Errorf(fault.NotFound, "there is no fixture %s: none of %s", name, strings.Join(files, ", "))
}

// splitName returns the base name, the format and the packing of a file.
func splitName(file string) (name, format, packing string) {
	name = path.Base(file)
	lower := strings.ToLower(name)
	for _, p := range []string{".gz", ".zip"} {
		if strings.HasSuffix(lower, p) {
			packing, name = p[1:], name[:len(name)-len(p)]
			lower = lower[:len(name)]
		}
	}
	for _, f := range []string{formatNDJSON, formatJSON, formatCSV} {
		if strings.HasSuffix(lower, "."+f) {
			return name[:len(name)-len(f)-1], f, packing
		}
	}
	return name, "", packing
}

// OpenFile opens one file, whose name says its format: NAME.json, NAME.ndjson or
// NAME.csv, with .gz or .zip after it. A zip archive holds a file of that name
// and format, or any of that format. A file that is not there is fault.NotFound,
// one that is corrupt fault.Malformed.
func OpenFile(fsys fs.FS, file string) (_ *Fixture, err error) {
	f := &Fixture{file: file, line: 1}
	var packing string
	if f.name, f.format, packing = splitName(file); f.format == "" {
		return nil, fault.Errorf(fault.Invalid, "%s: rows are in files called NAME.json, .ndjson or .csv, with .gz or .zip after it", file)
	}
	opened, err := fsys.Open(file)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fault.Errorf(fault.NotFound, "%s does not exist", file)
		}
		return nil, fault.Wrap(fault.Internal, err, "%s cannot be opened", file)
	}
	f.close = append(f.close, opened.Close)
	defer func() {
		if err != nil {
			err = also(f.corrupt(err), f.Close())
		}
	}()
	info, err := opened.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fault.Errorf(fault.Invalid, "%s is a folder", file)
	}
	f.size, f.packed = info.Size(), packing != ""
	f.raw = &countReader{r: opened}
	var r io.Reader = f.raw
	switch packing {
	case "gz":
		if r, err = gzip.NewReader(bufio.NewReader(f.raw)); err != nil {
			return nil, err
		}
	case "zip":
		if r, err = f.unzip(opened); err != nil {
			return nil, err
		}
	}
	if f.packed {
		r = &limited{r: r, left: maxUnpacked}
	}
	f.r = bufio.NewReaderSize(r, 64<<10)
	mark, err := f.r.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, err = f.r.Discard(3)
		return f, err
	}
	return f, nil
}

// unzip opens the member of a zip archive that holds the rows.
func (f *Fixture) unzip(opened fs.File) (io.Reader, error) {
	at, ok := opened.(io.ReaderAt)
	if !ok {
		const most = 256 << 20
		b, err := io.ReadAll(io.LimitReader(f.raw, most+1))
		if err != nil {
			return nil, err
		}
		if len(b) > most {
			return nil, fault.Errorf(fault.Invalid, "%s: too large for a file system that only reads on", f.file)
		}
		at = bytes.NewReader(b)
	}
	z, err := zip.NewReader(at, f.size)
	if err != nil {
		return nil, err
	}
	var found *zip.File
	for _, m := range z.File {
		name, format, _ := splitName(m.Name)
		if m.FileInfo().IsDir() || format != f.format {
			continue
		}
		if strings.EqualFold(name, f.name) && path.Base(m.Name) == m.Name {
			found = m
			break
		}
		if found == nil {
			found = m
		}
	}
	if found == nil {
		return nil, fault.Errorf(fault.Malformed, "%s: there is no .%s file in the archive", f.file, f.format)
	}
	r, err := found.Open()
	if err != nil {
		return nil, err
	}
	f.size = int64(found.UncompressedSize64)
	f.raw = &countReader{r: r}
	f.close = append([]func() error{r.Close}, f.close...)
	return f.raw, nil
}

// corrupt returns err as one that names the file.
func (f *Fixture) corrupt(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok || err == nil {
		return err
	}
	if f.packed {
		return fault.Wrap(fault.Malformed, err, "%s: the archive is corrupt", f.file)
	}
	return fault.Wrap(fault.Internal, err, "%s cannot be read", f.file)
}

// Name returns what the file is called without its endings.
func (f *Fixture) Name() string { return f.name }

// File returns the file's name.
func (f *Fixture) File() string { return f.file }

// Close closes the file.
func (f *Fixture) Close() error {
	var errs []error
	for _, fn := range f.close {
		errs = append(errs, fn())
	}
	f.close = nil
	return errors.Join(errs...)
}

// Records yields the rows, once. It stops at the first error, which is
// fault.Malformed with the file and the line.
func (f *Fixture) Records() iter.Seq2[Record, error] {
	next := f.object
	if f.format == formatCSV {
		next = f.csvRecords()
	}
	return func(yield func(Record, error) bool) {
		for {
			r, err := next()
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(Record{}, f.located(err))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// located returns err with the place where it was found.
func (f *Fixture) located(err error) error {
	if e, ok := errors.AsType[*syntax](err); ok {
		return fault.Errorf(fault.Malformed, "%s:%d: %s", f.file, e.line, e.why)
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	kind, what := fault.Internal, "the file cannot be read"
	if f.packed {
		kind, what = fault.Malformed, "the archive is corrupt"
	}
	return fault.Wrap(kind, err, "%s:%d: %s", f.file, f.line, what)
}

// syntax is what is wrong with a line.
type syntax struct {
	line int
	why  string
}

// Error returns what is wrong.
func (e *syntax) Error() string { return e.why }

func (f *Fixture) wrong(line int, format string, args ...any) error {
	return &syntax{line, fmt.Sprintf(format, args...)}
}

// ReadFixture returns all rows of OpenFixture: numbers as json.Number, and
// everything as a string in CSV. It is for tests, whose fixtures are small.
func ReadFixture(fsys fs.FS, name string) ([]map[string]any, error) {
	f, err := OpenFixture(fsys, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := []map[string]any{}
	for r, err := range f.Records() {
		if err != nil {
			return nil, err
		}
		row := map[string]any{}
		for _, field := range r.Fields {
			if field.JSON == nil {
				row[field.Name] = field.Text
				continue
			}
			d := json.NewDecoder(bytes.NewReader(field.JSON))
			d.UseNumber()
			var v any
			if err := d.Decode(&v); err != nil {
				return nil, f.located(f.wrong(r.Line, "%s: %s", field.Name, err))
			}
			row[field.Name] = v
		}
		out = append(out, row)
	}
	return out, nil
}

// A countReader counts what is read.
type countReader struct {
	r io.Reader
	n int64
}

// Read reads on.
func (c *countReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// limited ends a file that unpacks to more than anybody meant.
type limited struct {
	r    io.Reader
	left int64
}

// Read reads on, up to the limit.
func (l *limited) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if l.left -= int64(n); l.left < 0 {
		return 0, fault.Errorf(fault.Invalid, "the archive unpacks to more than %d GiB: unpack it yourself if it should", int64(maxUnpacked)>>30)
	}
	return n, err
}

// IsFixture reports whether a file's name is that of a fixture.
func IsFixture(file string) bool {
	_, format, _ := splitName(file)
	return format != "" && !strings.HasPrefix(path.Base(file), ".")
}
