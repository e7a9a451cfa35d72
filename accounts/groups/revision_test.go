package groups_test

import (
	"testing"

	"github.com/manorgo/manor/data/migrate"
)

func TestRevisionAgreesWithStructs(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for _, d := range h.domains {
			if d.Name != "groups" {
				continue
			}
			drift, err := migrate.Drift(t.Context(), h.env.DB, d.Schemas)
			must(t, err)
			for _, line := range drift {
				t.Error(line)
			}
		}
	})
}

// TestRevisionsGoDownAndUp undoes the revisions of all domains and runs them
// again.
func TestRevisionsGoDownAndUp(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.person(t, "ada")
		var sources []migrate.Source
		for _, d := range h.domains {
			sources = append(sources, migrate.Source{Name: d.Name, FS: d.Migrations})
		}
		m, err := migrate.New(h.env.DB, sources, migrate.Options{Log: quiet})
		must(t, err)
		ran, err := m.Current(t.Context())
		must(t, err)
		for range 2 {
			undone, err := m.Downgrade(t.Context(), len(ran))
			if err != nil || len(undone) != len(ran) {
				t.Fatalf("undid %v, %v", undone, err)
			}
			again, err := m.Upgrade(t.Context())
			if err != nil || len(again) != len(ran) {
				t.Fatalf("ran %v, %v", again, err)
			}
		}
		h.person(t, "ada") // all was gone
	})
}
