package local

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/file/driver"
)

// synced returns a bucket that writes down what it makes durable, by paths below
// its folder's grandparent.
func synced(t *testing.T, folder string) (*Bucket, *[]string) {
	t.Helper()
	b, said := New(folder), []string{}
	b.fsync = func(f *os.File) error {
		name, err := filepath.Rel(filepath.Dir(filepath.Dir(folder)), f.Name())
		if err != nil {
			t.Error(err)
		}
		if strings.Contains(name, unfinished) {
			name = "the bytes"
		}
		said = append(said, name)
		return f.Sync()
	}
	t.Cleanup(func() { b.Close() })
	return b, &said
}

// A file is there after a power failure only if the names of all folders that it
// is in are, too: also of those that somebody else has made.
func TestNamesAreDurable(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "deep", "files")
	b, said := synced(t, folder)
	put := func(b *Bucket, key string) {
		t.Helper()
		if _, err := b.Put(t.Context(), key, strings.NewReader("x"), driver.PutOptions{Size: 1}); err != nil {
			t.Fatal(err)
		}
	}
	wants := func(said *[]string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, *said); diff != "" {
			t.Error(diff)
		}
		*said = nil
	}
	put(b, "ab/x")
	wants(said, "deep", ".", "the bytes", "deep/files", "deep/files/ab")
	put(b, "ab/y")
	wants(said, "the bytes", "deep/files/ab")
	put(b, "z")
	wants(said, "the bytes", "deep/files")

	// Another process has made these, and perhaps no more.
	if err := os.Mkdir(filepath.Join(folder, "cd"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(b, "cd/x")
	wants(said, "the bytes", "deep/files", "deep/files/cd")
	other, said := synced(t, folder)
	if _, err := other.Stat(t.Context(), "ab/x"); err != nil { // opens the folder
		t.Fatal(err)
	}
	put(other, "ab/z")
	wants(said, "deep", "the bytes", "deep/files", "deep/files/ab")

	// A folder that went is made again.
	if err := os.RemoveAll(filepath.Join(folder, "cd")); err != nil {
		t.Fatal(err)
	}
	put(b, "cd/x")
}

// What cannot be made durable is not there.
func TestWithoutDurableNamesNothingIsThere(t *testing.T) {
	t.Parallel()
	b, _ := synced(t, filepath.Join(t.TempDir(), "deep", "files"))
	full := errors.New("the disk is full")
	for fails := range 4 {
		n := 0
		b.fsync = func(*os.File) error {
			if n++; n > fails {
				return full
			}
			return nil
		}
		if _, err := b.Put(t.Context(), "ab/x", strings.NewReader("x"), driver.PutOptions{Size: 1}); !errors.Is(err, full) {
			t.Errorf("after %d: %v", fails, err)
		}
		if _, err := b.Stat(t.Context(), "ab/x"); !errors.Is(err, driver.ErrNotExist) {
			t.Errorf("after %d it is there: %v", fails, err)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
