package file_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/file"
	"github.com/manorgo/manor/file/local"
	"github.com/manorgo/manor/internal/pgtest"
	"github.com/manorgo/manor/manortest"
)

// The test's own binary is the process that is killed.
const (
	victimAddress = "FILE_TEST_ADDRESS"
	victimFolder  = "FILE_TEST_FOLDER"
	victimPoint   = "FILE_TEST_POINT"
)

// killedBench opens a store on the database of a file or a URL.
func killedBench(t *testing.T, address, folder string) *bench {
	t.Helper()
	var db *data.DB
	var err error
	if strings.Contains(address, "://") {
		db, err = postgres.Open(t.Context(), address, postgres.Options{})
	} else {
		db, err = sqlite.Open(t.Context(), address, sqlite.Options{})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	bucket := local.New(folder)
	t.Cleanup(func() { bucket.Close() })
	return newBench(t, db, new(manortest.Clock), bucket)
}

// A pausing reader calls paused before it goes on for the second time.
type pausing struct {
	io.Reader
	reads  int
	paused func()
}

func (p *pausing) Read(b []byte) (int, error) {
	if p.reads++; p.reads == 2 {
		p.paused()
	}
	return p.Reader.Read(b)
}

// TestVictim saves a file until it is killed. It is no test of its own.
func TestVictim(t *testing.T) {
	address := os.Getenv(victimAddress)
	if address == "" {
		t.Skip("this is what TestKilledSaves starts")
	}
	at := func(point string) {
		if point == os.Getenv(victimPoint) {
			fmt.Println("\nvictim is ready")
			select {} // until it is killed
		}
	}
	b := killedBench(t, address, os.Getenv(victimFolder))
	upload := &pausing{Reader: strings.NewReader(strings.Repeat("x", 100_000)), paused: func() { at("in the upload") }}
	err := b.papers.Save(t.Context(), upload, file.Put{}, func(f file.File) error {
		at("before the row")
		err := b.db.Tx(t.Context(), func(tx *data.Tx) error {
			if err := papers.On(tx).Add(t.Context(), &paper{Name: "victim", Text: f}); err != nil {
				return err
			}
			at("before the commit")
			return nil
		})
		at("after the commit")
		return err
	})
	t.Fatalf("it was not killed: %v", err)
}

// A process that dies at any point of a Save leaves no row whose bytes are not
// there, and no bytes for ever.
func TestKilledSaves(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"sqlite", "postgres"} {
		for point, rows := range map[string]int{"in the upload": 0, "before the row": 0, "before the commit": 0, "after the commit": 1} {
			t.Run(point+"/"+dialect, func(t *testing.T) {
				t.Parallel()
				address, folder := filepath.Join(t.TempDir(), "papers.db"), filepath.Join(t.TempDir(), "files")
				if dialect == "postgres" {
					address = pgtest.Database(t)
				}
				killed(t, address, folder, point)
				b := killedBench(t, address, folder)
				page, err := papers.On(b.db).List(t.Context(), data.Query[paper]{})
				b.check(err)
				if len(page.Items) != rows {
					t.Errorf("%d rows, want %d", len(page.Items), rows)
				}
				var kept []file.File
				for _, p := range page.Items {
					if got := b.read(p.Text); len(got) != 100_000 {
						t.Errorf("the row's file has %d bytes", len(got))
					}
					kept = append(kept, p.Text)
				}
				b.clock.Advance(10_000 * day)
				_, err = b.store.Sweep(t.Context())
				b.check(err)
				b.holds(kept...)
				if left, err := os.ReadDir(filepath.Join(folder, ".unfinished")); err != nil || len(left) > 0 {
					t.Errorf("%d unfinished files are left, %v", len(left), err)
				}
			})
		}
	}
}

// killed starts a process that saves a file, and kills it when it is at a point.
func killed(t *testing.T, address, folder, point string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$", "-test.count=1")
	c.Env = append(os.Environ(), victimAddress+"="+address, victimFolder+"="+folder, victimPoint+"="+point)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "victim is ready" {
	}
	if err := c.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	if c.Wait(); lines.Text() != "victim is ready" {
		t.Fatalf("%s: the victim ended early", point)
	}
}
