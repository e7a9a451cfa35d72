package file_test

import (
	"bytes"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file"
	"github.com/manorgo/manor/file/local"
	"github.com/manorgo/manor/manortest"
)

const png = "\x89PNG\x0d\x0a\x1a\x0a rest"

// A counted reader knows how much was read.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestLimits(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for _, c := range []struct {
			what    string
			content string
			put     file.Put
			want    string // of the error
		}{
			{"a type that is taken", png, file.Put{Limits: file.Limits{Types: []string{"image/png"}}}, ""},
			{"a family of types", png, file.Put{Limits: file.Limits{Types: []string{"application/pdf", "image/*"}}}, ""},
			{"a type with parameters", "text", file.Put{Limits: file.Limits{Types: []string{"text/plain"}}}, ""},
			{"HTML that calls itself an image", "<html><script>", file.Put{Filename: "a.png", Limits: file.Limits{Types: []string{"image/*"}}}, "file: is text/html; taken are image/*"},
			{"another type", png, file.Put{Field: "cv", Limits: file.Limits{Types: []string{"application/pdf"}}}, "cv: is image/png; taken are application/pdf"},
			{"as large as it may be", "12345", file.Put{Limits: file.Limits{MaxSize: 5}}, ""},
			{"a byte more", "123456", file.Put{Limits: file.Limits{MaxSize: 5}}, "file: is larger than 5 bytes"},
			{"announced as too large", "1", file.Put{Size: 3 << 20}, "file: is larger than 1 MiB"},
			{"as large as the keeper says", strings.Repeat("x", 1<<20+1), file.Put{}, "file: is larger than 1 MiB"},
			{"more than the keeper says", strings.Repeat("x", 1<<20+1), file.Put{Limits: file.Limits{MaxSize: -1}}, ""},
			{"nothing", "", file.Put{}, ""},
			{"metadata that is too large", "x", file.Put{Metadata: map[string]any{"a": strings.Repeat("x", 3000)}}, "the metadata is larger than 2048 bytes"},
			{"metadata by another name", "x", file.Put{Metadata: map[string]any{"a b": "c"}}, `"a b" is no name for metadata: use a-z, 0-9, - and _`},
		} {
			err := b.papers.Save(t.Context(), strings.NewReader(c.content), c.put, func(f file.File) error { return nil })
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%s: %v", c.what, err)
			case c.want != "" && (fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), c.want)):
				t.Errorf("%s: %v, want %s", c.what, err, c.want)
			}
		}
	})
}

// What is too large is not read to its end, and leaves nothing.
func TestTooLargeStopsEarly(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		src := &counted{Reader: zeros{}}
		err := b.papers.Save(t.Context(), src, file.Put{}, func(file.File) error { return nil })
		if fault.KindOf(err) != fault.Invalid || src.n > 2<<20 {
			t.Errorf("%v after %d bytes", err, src.n)
		}
		src = &counted{Reader: io.MultiReader(strings.NewReader(png), zeros{})}
		err = b.papers.Save(t.Context(), src, file.Put{Limits: file.Limits{Types: []string{"text/*"}}}, func(file.File) error { return nil })
		if fault.KindOf(err) != fault.Invalid || src.n > 512 {
			t.Errorf("%v after %d bytes of a wrong type", err, src.n)
		}
		b.holds()
	})
}

// Names of clients are shown and never paths.
func TestFilenames(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for in, want := range map[string]string{
			"": "file", "../../etc/passwd": "passwd", `..\..\boot.ini`: "boot.ini", "/etc/passwd": "passwd", "..": "file", ".": "file",
			"a/../../b.txt": "b.txt", ".htaccess": "htaccess", "a\x00b\r\nSet-Cookie: x.txt": "abSet-Cookie_ x.txt", "x\u202egnp.exe": "xgnp.exe",
			"Bericht für Ana.pdf": "Bericht für Ana.pdf", "a\xffb": "ab", `a"b<c>.txt`: "a_b_c_.txt", "  .  ": "file",
			strings.Repeat("ä", 300) + ".jpeg": strings.Repeat("ä", 97) + ".jpeg", "C:evil.txt": "C_evil.txt",
		} {
			err := b.papers.Save(t.Context(), strings.NewReader("x"), file.Put{Filename: in}, func(f file.File) error {
				if f.Filename != want || strings.Contains(f.Key, "evil") || len(f.Key) != 35 {
					t.Errorf("%q became %q at %q, want %q", in, f.Filename, f.Key, want)
				}
				return nil
			})
			b.check(err)
		}
	})
}

