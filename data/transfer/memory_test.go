package transfer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/manorgo/manor/data/transfer"
)

// TestMemoryIsConstant carries a million rows, some hundred megabytes, with less
// memory than they take. It runs alone, and sets the limit of the process.
func TestMemoryIsConstant(t *testing.T) {
	if testing.Short() {
		t.Skip("so many rows take their time")
	}
	const rows, most = 350_000, 16 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	for _, dialect := range dialects {
		t.Run(dialect, func(t *testing.T) {
			db, dir := empty(t, dialect), t.TempDir()
			run(t, db, "CREATE TABLE numbers (n integer PRIMARY KEY, text text NOT NULL)")
			fill := `INSERT INTO numbers SELECT n, repeat('0123456789', 15) || n FROM generate_series(1, %d) n`
			if dialect == "sqlite" {
				fill = `INSERT INTO numbers WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d)
					SELECT n, replace(hex(zeroblob(75)), '00', '12') || n FROM c`
			}
			run(t, db, fmt.Sprintf(fill, rows))
			var peak uint64
			watch := func(s transfer.Step) {
				if s.Rows%10_000 == 0 {
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					peak = max(peak, m.HeapAlloc)
				}
			}
			out, err := transfer.Dump(t.Context(), db, dir, transfer.DumpOptions{Format: "csv", Progress: watch})
			ok(t, err)
			info, err := os.Stat(out[0].File)
			ok(t, err)
			if out[0].Rows != rows || info.Size() < 3*most {
				t.Fatalf("%+v, %d bytes", out, info.Size())
			}
			if peak > most {
				t.Errorf("dumping took %d MiB", peak>>20)
			}
			peak = 0
			run(t, db, "DELETE FROM numbers WHERE n > 120000")
			file := filepath.Join(dir, "backup.zip")
			if _, err := transfer.Backup(t.Context(), db, file, transfer.BackupOptions{Progress: watch}); err != nil {
				t.Fatal(err)
			}
			archive, err := transfer.OpenArchive(file)
			ok(t, err)
			defer archive.Close()
			if _, err := archive.Restore(t.Context(), db, transfer.CopyOptions{Replace: true, Progress: watch}); err != nil {
				t.Fatal(err)
			}
			if peak > most {
				t.Errorf("backup and restore took %d MiB", peak>>20)
			}
		})
	}
}
