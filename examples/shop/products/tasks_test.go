package products_test

import (
	"strings"
	"testing"

	"github.com/manorgo/manor/manortest"
)

func TestTasks(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, nobody := app.User(t, "ann"), app.Anonymous(t)
		path := add(ann, `<b>"Lamp" & Co</b>`, "7.5", body{"description": "Auch für ÄRMEL. 50%_off"})
		hidden := add(ann, "Hidden", "1", body{"is_active": false})
		app.WaitTasks(t)

		svg := nobody.Get(path + "/image").Want(200).Text("svg")
		if !strings.Contains(svg, ">&lt;b&gt;&#34;Lamp&#34; &amp; Co&lt;/b&gt;<") || !strings.Contains(svg, ">7.50<") {
			t.Errorf("the label is not the product's, or not escaped:\n%s", svg)
		}
		ann.Get(hidden + "/image").Want(200)
		nobody.Get(hidden + "/image").Want(404)

		for q, n := range map[string]int{"ärmel": 1, "FÜR": 1, "50%25_OFF": 1, "50__off": 0, "!": 0, "nothing": 0} {
			same(t, "found by "+q, nobody.Get("/products/search?q="+q).Want(200).Len("items"), n)
		}

		ann.Patch(path, body{"description": "Only this.", "price": "8"}).Want(200)
		app.WaitTasks(t)
		same(t, "found by the old text", nobody.Get("/products/search?q=%C3%A4rmel").Len("items"), 0)
		same(t, "found by the new text", nobody.Get("/products/search?q=ONLY").Len("items"), 1)
		if svg := nobody.Get(path + "/image").Text("svg"); !strings.Contains(svg, ">8.00<") {
			t.Errorf("the label has the old price:\n%s", svg)
		}

		ann.Delete(path).Want(204)
		app.WaitTasks(t)
		same(t, "found when deleted", nobody.Get("/products/search?q=only").Len("items"), 0)
	})
}

func TestTaskOfDeletedProduct(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		ann.Delete(add(ann, "Gone", "1")).Want(204) // before any task ran
		if err := app.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		app.WaitTasks(t)
		if log := app.Log(); strings.Contains(log, "task failed") {
			t.Errorf("a task failed about a product that is gone:\n%s", log)
		}
	}, manortest.Idle())
}

func TestEvents(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		path := add(ann, "Told of", "1")
		ann.Delete(path).Want(204)
		kept := add(ann, "Kept", "1")

		app.FailCommits(true)
		ann.Post("/products", body{"name": "Never was", "price": "1"}).Want(503)
		ann.Delete(kept).Want(503)
		app.FailCommits(false)

		app.WaitTasks(t)
		log := app.Log()
		id := strings.TrimPrefix(path, "/products/")
		for _, want := range []string{`msg="product created" product=` + id + ` name="Told of"`, `msg="product deleted" product=` + id} {
			if strings.Count(log, want) != 1 {
				t.Errorf("the log does not have once: %s", want)
			}
		}
		if strings.Contains(log, "Never was") || strings.Contains(log, `msg="product deleted" product=`+strings.TrimPrefix(kept, "/products/")) {
			t.Error("an event was told of that did not happen")
		}
	})
}
