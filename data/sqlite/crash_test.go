package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	process "os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/sqlite"
)

// crashFile tells a process of this test binary to write until it is killed.
const crashFile = "MANOR_TEST_CRASH_FILE"

// TestCrash kills a process while 32 goroutines commit. What it was told is
// durable must be there, and nothing may be there by half.
func TestCrash(t *testing.T) {
	if path := os.Getenv(crashFile); path != "" {
		writeForEver(path)
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	told := make(map[string]bool)
	for round := range 3 {
		child := process.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrash$")
		child.Env = append(os.Environ(), crashFile+"="+path)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if n == 300+round*71 {
				child.Process.Kill()
			}
			told[lines.Text()] = true // also what was still on its way
		}
		child.Wait()
		parts := readParts(t, path)
		for who := range told {
			if _, ok := parts[who]; !ok {
				t.Errorf("round %d: %s was committed and is gone", round, who)
			}
		}
		for who, n := range parts {
			switch {
			case strings.HasPrefix(who, "bad"):
				t.Errorf("round %d: %s was undone and is there", round, who)
			case strings.HasPrefix(who, "w") && n != 2:
				t.Errorf("round %d: %s has %d rows of 2", round, who, n)
			}
		}
	}
	if len(told) < 300 {
		t.Errorf("only %d were committed", len(told))
	}
}

// readParts returns how many rows each has.
func readParts(t *testing.T, path string) map[string]int {
	t.Helper()
	parts := make(map[string]int)
	for v, err := range notes.On(openFile(t, path, sqlite.Options{})).Each(t.Context(), data.Query[note]{}) {
		if err != nil {
			t.Fatal(err)
		}
		who, _, _ := strings.Cut(v.Text, "/")
		parts[who]++
	}
	return parts
}

func writeForEver(path string) {
	ctx := context.Background()
	db, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		panic(err)
	}
	create := strings.Replace(createNotes, "TABLE", "TABLE IF NOT EXISTS", 1)
	if _, err := db.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: create}}); err != nil {
		panic(err)
	}
	var out sync.Mutex
	tell := func(who string) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(who)
	}
	var wg sync.WaitGroup
	undo := errors.New("undo")
	for g := range 32 {
		wg.Go(func() {
			for i := 0; ; i++ {
				who := fmt.Sprintf("w%d.%d.%d", os.Getpid(), g, i)
				bad := i%5 == 4
				if bad {
					who = "bad" + who
				}
				err := db.Tx(ctx, func(tx *data.Tx) error {
					err := errors.Join(notes.On(tx).Add(ctx, &note{Text: who + "/1"}), notes.On(tx).Add(ctx, &note{Text: who + "/2"}))
					if bad {
						return undo
					}
					return err
				})
				if bad && err == undo {
					continue
				}
				if err != nil {
					panic(err)
				}
				tell(who)
				single := "single " + who
				if err := notes.On(db).Add(ctx, &note{Text: single}); err != nil {
					panic(err)
				}
				tell(single)
			}
		})
	}
	wg.Wait()
}
