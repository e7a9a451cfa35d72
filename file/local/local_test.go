package local_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/file/filetest"
	"github.com/manorgo/manor/file/local"
)

func open(t *testing.T) (*local.Bucket, string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "deep", "files")
	b := local.New(folder)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b, folder
}

func TestBucket(t *testing.T) {
	t.Parallel()
	filetest.Run(t, func(t *testing.T) driver.Bucket {
		b, _ := open(t)
		return b
	})
}

// A link that somebody put into the folder leads nowhere.
func TestSymbolicLinksDoNotLeadOut(t *testing.T) {
	t.Parallel()
	b, folder := open(t)
	if _, err := b.Put(t.Context(), "a", strings.NewReader("x"), driver.PutOptions{Size: 1}); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(folder, "link")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := os.Symlink(filepath.Dir(secret), filepath.Join(folder, "dir")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"link", "dir/secret"} {
		if r, err := b.Open(t.Context(), key, 0, -1); err == nil {
			text, _ := io.ReadAll(r)
			t.Errorf("%s gives %q", key, text)
		}
	}
	if _, err := b.Put(t.Context(), "dir/new", strings.NewReader("x"), driver.PutOptions{Size: 1}); err == nil {
		t.Error("a file was stored outside of the folder")
	}
}

// Nothing but its owner reads what is stored, and New makes nothing.
func TestFolderIsPrivateAndLazy(t *testing.T) {
	t.Parallel()
	b, folder := open(t)
	if err := b.Delete(t.Context(), "none"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the folder is there before anything is in it: %v", err)
	}
	if _, err := b.Put(t.Context(), "a/b", strings.NewReader("x"), driver.PutOptions{Size: 1}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "a", "a/b"} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if perm := info.Mode().Perm(); perm&0o077 != 0 {
			t.Errorf("%q has permissions %v", name, perm)
		}
	}
	left, err := os.ReadDir(filepath.Join(folder, ".unfinished"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func Example() {
	folder, err := os.MkdirTemp("", "files")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	b := local.New(folder)
	defer b.Close()
	o, err := b.Put(context.Background(), "greeting.txt", strings.NewReader("hello"), driver.PutOptions{Size: -1})
	fmt.Println(o.Key, o.Size, err)
	// Output: greeting.txt 5 <nil>
}