func TestSniff(t *testing.T) {
	t.Parallel()
	const zip = "PK\x03\x04 more"
	for _, c := range []struct{ head, name, want string }{
		{png, "a.html", "image/png"}, {"%PDF-1.7", "a.txt", "application/pdf"}, {"plain", "a.html", "text/plain; charset=utf-8"},
		{"plain", "a.svg", "text/plain; charset=utf-8"}, {"plain", "a.js", "text/plain; charset=utf-8"},
		{"<!DOCTYPE html><p>", "a.txt", "text/html; charset=utf-8"}, {`<svg xmlns="x"><script>`, "a.txt", "image/svg+xml"},
		{`<?xml version="1.0"?><svg>`, "a.png", "image/svg+xml"}, {"a,b\n1,2", "a.CSV", "text/csv; charset=utf-8"}, {`{"a":1}`, "a.json", "application/json"},
		{zip, "a.zip", "application/zip"}, {zip, "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{zip, "a.jpg", "application/zip"}, {"\x00\x00\x00\x18ftypavif", "", "image/avif"}, {"\x00\x00\x00\x18ftypheic", "", "image/heic"},
		{"\x00\x01\x02", "a.exe", "application/octet-stream"}, {"", "a.txt", "text/plain; charset=utf-8"}, {"fLaC\x00", "x", "audio/flac"},
	} {
		if got := file.Sniff([]byte(c.head), c.name); got != c.want {
			t.Errorf("Sniff(%q, %q) = %q, want %q", c.head, c.name, got, c.want)
		}
	}
}

// A program may know better than the bytes.
func TestContentTypeOverride(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		err := b.papers.Save(t.Context(), strings.NewReader("x"), file.Put{ContentType: "application/x-own"}, func(f file.File) error {
			if f.ContentType != "application/x-own" {
				t.Errorf("became %s", f.ContentType)
			}
			return nil
		})
		b.check(err)
	})
}

// Storing and reading take as much memory as their buffers, whatever the size.
func TestConstantMemory(t *testing.T) {
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		const size = 96 << 20
		b := newBench(t, open(), new(manortest.Clock), local.New(filepath.Join(t.TempDir(), "files")))
		var before, stored, read runtime.MemStats
		runtime.ReadMemStats(&before)
		err := b.papers.Save(t.Context(), io.LimitReader(zeros{}, size), file.Put{Limits: file.Limits{MaxSize: -1}}, func(f file.File) error {
			runtime.ReadMemStats(&stored)
			r, err := b.store.Open(t.Context(), f)
			b.check(err)
			defer r.Close()
			n, err := io.Copy(io.Discard, r)
			if n != size || f.Size != size || r.Size() != size {
				t.Errorf("read %d of %d, %v", n, f.Size, err)
			}
			runtime.ReadMemStats(&read)
			return err
		})
		b.check(err)
		// Of all tests that run at this moment, which is why the bound is generous.
		if put, get := stored.TotalAlloc-before.TotalAlloc, read.TotalAlloc-stored.TotalAlloc; put > size/2 || get > size/2 {
			t.Errorf("storing %d bytes took %d bytes of memory, reading them %d", size, put, get)
		}
	})
}

// A Content is read from anywhere.
func TestContentSeeks(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add("a", "0123456789")
		c, err := b.store.Open(t.Context(), p.Text)
		b.check(err)
		defer c.Close()
		var got bytes.Buffer
		for _, s := range []struct {
			offset int64
			whence int
		}{{7, io.SeekStart}, {-2, io.SeekEnd}, {-8, io.SeekCurrent}} {
			_, err := c.Seek(s.offset, s.whence)
			b.check(err)
			_, err = io.CopyN(&got, c, 2)
			b.check(err)
		}
		if got.String() != "788923"[:6] {
			t.Errorf("read %q", got.String())
		}
		if _, err := c.Seek(-1, io.SeekStart); err == nil {
			t.Error("it seeks before the beginning")
		}
		b.check(b.bucket.Delete(t.Context(), p.Text.Key))
		if _, err := b.store.Open(t.Context(), p.Text); fault.KindOf(err) != fault.NotFound {
			t.Errorf("missing bytes: %v", err)
		}
	})
}
