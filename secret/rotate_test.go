package secret_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func ExampleRotateKeyFile() {
	dir, _ := os.MkdirTemp("", "manor")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "manor.key")
	was, err := secret.CreateKeyFile(path)
	if err != nil {
		return
	}
	now, err := secret.RotateKeyFile(path)
	fmt.Println(len(now.KeyIDs()), now.KeyIDs()[1] == was.KeyIDs()[0], err)
	// Output: 2 true <nil>
}

func keyIDs(t *testing.T, path string) (out []string) {
	t.Helper()
	k, err := secret.OpenKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range k.KeyIDs() {
		out = append(out, id.String())
	}
	return out
}

// TestChangedKeyFile follows a key from its staging to its end.
func TestChangedKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "manor.key")
	was, err := secret.CreateKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	signed := was.Sign("test/v1", []byte("x"))
	first := was.Fingerprint()
	if _, err := secret.StageKeyFile(path); err != nil {
		t.Fatal(err)
	}
	ids := keyIDs(t, path)
	if len(ids) != 2 || ids[0] != first {
		t.Fatalf("after staging the keys are %v, want %s first of two", ids, first)
	}
	second := ids[1]
	now, err := secret.PromoteKeyFile(path, second)
	if err != nil {
		t.Fatal(err)
	}
	if now.Fingerprint() != second {
		t.Errorf("the current key is %s, want %s", now.Fingerprint(), second)
	}
	if _, err := now.Open("test/v1", signed); err != nil {
		t.Errorf("what was signed before does not open: %v", err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := secret.RetireKeyFile(path, second); fault.KindOf(err) != fault.Conflict {
		t.Errorf("retiring the current key: %v, want a conflict", err)
	}
	for what, change := range map[string]func(string, string) (*secret.Keyring, error){"promote": secret.PromoteKeyFile, "retire": secret.RetireKeyFile} {
		if _, err := change(path, "00000000"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s of a key that is not there: %v, want not found", what, err)
		}
	}
	if now, err = secret.RetireKeyFile(path, first); err != nil || len(now.KeyIDs()) != 1 {
		t.Fatalf("%v, %v", now, err)
	}
	if _, err := now.Open("test/v1", signed); err == nil {
		t.Error("what was signed under the retired key opens")
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

// Of changes at the same time each is kept, or says that it was not made.
func TestChangesAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "manor.key")
	if _, err := secret.CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	made := map[string]bool{}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				k, err := secret.RotateKeyFile(path)
				if err == nil {
					mu.Lock()
					for _, id := range k.KeyIDs() {
						made[id.String()] = true
					}
					mu.Unlock()
					return
				}
				if fault.KindOf(err) != fault.Conflict {
					t.Error(err)
					return
				}
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	if ids := keyIDs(t, path); len(ids) != 17 || len(made) != 17 {
		t.Errorf("the file has %d keys of %d that were made, want 17", len(ids), len(made))
	}
}

func TestKeyFilesThatCannotBeChanged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "manor.key")
	if _, err := secret.RotateKeyFile(path); fault.KindOf(err) != fault.NotFound {
		t.Errorf("without a file: %v, want not found", err)
	}
	if _, err := secret.CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = secret.RotateKeyFile(path)
	if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), path+".new") {
		t.Errorf("during another change: %v, want a conflict that names the other file", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file has changed: %v", err)
	}
	if err := os.Remove(path + ".new"); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	// A link stays one, and what it leads to changes.
	link := filepath.Join(dir, "link.key")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.RotateKeyFile(link); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info, err)
	}
	if n := len(keyIDs(t, path)); n != 2 {
		t.Errorf("the file behind the link has %d keys, want 2", n)
	}
}
