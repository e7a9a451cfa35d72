package data_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A crate has a column of every kind that a tree can name, and some that it
// cannot.
type crate struct {
	data.Audited[crate]
	Name   string          `json:"name" db:"name,size=10,search,sort,filter"`
	Note   *string         `json:"note" db:"note,search"`
	Kind   string          `json:"kind" db:"kind,enum=red|blue,filter"`
	N      int             `json:"n" db:"n,filter,sort"`
	Weight float64         `json:"weight" db:"weight,filter"`
	Full   bool            `json:"full" db:"full,filter"`
	Price  decimal.Decimal `json:"price" db:"price,numeric=5.2,filter"`
	Day    *data.Date      `json:"day" db:"day,filter"`
	Opened *time.Time      `json:"opened" db:"opened_at,filter"`
	Mark   []byte          `json:"mark" db:"mark,filter"`
	Secret string          `json:"secret" db:"secret"`

	Parts []part `json:"parts,omitzero"`
}

var (
	crates   = data.NewTable[crate]("crates")
	crateN   = data.Col[int](crates, "n")
	crateDay = data.Col[data.Date](crates, "day")
)

func TestTreeRefuses(t *testing.T) {
	t.Parallel()
	cmpn := func(field, op, value string) string {
		return fmt.Sprintf(`{"type":"comparison","field":%q,"op":%q,"value":%s}`, field, op, value)
	}
	deep := func(n int, of string) string { return strings.Repeat(of, n) }
	for tree, want := range map[string]string{
		``:                     "filter: is not JSON",
		`{`:                    "filter: is not JSON",
		`{}{}`:                 "filter: has more than one JSON value",
		`{}]`:                  "filter: has more than one JSON value",
		`null`:                 "filter: must be an object",
		`[]`:                   "filter: must be an object",
		`"x"`:                  "filter: must be an object",
		"{\"a\":\"\xff\"}":     "filter: is not valid text",
		`{"a":"\u0000"}`:       "a: is not valid text",
		`{"and":[]}`:           "and: is not known: a group has and_, or_ and not_, a filter has type",
		`{"name":"x"}`:         "name: is not known: a group has and_, or_ and not_, a filter has type",
		`{"and_":{}}`:          "and_: must be a list",
		`{"or_":null}`:         "or_: must be a list",
		`{"not_":[]}`:          "not_: must be an object",
		`{"and_":[1]}`:         "and_[0]: must be an object",
		`{"or_":[{},{"x":1}]}`: "or_[1].x: is not known: a group has and_, or_ and not_, a filter has type",
		`{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"q":0}`: "filter: has more than 16 members",
		`{"and_":[],"and_":[]}`:                                   "and_: is given twice",
		`{"and_":[{},{"not_":{"type":"null","field":"secret"}}]}`: "and_[1].not_.field: is not a field that can be filtered by",
		`{"` + strings.Repeat("x", 99) + `":1}`:                   strings.Repeat("x", 40) + ": is not known: a group has and_, or_ and not_, a filter has type",
		`{"x` + strings.Repeat("é", 40) + `":1}`:                  "x" + strings.Repeat("é", 19) + ": is not known: a group has and_, or_ and not_, a filter has type",

		`{"type":"nul","field":"n"}`:                                                      "type: is not a type of filter",
		`{"type":7}`:                                                                      "type: is not a type of filter",
		`{"type":"exists"}`:                                                               "relation: is missing",
		`{"type":"exists","relation":"parts"}`:                                            "relation: is not a relation that can be asked for",
		`{"type":"null"}`:                                                                 "field: is missing",
		`{"type":"null","field":"n","value":1}`:                                           "value: is not an argument of this filter",
		`{"type":"null","field":"n","and_":[]}`:                                           "and_: is not an argument of this filter",
		`{"type":"null","field_name":"n"}`:                                                "field_name: is not an argument of this filter",
		`{"type":"null","field":["n"]}`:                                                   "field: must be the name of a field",
		`{"type":"null","field":"opened_at"}`:                                             "field: is not a field that can be filtered by",
		`{"type":"null","field":"note"}`:                                                  "field: is not a field that can be filtered by",
		`{"type":"boolean","field":"n","value":true}`:                                     "field: is not a field of true and false",
		`{"type":"boolean","field":"full","value":"true"}`:                                "value: must be true or false",
		`{"type":"boolean","field":"full"}`:                                               "value: is missing",
		`{"type":"before_after","field":"created_at"}`:                                    "before: is missing, and after, too",
		`{"type":"on_before_after","field":"n","before":1}`:                               "before: is not an argument of this filter",
		`{"type":"before_after","field":"created_at","before":"2026-01-01T00:00:00"}`:     "before: is not a time with zone, such as 2026-01-31T12:00:00Z",
		`{"type":"collection","field":"n","values":1}`:                                    "values: must be a list",
		`{"type":"collection","field":"n"}`:                                               "values: is missing",
		`{"type":"collection","field":"n","values":[1,"2"]}`:                              "values[1]: must be a number",
		`{"type":"collection","field":"n","values":[null]}`:                               "values[0]: must be a number",
		`{"type":"collection","field":"id","values":["1"]}`:                               "values[0]: is not a UUID",
		`{"type":"choices","field":"kind","values":["green"]}`:                            "values[0]: must be one of [red blue]",
		`{"type":"collection","field":"n","values":[` + strings.Repeat("1,", 200) + `1]}`: "values: has more than 200 values",

		`{"type":"search","field":"kind","value":"r"}`:                "field: is not a field that can be searched",
		`{"type":"search","field":["name","n"],"value":"r"}`:          "field[1]: is not a field that can be searched",
		`{"type":"search","field":[],"value":"r"}`:                    "field: names no field",
		`{"type":"search","field":null,"value":"r"}`:                  "field: must be the name of a field",
		`{"type":"search","value":null}`:                              "value: must be a text",
		`{"type":"search","value":"r","ignore_case":"yes"}`:           "ignore_case: must be true or false",
		`{"type":"search","value":"r","ignore_case":null}`:            "ignore_case: must be true or false",
		`{"type":"filter_group","op":"and","filters":[]}`:             "op: must be one of and_, or_",
		`{"type":"filter_group","op":"or_","filters":{}}`:             "filters: must be a list",
		`{"type":"filter_group","op":"or_","filters":[{"type":"x"}]}`: "filters[0].type: is not a type of filter",
		`{"type":"order_by","field":"n"}`:                             "type: is not a filter: only a query has order_by",
		`{"and_":[{"type":"limit_offset","limit":1,"offset":0}]}`:     "and_[0].type: is not a filter: only a query has limit_offset",

		cmpn("n", "glob", `1`):                                   "op: must be one of between, contains, dateeq, endswith, eq, ge, gt, icontains, iendswith, ilike, in, istartswith, le, like, lt, ne, notin, startswith",
		cmpn("n", "like", `"1"`):                                 "field: is not a text",
		cmpn("name", "like", `1`):                                "value: must be a text",
		cmpn("name", "like", `"50\\\\\\"`):                       `value: ends in a \ that nothing follows`,
		cmpn("name", "ilike", `"`+strings.Repeat("%", 4097)+`"`): "value: is too long for a pattern",
		cmpn("secret", "eq", `""`):                               "field: is not a field that can be filtered by",
		cmpn("note", "eq", `""`):                                 "field: is not a field that can be filtered by",
		cmpn("n", "eq", `null`):                                  "value: must be a number",
		cmpn("n", "eq", `1.5`):                                   "value: is not a number",
		cmpn("n", "eq", `1e400`):                                 "value: is not a number",
		cmpn("weight", "gt", `1e400`):                            "value: is not a number",
		cmpn("name", "eq", `7`):                                  "value: must be a text",
		cmpn("name", "eq", `"12345678901"`):                      "value: is not valid text",
		cmpn("price", "eq", `1`):                                 "value: must be a text",
		cmpn("price", "eq", `"0.001"`):                           "value: has more digits than the column",
		cmpn("mark", "eq", `"x"`):                                "value: cannot be compared",
		cmpn("n", "in", `1`):                                     "value: must be a list",
		cmpn("n", "in", `null`):                                  "value: must be a list",
		cmpn("n", "between", `[1]`):                              "value: must be a list of two",
		cmpn("n", "contains", `"1"`):                             "field: is not a text",
		cmpn("secret", "contains", `"1"`):                        "field: is not a field that can be searched",
		cmpn("name", "contains", `1`):                            "value: must be a text",
		cmpn("name", "dateeq", `"2026-01-01"`):                   "field: is not a time nor a day",
		cmpn("opened", "dateeq", `"2026-13-01"`):                 "value: is not a day, such as 2026-01-31, nor a time with zone",
		cmpn("opened", "dateeq", `7`):                            "value: is not a day, such as 2026-01-31, nor a time with zone",
		cmpn("day", "dateeq", `"2026-13-01"`):                    "value: is not a date, such as 2026-01-31",

		deep(9, `{"and_":[`) + deep(9, `]}`):             strings.Repeat("and_[0].", 8) + "and_: is nested too deep",
		deep(9, `{"not_":`) + "{}" + deep(9, `}`):        strings.Repeat("not_.", 8) + "not_: is nested too deep",
		deep(50, `[`) + deep(50, `]`):                    strings.Repeat("[0]", 18) + ": is nested too deep",
		`{"and_":[{}` + strings.Repeat(",{}", 99) + `]}`: "and_[99]: is one more than the 100 groups and filters that a tree may have",
		strings.Repeat(" ", 1<<16) + "{}":                "filter: is longer than 65536 bytes",
	} {
		_, err := crates.ParseFilter([]byte(tree))
		e, ok := err.(*fault.Error)
		if !ok || e.Kind != fault.Malformed || e.Msg != want || len(e.Details) != 1 || !strings.HasPrefix(want, e.Details[0].Location+": ") {
			t.Errorf("%.90s:\n got %v\nwant %s", tree, err, want)
		}
	}
}

