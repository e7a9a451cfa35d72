package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/web"
)

type page struct {
	Items []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"items"`
	Total         *int
	Limit, Offset int
}

// seed stores a few products, a minute apart.
func (s *server) seed(t *testing.T) (rows []product) {
	t.Helper()
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for i, v := range []struct{ name, kind, price string }{
		{"100% wool", "chair", "5.00"}, {"a_b", "desk", "7.50"}, {"aXb", "desk", "7.50"}, {"LAMP", "lamp", "1.00"}, {"lamp", "lamp", "2.00"},
	} {
		at := start.Add(time.Duration(i) * time.Minute)
		p := product{Name: v.name, Kind: v.kind, Price: decimal.RequireFromString(v.price), InStock: int64(i)}
		p.CreatedAt, p.UpdatedAt = at, at
		if err := products.On(s.db).Add(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, p)
	}
	return rows
}

func TestList(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	rows := s.seed(t)
	for _, tt := range []struct {
		query string
		want  string // names in order
		total int    // -1: not counted
	}{
		{"", "lamp LAMP aXb a_b 100% wool", 5},
		{"sortOrder=asc", "100% wool a_b aXb LAMP lamp", 5},
		{"orderBy=name", "lamp a_b aXb LAMP 100% wool", 5},
		{"orderBy=name&sortOrder=asc", "100% wool LAMP aXb a_b lamp", 5},
		{"orderBy=price&sortOrder=asc&pageSize=2", "LAMP lamp", 5},
		{"pageSize=2&currentPage=2", "aXb a_b", 5},
		{"pageSize=2&currentPage=9", "", 5},
		{"pageSize=2&total=none", "lamp LAMP", -1},
		{"total=exact", "lamp LAMP aXb a_b 100% wool", 5},
		{"searchString=lamp", "lamp", 1},
		{"searchString=lamp&searchIgnoreCase=true", "lamp LAMP", 2},
		{"searchString=a_b", "a_b", 1},
		{"searchString=100%25", "100% wool", 1},
		{"searchString=%25", "100% wool", 1},
		{"searchString=", "lamp LAMP aXb a_b 100% wool", 5},
		{"searchString=" + url.QueryEscape(`' OR 1=1 --`), "", 0},
		{"kind=lamp", "lamp LAMP", 2},
		{"kind=lamp&kind=chair", "lamp LAMP 100% wool", 3},
		{"kindIn=desk&kindIn=chair", "aXb a_b 100% wool", 3},
		{"kindNotIn=desk&kindNotIn=lamp", "100% wool", 1},
		{"kind=lamp&kindNotIn=lamp", "", 0},
		{"price=7.5", "aXb a_b", 2},
		{"isActive=true", "", 0},
		{"isActive=false&kind=chair", "100% wool", 1},
		{"ids=" + rows[0].ID.String() + "&ids=" + rows[4].ID.String(), "lamp 100% wool", 2},
		{"createdBefore=2026-01-01T12:01:00Z", "100% wool", 1},
		{"createdAfter=2026-01-01T13:03:00%2B01:00", "lamp", 1},
		{"updatedAfter=2026-01-01T12:02:00Z&updatedBefore=2026-01-01T12:04:00Z", "LAMP", 1},
		{"cheap=2", "LAMP", 1},
	} {
		t.Run(tt.query, func(t *testing.T) {
			w := s.do(t, "GET", "/api/v1/products?"+tt.query, "")
			if w.Code != 200 {
				t.Fatal(w.Code, w.Body)
			}
			var p page
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, item := range p.Items {
				names = append(names, item.Name)
			}
			total := -1
			if p.Total != nil {
				total = *p.Total
			}
			if got := strings.Join(names, " "); got != tt.want || total != tt.total {
				t.Errorf("got %q and %d, want %q and %d", got, total, tt.want, tt.total)
			}
		})
	}
}

func TestPageShape(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for query, want := range map[string]string{
		"":                         `{"items":[],"total":0,"limit":20,"offset":0}`,
		"total=none&currentPage=3": `{"items":[],"limit":20,"offset":40}`,
		"pageSize=100":             `{"items":[],"total":0,"limit":100,"offset":0}`,
	} {
		if got := strings.TrimSpace(s.do(t, "GET", "/api/v1/products?"+query, "").Body.String()); got != want {
			t.Errorf("%q: got %s, want %s", query, got, want)
		}
	}
}

