package migrate_test

import (
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/manortest"
)

type page struct {
	data.Versioned[page]
	data.SoftDeleted
	data.Slugged
	Title string `db:"title"`
	Place int    `db:"place"`
}

var pages = data.NewTable[page]("pages", data.UniqueAlive("title", "place"), data.SlugFrom("title"))

// TestUniqueAlive wants the constraint of rows that are not deleted in the
// tables, and every difference from it noticed.
func TestUniqueAlive(t *testing.T) {
	t.Parallel()
	const index = `CREATE UNIQUE INDEX "uq_pages_title_place" ON "pages" ("title", "place") WHERE "deleted_at" IS NULL`
	for _, c := range []struct{ name, old, new, want string }{
		{name: "none"},
		{name: "missing", old: ";\n\n" + index, want: "unique uq_pages_title_place on (title, place) is missing"},
		{name: "of all rows", old: ` WHERE "deleted_at" IS NULL`, want: "uq_pages_title_place"},
		{name: "of other rows", old: ` WHERE "deleted_at" IS NULL`, new: ` WHERE "place" > 1`, want: "uq_pages_title_place"},
		{name: "not unique", old: "UNIQUE INDEX \"uq_pages_title", new: "INDEX \"uq_pages_title", want: "uq_pages_title_place"},
		{name: "too many", old: index, new: index + ";\n" + strings.Replace(strings.Replace(index, "uq_pages_title_place", "more", 1), `, "place"`, "", 1), want: "unique more on (title) is not in the struct"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
				db := open()
				up, _ := migrate.Draft(db.Dialect(), []data.Schema{pages.Schema()})
				if !strings.Contains(up, index) || !strings.Contains(up, c.old) {
					t.Fatalf("no %q or %q in\n%s", index, c.old, up)
				}
				if c.old != "" {
					up = strings.Replace(up, c.old, c.new, 1)
				}
				if _, err := migrator(t, db, source("pages", "-- up\n"+up)).Upgrade(t.Context()); err != nil {
					t.Fatal(err)
				}
				got, err := migrate.Drift(t.Context(), db, []data.Schema{pages.Schema()})
				if err != nil || (len(got) > 0) != (c.want != "") || !strings.Contains(strings.Join(got, "\n"), c.want) {
					t.Errorf("the differences are %q, %v, want %q", got, err, c.want)
				}
			})
		})
	}
}
