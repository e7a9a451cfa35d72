package manortest

import (
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
)

// Databases calls run for an empty SQLite database and for an empty PostgreSQL
// database, in parallel subtests as Each does, for tests of what needs no whole
// app. Each call of open opens the same database once more, as another process
// would, until the test ends.
func Databases(t *testing.T, run func(t *testing.T, open func() *data.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := datatest.Setup{}.SQLiteFile(t)
		run(t, func() *data.DB {
			t.Helper()
			db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
			return closing(t, db, err)
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := datatest.Setup{}.PostgresURL(t)
		run(t, func() *data.DB {
			t.Helper()
			db, err := postgres.Open(t.Context(), url, postgres.Options{})
			return closing(t, db, err)
		})
	})
}
