package secret_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func ExampleOpenKeyFile() {
	dir, _ := os.MkdirTemp("", "manor")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "manor.key")

	_, err := secret.OpenKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) { // the very first start: there is nothing yet that needs an older key
		_, err = secret.CreateKeyFile(path)
	}
	fmt.Println(err)
	keys, err := secret.OpenKeyFile(path)
	fmt.Println(keys, len(keys.Fingerprint()), err)
	// Output:
	// <nil>
	// [redacted] 8 <nil>
}

func TestCreateKeyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "manor.key")
	made, err := secret.CreateKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || (runtime.GOOS != "windows" && info.Mode() != 0o600) {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	b, err := os.ReadFile(path)
	if err != nil || !regexp.MustCompile(`^manor-key-1:[A-Za-z0-9+/]{43}=\n$`).Match(b) {
		t.Errorf("the file holds %q, %v", b, err)
	}
	opened, err := secret.OpenKeyFile(path)
	if err != nil || opened.Fingerprint() != made.Fingerprint() {
		t.Errorf("another key was read: %v", err)
	}
	other, err := secret.CreateKeyFile(filepath.Join(dir, "other.key"))
	if err != nil || other.Fingerprint() == made.Fingerprint() {
		t.Errorf("the same key was made twice: %v", err)
	}

	_, err = secret.CreateKeyFile(path)
	if !errors.Is(err, fs.ErrExist) || fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), path) {
		t.Errorf("the file is there already: %v", err)
	}
	if again, err := os.ReadFile(path); err != nil || string(again) != string(b) {
		t.Errorf("the file was changed: %v", err)
	}
	missing := filepath.Join(dir, "missing", "manor.key")
	if _, err = secret.CreateKeyFile(missing); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("the folder is missing: %v", err)
	}
}

func TestOneOfManyCreatesTheKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "manor.key")
	var wg sync.WaitGroup
	var mu sync.Mutex
	var made []*secret.Keyring
	for range 32 {
		wg.Go(func() {
			k, err := secret.CreateKeyFile(path)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				made = append(made, k)
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	k, err := secret.OpenKeyFile(path)
	if err != nil || len(made) != 1 || made[0].Fingerprint() != k.Fingerprint() {
		t.Errorf("%d made it, %v", len(made), err)
	}
}

func TestKeyFileForms(t *testing.T) {
	t.Parallel()
	encoded := func(b []byte) string { return "manor-key-1:" + base64.StdEncoding.EncodeToString(b) }
	line := func(which byte) string {
		b := sha256.Sum256([]byte{which})
		b[30], b[31] = 31, 32 // which end in A=
		return encoded(b[:])
	}
	first, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line(1), "manor-key-1:"))
	if err != nil {
		t.Fatal(err)
	}
	current := newKeys(t, first).Fingerprint()
	down := sequence()
	slices.Reverse(down)
	for _, c := range []struct {
		name, content, why string // why: "" means accepted
	}{
		{"one line", line(1) + "\n", ""},
		{"no end of line", line(1), ""},
		{"made on Windows", line(1) + "\r\n", ""},
		{"empty lines", "\n" + line(1) + "\n\n" + line(2) + "\n\n", ""},
		{"versions", line(1) + "\n" + line(2) + "\n" + line(3) + "\n", ""},
		{"empty", "", "no master key"},
		{"only empty lines", "\n\n", "no master key"},
		{"no prefix", strings.TrimPrefix(line(1), "manor-key-1:"), "line 1 is not"},
		{"other prefix", strings.Replace(line(1), "-1:", "-2:", 1), "line 1 is not"},
		{"not base64", "manor-key-1:" + strings.Repeat("!", 44), "line 1 is not"},
		{"no padding", strings.TrimSuffix(line(1), "="), "line 1 is not"},
		{"unused bits set", strings.TrimSuffix(line(1), "A=") + "B=", "line 1 is not"},
		{"URL alphabet", "manor-key-1:" + strings.Repeat("-_", 21) + "-=", "line 1 is not"},
		{"space inside", strings.Replace(line(1), ":", ": ", 1), "line 1 is not"},
		{"second line is bad", line(1) + "\nrubbish", "line 2 is not"},
		{"short", "manor-key-1:" + base64.StdEncoding.EncodeToString(sequence()[:16]), "has 16 bytes"},
		{"long", "manor-key-1:" + base64.StdEncoding.EncodeToString(append(sequence(), 1)), "has 33 bytes"},
		{"zero", "manor-key-1:" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "one byte repeated"},
		{"second is zero", line(1) + "\nmanor-key-1:" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "key 2 is one byte repeated"},
		{"twice", line(1) + "\n" + line(1), "twice"},
		{"binary", string(sequence()), "line 1 is not"},
		{"text", encoded([]byte("change me before you go on, now!")), "line 1 was typed"},
		{"digits", encoded([]byte("31415926535897932384626433832795")), "line 1 was typed"},
		{"counting", encoded(sequence()), "line 1 was typed"},
		{"counting down", encoded(down), "line 1 was typed"},
		{"a piece again and again", encoded(bytes.Repeat([]byte{1, 200, 77, 9}, 8)), "line 1 was typed"},
		{"half of it twice", encoded(bytes.Repeat([]byte(line(1)[12:28]), 2)), "line 1 was typed"},
		{"the second is text", line(1) + "\n\n" + encoded([]byte("change me before you go on, now!")), "line 3 was typed"},
		{"huge", line(1) + strings.Repeat("\n", 1<<20), "larger than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "manor.key")
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			k, err := secret.OpenKeyFile(path)
			if c.why == "" {
				if err != nil || k.Fingerprint() != current {
					t.Errorf("refused, or another key is current: %v", err)
				}
				return
			}
			if k != nil || fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.why) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v", err)
			}
			for field := range strings.FieldsSeq(c.content) {
				if text, ok := strings.CutPrefix(field, "manor-key-1:"); ok && text != "" && err != nil && strings.Contains(err.Error(), text) {
					t.Errorf("the error quotes the key: %v", err)
				}
			}
		})
	}
}

func TestKeyFileMissing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "manor.key")
	_, err := secret.OpenKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) || fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening made a file: %v", err)
	}
}

func TestKeyFileIsADirectory(t *testing.T) {
	t.Parallel()
	_, err := secret.OpenKeyFile(t.TempDir())
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "regular file") {
		t.Errorf("%v", err)
	}
}

func FuzzKeyFile(f *testing.F) {
	f.Add([]byte("manor-key-1:" + base64.StdEncoding.EncodeToString(sequence()) + "\n"))
	f.Add([]byte("manor-key-1:\nmanor-key-1:"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := os.CreateTemp(dir, "key")
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(file.Name())
		if _, err := file.Write(b); err != nil || file.Close() != nil {
			t.Fatal(err)
		}
		k, err := secret.OpenKeyFile(file.Name())
		if (k == nil) == (err == nil) || (err != nil && fault.KindOf(err) != fault.Invalid) {
			t.Errorf("%q: %v", b, err)
		}
	})
}
