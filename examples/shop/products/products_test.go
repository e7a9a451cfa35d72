package products_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/examples/shop/products"
	"github.com/manorgo/manor/manortest"
)

type body = map[string]any

// each runs a test on every database.
func each(t *testing.T, run func(t *testing.T, app *manortest.App), opts ...manortest.Option) {
	t.Helper()
	t.Parallel()
	manortest.Each(t, run, append(opts, manortest.Domains(products.Domain))...)
}

// add creates a product and returns its path.
func add(c *manortest.Client, name, price string, more ...body) string {
	b := body{"name": name, "price": price}
	for _, m := range more {
		for k, v := range m {
			b[k] = v
		}
	}
	return "/products/" + c.Post("/products", b).Want(201).Text("id")
}

// names returns what a list shows, in order.
func names(r *manortest.Response) []string {
	var page struct{ Items []products.ListItem }
	r.Want(200).JSON(&page)
	out := []string{}
	for _, p := range page.Items {
		out = append(out, p.Name)
	}
	return out
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestOwnerRule(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, bob, nobody := app.User(t, "ann"), app.User(t, "bob"), app.Anonymous(t)

		made := ann.Post("/products", body{"name": " Desk lamp ", "price": "24.90", "description": "Bright."}).Want(201)
		path := "/products/" + made.Text("id")
		same(t, "Location", made.Header.Get("Location"), "/api/v1"+path)
		same(t, "name", made.Text("name"), "Desk lamp")
		same(t, "owner", made.Text("owner_id"), ann.User.ID.String())
		same(t, "is_active", made.Value("is_active"), true)
		if got := decimal.RequireFromString(made.Text("price")); !got.Equal(decimal.RequireFromString("24.9")) {
			t.Errorf("price is %s", got)
		}
		same(t, "read back", string(nobody.Get(path).Want(200).Body), string(made.Body))
		first := made.ETag()
		nobody.Do("GET", path, nil, "If-None-Match", first).Want(304)

		changed := ann.Do("PATCH", path, body{"price": "22.50", "description": nil}, "If-Match", first).Want(200)
		same(t, "name after a patch", changed.Text("name"), "Desk lamp")
		same(t, "description after null", changed.Value("description"), nil)
		ann.Do("PATCH", path, body{"price": "21"}, "If-Match", first).Want(412)
		ann.Do("DELETE", path, nil, "If-Match", first).Want(412)

		// To a stranger it is as if it did not exist.
		absent := "/products/01890000-0000-7000-8000-000000000000"
		for _, p := range []string{path, absent} {
			bob.Patch(p, body{"price": "1"}).Want(404)
			bob.Delete(p).Want(404)
			nobody.Patch(p, body{"price": "1"}).Want(401)
			nobody.Delete(p).Want(401)
		}
		bob.Do("PATCH", path, body{"price": "1"}, "If-Match", first).Want(404)
		nobody.Post("/products", body{"name": "x", "price": "1"}).Want(401)
		same(t, "after strangers", string(bob.Get(path).Body), string(changed.Body))

		ann.Do("DELETE", path, nil, "If-Match", changed.ETag()).Want(204)
		ann.Get(path).Want(404)
		ann.Delete(path).Want(404)
	})
}

// Of many who change the same state, one succeeds and the others are told.
func TestLostUpdate(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		path := add(ann, "Lamp", "1")
		tag := ann.Get(path).ETag()
		const crowd = 32
		statuses := make(chan int, crowd)
		for i := range crowd {
			go func() {
				statuses <- ann.Do("PATCH", path, body{"price": strconv.Itoa(i + 2)}, "If-Match", tag).Status
			}()
		}
		seen := map[int]int{}
		for range crowd {
			seen[<-statuses]++
		}
		same(t, "answers", seen, map[int]int{200: 1, 412: crowd - 1})

		// A change of nothing is none, and has the condition all the same.
		now := ann.Get(path)
		same(t, "after {}", string(ann.Do("PATCH", path, body{}, "If-Match", now.ETag()).Want(200).Body), string(now.Body))
		ann.Do("PATCH", path, body{}, "If-Match", tag).Want(412)
	}, manortest.Idle())
}

