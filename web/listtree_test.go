package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// newTreeServer offers filter trees, cursors and restrictions.
func newTreeServer(tb testing.TB) *server {
	tb.Helper()
	keys, err := secret.NewKeyring([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		tb.Fatal(err)
	}
	s := &server{db: openProducts(tb), Router: web.NewRouter(web.Config{Log: quiet, Keys: keys})}
	s.SetGate(gate())
	service := &productService{DB: s.db, Table: products}
	web.Mount(s.Router, "/products", service, web.Anyone, web.Anyone, web.FilterTree(), web.Restrict("products:read", "inStock", "createdBefore"))
	web.Mount(s.Router, "/kept", service, web.Anyone, web.Anyone, web.FilterTree(), web.Restrict("products:read", "searchString", "ids"))
	return s
}

func treeQuery(tree string) string { return "filter=" + url.QueryEscape(tree) }

func TestFilterTree(t *testing.T) {
	t.Parallel()
	s := newTreeServer(t)
	rows := s.seed(t)
	long := `{"type":"search","value":"` + strings.Repeat("x", 4096) + `"}`
	for _, tt := range []struct{ target, token, want string }{
		{"/products?" + treeQuery(`{"or_":[{"type":"comparison","field":"kind","op":"eq","value":"chair"},{"type":"comparison","field":"price","op":"lt","value":"2"}]}`), "", "LAMP,100% wool"},
		{"/products?" + treeQuery(`{"not_":{"type":"search","value":"LAMP","ignore_case":true}}`) + "&kind=desk&orderBy=name", "", ""},
		{"/products?" + treeQuery(`{"type":"not_in_search","value":"LAMP","ignore_case":true}`) + "&kind=desk&orderBy=name", "", "a_b,aXb"},
		{"/products?" + treeQuery(`{}`) + "&pageSize=1", "", "lamp"},
		{"/products?" + treeQuery(`{"type":"comparison","field":"in_stock","op":"ge","value":3}`), "reader", "lamp,LAMP"},
		{"/products?" + treeQuery(`{"type":"comparison","field":"in_stock","op":"ge","value":3}`), "nobody", "query.filter: field: is not a field that can be filtered by"},
		{"/products?" + treeQuery(`{"type":"null","field":"created_at"}`), "", "query.filter: field: is not a field that can be filtered by"},
		{"/products?" + treeQuery(`{"type":"null","field":"created_at"}`), "reader", ""},
		{"/products?" + treeQuery(`{"type":"null","field":"updated_at"}`), "", ""},
		{"/kept?" + treeQuery(`{"type":"search","value":"wool"}`), "", "query.filter: has no field that can be searched"},
		{"/kept?" + treeQuery(`{"type":"comparison","field":"name","op":"contains","value":"wool"}`), "", "query.filter: field: is not a field that can be searched"},
		{"/kept?" + treeQuery(`{"type":"search","value":"wool"}`), "reader", "100% wool"},
		{"/kept?" + treeQuery(`{"type":"comparison","field":"id","op":"eq","value":"`+rows[0].ID.String()+`"}`), "", "query.filter: field: is not a field that can be filtered by"},
		{"/kept?" + treeQuery(`{"type":"comparison","field":"id","op":"eq","value":"`+rows[0].ID.String()+`"}`), "reader", "100% wool"},
		{"/products?" + treeQuery(`{"and_":[{},{"type":"null","field":"cost"}]}`), "", "query.filter: and_[1].field: is not a field that can be filtered by"},
		{"/products?" + treeQuery(`{"type":"order_by","field":"name"}`), "", "query.filter: type: is not a filter: only a query has order_by"},
		{"/products?filter=", "", "query.filter: is not JSON"},
		{"/products?filter=kind", "", "query.filter: is not JSON"},
		{"/products?filter=%7B%7D&filter=%7B%7D", "", "query.filter: is given twice"},
		{"/products?" + treeQuery(long), "", "query.filter: must have at most 4096 characters"},
	} {
		var header []string
		if tt.token != "" {
			header = []string{bearer, "Bearer " + tt.token}
		}
		w := s.do(t, "GET", tt.target, "", header...)
		got := ""
		if w.Code == http.StatusOK {
			var p page
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, item := range p.Items {
				names = append(names, item.Name)
			}
			got = strings.Join(names, ",")
		} else if w.Code == http.StatusBadRequest {
			e := problemOf(t, w).Errors[0]
			got = e.Location + ": " + e.Message
		} else {
			t.Errorf("%s: %d", tt.target, w.Code)
		}
		if got != tt.want {
			t.Errorf("%s as %q:\n got %s\nwant %s", tt.target, tt.token, got, tt.want)
		}
	}
	// A cursor belongs to its tree.
	tree := treeQuery(`{"type":"comparison","field":"kind","op":"eq","value":"desk"}`)
	next := s.keysetPage(t, "/products", tree+"&pageSize=1", "").Next
	if p := s.keysetPage(t, "/products", tree+"&pageSize=1", next); len(p.Items) != 1 || p.Items[0].Name != "a_b" {
		t.Errorf("the second page has %+v", p.Items)
	}
	if w := s.do(t, "GET", "/products?"+treeQuery(`{}`)+"&cursor="+next, ""); w.Code != http.StatusBadRequest {
		t.Errorf("a cursor with another tree: %d", w.Code)
	}
	// Lists that do not ask for it have no such parameter.
	if w := newServer(t).do(t, "GET", "/api/v1/products?filter=%7B%7D", ""); w.Code != http.StatusBadRequest {
		t.Errorf("a list without the option: %d", w.Code)
	}
}

func TestEstimatedTotal(t *testing.T) {
	t.Parallel()
	s := &server{Router: web.NewRouter(web.Config{Log: quiet})}
	f := &fake{}
	guess := true
	web.HandleList(s.Router, "GET /shelf", products, func(ctx context.Context, q data.Query[product]) (data.Page[product], error) {
		p, err := f.List(ctx, q)
		p.Estimated = q.Estimate && guess
		return p, err
	}, func(_ context.Context, p *product) small { return small{p.Name} }, web.Anyone)
	for _, tt := range []struct{ query, want string }{
		{"total=estimated", `{"items":[{"title":"one"}],"total":7,"total_estimated":true,"limit":20,"offset":0}`},
		{"total=exact", `{"items":[{"title":"one"}],"total":7,"limit":20,"offset":0}`},
		{"", `{"items":[{"title":"one"}],"total":7,"limit":20,"offset":0}`},
		{"total=none", `{"items":[{"title":"one"}],"limit":20,"offset":0}`},
	} {
		if got := strings.TrimSpace(s.do(t, "GET", "/shelf?"+tt.query, "").Body.String()); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.query, got, tt.want)
		}
		if want := tt.query == "total=estimated"; f.query.Estimate != want || f.query.Count != (tt.query != "total=none") {
			t.Errorf("%s asked for %+v", tt.query, f.query)
		}
	}
	guess = false
	if got := s.do(t, "GET", "/shelf?total=estimated", "").Body.String(); strings.Contains(got, "total_estimated") {
		t.Errorf("a total that is exact: %s", got)
	}
	cursors := newTreeServer(t)
	if w := cursors.do(t, "GET", "/products?total=estimated&cursor=", ""); w.Code != http.StatusBadRequest || problemOf(t, w).Errors[0].Location != "query.total" {
		t.Errorf("an estimate with a cursor: %d %s", w.Code, w.Body)
	}
}

