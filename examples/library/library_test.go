package library_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/examples/library"
	"github.com/manorgo/manor/manortest"
)

type body = map[string]any

func each(t *testing.T, run func(t *testing.T, app *manortest.App)) {
	t.Helper()
	t.Parallel()
	// Nothing in the background asks while statements are counted.
	manortest.Each(t, run, manortest.Domains(library.Domain), manortest.Idle())
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// The life of an author, as a caller sees it.
func TestAuthor(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, nobody := app.User(t, "ann"), app.Anonymous(t)
		same(t, "no authors", string(nobody.Get("/authors").Want(200).Body), `{"items":[],"total":0,"limit":20,"offset":0}`+"\n")

		made := ann.Post("/authors", body{"name": "Ursula", "dob": "1929-10-21"}).Want(201)
		id := made.Text("id")
		same(t, "Location", made.Header.Get("Location"), "/api/v1/authors/"+id)
		same(t, "a new one", made.Value("books"), nil)
		got := nobody.Get("/authors/" + id).Want(200)
		same(t, "without books", fmt.Sprint(got.Value("books")), "[]")
		ann.Post("/books", body{"title": "The Dispossessed", "author_id": id}).Want(201)
		ann.Post("/books", body{"title": "Orsinia", "author_id": id}).Want(201)
		got = nobody.Get("/authors/" + id).Want(200)
		same(t, "with books", titles(t, got.Body), "[The Dispossessed Orsinia]")

		changed := ann.Patch("/authors/"+id, body{"name": "Ursula K."}).Want(200)
		same(t, "dob after a patch", changed.Text("dob"), "1929-10-21")
		same(t, "books after a patch", titles(t, nobody.Get("/authors/"+id).Want(200).Body), "[The Dispossessed Orsinia]")
		ann.Patch("/authors/"+id, body{"name": ""}).Want(422)
		ann.Post("/authors", body{"name": "x", "dob": "1929-02-30"}).Want(422)
		nobody.Post("/authors", body{"name": "x"}).Want(401)
		nobody.Get("/authors?pageSize=x").Want(400)

		ann.Delete("/authors/" + id).Want(204)
		ann.Get("/authors/" + id).Want(404)
		ann.Patch("/authors/"+id, body{"name": "x"}).Want(404)
		ann.Delete("/authors/" + id).Want(404)
		same(t, "books, gone with him", string(nobody.Get("/books").Want(200).Body), `{"items":[],"total":0,"limit":20,"offset":0}`+"\n")
	})
}

func titles(t *testing.T, text []byte) string {
	t.Helper()
	var a struct{ Books []struct{ Title string } }
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, b := range a.Books {
		out = append(out, b.Title)
	}
	return fmt.Sprint(out)
}

// A page of authors with their books costs the same, however many there are.
func TestStatements(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		add := func(n int) {
			id := ann.Post("/authors", body{"name": fmt.Sprint("author ", n)}).Want(201).Text("id")
			for i := range n {
				ann.Post("/books", body{"title": fmt.Sprint(n, "-", i), "author_id": id}).Want(201)
			}
		}
		add(1)
		nobody := app.Anonymous(t)
		list := func() int {
			return len(app.Statements(func() { nobody.Get("/authors?orderBy=name&sortOrder=asc").Want(200) }))
		}
		one := list()
		for n := range 4 {
			add(2 + n)
		}
		same(t, "statements for five", list(), one)
		same(t, "statements", one, 3)
		var page struct{ Items []json.RawMessage }
		nobody.Get("/authors?orderBy=name&sortOrder=asc").Want(200).JSON(&page)
		same(t, "items", len(page.Items), 5)
		same(t, "the third's books", titles(t, page.Items[2]), "[3-0 3-1 3-2]")
	})
}

func TestBook(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, nobody := app.User(t, "ann"), app.Anonymous(t)
		id := ann.Post("/authors", body{"name": "Ursula"}).Want(201).Text("id")
		ann.Post("/authors", body{"name": "Iain"}).Want(201)
		made := ann.Post("/books", body{"title": "Orsinia", "author_id": id}).Want(201)
		path := "/books/" + made.Text("id")
		author := nobody.Get(path).Want(200).Value("author").(body)
		same(t, "author", author["name"], any("Ursula"))

		// The ETag names the book, so it cannot tell that its author has changed.
		ann.Patch("/authors/"+id, body{"name": "Ursula K."}).Want(200)
		again := nobody.Do("GET", path, nil, "If-None-Match", made.ETag()).Want(200)
		same(t, "author", again.Value("author").(body)["name"], any("Ursula K."))
		ann.Do("PATCH", path, body{"title": "Orsinia!"}, "If-Match", made.ETag()).Want(200)
		ann.Do("PATCH", path, body{"title": "Orsinia?"}, "If-Match", made.ETag()).Want(412)

		gone := "0198c0de-0000-7000-8000-000000000000"
		same(t, "code", ann.Post("/books", body{"title": "x", "author_id": gone}).Want(409).Text("code"), "REFERENCE")
		ann.Patch(path, body{"author_id": gone}).Want(409)

		var page struct{ Items []struct{ Name string } }
		nobody.Get("/authors?bookTitle=none&bookTitle=Orsinia!").Want(200).JSON(&page)
		if len(page.Items) != 1 || page.Items[0].Name != "Ursula K." {
			t.Errorf("the authors of Orsinia are %v", page.Items)
		}
		nobody.Get("/authors?bookTitle=none").Want(200).JSON(&page)
		same(t, "authors of nothing", len(page.Items), 0)
	})
}

func TestSchema(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		differences, err := migrate.Drift(t.Context(), app.DB, app.Schemas())
		if err != nil || len(differences) > 0 {
			t.Errorf("the revisions and the structs differ: %v, %v", differences, err)
		}
	})
}
