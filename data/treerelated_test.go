package data_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A part is what crates are made of.
type part struct {
	data.Identified[part]
	CrateID data.ID[crate] `json:"crate_id" db:"crate_id,references=crates"`
	Name    string         `json:"name" db:"name,size=20,filter,search"`
	Size    *int           `json:"size" db:"size,filter"`
	Maker   string         `json:"maker" db:"maker,search"`
	Cost    int            `json:"cost" db:"cost,filter"`
	Secret  string         `json:"secret" db:"secret"`

	Crate *crate `json:"crate,omitzero"`
}

var (
	parts     = data.NewTable[part]("parts")
	partCost  = data.Col[int](parts, "cost")
	ofCrate   = data.Col[data.ID[crate]](parts, "crate_id")
	parted    = data.HasMany(crates, parts, ofCrate, func(c *crate) *[]part { return &c.Parts })
	partCrate = data.BelongsTo(parts, crates, ofCrate, func(p *part) **crate { return &p.Crate })

	// partTrees may ask for parts by three of their fields, and from there for
	// their crates by one.
	partTrees = data.TreeReader[crate]{Table: crates, Relations: []data.TreeRelation[crate]{
		parted.InTrees("parts", nil, []string{"name", "size", "maker"}, partCrate.InTrees("crate", nil, []string{"n"})),
		parted.Only(partCost.Gt(100)).InTrees("dear_parts", nil, nil),
	}}
)

func TestTreeRelations(t *testing.T) {
	t.Parallel()
	const from = `query SELECT count(*) FROM "crates" WHERE `
	const some = `EXISTS (SELECT 1 FROM "parts" AS "related 1" WHERE "related 1"."crate_id" = "crates"."id"`
	for tree, want := range map[string]string{
		`{"type":"exists","relation":"parts"}`:                                                  some + `)`,
		`{"type":"exists","relation":"parts","filter":{}}`:                                      some + `)`,
		`{"type":"not_exists","relation":"parts","filter":{"and_":[]}}`:                         `NOT ` + some + `)`,
		`{"type":"exists","relation":"parts","filter":{"or_":[]}}`:                              some + ` AND (1 = 0))`,
		`{"type":"exists","relation":"dear_parts"}`:                                             some + ` AND "related 1"."cost" > ?); 100`,
		`{"type":"exists","relation":"parts","filter":{"type":"search","value":"x"}}`:           some + ` AND ((has("related 1"."name", ?) OR has("related 1"."maker", ?)))); x; x`,
		`{"not_":{"type":"exists","relation":"parts","filter":{"type":"null","field":"size"}}}`: `NOT (` + some + ` AND ("related 1"."size" IS NULL)))`,
		`{"type":"exists","relation":"parts","filter":{"or_":[{"type":"null","field":"size"},{"type":"comparison","field":"name","op":"eq","value":"x"}]}}`: some + ` AND (("related 1"."size" IS NULL OR "related 1"."name" = ?))); x`,
		`{"and_":[{"type":"null","field":"day"},{"type":"exists","relation":"parts","filter":{"type":"not_exists","relation":"crate","filter":{"type":"comparison","field":"n","op":"gt","value":1}}}]}`: `("day" IS NULL AND ` +
			some + ` AND (NOT EXISTS (SELECT 1 FROM "crates" AS "related 2" WHERE "related 2"."id" = "related 1"."crate_id" AND ("related 2"."n" > ?))))); 1`,
	} {
		f, err := partTrees.Filter(t.Context(), []byte(tree))
		if err != nil {
			t.Errorf("%s: %v", tree, err)
			continue
		}
		db, said := newRecorder("sqlite")
		crates.On(db).Count(t.Context(), f)
		check(t, tree, said.take(), from+want)
		// It can be written and read again, and means the same.
		again, err := json.Marshal(f)
		if err != nil {
			t.Errorf("%s: %v", tree, err)
			continue
		}
		f, err = partTrees.Filter(t.Context(), again)
		if err != nil {
			t.Errorf("%s: %v", again, err)
		}
		crates.On(db).Count(t.Context(), f)
		check(t, string(again), said.take(), from+want)
	}
	if tree, err := json.Marshal(parted.Some()); fault.KindOf(errors.Unwrap(err)) != fault.Invalid {
		t.Errorf("a relation without a name was written as %s: %v", tree, err)
	}
}

