package datatest

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
)

// Golden fails the test if the SQL that run sends is not the text of
// testdata/NAME.DIALECT.sql in the folder of the test, so that whoever reviews a
// change sees what it does to the statements. run gets a DB on the same database
// as db with the same clock; encrypted columns need its SetKeys. If run returns
// an error the test fails, too.
//
// The file has a statement on each line, as Counter notes them, without their
// values. To write it, run the test with MANOR_TEST_UPDATE=1, or with a flag
// -update if the test's package defines one that is a bool.
func Golden(tb testing.TB, db *data.DB, name string, run func(db *data.DB) error) {
	tb.Helper()
	counted, counter := Count(db)
	if err := run(counted); err != nil {
		tb.Fatalf("datatest: golden %s: %v", name, err)
	}
	var got strings.Builder
	for _, statement := range counter.Statements() {
		got.WriteString(statement + ";\n")
	}
	path := filepath.Join("testdata", name+"."+db.Dialect()+".sql")
	if updates() {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(got.String()), 0o644)); err != nil {
			tb.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		tb.Fatalf("datatest: %s is missing: MANOR_TEST_UPDATE=1 writes it", path)
	}
	if err != nil {
		tb.Fatal(err)
	}
	lines := strings.ReplaceAll(string(want), "\r\n", "\n")
	if diff := cmp.Diff(strings.Split(lines, "\n"), strings.Split(got.String(), "\n")); diff != "" {
		tb.Errorf("the SQL is not what %s says; MANOR_TEST_UPDATE=1 writes it anew (-want +got):\n%s", path, diff)
	}
}

// updates reports whether golden files are to be written.
func updates() bool {
	if os.Getenv("MANOR_TEST_UPDATE") != "" {
		return true
	}
	f := flag.Lookup("update")
	if f == nil {
		return false
	}
	value, ok := f.Value.(flag.Getter)
	if !ok {
		return false
	}
	on, _ := value.Get().(bool)
	return on
}
