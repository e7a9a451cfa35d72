package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

type keysetPage struct {
	Items []struct{ ID, Name string }
	Total *int
	Limit int
	Off   *int   `json:"offset"`
	Next  string `json:"next_cursor"`
}

// newCursorServer serves the products with cursors, by a clock that stands at
// *now.
func newCursorServer(t *testing.T, now *time.Time) *server {
	t.Helper()
	keys, err := secret.NewKeyring([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{db: openProducts(t), Router: web.NewRouter(web.Config{Log: quiet, Keys: keys, Now: func() time.Time { return *now }})}
	service := &productService{DB: s.db, Table: products}
	web.Mount(s.Router, "/products", service, web.Anyone, web.Anyone)
	web.HandleList(s.Router, "GET /shelves/{shelf}", products, service.List,
		func(_ context.Context, p *product) struct{ ID, Name string } {
			return struct{ ID, Name string }{p.ID.String(), p.Name}
		}, web.Anyone)
	return s
}

func (s *server) keysetPage(t *testing.T, path, query, cursor string) (p keysetPage) {
	t.Helper()
	w := s.do(t, "GET", path+"?"+query+"&cursor="+url.QueryEscape(cursor), "")
	if w.Code != http.StatusOK {
		t.Fatalf("%s?%s: %d %s", path, query, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// A thousand rows are walked while others come and go.
func TestCursorWalk(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newCursorServer(t, &now)
	add := func(what string, n int) []product {
		rows := make([]product, n)
		for i := range rows {
			rows[i] = product{Name: fmt.Sprintf("%s %d", what, i), Kind: []string{"desk", "lamp"}[i%2], Price: decimal.New(int64(i%7+1), 0)}
		}
		if err := products.On(s.db).AddAll(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows := add("row", 1000)
	for round, query := range []string{"pageSize=60", "pageSize=60&orderBy=price&sortOrder=asc", "pageSize=60&kind=lamp&orderBy=name"} {
		stay, seen := map[string]bool{}, map[string]bool{}
		left := rows[:0:0]
		for i, r := range rows {
			if !strings.Contains(query, "kind=lamp") || r.Kind == "lamp" {
				stay[r.ID.String()] = true
			}
			if i%10 > 0 {
				left = append(left, r)
			}
		}
		cursor, pages := "", 0
		for {
			p := s.keysetPage(t, "/products", query, cursor)
			if p.Total != nil || p.Off != nil || p.Limit != 60 {
				t.Fatalf("a page by cursor has %v, %v, %d", p.Total, p.Off, p.Limit)
			}
			for _, item := range p.Items {
				if seen[item.ID] {
					t.Errorf("%s: %s twice", query, item.Name)
				}
				seen[item.ID] = true
			}
			if cursor = p.Next; cursor == "" {
				break
			}
			pages++
			add(fmt.Sprint("new ", round, pages), 2)
			for i := 0; i < len(rows); i += 10 { // some of those that are to go
				if i/10%12 == pages%12 {
					if _, err := products.On(s.db).DeleteWhere(t.Context(), data.Col[data.ID[product]](products, "id").Eq(rows[i].ID)); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if pages < 7 {
			t.Errorf("%s: only %d pages", query, pages)
		}
		for _, r := range left {
			if id := r.ID.String(); stay[id] && !seen[id] {
				t.Errorf("%s: %s is lost", query, r.Name)
			}
		}
		rows = left
	}
}

func TestCursorShape(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newCursorServer(t, &now)
	if got := strings.TrimSpace(s.do(t, "GET", "/products?cursor=", "").Body.String()); got != `{"items":[],"limit":20}` {
		t.Error(got)
	}
	if got := strings.TrimSpace(s.do(t, "GET", "/products", "").Body.String()); got != `{"items":[],"total":0,"limit":20,"offset":0}` {
		t.Error(got)
	}
	// Without keys the parameter is unknown.
	plain := newServer(t)
	if w := plain.do(t, "GET", "/api/v1/products?cursor=", ""); w.Code != http.StatusBadRequest {
		t.Error(w.Code, w.Body)
	}
}

func TestCursorRefuses(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newCursorServer(t, &now)
	s.seed(t)
	const query = "pageSize=1&kind=desk&kind=lamp&orderBy=name&total=none"
	good := s.keysetPage(t, "/products", query, "").Next
	shelf := s.keysetPage(t, "/shelves/a", query, "").Next
	c := "cursor=" + good
	foreign, err := secret.NewKeyring([]byte("fedcba9876543210fedcba9876543210"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ what, target, param string }{
		{"as it was given", "/products?" + query + "&" + c, ""},
		{"another page size, filters turned round", "/products?kind=lamp&kind=desk&" + c + "&pageSize=2&orderBy=name", ""},
		{"another order", "/products?kind=desk&kind=lamp&orderBy=price&" + c, "query.cursor"},
		{"another direction", "/products?kind=desk&kind=lamp&orderBy=name&sortOrder=asc&" + c, "query.cursor"},
		{"another filter", "/products?kind=desk&kind=chair&orderBy=name&" + c, "query.cursor"},
		{"one filter less", "/products?kind=desk&orderBy=name&" + c, "query.cursor"},
		{"one filter more", "/products?kind=desk&kind=lamp&searchString=x&orderBy=name&" + c, "query.cursor"},
		{"another route", "/shelves/a?" + query + "&" + c, "query.cursor"},
		{"its own path", "/shelves/a?" + query + "&cursor=" + shelf, ""},
		{"another path of the route", "/shelves/b?" + query + "&cursor=" + shelf, "query.cursor"},
		{"changed", "/products?" + query + "&cursor=" + good[:len(good)-4] + "AAAA", "query.cursor"},
		{"cut", "/products?" + query + "&cursor=" + good[:len(good)/2], "query.cursor"},
		{"invented", "/products?" + query + "&cursor=start", "query.cursor"},
		{"signed by others", "/products?" + query + "&cursor=" + foreign.Sign(secret.LabelCursor, []byte(strings.Repeat("~", 60))), "query.cursor"},
		{"too long", "/products?" + query + "&cursor=" + strings.Repeat("A", 2000), "query.cursor"},
		{"with a page number", "/products?" + query + "&currentPage=1&cursor=", "query.currentPage"},
		{"with a total", "/products?total=exact&cursor=", "query.total"},
		{"twice", "/products?cursor=&cursor=", "query.cursor"},
	} {
		w := s.do(t, "GET", tt.target, "")
		if tt.param == "" {
			if w.Code != http.StatusOK {
				t.Errorf("%s: %d %s", tt.what, w.Code, w.Body)
			}
			continue
		}
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"location":"`+tt.param+`"`) {
			t.Errorf("%s: %d %s", tt.what, w.Code, w.Body)
		}
	}
	now = now.Add(24*time.Hour - time.Second)
	s.keysetPage(t, "/products", query, good)
	now = now.Add(time.Second)
	if w := s.do(t, "GET", "/products?"+query+"&"+c, ""); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "too old") {
		t.Errorf("after a day: %d %s", w.Code, w.Body)
	}
}

func TestCursorIsDocumented(t *testing.T) {
	t.Parallel()
	now := time.Now()
	with, err := json.Marshal(newCursorServer(t, &now).OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(with), `"name":"cursor"`); n != 2 || !strings.Contains(string(with), `"next_cursor"`) {
		t.Errorf("the document tells of the cursors of %d lists", n)
	}
	without, err := json.Marshal(newServer(t).OpenAPI())
	if err != nil || strings.Contains(string(without), `"name":"cursor"`) {
		t.Errorf("the document offers a cursor that the router does not: %v", err)
	}
}
