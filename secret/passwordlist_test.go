package secret_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// makeList makes a list of a file and opens it.
func makeList(t *testing.T, name string, content []byte) (*secret.PasswordList, int64) {
	t.Helper()
	in, out := filepath.Join(t.TempDir(), name), filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(in, content, 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := secret.BuildPasswordList(t.Context(), in, out)
	if err != nil {
		t.Fatal(err)
	}
	list, err := secret.OpenPasswordList(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := list.Close(); err != nil {
			t.Error(err)
		}
	})
	return list, n
}

func has(t *testing.T, list *secret.PasswordList, password string) bool {
	t.Helper()
	found, err := list.Has(secret.NewText(password))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A list has all that it was made of, and next to nothing else.
func TestPasswordList(t *testing.T) {
	t.Parallel()
	const size = 20_000
	var lines bytes.Buffer
	for i := range size {
		fmt.Fprintf(&lines, "password number %d\r\n\n", i)
	}
	list, n := makeList(t, "list.txt", lines.Bytes())
	if n != size {
		t.Errorf("%d passwords", n)
	}
	wrong := 0
	for i := range size {
		if !has(t, list, fmt.Sprintf("password number %d", i)) {
			t.Fatalf("number %d is not there", i)
		}
		if has(t, list, fmt.Sprintf("passphrase number %d", i)) {
			wrong++
		}
	}
	if wrong > 4 { // 0.4 are to be expected
		t.Errorf("%d of %d others are taken for one of them", wrong, size)
	}
}

// Lists of breached passwords have digests, in whatever order, and may be packed.
func TestPasswordListOfDigests(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for i, p := range []string{"correct horse battery staple", "Tr0ub4dor&3 and more", "a third"} {
		fmt.Fprintf(z, "%X:%d\r\n", sha1.Sum([]byte(p)), 100-i)
	}
	fmt.Fprintln(z, "Plain Words Of Mine")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	list, n := makeList(t, "pwned.gz", packed.Bytes())
	if n != 5 { // the last as it is, and in small letters
		t.Errorf("%d keys", n)
	}
	h := &secret.Hasher{Params: cheap, Refused: list}
	for password, want := range map[string]string{
		"correct horse battery staple": "known to others", "Tr0ub4dor&3 and more": "known to others",
		"Correct Horse Battery Staple": "known to others", // since its folded form is
		"correct horse battery stable": "", "Plain Words Of Mine": "known to others", "PLAIN WORDS OF MINE": "known to others",
		"short": "at least 12", "Sunshine2026": "many people",
	} {
		err := h.CheckPassword(secret.NewText(password), 0)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", password, err)
			}
			continue
		}
		wantRejected(t, password, err)
		if err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), password)) {
			t.Errorf("%q: %v", password, err)
		}
	}
}

func TestPasswordListRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("good.txt", "a password\n")
	list := filepath.Join(dir, "list")
	if _, err := secret.BuildPasswordList(t.Context(), good, list); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	for name, c := range map[string]struct {
		err  func() error
		kind fault.Kind
	}{
		"no file":     {func() error { _, err := secret.OpenPasswordList(filepath.Join(dir, "none")); return err }, fault.NotFound},
		"a text":      {func() error { _, err := secret.OpenPasswordList(good); return err }, fault.Malformed},
		"cut":         {func() error { _, err := secret.OpenPasswordList(file("cut", string(whole[:len(whole)-1]))); return err }, fault.Malformed},
		"other magic": {func() error { _, err := secret.OpenPasswordList(file("magic", "x"+string(whole[1:]))); return err }, fault.Malformed},
		"nothing in": {func() error {
			_, err := secret.BuildPasswordList(t.Context(), filepath.Join(dir, "none"), list)
			return err
		}, fault.NotFound},
		"an empty in": {func() error { _, err := secret.BuildPasswordList(t.Context(), file("empty", "\n\n"), list); return err }, fault.Invalid},
		"no gzip":     {func() error { _, err := secret.BuildPasswordList(t.Context(), file("x.gz", "x"), list); return err }, fault.Malformed},
		"nowhere out": {func() error {
			_, err := secret.BuildPasswordList(t.Context(), good, filepath.Join(dir, "no", "list"))
			return err
		}, fault.Internal},
	} {
		if err := c.err(); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v, want %s", name, err, c.kind)
		}
	}
	if _, err := secret.BuildPasswordList(ended, good, list); err != context.Canceled {
		t.Errorf("interrupted: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".passwords-*"))
	if err != nil || left != nil {
		t.Errorf("files are left: %q, %v", left, err)
	}
	// A list that goes away is an error, and lets nothing pass for good.
	opened, err := secret.OpenPasswordList(list)
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.Close(); err != nil {
		t.Fatal(err)
	}
	h := &secret.Hasher{Params: cheap, Refused: opened}
	if err := h.CheckPassword(secret.NewText("correct horse battery"), 0); fault.KindOf(err) != fault.Internal {
		t.Errorf("a closed list: %v", err)
	}
}

func ExampleOpenPasswordList() {
	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	words, refused := filepath.Join(dir, "words.txt"), filepath.Join(dir, "refused")
	_ = os.WriteFile(words, []byte("correct horse battery staple\n"), 0o600)
	_, _ = secret.BuildPasswordList(context.Background(), words, refused)

	list, err := secret.OpenPasswordList(refused)
	if err != nil {
		log.Fatal(err)
	}
	hasher := &secret.Hasher{Refused: list} // for manor.Config.Hasher
	fmt.Println(hasher.CheckPassword(secret.NewText("correct horse battery staple"), 0) == nil)
	fmt.Println(hasher.CheckPassword(secret.NewText("tidal lantern 4827 orchard"), 0) == nil)
	// Output:
	// false
	// true
}
