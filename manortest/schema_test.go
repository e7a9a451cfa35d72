package manortest_test

import (
	"testing"

	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/manortest"
)

// The revisions of every domain make the tables that its structs ask for, and
// can be undone and done again.
func TestRevisions(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ctx := t.Context()
		agree := func(when string) {
			t.Helper()
			differences, err := migrate.Drift(ctx, app.DB, app.Schemas())
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range differences {
				t.Errorf("%s: %s", when, d)
			}
		}
		agree("at first")
		n := len(app.Sources())
		undone, err := app.Migrator().Downgrade(ctx, n)
		if err != nil || len(undone) != n {
			t.Fatalf("%d of %d revisions were undone: %v", len(undone), n, err)
		}
		if again, err := app.Upgrade(ctx); err != nil || again != n {
			t.Fatalf("%d of %d revisions were done again: %v", again, n, err)
		}
		agree("after the way down and up")
		app.User(t, "ann").Post("/products", body{"name": "Lamp", "price": "1"}).Want(201)
	}, manortest.Idle())
}
