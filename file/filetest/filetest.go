// Package filetest proves that a backend of files keeps the promises of package
// file/driver.
package filetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/manorgo/manor/file/driver"
)

// Run proves a backend. Each call of open returns an empty bucket, which open
// closes when the test ends if it needs to be closed.
func Run(t *testing.T, open func(t *testing.T) driver.Bucket) {
	for name, test := range map[string]func(*testing.T, driver.Bucket){
		"RoundTrip": roundTrip, "Replace": replace, "Ranges": ranges, "Absent": absent, "Keys": keys,
		"List": list, "FailedUpload": failedUpload, "CancelledUpload": cancelledUpload, "WrongSize": wrongSize,
		"Attributes": attributes, "Large": large, "Concurrent": concurrent, "Signed": signed, "Clean": clean,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func put(t *testing.T, b driver.Bucket, key, content string) driver.Object {
	t.Helper()
	o, err := b.Put(t.Context(), key, strings.NewReader(content), driver.PutOptions{Size: int64(len(content))})
	if err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
	return o
}

func read(t *testing.T, b driver.Bucket, key string, offset, length int64) string {
	t.Helper()
	r, err := b.Open(t.Context(), key, offset, length)
	if err != nil {
		t.Fatalf("Open(%q, %d, %d): %v", key, offset, length, err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("reading %q from %d: %v", key, offset, err)
	}
	return string(content)
}

func listed(t *testing.T, b driver.Bucket, prefix string) []string {
	t.Helper()
	out := []string{}
	for o, err := range b.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		out = append(out, o.Key)
	}
	slices.Sort(out)
	return out
}

// nothing wants the key to hold nothing at all.
func nothing(t *testing.T, b driver.Bucket, key string) {
	t.Helper()
	if _, err := b.Stat(t.Context(), key); !errors.Is(err, driver.ErrNotExist) {
		t.Errorf("Stat(%q) = %v, want ErrNotExist", key, err)
	}
	if got := listed(t, b, ""); slices.Contains(got, key) {
		t.Errorf("%q is listed", key)
	}
}

func roundTrip(t *testing.T, b driver.Bucket) {
	for _, size := range []int64{-1, 5} {
		start := time.Now().Add(-2 * time.Second) // clocks of services are coarse
		o, err := b.Put(t.Context(), "ab/hello.txt", strings.NewReader("hello"), driver.PutOptions{Size: size})
		if err != nil || o.Key != "ab/hello.txt" || o.Size != 5 {
			t.Fatalf("Put = %+v, %v", o, err)
		}
		if got := read(t, b, "ab/hello.txt", 0, -1); got != "hello" {
			t.Errorf("read %q", got)
		}
		s, err := b.Stat(t.Context(), "ab/hello.txt")
		if err != nil || s.Size != 5 || s.Key != "ab/hello.txt" || s.Modified.Before(start) || s.Modified.After(time.Now().Add(time.Minute)) {
			t.Errorf("Stat = %+v, %v", s, err)
		}
		if s.ETag != o.ETag {
			t.Errorf("ETag %q after Put, %q in Stat", o.ETag, s.ETag)
		}
	}
	if err := b.Delete(t.Context(), "ab/hello.txt"); err != nil {
		t.Fatal(err)
	}
	nothing(t, b, "ab/hello.txt")
}

func replace(t *testing.T, b driver.Bucket) {
	put(t, b, "a", "the first, longer content")
	put(t, b, "a", "second")
	if got := read(t, b, "a", 0, -1); got != "second" {
		t.Errorf("read %q", got)
	}
}

func ranges(t *testing.T, b driver.Bucket) {
	put(t, b, "digits", "0123456789")
	put(t, b, "empty", "")
	for _, c := range []struct {
		key            string
		offset, length int64
		want           string
	}{
		{"digits", 0, -1, "0123456789"}, {"digits", 3, 4, "3456"}, {"digits", 7, -1, "789"}, {"digits", 9, 1, "9"},
		{"digits", 8, 100, "89"}, {"digits", 10, -1, ""}, {"digits", 11, 5, ""}, {"digits", 5, 0, ""},
		{"empty", 0, -1, ""}, {"empty", 0, 10, ""},
	} {
		if got := read(t, b, c.key, c.offset, c.length); got != c.want {
			t.Errorf("%s from %d, %d bytes: %q, want %q", c.key, c.offset, c.length, got, c.want)
		}
	}
	r, err := b.Open(t.Context(), "digits", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	var one [1]byte // not all has to be read
	if _, err := io.ReadFull(r, one[:]); err != nil || r.Close() != nil {
		t.Error(err)
	}
}

func absent(t *testing.T, b driver.Bucket) {
	for _, length := range []int64{-1, 0, 3} {
		if r, err := b.Open(t.Context(), "none", 0, length); !errors.Is(err, driver.ErrNotExist) {
			t.Errorf("Open = %v, %v", r, err)
		}
	}
	if _, err := b.Stat(t.Context(), "none"); !errors.Is(err, driver.ErrNotExist) {
		t.Errorf("Stat: %v", err)
	}
	put(t, b, "folder/object", "x")
	if _, err := b.Stat(t.Context(), "folder"); !errors.Is(err, driver.ErrNotExist) {
		t.Errorf("Stat of a folder: %v", err)
	}
	if r, err := b.Open(t.Context(), "folder", 0, -1); !errors.Is(err, driver.ErrNotExist) {
		t.Errorf("Open of a folder: %v, %v", r, err)
	}
	for range 2 {
		if err := b.Delete(t.Context(), "none"); err != nil {
			t.Errorf("Delete of nothing: %v", err)
		}
	}
}

// keys that lead elsewhere are refused by every method.
func keys(t *testing.T, b driver.Bucket) {
	for _, key := range []string{"", "../up", "a/../../up", "/etc/passwd", "a//b", "./a", "a\x00b", `..\up`, ".unfinished/x"} {
		_, put := b.Put(t.Context(), key, strings.NewReader("x"), driver.PutOptions{Size: 1})
		_, open := b.Open(t.Context(), key, 0, -1)
		_, stat := b.Stat(t.Context(), key)
		for name, err := range map[string]error{"Put": put, "Open": open, "Stat": stat, "Delete": b.Delete(t.Context(), key)} {
			if !errors.Is(err, driver.ErrKey) {
				t.Errorf("%s(%q) = %v, want ErrKey", name, key, err)
			}
		}
	}
}

func list(t *testing.T, b driver.Bucket) {
	if got := listed(t, b, ""); len(got) != 0 {
		t.Errorf("a new bucket holds %q", got)
	}
	for _, key := range []string{"a/1", "a/2", "ab/3", "b", "b2/x/y"} {
		put(t, b, key, key)
	}
	for prefix, want := range map[string][]string{
		"": {"a/1", "a/2", "ab/3", "b", "b2/x/y"}, "a": {"a/1", "a/2", "ab/3"}, "a/": {"a/1", "a/2"},
		"b": {"b", "b2/x/y"}, "b2/x/": {"b2/x/y"}, "none": {},
	} {
		if got := listed(t, b, prefix); !slices.Equal(got, want) {
			t.Errorf("List(%q) = %q, want %q", prefix, got, want)
		}
	}
	for o, err := range b.List(t.Context(), "ab/") {
		if err != nil || o.Size != 4 || o.Modified.IsZero() {
			t.Errorf("listed %+v, %v", o, err)
		}
	}
	n := 0
	for range b.List(t.Context(), "") {
		n++
		break
	}
	if n != 1 {
		t.Errorf("a list that is left early gave %d", n)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var err error
	for _, err = range b.List(ended, "") {
		if err != nil {
			break
		}
	}
	if err == nil {
		t.Error("a list goes on after its context has ended")
	}
}

// partly is longer than what backends hold in one piece.
const partly = 20 << 20

// failedUpload leaves nothing behind, or what was there before.
func failedUpload(t *testing.T, b driver.Bucket) {
	boom := errors.New("boom")
	for _, good := range []int64{0, 10, partly} {
		src := io.MultiReader(io.LimitReader(zeros{}, good), iotest.ErrReader(boom))
		if _, err := b.Put(t.Context(), "new", src, driver.PutOptions{Size: -1}); !errors.Is(err, boom) {
			t.Errorf("after %d bytes: %v", good, err)
		}
		nothing(t, b, "new")
	}
	put(t, b, "old", "kept")
	if _, err := b.Put(t.Context(), "old", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(boom)), driver.PutOptions{Size: -1}); !errors.Is(err, boom) {
		t.Error(err)
	}
	if got := read(t, b, "old", 0, -1); got != "kept" {
		t.Errorf("a failed upload left %q", got)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// cancelledUpload leaves nothing behind either.
func cancelledUpload(t *testing.T, b driver.Bucket) {
	for _, good := range []int64{0, 10, partly} {
		ctx, cancel := context.WithCancel(t.Context())
		src := io.MultiReader(io.LimitReader(zeros{}, good), &trigger{cancel}, io.LimitReader(zeros{}, partly))
		if _, err := b.Put(ctx, "new", src, driver.PutOptions{Size: -1}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled after %d bytes: %v", good, err)
		}
		nothing(t, b, "new")
	}
}

// A trigger cancels when it is read.
type trigger struct{ cancel func() }

func (tr *trigger) Read([]byte) (int, error) {
	tr.cancel()
	return 0, io.EOF
}

// wrongSize is told, whether there is less or more.
func wrongSize(t *testing.T, b driver.Bucket) {
	for _, size := range []int64{0, 4, 6, partly} {
		if _, err := b.Put(t.Context(), "new", strings.NewReader("hello"), driver.PutOptions{Size: size}); !errors.Is(err, driver.ErrSize) {
			t.Errorf("5 bytes were stored as %d: %v", size, err)
		}
		nothing(t, b, "new")
	}
}

func attributes(t *testing.T, b driver.Bucket) {
	meta := map[string]string{"colour": "red", "nested": `{"a":[1,2]}`}
	_, err := b.Put(t.Context(), "a", strings.NewReader("x"), driver.PutOptions{Size: 1, ContentType: "image/x-thing", Metadata: meta})
	if err != nil {
		t.Fatal(err)
	}
	o, err := b.Stat(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if b.Features().Attributes {
		if o.ContentType != "image/x-thing" || !maps.Equal(o.Metadata, meta) {
			t.Errorf("kept %q and %q", o.ContentType, o.Metadata)
		}
	} else if o.ContentType != "" || len(o.Metadata) > 0 {
		t.Errorf("has %q and %q, and says that it keeps none", o.ContentType, o.Metadata)
	}
}

// large content goes through in parts, whose borders must not show.
func large(t *testing.T, b driver.Bucket) {
	content := make([]byte, 2*partly+12345)
	for i := range content {
		content[i] = byte(i * 31 >> 3)
	}
	for _, size := range []int64{-1, int64(len(content))} {
		o, err := b.Put(t.Context(), "large", bytes.NewReader(content), driver.PutOptions{Size: size})
		if err != nil || o.Size != int64(len(content)) {
			t.Fatalf("Put = %+v, %v", o, err)
		}
		if got := read(t, b, "large", 0, -1); got != string(content) {
			t.Error("the content has changed")
		}
	}
	if got := read(t, b, "large", partly-3, 7); got != string(content[partly-3:partly+4]) {
		t.Error("a range has changed")
	}
}

func concurrent(t *testing.T, b driver.Bucket) {
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			key, content := "k/"+string(rune('a'+i)), strings.Repeat(string(rune('a'+i)), 1000)
			if _, err := b.Put(t.Context(), key, strings.NewReader(content), driver.PutOptions{Size: -1}); err != nil {
				t.Errorf("Put(%q): %v", key, err)
				return
			}
			if r, err := b.Open(t.Context(), key, 0, -1); err != nil {
				t.Error(err)
			} else if got, err := io.ReadAll(r); err != nil || string(got) != content || r.Close() != nil {
				t.Errorf("%q holds %d bytes, %v", key, len(got), err)
			}
		})
	}
	wg.Wait()
	if n := len(listed(t, b, "k/")); n != 20 {
		t.Errorf("%d of 20 are there", n)
	}
}

// clean leaves whole objects and young uploads alone.
func clean(t *testing.T, b driver.Bucket) {
	put(t, b, "a", "x")
	c, ok := b.(driver.Cleaner)
	if !ok {
		return
	}
	if n, err := c.Clean(t.Context(), time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Errorf("Clean = %d, %v", n, err)
	}
	cleaned := -1
	src := io.MultiReader(io.LimitReader(zeros{}, partly), &during{func() {
		n, err := c.Clean(t.Context(), time.Now().Add(-time.Hour))
		if n != 0 || err != nil {
			t.Errorf("Clean during an upload = %d, %v", n, err)
		}
		// As if much later: the upload counts as left over.
		if cleaned, err = c.Clean(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Errorf("Clean: %v", err)
		}
	}}, strings.NewReader("end"))
	if _, err := b.Put(t.Context(), "b", src, driver.PutOptions{Size: -1}); err == nil {
		t.Error("an upload whose beginning was removed succeeded")
	}
	if cleaned != 1 {
		t.Errorf("Clean removed %d uploads, want 1", cleaned)
	}
	nothing(t, b, "b")
	if got := read(t, b, "a", 0, -1); got != "x" {
		t.Errorf("read %q", got)
	}
}

type during struct{ fn func() }

func (d *during) Read([]byte) (int, error) {
	d.fn()
	return 0, io.EOF
}