func TestTreeLimits(t *testing.T) {
	t.Parallel()
	r := data.TreeReader[crate]{Table: crates, MaxBytes: 200, MaxDepth: 1, MaxNodes: 3, MaxList: 2, MaxLimit: 5, Allow: func(f data.Field, use data.Use) bool {
		return f.JSON != "full" && (f.JSON != "name" || use != data.ToSearch)
	}}
	for tree, want := range map[string]string{
		`{"and_":[{},{}]}`:                                      "",
		`{"and_":[{},{},{}]}`:                                   "and_[2]: is one more than the 3 groups and filters that a tree may have",
		`{"and_":[{"or_":[]}]}`:                                 "and_[0].or_: is nested too deep",
		`{"type":"collection","field":"n","values":[1,2]}`:      "",
		`{"type":"collection","field":"n","values":[1,2,3]}`:    "values: has more than 2 values",
		strings.Repeat(" ", 199) + "{}":                         "filter: is longer than 200 bytes",
		`{"type":"boolean","field":"full","value":true}`:        "field: is not a field that can be filtered by",
		`{"type":"search","field":"name","value":"x"}`:          "field: is not a field that can be searched",
		`{"type":"search","field":"note","value":"x"}`:          "",
		`{"type":"order_by","field":"n"}`:                       "",
		`{"type":"order_by","field":"kind"}`:                    "field: is not a field that can be sorted by",
		`{"type":"order_by","field":"n","sort_order":"up"}`:     "sort_order: must be one of asc, desc",
		`{"or_":[{"type":"order_by","field":"n"}]}`:             "or_[0].type: has order_by where it would be one choice among others",
		`{"not_":{"type":"limit_offset","limit":1,"offset":0}}`: "not_.type: has limit_offset where it would be one choice among others",
		`{"type":"limit_offset","limit":5,"offset":0}`:          "",
		`{"type":"limit_offset","limit":6,"offset":0}`:          "limit: must be a whole number from 1 to 5",
		`{"type":"limit_offset","limit":0,"offset":0}`:          "limit: must be a whole number from 1 to 5",
		`{"type":"limit_offset","limit":1,"offset":-1}`:         "offset: must be a whole number from 0 to 2147483647",
		`{"type":"limit_offset","limit":"1","offset":0}`:        "limit: must be a whole number from 1 to 5",
		`{"type":"limit_offset","limit":1}`:                     "offset: is missing",
		`{"and_":[{"type":"limit_offset","limit":1,"offset":0},{"type":"limit_offset","limit":1,"offset":0}]}`: "and_[1]: is a second limit_offset",
	} {
		_, err := r.Query(t.Context(), []byte(tree))
		got := ""
		if e, ok := err.(*fault.Error); ok {
			got = e.Msg
		}
		check(t, tree, got, want)
	}
	// All that is searched is what may be searched.
	f, err := r.Filter(t.Context(), []byte(`{"type":"search","value":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	db, said := newRecorder("sqlite")
	crates.On(db).Count(t.Context(), f)
	check(t, "searched", said.take(), `query SELECT count(*) FROM "crates" WHERE has("note", ?); x`)
	r.Allow = func(data.Field, data.Use) bool { return false }
	if _, err := r.Filter(t.Context(), []byte(`{"type":"search","value":"x"}`)); fault.KindOf(err) != fault.Malformed {
		t.Errorf("a search in nothing: %v", err)
	}
}

// What a program says comes back from its tree.
func TestTreeRoundTrip(t *testing.T) {
	t.Parallel()
	id := data.ID[crate]{1}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600))
	q := data.Query[crate]{
		Where: data.All(
			data.Col[data.ID[crate]](crates, "id").In(id), data.Col[time.Time](crates, "opened_at").Ge(at), data.Col[decimal.Decimal](crates, "price").Ne(decimal.New(15, -1)),
			data.Col[float64](crates, "weight").Lt(1.5), crateN.NotIn(1<<62, -3), data.Col[bool](crates, "full").Eq(false), crateDay.IsNull(), crateDay.Le("2026-01-01"),
			data.Any(data.TextCol(crates, "name").HasSuffixFold("<é>"), data.Not(data.Col[string](crates, "kind").Eq("red"))),
		),
		Order: data.By(crateN.Desc(), data.Col[time.Time](crates, "created_at").Asc()), Limit: 7, Offset: 14,
	}
	tree, err := q.Tree()
	if err != nil {
		t.Fatal(err)
	}
	again, err := crates.ParseQuery(tree)
	if err != nil {
		t.Fatalf("%s: %v", tree, err)
	}
	want, err := q.Where.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	got, err := again.Where.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" || again.Limit != 7 || again.Offset != 14 || len(again.Order) != 2 {
		t.Errorf("%+v\n%s", again, d)
	}
	statement := func(q data.Query[crate]) string {
		db, said := newRecorder("postgres")
		crates.On(db).List(context.Background(), q)
		return said.take()
	}
	check(t, "the statement", statement(again), statement(q))
	for what, q := range map[string]data.Query[crate]{
		"sql":    {Where: data.Not(data.SQL[crate, int]("1 = 1", crateN))},
		"bytes":  {Where: data.Col[[]byte](crates, "mark").Eq([]byte("x"))},
		"fold":   {Order: data.By(data.TextCol(crates, "name").AscFold())},
		"chance": {Order: data.By(data.Shuffled[crate]())},
		"all":    {Limit: -1},
	} {
		if tree, err := q.Tree(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s is %s, %v", what, tree, err)
		}
	}
	tree, err = data.Query[crate]{Offset: 9}.Tree()
	if string(tree) != `{"and_":[{"limit":20,"offset":9,"type":"limit_offset"}]}` || err != nil {
		t.Errorf("%s, %v", tree, err)
	}
}

// FuzzFilterTree has nothing but a filter or fault.Malformed follow from any
// tree, and the filter mean the same when it was written and read again.
func FuzzFilterTree(f *testing.F) {
	for _, tree := range []string{
		`{}`, `{"and_":[]}`, `{"or_":[{},{"not_":{"type":"null","field":"day"}}]}`,
		`{"type":"before_after","field":"created_at","before":"2026-01-01T00:00:00Z","after":null}`,
		`{"type":"on_before_after","field":"n","on_or_after":-1}`,
		`{"type":"collection","field":"id","values":["01a1fb92-aef7-74f2-8a20-338ed92c3b77"]}`,
		`{"type":"not_in_collection","field":"kind","values":["red"]}`,
		`{"type":"boolean","field":"full","value":true}`,
		`{"type":"search","field":["name","note"],"value":"%","ignore_case":true}`,
		`{"type":"not_in_search","value":"_"}`,
		`{"type":"comparison","field":"price","op":"between","value":["1.5","20"]}`,
		`{"type":"comparison","field":"opened","op":"dateeq","value":"9999-12-31"}`,
		`{"type":"comparison","field":"price","op":"eq","value":"0e-999999999"}`,
		`{"type":"comparison","field":"weight","op":"ge","value":1e-3}`,
		`{"type":"comparison","field":"name","op":"iendswith","value":"\ud83d\ude00"}`,
		`{"type":"comparison","field":"note","op":"like","value":"%[a-c]_*\\\\%"}`,
		`{"type":"filter_group","op":"or_","filters":[{"type":"order_by","field":"n","sort_order":"desc"}]}`,
		`{"and_":[{"type":"order_by","field":"name"},{"type":"limit_offset","limit":3,"offset":4}]}`,
		`{"type":"exists","relation":"parts"}`,
		`{"not_":{"type":"not_exists","relation":"parts","filter":{"or_":[{"type":"comparison","field":"name","op":"startswith","value":"x"},{"type":"null","field":"size"}]}}}`,
		`{"type":"exists","relation":"parts","filter":{"type":"exists","relation":"crate","filter":{"type":"collection","field":"n","values":[1]}}}`,
	} {
		f.Add([]byte(tree))
	}
	f.Fuzz(func(t *testing.T, tree []byte) {
		db, _ := newRecorder("sqlite")
		q, err := partTrees.Query(t.Context(), tree)
		if err == nil {
			_, err = crates.On(db).List(t.Context(), q)
		}
		if err != nil {
			if fault.KindOf(err) != fault.Malformed {
				t.Fatalf("%v", err)
			}
			return
		}
		once, err := json.Marshal(q.Where)
		if err != nil {
			t.Fatal(err)
		}
		// What was written is longer and deeper than what was read, and no more is
		// allowed to be in it.
		r := partTrees
		r.MaxBytes, r.MaxDepth, r.MaxNodes = 1<<30, 100, 10_000
		where, err := r.Filter(t.Context(), once)
		if err != nil {
			// A column that is only searched may not be named otherwise.
			if strings.Contains(string(once), `"note"`) {
				return
			}
			t.Fatalf("%s: %v", once, err)
		}
		twice, err := json.Marshal(where)
		if err != nil || string(once) != string(twice) {
			t.Errorf("%s became %s: %v", once, twice, err)
		}
	})
}