func TestListRefuses(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.seed(t)
	for query, want := range map[string]string{
		"nothing=1":                           "query.nothing: is not a known parameter",
		"created_at=1":                        "query.created_at: is not a known parameter",
		"id=1":                                "query.id: is not a known parameter",
		"cost=1":                              "query.cost: is not a known parameter",
		"name=x":                              "query.name: is not a known parameter",
		"inStock=1":                           "query.inStock: is not a known parameter",
		"inStockNotIn=1":                      "query.inStockNotIn: is not a known parameter",
		"orderBy=cost":                        "query.orderBy: must be one of created_at, updated_at, name, price, in_stock",
		"orderBy=inStock":                     "query.orderBy: must be one of created_at, updated_at, name, price, in_stock",
		"orderBy=name%3BDROP":                 "query.orderBy: must be one of created_at, updated_at, name, price, in_stock",
		"sortOrder=up":                        "query.sortOrder: must be one of asc, desc",
		"pageSize=0":                          "query.pageSize: must be at least 1",
		"pageSize=101":                        "query.pageSize: must be at most 100",
		"pageSize=ten":                        "query.pageSize: must be a whole number",
		"pageSize=-1":                         "query.pageSize: must be at least 1",
		"pageSize=1&pageSize=2":               "query.pageSize: is given twice",
		"currentPage=0":                       "query.currentPage: must be at least 1",
		"currentPage=99999999999999999999":    "query.currentPage: is out of range",
		"currentPage=2147483647&pageSize=100": "query.currentPage: is out of range",
		"total=maybe":                         "query.total: must be one of exact, estimated, none",
		"ids=1":                               "query.ids: is not a UUID",
		"ids=":                                "query.ids: is not a UUID",
		"ids=01a1fb92-aef7-74f2-8a20-338ed92c3b77,01a1fb92-aef7-74f2-8a20-338ed92c3b78": "query.ids: is not a UUID",
		"createdBefore=2026-01-01T12:00:00":                                             "query.createdBefore: is not a time with zone, such as 2026-01-31T12:00:00Z",
		"createdAfter=2026-01-01":                                                       "query.createdAfter: is not a time with zone, such as 2026-01-31T12:00:00Z",
		"updatedAfter=0000-01-01T00:00:00Z":                                             "query.updatedAfter: is not a time with zone, such as 2026-01-31T12:00:00Z",
		"searchString=" + strings.Repeat("x", 129):                                      "query.searchString: must have at most 128 characters",
		"searchString=%00":                                                              "query.searchString: is not valid text",
		"searchIgnoreCase=1":                                                            "query.searchIgnoreCase: must be true or false",
		"kind=sofa":                                                                     "query.kind: must be one of [lamp chair desk]",
		"price=cheap":                                                                   "query.price: is not a number",
		"price=1e999999":                                                                "query.price: is not a number",
		"isActive=yes":                                                                  "query.isActive: must be true or false",
		"cheap=very":                                                                    "query.cheap: is not a price",
		"%zz=1":                                                                         "query: has a name that cannot be read",
		strings.Repeat("kind=lamp&", 201):                                               "query.kind: has more than 200 values",
		strings.Repeat("u", 100) + "=1":                                                 "query." + strings.Repeat("u", 64) + ": is not a known parameter",
	} {
		t.Run(query[:min(len(query), 60)], func(t *testing.T) {
			w := s.do(t, "GET", "/api/v1/products?"+query, "")
			if w.Code != 400 {
				t.Fatal(w.Code, w.Body)
			}
			if e := problemOf(t, w).Errors[0]; e.Location+": "+e.Message != want {
				t.Errorf("got %q, want %q", e.Location+": "+e.Message, want)
			}
		})
	}
}

