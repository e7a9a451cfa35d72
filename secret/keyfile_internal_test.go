package secret

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestNameOnceWithoutLinks names a file on a file system that has no hard links.
func TestNameOnceWithoutLinks(t *testing.T) {
	t.Parallel()
	link := func(file, name string) error {
		return &os.LinkError{Op: "link", Old: file, New: name, Err: errors.ErrUnsupported}
	}
	path := filepath.Join(t.TempDir(), "manor.key")
	if err := nameOnce(link, "unused", path, "first"); err != nil {
		t.Fatal(err)
	}
	if err := nameOnce(link, "unused", path, "second"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != "first" {
		t.Errorf("it holds %q, %v", got, err)
	}
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
}