// A shelf has one field of choices and one flag.
type shelf struct {
	data.Audited[shelf]
	Name   string `json:"name" db:"name,search,sort"`
	Colour string `json:"wall_colour" db:"colour,enum=red|blue,filter"`
	Open   bool   `json:"is_open" db:"open,filter"`
}

var shelves = data.NewTable[shelf]("shelves")

// TestQueryNames has the exact names and types that a whole list has: 17 beside
// the way it counts.
func TestQueryNames(t *testing.T) {
	t.Parallel()
	r := web.NewRouter(web.Config{Log: quiet})
	var asked data.Query[shelf]
	web.HandleList(r, "GET /shelves", shelves, func(_ context.Context, q data.Query[shelf]) (data.Page[shelf], error) {
		asked = q
		return data.Page[shelf]{}, nil
	}, func(_ context.Context, v *shelf) small { return small{v.Name} }, web.Anyone)
	const tt, choice, flag = "string date-time", "array of string [red blue]", "array of boolean"
	want := map[string]string{
		"ids": "array of string uuid", "createdBefore": tt, "createdAfter": tt, "updatedBefore": tt, "updatedAfter": tt,
		"currentPage": "integer int32 from 1 =1", "pageSize": "integer int32 from 1 to 100 =20",
		"searchString": "string", "searchIgnoreCase": "boolean =false",
		"orderBy": "array of string [created_at updated_at name]", "sortOrder": "array of string [asc desc] =[desc]",
		"wallColour": choice, "wallColourIn": choice, "wallColourNotIn": choice,
		"isOpen": flag, "isOpenIn": flag, "isOpenNotIn": flag,

		"total": "string [exact estimated none] =exact",
	}
	got := map[string]string{}
	for _, p := range r.OpenAPI().Paths["/shelves"].Get.Parameters {
		if p.In != "query" || p.Required {
			t.Errorf("%s is in %s, required %v", p.Name, p.In, p.Required)
		}
		s, text := p.Schema, ""
		usual := s.Default
		if s.Type == "array" {
			text, s = "array of ", s.Items
		}
		text += s.Type
		if s.Format != "" {
			text += " " + s.Format
		}
		if s.Minimum != nil {
			text += " from " + cell(*s.Minimum)
		}
		if s.Maximum != nil {
			text += " to " + cell(*s.Maximum)
		}
		if s.Enum != nil {
			text += " " + cell(s.Enum)
		}
		if usual != nil {
			text += " =" + cell(usual)
		}
		got[p.Name] = text
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/shelves", nil))
	if asked.Limit != 20 || asked.Offset != 0 || !asked.Count || asked.Estimate || len(asked.Order) != 1 || !asked.Where.IsZero() {
		t.Errorf("by default %+v is asked", asked)
	}
	tree, err := data.Query[shelf]{Order: asked.Order}.Tree()
	if err != nil || string(tree) != `{"and_":[{"field":"created_at","sort_order":"desc","type":"order_by"}]}` {
		t.Errorf("the usual order is %s, %v", tree, err)
	}
}

func cell(v any) string {
	b, _ := json.Marshal(v)
	return strings.NewReplacer(`"`, "", ",", " ").Replace(string(b))
}

// Two lists of one table, each with its own options, behind one function: what
// one allows has no part in what the other does.
func TestListsAreIndependent(t *testing.T) {
	t.Parallel()
	s := &server{Router: web.NewRouter(web.Config{Log: quiet})}
	s.SetGate(gate())
	var asked data.Query[product]
	list := func(_ context.Context, q data.Query[product]) (data.Page[product], error) {
		asked = q
		return data.Page[product]{}, nil
	}
	view := func(_ context.Context, p *product) small { return small{p.Name} }
	web.HandleList(s.Router, "GET /a", products, list, view, web.Anyone, web.Restrict("products:read", "kind"), web.FilterTree())
	web.HandleList(s.Router, "GET /b", products, list, view, web.Anyone)
	for target, want := range map[string]int{
		"/a?kind=desk":     400,
		"/a?inStock=1":     200,
		"/b?kind=desk":     200,
		"/a?filter=%7B%7D": 200,
		"/b?filter=%7B%7D": 400,
	} {
		if w := s.do(t, "GET", target, ""); w.Code != want {
			t.Errorf("%s: %d, want %d", target, w.Code, want)
		}
	}
	// The parameters of two fields do not mix.
	s.do(t, "GET", "/b?kindIn=desk&inStockIn=1&kindIn=lamp&inStockIn=2&kindNotIn=chair", "")
	tree, err := json.Marshal(asked.Where)
	want := `{"and_":[{"field":"kind","type":"collection","values":["desk","lamp"]},{"field":"in_stock","type":"collection","values":[1,2]},{"field":"kind","type":"not_in_collection","values":["chair"]}]}`
	if err != nil || string(tree) != want {
		t.Errorf("%s, %v\nwant %s", tree, err, want)
	}
}

// A text that no row can hold is found in none.
func TestSearchLongerThanTheColumn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.seed(t)
	w := s.do(t, "GET", "/api/v1/products?searchString="+strings.Repeat("x", 100), "")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"total":0`) {
		t.Error(w.Code, w.Body)
	}
}

// FuzzQuery has every query be answered by a page, or refused by the name of
// what is wrong in it.
func FuzzQuery(f *testing.F) {
	s := newTreeServer(f)
	s.SetGate(auth.Gate{})
	s.add(f, "wool", "chair", "1.5")
	for _, q := range []string{
		"", "currentPage=2&pageSize=100&total=none", "total=estimated&kind=lamp&kindNotIn=desk", "ids=01a1fb92-aef7-74f2-8a20-338ed92c3b77",
		"createdAfter=2026-01-01T12:00:00%2B01:00&updatedBefore=2026-01-01T12:00:00Z", "searchString=%25_&searchIgnoreCase=true",
		"orderBy=price&sortOrder=asc", "orderBy=price,name&orderBy=kind&sortOrder=asc,desc", "orderBy=name&orderBy=price&sortOrder=desc&sortOrder=asc&cursor=&pageSize=1", "price=1.5&price=2e2", "price=0e-999999999", "isActiveIn=true", "cursor=", "cursor=AAAA", "cursor=&pageSize=1",
		treeQuery(`{"or_":[{"type":"search","value":"x"},{"not_":{"type":"comparison","field":"price","op":"in","value":["1"]}}]}`), "%zz", "a=%", "&&=", ";", "+=+",
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/products", nil)
		r.URL.RawQuery = q
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK:
			var p web.Page[json.RawMessage]
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Items == nil {
				t.Errorf("%q: %v: %s", q, err, w.Body)
			}
		case http.StatusBadRequest:
			p := problemOf(t, w)
			if len(p.Errors) == 0 || slices.ContainsFunc(p.Errors, func(e web.ProblemDetail) bool { return !strings.HasPrefix(e.Location, "query") || e.Message == "" }) {
				t.Errorf("%q: %s", q, w.Body)
			}
		default:
			t.Errorf("%q: %d %s", q, w.Code, w.Body)
		}
	})
}
