package transfer

import (
	"bufio"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/internal/pgtest"
)

// The test's own binary is the process that is killed.
const (
	victimAddress = "TRANSFER_TEST_ADDRESS"
	victimFiles   = "TRANSFER_TEST_FILES"
	victimPoint   = "TRANSFER_TEST_POINT"
)

const killedBatch = 10

// TestVictim loads files until it is killed. It is no test of its own.
func TestVictim(t *testing.T) {
	address := os.Getenv(victimAddress)
	if address == "" {
		t.Skip("this is what TestKilledLoads starts")
	}
	var point string
	var left int
	fmt.Sscan(os.Getenv(victimPoint), &point, &left)
	_, err := loadFiles(t, openAt(t, address), strings.Fields(os.Getenv(victimFiles)), LoadOptions{reached: func(at string) {
		if at != point {
			return
		}
		if left--; left == 0 {
			fmt.Println("\nvictim is ready")
			select {} // until it is killed
		}
	}})
	t.Fatalf("it was not killed: %v", err)
}

// openAt opens the file or the URL.
func openAt(t *testing.T, address string) (db *data.DB) {
	t.Helper()
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
	return db
}

func loadFiles(t *testing.T, db *data.DB, files []string, opts LoadOptions) ([]Loaded, error) {
	t.Helper()
	var fixtures []*Fixture
	for _, file := range files {
		f, err := OpenFile(os.DirFS(filepath.Dir(file)), filepath.Base(file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fixtures = append(fixtures, f)
	}
	opts.Batch = killedBatch
	return Load(t.Context(), db, fixtures, opts)
}

// killed starts a process that loads files, and kills it when it is at a point.
func killed(t *testing.T, address string, files []string, point string) {
	t.Helper()
	c := osexec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$", "-test.count=1")
	c.Env = append(os.Environ(), victimAddress+"="+address, victimFiles+"="+strings.Join(files, " "), victimPoint+"="+point)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	said := ""
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "victim is ready" {
		said += lines.Text() + "\n"
	}
	if err := c.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	if c.Wait(); lines.Text() != "victim is ready" {
		t.Fatalf("at %s, the victim ended early: %s", point, said)
	}
}

// Nothing but the markers keeps the rows of the first table from being stored
// twice; those of the second refer to one another.
const killedTables = `CREATE TABLE loose (n integer, text text);
CREATE TABLE rings (n integer PRIMARY KEY, next integer REFERENCES rings (n), text text)`

const killedRows = 50

func killedAddress(t *testing.T, dialect string) (string, *data.DB) {
	t.Helper()
	address := filepath.Join(t.TempDir(), "target.db")
	if dialect == "postgres" {
		address = pgtest.Database(t)
	}
	db := openAt(t, address)
	for sql := range strings.SplitSeq(killedTables, ";\n") {
		do(t, db, sql)
	}
	return address, db
}

// killedFiles dumps rows in a format.
func killedFiles(t *testing.T, opts DumpOptions) (files []string) {
	t.Helper()
	_, db := killedAddress(t, "sqlite")
	numbers := fmt.Sprintf("WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d)", killedRows)
	do(t, db, "INSERT INTO loose "+numbers+" SELECT n, 'row, \"' || n || char(10) || '\"' FROM c")
	do(t, db, "INSERT INTO rings (n, text) "+numbers+" SELECT n, 'ring ' || n FROM c")
	do(t, db, fmt.Sprintf("UPDATE rings SET next = n %% %d + 1", killedRows))
	dumped, err := Dump(t.Context(), db, t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dumped {
		files = append(files, d.File)
	}
	return files
}

// once wants each row to be there once, and no marker.
func once(t *testing.T, db *data.DB, tables ...string) {
	t.Helper()
	for _, table := range tables {
		got, err := one[string](t.Context(), db.Driver(), driver.Text, "SELECT CAST(count(*) AS text) || ' ' || CAST(count(DISTINCT n) AS text) || ' ' || CAST(sum(n) AS text) || ' ' || CAST(count(DISTINCT text) AS text) FROM "+table)
		if want := fmt.Sprintf("%d %[1]d %d %[1]d", killedRows, killedRows*(killedRows+1)/2); err != nil || got != want {
			t.Errorf("%s: rows, different ones, their sum and texts are %s, want %s; %v", table, got, want, err)
		}
	}
	all, err := catalogue(t.Context(), db)
	if err != nil || find(all, "manor_loads") != nil {
		t.Errorf("the markers are still there; %v", err)
	}
}

// TestKilledLoads kills a process at each point of its work, and has others go
// on, the last of which ends.
func TestKilledLoads(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"sqlite", "postgres"} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			files := killedFiles(t, DumpOptions{Format: formatNDJSON})
			address, db := killedAddress(t, dialect)
			for _, point := range []string{
				"prepared 1", "noted 1", "stored 1", "committed 1", // of the first table, whose rows are stored in five parts
				"noted 2", "stored 2", "committed 2",
				"stored 4",    // in the transaction of the second, the first being done
				"forgotten 1", // all is stored, and one of two markers removed
				"forgotten 2",
			} {
				killed(t, address, files, point)
			}
			out, err := loadFiles(t, db, files, LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range out {
				if l.Rows != 0 || l.Found != killedRows {
					t.Errorf("%+v: not all was done before", l)
				}
			}
			once(t, db, "loose", "rings")
			// One that is killed when all is done has done it.
			address, db = killedAddress(t, dialect)
			killed(t, address, files, "tidied 1")
			once(t, db, "loose", "rings")
		})
	}
}

