//go:build unix

package secret_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func TestKeyFilePermissions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "manor.key")
	if _, err := secret.CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.key")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for perm := range os.FileMode(0o1000) {
		if perm&0o400 == 0 {
			continue // not to be read by its owner either
		}
		if err := os.Chmod(path, perm); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{path, link} {
			_, err := secret.OpenKeyFile(p)
			if perm&0o077 == 0 {
				if err != nil {
					t.Errorf("%04o: %v", perm, err)
				}
				continue
			}
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), fmt.Sprintf("%04o", perm)) || !strings.Contains(err.Error(), "0600") {
				t.Errorf("%04o: %v", perm, err)
			}
		}
	}
}

// Opening a named pipe would wait for ever.
func TestKeyFileIsAPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "manor.key")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err) // not every file system has pipes
	}
	_, err := secret.OpenKeyFile(path)
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "regular file") {
		t.Errorf("%v", err)
	}
}
