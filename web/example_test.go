package web_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/web"
)

func ExampleHandle() {
	type greet struct {
		Name  string `path:"name" maxLength:"20"`
		Times int    `query:"times" minimum:"1" maximum:"3" default:"1"`
	}
	type greeting struct {
		Body struct {
			Text string `json:"text"`
		}
	}
	r := web.NewRouter(web.Config{Prefix: "/api/v1"})
	web.Handle(r, "GET /greetings/{name}", func(_ context.Context, in *greet) (*greeting, error) {
		if in.Name == "nobody" {
			return nil, fault.Errorf(fault.NotFound, "nobody is not here")
		}
		out := &greeting{}
		for range in.Times {
			out.Body.Text += "Hello, " + in.Name + "! "
		}
		return out, nil
	}, web.Anyone)

	for _, path := range []string{"/api/v1/greetings/Ann?times=2", "/api/v1/greetings/Ann?times=4", "/api/v1/greetings/nobody"} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code == 200 {
			fmt.Print(w.Code, " ", w.Body)
		} else {
			fmt.Println(w.Code, w.Header().Get("Content-Type"))
		}
	}
	// Output:
	// 200 {"text":"Hello, Ann! Hello, Ann! "}
	// 400 application/problem+json
	// 404 application/problem+json
}

// stock opens a new database for products.
func stock() (db *data.DB, done func()) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	if db, err = sqlite.Open(context.Background(), filepath.Join(dir, "stock.db"), sqlite.Options{}); err != nil {
		log.Fatal(err)
	}
	for _, sql := range migrate.DDL(db.Dialect(), products.Schema()) {
		if _, err := db.Driver().Exec(context.Background(), driver.Call{Statement: &driver.Statement{SQL: sql}}); err != nil {
			log.Fatal(err)
		}
	}
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}
}

func ExampleMount() {
	r := web.NewRouter(web.Config{Prefix: "/api/v1"})
	service := &productService{Table: products} // and DB
	web.Mount(r, "/products", service, web.Anyone, web.Require("products:write"))
	for _, route := range r.Routes() {
		fmt.Printf("%-6s %-22s %-14v %s\n", route.Method, route.Path, route.Access, route.OperationID)
	}
	// Output:
	// GET    /api/v1/products       anyone         listProducts
	// GET    /api/v1/products/{id}  anyone         getProduct
	// POST   /api/v1/products       products:write createProduct
	// PATCH  /api/v1/products/{id}  products:write updateProduct
	// DELETE /api/v1/products/{id}  products:write deleteProduct
}

// Filters as data, on a list that offers them.
func ExampleFilterTree() {
	db, done := stock()
	defer done()
	r := web.NewRouter(web.Config{Prefix: "/api/v1"})
	service := &productService{DB: db, Table: products}
	web.Mount(r, "/products", service, web.Anyone, web.Require("products:write"), web.FilterTree())

	tree := url.QueryEscape(`{"or_":[{"type":"comparison","field":"price","op":"lt","value":"5"},{"type":"boolean","field":"is_active","value":true}]}`)
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/products?total=estimated&filter="+tree, nil))
	fmt.Println(w.Code, w.Body)
	// Output: 200 {"items":[],"total":0,"limit":20,"offset":0}
}

func ExampleLinks() {
	base, _ := url.Parse("https://shop.example")
	fmt.Println(web.NewLinks(base).To("/verify", url.Values{"token": {"abc"}}))
	// Output: https://shop.example/verify?token=abc
}
