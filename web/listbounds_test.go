package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// What a caller is given by a cursor that another was handed are the rows that
// he may see himself.
func TestCursorOfAnotherCaller(t *testing.T) {
	t.Parallel()
	keys, err := secret.NewKeyring([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{db: openProducts(t), Router: web.NewRouter(web.Config{Log: quiet, Keys: keys})}
	s.SetGate(gate())
	mine := map[auth.Subject]string{"reader": "desk", "nobody": "lamp"}
	service := &productService{DB: s.db, Table: products, Visible: func(ctx context.Context) (data.Filter[product], error) {
		return data.Col[string](products, "kind").Eq(mine[auth.From(ctx).Subject]), nil
	}}
	web.Mount(s.Router, "/products", service, web.SignedIn, web.SignedIn, web.Restrict("products:read", "orderBy=price"))
	for i, kind := range []string{"desk", "lamp", "desk", "lamp", "desk", "lamp"} {
		s.add(t, fmt.Sprint(kind, i), kind, "1")
	}
	ask := func(who, query string) (int, string, string) {
		w := s.do(t, "GET", "/products?"+query, "", bearer, "Bearer "+who)
		var p keysetPage
		if w.Code == http.StatusOK {
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
		}
		var names []string
		for _, item := range p.Items {
			names = append(names, item.Name)
		}
		return w.Code, strings.Join(names, ","), p.Next
	}
	_, first, next := ask("reader", "orderBy=name&sortOrder=asc&pageSize=1&cursor=")
	if code, names, _ := ask("nobody", "orderBy=name&sortOrder=asc&cursor="+next); first != "desk0" || code != 200 || names != "lamp1,lamp3,lamp5" {
		t.Errorf("after %s another caller gets %d, %s", first, code, names)
	}
	// An order that needs a permission needs it on every page.
	_, _, next = ask("reader", "orderBy=price&pageSize=1&cursor=")
	if code, _, _ := ask("nobody", "orderBy=price&cursor="+next); next == "" || code != 400 {
		t.Errorf("a cursor of an order that needs a permission: %d", code)
	}
}

// However much is asked for, the answer is a page or names the parameter.
func TestListsAreBounded(t *testing.T) {
	t.Parallel()
	s := newTreeServer(t)
	s.seed(t)
	const id = "01a1fb92-aef7-74f2-8a20-338ed92c3b77"
	tree := func(text string) string { return treeQuery(text) }
	for query, want := range map[string]string{
		strings.Repeat("ids="+id+"&", 10_000):                   "query.ids: has more than 200 values",
		strings.Repeat("ids="+id+"&", 200):                      "",
		"ids=" + strings.Repeat(id+",", 10_000):                 "query.ids: is not a UUID",
		strings.Repeat("createdAfter=2026-01-01T00:00:00Z&", 2): "query.createdAfter: is given twice",
		strings.Repeat("searchString=x&", 3):                    "query.searchString: is given twice",
		"currentPage=1&currentPage=1":                           "query.currentPage: is given twice",
		"pageSize=1e1":                                          "query.pageSize: must be a whole number",
		"pageSize=" + strings.Repeat("9", 5000):                 "query.pageSize: is out of range",
		"price=" + strings.Repeat("9", 5000):                    "query.price: is not a number",
		"kind=lamp%00":                                          "query.kind: is not valid text",
		"kind=%ff":                                              "query.kind: is not valid text",
		"%00=1":                                                 "query: has a name that cannot be read",
		"searchString=%ed%a0%80":                                "query.searchString: is not valid text",
		tree(strings.Repeat(`{"not_":`, 400) + "{}" + strings.Repeat("}", 400)):                               "query.filter: " + strings.TrimSuffix(strings.Repeat("not_.", 18), ".") + ": is nested too deep",
		tree(strings.Repeat("[", 2000)):                                                                       "query.filter: " + strings.Repeat("[0]", 18) + ": is nested too deep",
		tree(`{"type":"collection","field":"kind","values":[` + strings.Repeat(`"lamp",`, 300) + `"lamp"]}`):  "query.filter: values: has more than 200 values",
		tree(`{"or_":[` + strings.Repeat("{},", 900) + `{}]}`):                                                "query.filter: or_[99]: is one more than the 100 groups and filters that a tree may have",
		tree(`{"type":"search","value":"\u0000"}`):                                                            "query.filter: value: is not valid text",
		tree(`{"type":"comparison","field":"name","op":"like","value":"\\"}`):                                 `query.filter: value: ends in a \ that nothing follows`,
		tree(`{"type":"comparison","field":"name","op":"like","value":"` + strings.Repeat("%a", 1900) + `"}`): "",
		tree(`{"type":"comparison","field":"price","op":"eq","value":"1e999999999"}`):                         "query.filter: value: is not a number",
	} {
		w := s.do(t, "GET", "/products?"+query, "")
		got := ""
		if w.Code == http.StatusBadRequest {
			e := problemOf(t, w).Errors[0]
			got = e.Location + ": " + e.Message
		}
		if got != want || got == "" && w.Code != http.StatusOK {
			t.Errorf("%.70s: %d\n got %s\nwant %s", query, w.Code, got, want)
		}
	}
}