func TestTreeRelationsRefuse(t *testing.T) {
	t.Parallel()
	exists := func(inner string) string { return `{"type":"exists","relation":"parts","filter":` + inner + `}` }
	for tree, want := range map[string]string{
		`{"type":"exists","relation":"part"}`:                     "relation: is not a relation that can be asked for",
		`{"type":"exists","relation":"Parts"}`:                    "relation: is not a relation that can be asked for",
		`{"type":"exists","relation":7}`:                          "relation: is not a relation that can be asked for",
		`{"type":"exists","relation":"crate"}`:                    "relation: is not a relation that can be asked for",
		`{"type":"exists","filter":{}}`:                           "relation: is missing",
		`{"type":"exists","relation":"parts","filters":[]}`:       "filters: is not an argument of this filter",
		`{"type":"exists","relation":"parts","values":[]}`:        "values: is not an argument of this filter",
		`{"type":"not_exists","relation":"parts","field":"name"}`: "field: is not an argument of this filter",
		exists(`null`):                                                       "filter: must be an object",
		exists(`[]`):                                                         "filter: must be an object",
		exists(`{"or":[]}`):                                                  "filter.or: is not known: a group has and_, or_ and not_, a filter has type",
		exists(`{"type":"null","field":"cost"}`):                             "filter.field: is not a field that can be filtered by",
		exists(`{"type":"null","field":"secret"}`):                           "filter.field: is not a field that can be filtered by",
		exists(`{"type":"null","field":"id"}`):                               "filter.field: is not a field that can be filtered by",
		exists(`{"type":"null","field":"day"}`):                              "filter.field: is not a field that can be filtered by",
		exists(`{"type":"null","field":"maker"}`):                            "filter.field: is not a field that can be filtered by",
		exists(`{"type":"search","field":"size","value":"1"}`):               "filter.field: is not a field that can be searched",
		exists(`{"type":"comparison","field":"size","op":"eq","value":"1"}`): "filter.value: must be a number",
		exists(`{"and_":[{},{"type":"exists","relation":"parts"}]}`):         "filter.and_[1].relation: is not a relation that can be asked for",
		exists(`{"type":"exists","relation":"crate","filter":{"type":"null","field":"name"}}`):         "filter.filter.field: is not a field that can be filtered by",
		`{"type":"exists","relation":"dear_parts","filter":{"type":"null","field":"size"}}`:            "filter.field: is not a field that can be filtered by",
		`{"type":"exists","relation":"dear_parts","filter":{"type":"search","value":"x"}}`:             "filter: has no field that can be searched",
		exists(`{"type":"order_by","field":"name"}`):                                                   "filter.type: is not a filter: only a query has order_by",
		exists(`{"and_":[{"type":"limit_offset","limit":1,"offset":0}]}`):                              "filter.and_[0].type: is not a filter: only a query has limit_offset",
		`{"and_":[` + strings.Repeat(`{"type":"exists","relation":"parts"},`, 5) + exists(`{}`) + `]}`: "and_[5]: is one more than the 5 filters over relations that a tree may have",
		`{"or_":[{"not_":` + exists(`{"type":"exists","relation":"crate"}`) + `},` + strings.Repeat(`{"type":"exists","relation":"parts"},`, 2) + exists(`{"not_":{"type":"exists","relation":"crate"}}`) + `]}`: "or_[3].filter.not_: is one more than the 5 filters over relations that a tree may have",
		strings.Repeat(`{"not_":`, 8) + exists(`{}`) + strings.Repeat(`}`, 8):                                                      strings.TrimSuffix(strings.Repeat("not_.", 8), ".") + ": is nested too deep",
		strings.Repeat(`{"not_":`, 4) + exists(strings.Repeat(`{"not_":`, 4)+`{}`+strings.Repeat(`}`, 4)) + strings.Repeat(`}`, 4): strings.Repeat("not_.", 4) + "filter." + strings.Repeat("not_.", 3) + "not_: is nested too deep",
		exists(`{"and_":[{}` + strings.Repeat(",{}", 98) + `]}`):                                                                   "filter.and_[98]: is one more than the 100 groups and filters that a tree may have",
		exists(`{"type":"collection","field":"size","values":[` + strings.Repeat("1,", 200) + `1]}`):                               "filter.values: has more than 200 values",
	} {
		for _, read := range []func() error{
			func() error { _, err := partTrees.Filter(t.Context(), []byte(tree)); return err },
			func() error { _, err := partTrees.Query(t.Context(), []byte(tree)); return err },
		} {
			err := read()
			e, ok := err.(*fault.Error)
			if !ok || e.Kind != fault.Malformed || e.Msg != want || !strings.HasPrefix(want, e.Details[0].Location+": ") {
				t.Errorf("%.120s:\n got %v\nwant %s", tree, err, want)
			}
		}
	}
	r := partTrees
	r.MaxRelated = 1
	if _, err := r.Filter(t.Context(), []byte(`{"type":"exists","relation":"parts"}`)); err != nil {
		t.Errorf("one of one: %v", err)
	}
	if _, err := r.Filter(t.Context(), []byte(exists(`{"type":"exists","relation":"crate"}`))); fault.KindOf(err) != fault.Malformed {
		t.Errorf("two of one: %v", err)
	}
}

