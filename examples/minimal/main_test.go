package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/migrate"
)

// The program runs, again on what it left, on each database.
func TestRun(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "notes.db") },
		"postgres": func(t *testing.T) string { return datatest.Setup{}.PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			url := url(t)
			for range 2 {
				if err := run(t.Context(), url, &out); err != nil {
					t.Fatal(err)
				}
			}
			if out.String() != "1 Buy a lamp 5\n2 Buy a lamp 5\n" {
				t.Errorf("it printed %q", out.String())
			}
		})
	}
}

func TestRevisions(t *testing.T) {
	t.Parallel()
	setup := datatest.Setup{Revisions: []migrate.Source{{Name: "notes", FS: revisions}}}
	setup.Each(t, func(t *testing.T, db *data.DB) {
		differences, err := migrate.Drift(t.Context(), db, []data.Schema{notes.Schema()})
		if err != nil || len(differences) > 0 {
			t.Error(differences, err)
		}
	})
}
