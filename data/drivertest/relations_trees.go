package drivertest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// authorTrees may ask for all that an author is related to, and from the books
// on for houses and topics.
func authorTrees(visible func(context.Context) (data.Filter[book], error)) data.TreeReader[author] {
	return data.TreeReader[author]{Table: authors, Relations: []data.TreeRelation[author]{
		authorBooks.InTrees("books", visible, []string{"name", "year", "created_at"},
			bookHouse.InTrees("house", nil, []string{"name"}), bookTopicsOf.InTrees("topics", nil, []string{"name"})),
		authorDesk.InTrees("desk", nil, []string{"name"}),
		authorMentor.InTrees("mentor", nil, []string{"name"}, authorMentor.InTrees("mentor", nil, []string{"name"})),
		authorPupils.InTrees("pupils", nil, nil, authorBooks.InTrees("books", visible, nil)),
	}}
}

var treeRelationTests = []test{
	{"filters as data", func(s suite) { // AT-F: exists and not-exists, and, or, empty
		l := s.library()
		r := authorTrees(nil)
		is := func(field, op, value string) string {
			return fmt.Sprintf(`{"type":"comparison","field":%q,"op":%q,"value":%s}`, field, op, value)
		}
		exists := func(relation, filter string) string {
			return fmt.Sprintf(`{"type":"exists","relation":%q,"filter":%s}`, relation, filter)
		}
		none := func(relation, filter string) string {
			return fmt.Sprintf(`{"type":"not_exists","relation":%q,"filter":%s}`, relation, filter)
		}
		group := func(op, a, b string) string { return fmt.Sprintf(`{%q:[%s,%s]}`, op, a, b) }
		for tree, want := range map[string]string{
			`{"type":"exists","relation":"books"}`:                       "[ann bob]",
			`{"type":"not_exists","relation":"books"}`:                   "[eve]",
			exists("books", `{}`):                                        "[ann bob]",
			exists("books", `{"and_":[]}`):                               "[ann bob]",
			exists("books", `{"or_":[]}`):                                "[]",
			none("books", `{}`):                                          "[eve]",
			none("books", `{"or_":[]}`):                                  "[ann bob eve]",
			exists("books", is("name", "eq", `"a1"`)):                    "[ann]",
			none("books", is("name", "eq", `"a1"`)):                      "[bob eve]",
			`{"not_":` + exists("books", is("name", "eq", `"a1"`)) + `}`: "[bob eve]",
			exists("books", group("and_", is("name", "eq", `"a2"`), is("year", "eq", "1999"))):                  "[]",
			group("and_", exists("books", is("name", "eq", `"a2"`)), exists("books", is("year", "eq", "1999"))): "[ann]",
			exists("books", group("or_", is("name", "eq", `"a2"`), is("name", "eq", `"b1"`))):                   "[ann bob]",
			group("or_", exists("books", is("name", "eq", `"b1"`)), is("name", "eq", `"eve"`)):                  "[bob eve]",
			exists("books", is("name", "eq", `"ann"`)):                                                          "[]",
			group("and_", is("name", "eq", `"ann"`), exists("books", is("name", "startswith", `"a"`))):          "[ann]",
			exists("books", `{"type":"null","field":"year"}`):                                                   "[ann]",
			exists("books", `{"type":"search","value":"B","ignore_case":true}`):                                 "[bob]",
			exists("books", `{"type":"collection","field":"name","values":[]}`):                                 "[]",
			exists("books", `{"type":"collection","field":"name","values":null}`):                               "[ann bob]",
			exists("books", is("year", "between", "[1990,2000]")):                                               "[ann]",
			exists("books", exists("house", is("name", "eq", `"Ace"`))):                                         "[ann]",
			exists("books", none("house", `{}`)):                                                                "[bob]",
			exists("books", exists("topics", is("name", "eq", `"war"`))):                                        "[bob]",
			exists("books", none("topics", `{}`)):                                                               "[ann bob]",
			exists("desk", is("name", "eq", `"elm"`)):                                                           "[bob]",
			none("desk", `{}`):                                            "[eve]",
			exists("mentor", is("name", "eq", `"ann"`)):                   "[bob]",
			exists("mentor", exists("mentor", is("name", "eq", `"ann"`))): "[eve]",
			exists("pupils", exists("books", `{}`)):                       "[ann]",
			none("pupils", none("books", `{}`)):                           "[ann eve]",
			exists("books", is("created_at", "lt", `"`+l.books["b2"].CreatedAt.Format("2006-01-02T15:04:05Z")+`"`)): "[ann]",
		} {
			f, err := r.Filter(s.ctx, []byte(tree))
			if err != nil {
				s.Errorf("%s: %v", tree, err)
				continue
			}
			again, err := json.Marshal(f)
			s.ok(err)
			written, err := r.Filter(s.ctx, again)
			s.ok(err)
			for _, f := range []data.Filter[author]{f, written} {
				s.same(tree, l.named(s, f), want)
			}
		}
	}},
	{"rules of trees", func(s suite) {
		l := s.library()
		type viewer struct{}
		visible := func(ctx context.Context) (data.Filter[book], error) {
			if ctx.Value(viewer{}) == "bob" {
				return data.Everything[book](), nil
			}
			return bookYear.Ge(2005), nil // of ann's only a3
		}
		r := authorTrees(visible)
		bob := context.WithValue(s.ctx, viewer{}, "bob")
		for _, x := range []struct{ tree, others, bob string }{
			{`{"type":"exists","relation":"books","filter":{"type":"comparison","field":"name","op":"eq","value":"a1"}}`, "[]", "[ann]"},
			{`{"type":"not_exists","relation":"books","filter":{"type":"comparison","field":"name","op":"eq","value":"a1"}}`, "[ann bob eve]", "[bob eve]"},
			{`{"type":"exists","relation":"books","filter":{"or_":[{"type":"comparison","field":"name","op":"eq","value":"a1"},{}]}}`, "[ann bob]", "[ann bob]"},
			{`{"type":"exists","relation":"books","filter":{"not_":{"type":"comparison","field":"name","op":"eq","value":"a3"}}}`, "[bob]", "[ann bob]"},
			{`{"type":"exists","relation":"books","filter":{"type":"null","field":"year"}}`, "[]", "[ann]"},
		} {
			f, err := r.Filter(s.ctx, []byte(x.tree))
			s.ok(err)
			s.same(x.tree, l.named(s, f), x.others)
			f, err = r.Filter(bob, []byte(x.tree))
			s.ok(err)
			s.same(x.tree+" as bob", l.named(s, f), x.bob)
		}
		_, err := authorTrees(func(context.Context) (data.Filter[book], error) { return data.Filter[book]{}, nil }).
			Filter(s.ctx, []byte(`{"type":"exists","relation":"books"}`))
		s.is(err, fault.Internal)
	}},
}

// named returns the names of the authors for whom a filter holds.
func (l *library) named(s suite, f data.Filter[author]) string {
	s.Helper()
	page, err := authors.On(l.db).List(s.ctx, data.Query[author]{Where: f, Count: true, Order: data.By(authorName.Asc())})
	s.ok(err)
	got := make([]string, len(page.Items))
	for i, w := range page.Items {
		got[i] = w.Name
	}
	s.same("total", page.Total, len(got))
	return fmt.Sprint(got)
}
