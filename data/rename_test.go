package data_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
)

type renamed struct {
	data.Audited[renamed]
	Name  string `db:"name,size=20,unique"`
	Place string `db:"place"`
	Kind  string `db:"kind"`
}

func TestRenameColumns(t *testing.T) {
	t.Parallel()
	table := data.NewTable[renamed]("old_things", data.UniqueOn("place", "kind"),
		data.RenameColumns(map[string]string{"name": "title", "kind": "Sort", "created_at": "born", "id": "thing_id"}))
	schema := table.Schema()
	var names []string
	for _, c := range schema.Columns {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"thing_id", "born", "updated_at", "title", "place", "Sort"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{{"place", "Sort"}, {"title"}}, schema.Uniques); diff != "" {
		t.Error(diff)
	}
	if got := data.Col[string](table, "title").Name(); got != "title" {
		t.Errorf("the column is called %q", got)
	}
	for what, names := range map[string]map[string]string{
		"two columns of one name":     {"name": "place"},
		"a column that is not there":  {"nothing": "something"},
		"columns that meet elsewhere": {"name": "x", "kind": "x"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: NewTable does not panic", what)
				}
			}()
			data.NewTable[renamed]("old_things", data.RenameColumns(names))
		}()
	}
	// Two columns may change places.
	data.NewTable[renamed]("old_things", data.RenameColumns(map[string]string{"name": "place", "place": "name"}))
}
