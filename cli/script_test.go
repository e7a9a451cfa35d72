package cli_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/manorgo/manor/cli"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/examples/credits"
	"github.com/manorgo/manor/internal/pgtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"manor":   func() { cli.Main() },
		"shop":    func() { cli.Main(shop) },
		"shops":   func() { cli.Main(shop, shades) },
		"credits": func() { cli.Main(credits.Domain) },
	})
}

// The scripts in testdata/script need no particular database, those in
// testdata/both run on each.
func TestScripts(t *testing.T) {
	t.Parallel()
	for _, file := range scripts(t, "script") {
		t.Run(name(file), func(t *testing.T) {
			t.Parallel()
			runScript(t, file, "")
		})
	}
	for _, file := range scripts(t, "both") {
		t.Run(name(file)+"/sqlite", func(t *testing.T) {
			t.Parallel()
			runScript(t, file, "")
		})
		t.Run(name(file)+"/postgres", func(t *testing.T) {
			t.Parallel()
			runScript(t, file, pgtest.Database(t))
		})
	}
}

func scripts(t *testing.T, folder string) []string {
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", folder, err)
	}
	return files
}

func name(file string) string { return strings.TrimSuffix(filepath.Base(file), ".txt") }

// runScript runs one script on the database at url, or on an SQLite file that
// is not there yet.
func runScript(t *testing.T, file, url string) {
	testscript.Run(t, testscript.Params{
		Files:               []string{file},
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", "atexit_sleep_ms=0") // or each command takes a second longer under the race detector
			e.Setenv("DATABASE", url)
			if url != "" {
				e.Setenv("DATABASE_AGAIN", again(url))
				e.Setenv("MANOR_DATABASE_URL", url)
			}
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "postgres" {
				return false, fmt.Errorf("unknown condition %s", cond)
			}
			return url != "", nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "mode": mode, "sql": runSQL, "keyid": keyID},
	})
}

// again returns another URL of the same database.
func again(url string) string {
	sign := "?"
	if strings.Contains(url, "?") {
		sign = "&"
	}
	return url + sign + "application_name=again"
}

// exits runs a program that must end with a code: exits 2 manor …
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = failed.ExitCode()
	}
	if got != want {
		ts.Fatalf("ended with %d, want %d", got, want)
	}
}

// mode asserts the permissions of a file: mode 0600 manor.key
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// runSQL runs a statement on the script's database.
func runSQL(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	var db *data.DB
	var err error
	if url := ts.Getenv("MANOR_DATABASE_URL"); url != "" {
		db, err = postgres.Open(ctx, url, postgres.Options{})
	} else {
		db, err = sqlite.Open(ctx, ts.MkAbs("manor.db"), sqlite.Options{})
	}
	ts.Check(err)
	_, err = db.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: args[0]}})
	ts.Check(errors.Join(err, db.Close()))
}

// keyID sets $KEY to the id of the API key of a name in the list that was just
// printed.
func keyID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keyid NAME")
	}
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if words := strings.Fields(line); len(words) > 2 && words[2] == args[0] {
			ts.Setenv("KEY", words[0])
			return
		}
	}
	ts.Fatalf("no API key is called %s", args[0])
}
