package manortest

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
)

// setup returns what the app's databases hold. Running all revisions takes
// longer than most tests, so tests get copies of one database where they ran.
func (o *options) setup(t *testing.T) datatest.Setup {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "empty.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	app, err := o.app(db)
	if err != nil {
		t.Fatalf("manortest: %v", err)
	}
	// The app runs its revisions again, none of them, and then the tables of tasks.
	return datatest.Setup{Revisions: app.Sources(), Now: o.clock.Now, Key: "manortest", Build: func(ctx context.Context, db *data.DB) error {
		app, err := o.app(db)
		if err != nil {
			return err
		}
		_, err = app.Upgrade(ctx)
		return err
	}}
}

// app returns an app over db that does not run.
func (o *options) app(db *data.DB) (*manor.App, error) {
	return manor.New(o.config(db, slog.New(slog.DiscardHandler)))
}

// openPostgres opens a database that may be open already.
func (o *options) openPostgres(t *testing.T, url string) *data.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, postgres.Options{Now: o.clock.Now})
	return closing(t, db, err)
}

// closing returns an opened database that is closed when the test ends.
func closing(t *testing.T, db *data.DB, err error) *data.DB {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