func TestInactive(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, bob, nobody := app.User(t, "ann"), app.User(t, "bob"), app.Anonymous(t)
		hidden := add(ann, "Hidden lamp", "5", body{"is_active": false})
		add(ann, "Lamp", "7")
		add(bob, "Bob's lamp", "9")

		ann.Get(hidden).Want(200)
		bob.Get(hidden).Want(404)
		nobody.Get(hidden).Want(404)
		for _, c := range []*manortest.Client{ann, bob, nobody} {
			same(t, "list", names(c.Get("/products?orderBy=price&sortOrder=asc")), []string{"Lamp", "Bob's lamp"})
			same(t, "search", names(c.Get("/products/search?q=lamp")), []string{"Bob's lamp", "Lamp"})
			same(t, "inactive in the list", names(c.Get("/products?isActive=false")), []string{})
		}
		same(t, "mine", names(ann.Get("/products/mine?orderBy=price&sortOrder=asc")), []string{"Hidden lamp", "Lamp"})
		same(t, "mine, inactive", names(ann.Get("/products/mine?isActive=false")), []string{"Hidden lamp"})
		nobody.Get("/products/mine").Want(401)
		same(t, "Bob's", names(bob.Get("/products?ownerId="+bob.User.ID.String())), []string{"Bob's lamp"})

		ann.Patch(hidden, body{"is_active": true}).Want(200)
		nobody.Get(hidden).Want(200)
	})
}

func TestValidation(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		path := add(ann, "Lamp", "5")
		long := strings.Repeat("ä", 255)
		for _, x := range []struct {
			name     string
			body     string
			location string // "" means that it is fine
		}{
			{"least", `{"name":"x","price":"0.01"}`, ""},
			{"most", `{"name":"` + long + `","price":"99999999.99","description":"","is_active":false}`, ""},
			{"null description", `{"description":null,"name":"x","price":"1"}`, ""},
			{"no name", `{"price":"1"}`, "body.name"},
			{"empty name", `{"name":"","price":"1"}`, "body.name"},
			{"blank name", `{"name":"  ","price":"1"}`, "body.name"},
			{"null name", `{"name":null,"price":"1"}`, "body.name"},
			{"long name", `{"name":"` + long + `ä","price":"1"}`, "body.name"},
			{"no price", `{"name":"x"}`, "body.price"},
			{"null price", `{"name":"x","price":null}`, "body.price"},
			{"nothing", `{"name":"x","price":"0"}`, "body.price"},
			{"nothing in full", `{"name":"x","price":"0.00"}`, "body.price"},
			{"negative", `{"name":"x","price":"-1"}`, "body.price"},
			{"thousandths", `{"name":"x","price":"1.005"}`, "body.price"},
			{"too much", `{"name":"x","price":"100000000"}`, "body.price"},
			{"exponent", `{"name":"x","price":"1e3"}`, "body.price"},
			{"words", `{"name":"x","price":"free"}`, "body.price"},
			{"a number is not exact", `{"name":"x","price":0.1}`, "body.price"},
			{"text for active", `{"name":"x","price":"1","is_active":"yes"}`, "body.is_active"},
			{"somebody else's", `{"name":"x","price":"1","owner_id":"01890000-0000-7000-8000-000000000000"}`, "body.owner_id"},
			{"an id", `{"name":"x","price":"1","id":"01890000-0000-7000-8000-000000000000"}`, "body.id"},
		} {
			r := ann.Post("/products", x.body)
			if x.location == "" {
				r.Want(201)
				ann.Patch(path, x.body).Want(200)
				continue
			}
			same(t, x.name, []any{r.Status, r.Value("errors.0.location")}, []any{422, x.location})
			if strings.HasPrefix(x.name, "no ") {
				continue // which a patch need not send
			}
			r = ann.Patch(path, x.body)
			same(t, x.name+" in a patch", []any{r.Status, r.Value("errors.0.location")}, []any{422, x.location})
		}
	})
}