// The rules of all relations in a tree are asked for the caller at hand, and
// what they cannot decide is no filter.
func TestTreeRelationRules(t *testing.T) {
	t.Parallel()
	type caller struct{}
	var asked []string
	rule := func(ctx context.Context) (data.Filter[part], error) {
		who, _ := ctx.Value(caller{}).(string)
		asked = append(asked, who)
		switch who {
		case "ann":
			return partCost.Lt(9), nil
		case "nobody":
			return data.Filter[part]{}, nil
		}
		return data.Filter[part]{}, fault.Errorf(fault.Unavailable, "down")
	}
	own := func(context.Context) (data.Filter[part], error) { return partCost.Gt(1), nil }
	r := data.TreeReader[crate]{Table: crates, Relations: []data.TreeRelation[crate]{parted.Visible(own).InTrees("parts", rule, []string{"name"})}}
	tree := []byte(`{"or_":[{"type":"not_exists","relation":"parts","filter":{"type":"comparison","field":"name","op":"eq","value":"x"}},{"type":"null","field":"day"}]}`)

	as := func(who string) context.Context { return context.WithValue(t.Context(), caller{}, who) }
	f, err := r.Filter(as("ann"), tree)
	if err != nil {
		t.Fatal(err)
	}
	db, said := newRecorder("sqlite")
	crates.On(db).Count(t.Context(), f)
	check(t, "ruled", said.take(), `query SELECT count(*) FROM "crates" WHERE (NOT EXISTS (SELECT 1 FROM "parts" AS "related 1" WHERE "related 1"."crate_id" = "crates"."id" AND ("related 1"."cost" > ? AND "related 1"."cost" < ?) AND ("related 1"."name" = ?)) OR "day" IS NULL); 1; 9; x`)
	if text, err := json.Marshal(f); err != nil || strings.Contains(string(text), "cost") {
		t.Errorf("with its rule the filter is written as %s: %v", text, err)
	}
	if _, err := r.Filter(as("nobody"), tree); fault.KindOf(err) != fault.Internal {
		t.Errorf("a rule that does not decide: %v", err)
	}
	if _, err := r.Query(as("eve"), tree); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a rule that fails: %v", err)
	}
	check(t, "callers", fmt.Sprint(asked), "[ann nobody eve]")
}

