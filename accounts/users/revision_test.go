package users_test

import (
	"testing"

	"github.com/manorgo/manor/data/migrate"
)

func TestRevisionAgreesWithStructs(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for _, d := range h.domains {
			if d.Name != "users" {
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