// TestKilledLoadsOfEachFormat goes on in the middle of packed files, too, and
// tells how far it is.
func TestKilledLoadsOfEachFormat(t *testing.T) {
	t.Parallel()
	for _, format := range []string{formatJSON, formatNDJSON, formatCSV} {
		for _, packing := range []string{"", "gz", "zip"} {
			for _, dialect := range []string{"sqlite", "postgres"} {
				t.Run(strings.Join([]string{format, packing, dialect}, " "), func(t *testing.T) {
					t.Parallel()
					files := killedFiles(t, DumpOptions{Tables: []string{"loose"}, Format: format, Compress: packing})
					address, db := killedAddress(t, dialect)
					killed(t, address, files, "committed 2")
					killed(t, address, files, "stored 2")
					var steps []Step
					out, err := loadFiles(t, db, files, LoadOptions{Progress: func(s Step) { steps = append(steps, s) }})
					if err != nil || len(out) != 1 || out[0].Found != 3*killedBatch || out[0].Rows != 2*killedBatch {
						t.Errorf("%+v, %v", out, err)
					}
					once(t, db, "loose")
					honest(t, steps)
				})
			}
		}
	}
}

// honest wants steps that go from what was found to all there is.
func honest(t *testing.T, steps []Step) {
	t.Helper()
	if len(steps) != 4 || steps[0].Rows != 3*killedBatch || steps[3].Rows != killedRows || steps[3].Share != 1 {
		t.Errorf("the steps are %+v", steps)
	}
	for i, s := range steps {
		if s.Found != 3*killedBatch || s.Share < 0 || s.Share > 1 || i > 0 && (s.Rows < steps[i-1].Rows || s.Share < steps[i-1].Share) {
			t.Errorf("step %d is %+v", i, s)
		}
	}
}

// TestLoadsAtTheSameTime has one Load of a file begin while another is in the
// middle of it: the other ends, whether the one is killed or gets to its end.
func TestLoadsAtTheSameTime(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"sqlite", "postgres"} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			files := killedFiles(t, DumpOptions{Tables: []string{"loose"}})
			for _, second := range []string{"committed 1", "tidied 1"} {
				address, db := killedAddress(t, dialect)
				n := 0
				_, err := loadFiles(t, db, files, LoadOptions{reached: func(at string) {
					if at != "committed" {
						return
					}
					if n++; n == 2 {
						killed(t, address, files, second)
					}
				}})
				if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "loaded by somebody else") {
					t.Errorf("%s: the first: %v", second, err)
				}
				if second == "committed 1" {
					if _, err := loadFiles(t, db, files, LoadOptions{}); err != nil {
						t.Error(err)
					}
				}
				once(t, db, "loose")
			}
		})
	}
}