func TestListing(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		for _, p := range []struct{ name, price string }{
			{"100% wool", "10"}, {"1000 wool", "9.99"}, {"a_b", "100"}, {"aXb", "2"}, {`back\slash`, "3"}, {"Äpfel", "4"},
		} {
			add(ann, p.name, p.price)
		}
		for query, want := range map[string][]string{
			"orderBy=price&sortOrder=asc&pageSize=3":                          {"aXb", `back\slash`, "Äpfel"},
			"orderBy=price&sortOrder=asc&pageSize=3&currentPage=2":            {"1000 wool", "100% wool", "a_b"},
			"orderBy=price&pageSize=2":                                        {"a_b", "100% wool"}, // numbers, not texts
			"orderBy=name&sortOrder=asc&pageSize=3":                           {"100% wool", "1000 wool", "aXb"},
			"pageSize=2":                                                      {"Äpfel", `back\slash`}, // newest first
			"searchString=100%25":                                             {"100% wool"},
			"searchString=a_b":                                                {"a_b"},
			"searchString=%5C":                                                {`back\slash`},
			"searchString=WOOL":                                               {},
			"searchString=WOOL&searchIgnoreCase=true&orderBy=price":           {"100% wool", "1000 wool"},
			"price=10.00":                                                     {"100% wool"},
			"priceIn=10&priceIn=2&orderBy=price":                              {"100% wool", "aXb"},
			"priceNotIn=10&priceNotIn=2&orderBy=price&pageSize=1":             {"a_b"},
			"currentPage=99":                                                  {},
			"createdAfter=2999-01-01T00:00:00Z":                               {},
			"updatedBefore=2000-01-01T00:00:00%2B01:00":                       {},
			"ids=01890000-0000-7000-8000-000000000000":                        {},
			"isActive=true&orderBy=name&pageSize=1&sortOrder=desc&total=none": {"Äpfel"},
		} {
			r := ann.Get("/products?" + query)
			same(t, query, names(r), want)
		}
		same(t, "total", app.Anonymous(t).Get("/products?currentPage=99").Value("total"), 6.0)

		var item body
		if err := json.Unmarshal(ann.Get("/products?price=2").Body, &struct{ Items []*body }{[]*body{&item}}); err != nil {
			t.Fatal(err)
		}
		fields := []string{}
		for k := range item {
			fields = append(fields, k)
		}
		slices.Sort(fields)
		same(t, "fields of an item", fields, []string{"id", "is_active", "name", "price"})
	})
}

func TestQueries(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, bob := app.User(t, "ann"), app.User(t, "bob")
		s, ctx := products.NewService(domain.Env{DB: app.DB}), t.Context()

		lo, hi, err := s.PriceRange(ctx)
		if err != nil || !lo.IsZero() || !hi.IsZero() {
			t.Errorf("the range of nothing is %v to %v (%v), want zeros", lo, hi, err)
		}
		add(ann, "Cup", "9.50")
		add(ann, "cupboard", "10")
		add(ann, "Hiccup", "0.01", body{"is_active": false})
		add(bob, "Bob's CUP", "199.99")

		lo, hi, err = s.PriceRange(ctx)
		if err != nil || lo.StringFixed(2) != "9.50" || hi.StringFixed(2) != "199.99" {
			t.Errorf("the range is %v to %v (%v)", lo, hi, err)
		}
		same(t, "GET price-range", app.Anonymous(t).Get("/products/price-range").Want(200).Text("max"), "199.99")

		show := func(ps []products.Product, err error) (out []string) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range ps {
				out = append(out, p.String())
			}
			return out
		}
		same(t, "by owner", show(s.ByOwner(ctx, ann.User.ID, false)), []string{"cupboard", "Cup"})
		same(t, "by owner with inactive", show(s.ByOwner(ctx, ann.User.ID, true)), []string{"Hiccup", "cupboard", "Cup"})
		same(t, "search", show(s.Search(ctx, "CUP", 0)), []string{"Bob's CUP", "Cup", "cupboard"})
		same(t, "search with a limit", show(s.Search(ctx, "cup", 1)), []string{"Bob's CUP"})
		same(t, "search for a wildcard", show(s.Search(ctx, "%", 0)), []string(nil))

		for range products.SearchLimit {
			add(bob, "Mug", "3")
		}
		if n := len(show(s.Search(ctx, "u", 0))); n != products.SearchLimit {
			t.Errorf("a search without a limit has %d results", n)
		}
		app.Anonymous(t).Get("/products/search").Want(400)
		app.Anonymous(t).Get("/products/search?q=x&limit=101").Want(400)
	}, manortest.Idle())
}

func TestOwnerGoes(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, admin := app.User(t, "ann"), app.Admin(t)
		path := add(ann, "Lamp", "1")
		admin.Delete("/users/" + ann.User.ID.String()).Want(204)
		app.Anonymous(t).Get(path).Want(404)
	})
}

func TestNobodyCreates(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		s := products.NewService(domain.Env{DB: app.DB})
		in := products.Create{Name: "x", Price: decimal.NewFromInt(1)}
		if _, err := s.Create(auth.NewContext(t.Context(), &auth.Principal{}), in); err == nil {
			t.Error("nobody has created a product")
		}
	}, manortest.Idle())
}