func TestRestrictedParameters(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.seed(t)
	for _, query := range []string{"inStock=3", "inStockIn=3&inStockIn=9", "inStockNotIn=0&inStockNotIn=1&inStockNotIn=2&inStockNotIn=4"} {
		w := s.do(t, "GET", "/api/v1/products?"+query, "", bearer, "Bearer reader")
		if w.Code != 200 || !strings.Contains(w.Body.String(), `"total":1,`) {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	if w := s.do(t, "GET", "/api/v1/products?inStock=3", "", bearer, "Bearer nobody"); w.Code != 400 {
		t.Errorf("without the permission: %d", w.Code)
	}
}

// fake is a resource that keeps what it was asked.
type fake struct {
	query data.Query[product]
	fail  error
}

func (f *fake) Model() *data.Table[product] { return products }
func (f *fake) List(_ context.Context, q data.Query[product]) (data.Page[product], error) {
	f.query = q
	return data.Page[product]{Items: []product{{Name: "one"}}, Total: 7}, f.fail
}
func (f *fake) Get(context.Context, data.Key[product]) (product, error) {
	p := product{Name: "one"}
	p.UpdatedAt = time.Unix(1, 0)
	return p, f.fail
}
func (f *fake) Create(context.Context, productCreate) (product, error) { return product{}, f.fail }
func (f *fake) Update(context.Context, data.Key[product], productUpdate, ...data.Version) (product, error) {
	return product{}, f.fail
}
func (f *fake) Delete(context.Context, data.Key[product], ...data.Version) error { return f.fail }

type small struct {
	Title string `json:"title"`
}

func TestViews(t *testing.T) {
	t.Parallel()
	const one = "/shelf/01a1fb92-aef7-74f2-8a20-338ed92c3b77"
	whole := func(_ context.Context, p *product) struct {
		Whole string `json:"whole"`
	} {
		return struct {
			Whole string `json:"whole"`
		}{p.Name}
	}
	for _, tt := range []struct {
		name      string
		opts      []web.Option
		list, row string
	}{
		{"list", []web.Option{web.ListAs(func(p *product) small { return small{p.Name} })}, `{"title":"one"}`, `"name":"one"`},
		{"row", []web.Option{web.View(whole)}, `{"whole":"one"}`, `{"whole":"one"}`},
		{"both", []web.Option{web.View(whole), web.ListAs(func(p *product) small { return small{p.Name} })}, `{"title":"one"}`, `{"whole":"one"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &server{Router: web.NewRouter(web.Config{Log: quiet})}
			web.Mount(s.Router, "/shelf", &fake{}, web.Anyone, web.Anyone, tt.opts...)
			if got := s.do(t, "GET", "/shelf", "").Body.String(); !strings.Contains(got, tt.list) {
				t.Errorf("list: %s", got)
			}
			if got := s.do(t, "GET", one, "").Body.String(); !strings.Contains(got, tt.row) {
				t.Errorf("row: %s", got)
			}
		})
	}
}

func TestWithout(t *testing.T) {
	t.Parallel()
	r := web.NewRouter(web.Config{})
	web.Mount(r, "/shelf", &fake{}, web.Anyone, web.SignedIn, web.Without("POST", "DELETE"), web.OperationID("things"), web.Tag("Shelf"), web.Summary("x"))
	var got []string
	for _, route := range r.Routes() {
		got = append(got, fmt.Sprint(route.Method, " ", route.Path, " ", route.Access, " ", route.OperationID, " ", route.Tags, " ", route.Summary))
	}
	want := []string{
		"GET /shelf anyone listThings [Shelf] List things",
		"GET /shelf/{id} anyone getThings [Shelf] Get things",
		"PATCH /shelf/{id} signed in updateThings [Shelf] Update things",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestHandleList(t *testing.T) {
	t.Parallel()
	s := &server{Router: web.NewRouter(web.Config{Log: quiet})}
	var owner string
	f := &fake{}
	web.HandleList(s.Router, "GET /people/{owner}/shelf", products, func(ctx context.Context, q data.Query[product]) (data.Page[product], error) {
		owner = web.PathValue(ctx, "owner")
		return f.List(ctx, q)
	}, func(_ context.Context, p *product) small { return small{p.Name} }, web.Anyone)
	w := s.do(t, "GET", "/people/me%20too/shelf?pageSize=3&currentPage=4", "")
	if got := strings.TrimSpace(w.Body.String()); got != `{"items":[{"title":"one"}],"total":7,"limit":3,"offset":9}` || owner != "me too" {
		t.Errorf("%s for %q", got, owner)
	}
	if f.query.Limit != 3 || f.query.Offset != 9 || !f.query.Count || !f.query.Where.IsZero() {
		t.Errorf("asked for %+v", f.query)
	}
}

// An error of a filter that is not the caller's fault stays what it is.
func TestFilterFails(t *testing.T) {
	t.Parallel()
	s := &server{Router: web.NewRouter(web.Config{Log: quiet})}
	web.Mount(s.Router, "/shelf", &fake{}, web.Anyone, web.Anyone, web.FilterBy("x", "", func([]string) (data.Filter[product], error) {
		return data.Filter[product]{}, fault.Errorf(fault.Unavailable, "down")
	}))
	if w := s.do(t, "GET", "/shelf?x=1", ""); w.Code != 503 {
		t.Error(w.Code, w.Body)
	}
}
