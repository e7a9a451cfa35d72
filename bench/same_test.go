package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/internal/pgtest"
)

// A comparison is worth something only if everybody does the same work.
func TestEverybodyDoesTheSame(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		f, err := openSQLite(t.Context(), filepath.Join(t.TempDir(), "products.db"))
		same(t, f, err)
	})
	t.Run("postgres", func(t *testing.T) {
		f, err := openPostgres(t.Context(), pgtest.Database(t))
		same(t, f, err)
	})
}

func same(t *testing.T, f field, err error) {
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	var want outcome
	for i, e := range f.entries {
		c, err := e.open(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		defer c.close()
		got, err := c.same(t.Context(), seededID(4711))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if err := f.tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !got.updated.updatedAt.After(got.got.createdAt) || got.inserted.id == (uuid.UUID{}) || len(got.bulk) != 3 || len(got.listed) != pageSize {
			t.Errorf("%s did not do its work: %+v", c.name, got)
		}
		if i == 0 {
			want = got
			continue
		}
		opts := cmp.Options{
			cmp.AllowUnexported(outcome{}, product{}),
			cmp.Comparer(func(a, b decimal.Decimal) bool { return a.Equal(b) }),
			// What everybody makes up. The row that was updated was renamed by the
			// contestant before.
			cmp.FilterPath(func(p cmp.Path) bool { return len(p) > 1 && p.Index(1).String() == ".got" }, cmp.Ignore()),
			cmp.FilterPath(madeUp, cmp.Ignore()),
			cmpopts.EquateEmpty(),
		}
		if diff := cmp.Diff(want, got, opts); diff != "" {
			t.Errorf("%s does otherwise than %s (-%[2]s +%[1]s):\n%s", c.name, f.entries[0].name, diff)
		}
		if !equal(got.updated, got.reread) {
			t.Errorf("%s: updated to %+v, then read %+v", c.name, got.updated, got.reread)
		}
	}
}

// madeUp are identities and times that a contestant gives.
func madeUp(p cmp.Path) bool {
	switch p.Last().String() {
	case ".updatedAt":
		return true
	case ".id", ".createdAt":
		return p.Index(1).String() != ".got" && p.Index(1).String() != ".updated" && p.Index(1).String() != ".reread"
	}
	return false
}

func equal(a, b product) bool {
	return cmp.Equal(a, b, cmp.AllowUnexported(product{}), cmp.Comparer(func(a, b decimal.Decimal) bool { return a.Equal(b) }),
		cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }))
}
