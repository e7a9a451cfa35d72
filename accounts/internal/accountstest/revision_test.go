package accountstest

import (
	"testing"

	"github.com/manorgo/manor/data/migrate"
)

func TestRevisionsAgreeWithStructs(t *testing.T) {
	Each(t, func(t *testing.T, h *Harness) {
		for _, d := range h.Domains {
			drift, err := migrate.Drift(t.Context(), h.Env.DB, d.Schemas)
			h.Must(err)
			for _, line := range drift {
				t.Errorf("%s: %s", d.Name, line)
			}
		}
	})
}

// TestRevisionsGoDownAndUp undoes the revisions of all domains and runs them
// again.
func TestRevisionsGoDownAndUp(t *testing.T) {
	Each(t, func(t *testing.T, h *Harness) {
		h.Person("ada")
		m := h.migrator()
		ran, err := m.Current(t.Context())
		h.Must(err)
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
		h.Person("ada") // all was gone
	})
}