func TestMistakesInTreeRelationsPanic(t *testing.T) {
	t.Parallel()
	crate := partCrate.InTrees("crate", nil, nil)
	for want, run := range map[string]func(){
		`data: the relation from crates to parts cannot be called "" in trees`:       func() { parted.InTrees("", nil, nil) },
		`data: the relation from crates to parts cannot be called "A part" in trees`: func() { parted.InTrees("A part", nil, nil) },
		"data: table parts has no field secret that can be filtered by or searched":  func() { parted.InTrees("p", nil, []string{"name", "secret"}) },
		"data: table parts has no field nam that can be filtered by or searched":     func() { parted.InTrees("p", nil, []string{"nam"}) },
		"data: two relations of parts are called crate":                              func() { parted.InTrees("p", nil, nil, crate, crate) },
	} {
		func() {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.HasPrefix(p, want) {
					t.Errorf("panicked with %s, want %q", p, want)
				}
			}()
			run()
		}()
	}
}

// What may be changed after it was given away was copied.
func TestTreeRelationsAreImmutable(t *testing.T) {
	t.Parallel()
	fields := []string{"size"}
	r := data.TreeReader[crate]{Table: crates, Relations: []data.TreeRelation[crate]{parted.InTrees("parts", nil, fields)}}
	fields[0] = "cost"
	if _, err := r.Filter(t.Context(), []byte(`{"type":"exists","relation":"parts","filter":{"type":"null","field":"cost"}}`)); fault.KindOf(err) != fault.Malformed {
		t.Errorf("a field that was not allowed: %v", err)
	}
}

func TestTreeSchemas(t *testing.T) {
	t.Parallel()
	got := partTrees.Schemas("#/s/", "T")
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	types := func(name string) (out []string) {
		for _, kind := range got[name]["oneOf"].([]map[string]any) {
			props := kind["properties"].(map[string]any)
			typ, ok := props["type"].(map[string]any)
			if !ok {
				continue
			}
			of := typ["enum"].([]string)[0]
			if rel, ok := props["relation"].(map[string]any); ok {
				of += " " + rel["enum"].([]string)[0] + " " + props["filter"].(map[string]any)["$ref"].(string)
			}
			if f, ok := props["field"].(map[string]any); ok && of == "null" {
				of += fmt.Sprint(f["enum"])
			}
			out = append(out, of)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	common := "before_after boolean choices collection comparison exists dear_parts #/s/T.dear_parts exists parts #/s/T.parts filter_group not_exists dear_parts #/s/T.dear_parts not_exists parts #/s/T.parts not_in_collection not_in_search not_null " +
		"null[id created_at updated_at name kind n weight full price day opened mark] on_before_after search"
	check(t, "at the top", strings.Join(types("T"), " "), common)
	check(t, "parts", strings.Join(types("T.parts"), " "),
		"before_after choices collection comparison exists crate #/s/T.parts.crate filter_group not_exists crate #/s/T.parts.crate not_in_collection not_in_search not_null null[name size] on_before_after search")
	check(t, "crate", strings.Join(types("T.parts.crate"), " "), "before_after choices collection comparison filter_group not_in_collection not_null null[n] on_before_after")
	check(t, "those without fields", strings.Join(types("T.dear_parts"), " "), "filter_group")
	if len(got) != 4 {
		t.Errorf("there are %d schemas", len(got))
	}
	for _, want := range []string{
		`{"additionalProperties":false,"properties":{"field":{"enum":["full"],"type":"string"},"type":{"enum":["boolean"],"type":"string"},"value":{"type":["boolean","null"]}},"required":["type","field","value"],"type":"object"}`,
		`"required":["type","relation"]`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the schemas have no %s:\n%s", want, text)
		}
	}
}
