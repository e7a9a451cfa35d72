package imports_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts/imports"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/internal/pgtest"
	"github.com/manorgo/manor/secret"
)

// BenchmarkImport imports a CSV of Django's table of users, on a disk, as manor
// import users does. -benchtime 1x -bench Import/.*/1000000 is what the project
// promises something about; MiB is the most that the heap had.
func BenchmarkImport(b *testing.B) {
	for _, database := range []string{"sqlite", "postgres"} {
		for _, rows := range []int{20_000, 200_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/%d", database, rows), func(b *testing.B) {
				dir := b.TempDir()
				writePeople(b, filepath.Join(dir, "people.csv"), rows)
				for b.Loop() {
					b.StopTimer()
					app, db := newApp(b, database)
					f, err := transfer.OpenFile(os.DirFS(dir), "people.csv")
					if err != nil {
						b.Fatal(err)
					}
					runtime.GC()
					b.StartTimer()
					var most uint64
					o := imports.Options{From: imports.Django, Verified: true, Progress: func(s transfer.Step) {
						if s.Rows%20_000 == 0 {
							var m runtime.MemStats
							runtime.ReadMemStats(&m)
							most = max(most, m.HeapAlloc)
						}
					}}
					sum, err := imports.New(db, app.Users(), app.Roles()).Run(b.Context(), f, o)
					if err != nil || sum.Created != int64(rows) {
						b.Fatalf("%+v, %v", sum, err)
					}
					b.StopTimer()
					if err := f.Close(); err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(most)/(1<<20), "MiB")
					b.StartTimer()
				}
				b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

func newApp(b *testing.B, database string) (*manor.App, *data.DB) {
	b.Helper()
	var db *data.DB
	var err error
	if database == "sqlite" {
		db, err = sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "manor.db"), sqlite.Options{Cache: 128 << 10})
	} else {
		db, err = postgres.Open(b.Context(), pgtest.Database(b), postgres.Options{})
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		b.Fatal(err)
	}
	app, err := manor.New(manor.Config{DB: db, Keys: keys, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		_, err = app.Upgrade(context.Background())
	}
	if err != nil {
		b.Fatal(err)
	}
	return app, db
}

// writePeople writes people in no order of their names.
func writePeople(b *testing.B, file string, rows int) {
	b.Helper()
	f, err := os.Create(file)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "id,password,last_login,is_superuser,username,first_name,last_name,email,is_staff,is_active,date_joined")
	for i := range rows {
		n := uint32(i) * 2654435761 // every number once
		fmt.Fprintf(w, "%d,%s,2024-05-06 07:08:09.123456+00,f,user%08x,First%x,Last%x,user%08x@example.com,f,t,2020-01-02 03:04:05+00\n",
			i, pbkdf2, n, n%5000, n%70000, n)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}
