package documents_test

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/examples/documents"
	"github.com/manorgo/manor/manortest"
)

// each runs a test on every database.
func each(t *testing.T, run func(t *testing.T, app *manortest.App)) {
	t.Helper()
	t.Parallel()
	manortest.Each(t, run, manortest.Domains(documents.Domain))
}

// A form is what a request sends: fields, and a file unless its name is "".
type form struct {
	name, filename, content string
}

func send(c *manortest.Client, method, path string, f form, header ...string) *manortest.Response {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if f.name != "" {
		_ = w.WriteField("name", f.name)
	}
	if f.filename != "" {
		part, _ := w.CreateFormFile("file", f.filename)
		_, _ = part.Write([]byte(f.content))
	}
	_ = w.Close()
	return c.Do(method, path, b.String(), append(header, "Content-Type", w.FormDataContentType())...)
}

// download follows the address of a document's file, as a stranger.
func download(t *testing.T, app *manortest.App, r *manortest.Response) *manortest.Response {
	t.Helper()
	u, err := url.Parse(r.Text("file_url"))
	if err != nil || u.Path == "" {
		t.Fatalf("file_url is %q", r.Text("file_url"))
	}
	return app.Anonymous(t).Get(app.URL + u.EscapedPath())
}

func keys(t *testing.T, app *manortest.App) (out []string) {
	t.Helper()
	for o, err := range app.Files.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o.Key)
	}
	return out
}

func TestDocuments(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		made := send(ann, "POST", "/documents", form{"Report", "Bericht ü.txt", "all is well"}).Want(201)
		path := "/documents/" + made.Text("id")
		if got := made.Header.Get("Location"); got != "/api/v1"+path {
			t.Errorf("Location is %s", got)
		}
		if made.Text("filename") != "Bericht ü.txt" || made.Value("size") != 11.0 {
			t.Errorf("made %s", made.Body)
		}
		got := download(t, app, made).Want(200)
		if string(got.Body) != "all is well" || got.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("downloaded %q as %v", got.Body, got.Header)
		}
		bare := send(ann, "POST", "/documents", form{name: "Without"}).Want(201)
		if bare.Value("file_url") != nil {
			t.Errorf("a document without a file: %s", bare.Body)
		}
		if got := ann.Get("/documents?searchString=report&searchIgnoreCase=true").Want(200); got.Value("total") != 1.0 || got.Value("items.0.id") != made.Text("id") {
			t.Errorf("listed %s", got.Body)
		}
		if got := ann.Get(path).Want(200); string(download(t, app, got).Want(200).Body) != "all is well" {
			t.Error("the file of one document is another")
		}

		renamed := send(ann, "PATCH", path, form{name: "Renamed"}).Want(200)
		if renamed.Text("name") != "Renamed" || renamed.Text("filename") != "Bericht ü.txt" {
			t.Errorf("renamed %s", renamed.Body)
		}
		send(ann, "PATCH", path, form{name: "Late"}, "If-Match", made.ETag()).Want(412)
		before := keys(t, app)
		changed := send(ann, "PATCH", path, form{"", "v2.png", "\x89PNG\r\n\x1a\n..."}, "If-Match", renamed.ETag()).Want(200)
		if got := download(t, app, changed).Want(200); changed.Text("name") != "Renamed" || got.Header.Get("Content-Type") != "image/png" {
			t.Errorf("changed %s, %v", changed.Body, got.Header)
		}
		app.WaitTasks(t)
		after := keys(t, app)
		if len(before) != 1 || len(after) != 1 || before[0] == after[0] {
			t.Errorf("files were %q, are %q", before, after)
		}
		download(t, app, renamed).Want(404)

		ann.Delete(path).Want(204)
		ann.Get(path).Want(404)
		app.WaitTasks(t)
		if left := keys(t, app); len(left) != 0 {
			t.Errorf("left are %q", left)
		}
	})
}

// What is refused leaves neither a row nor bytes.
func TestRefusedUploads(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, bob := app.User(t, "ann"), app.User(t, "bob")
		path := "/documents/" + send(ann, "POST", "/documents", form{"Mine", "a.txt", "mine"}).Want(201).Text("id")
		before := keys(t, app)
		for what, got := range map[string]*manortest.Response{
			"a script":        send(ann, "POST", "/documents", form{"x", "a.pdf", "<html><script>"}).Want(422),
			"too much":        send(ann, "POST", "/documents", form{"x", "a.txt", strings.Repeat("x", 10<<20+1)}).Want(422),
			"no name":         send(ann, "POST", "/documents", form{"", "a.txt", "x"}).Want(422),
			"a stranger":      send(app.Anonymous(t), "POST", "/documents", form{"x", "a.txt", "x"}).Want(401),
			"another's":       send(bob, "PATCH", path, form{"x", "a.txt", "x"}).Want(404),
			"a stale version": send(ann, "PATCH", path, form{"x", "a.txt", "x"}, "If-Match", `"1"`).Want(412),
			"JSON":            ann.Post("/documents", map[string]any{"name": "x"}).Want(415),
		} {
			if now := keys(t, app); !slices.Equal(now, before) {
				t.Errorf("%s leaves %q (%s)", what, now, got.Body)
			}
		}
		bob.Get(path).Want(404)
		bob.Delete(path).Want(404)
		app.FailCommits(true)
		send(ann, "POST", "/documents", form{"x", "a.txt", "x"}).Want(503)
		app.FailCommits(false)
		if got := ann.Get("/documents").Want(200); got.Value("total") != 1.0 {
			t.Errorf("rows: %s", got.Body)
		}
	})
}

// The struct is the schema.
func TestRevisions(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		differences, err := migrate.Drift(t.Context(), app.DB, app.Schemas())
		if err != nil || len(differences) > 0 {
			t.Error(differences, err)
		}
	})
}
