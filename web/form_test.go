package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/web"
)

type sent struct {
	ID     string      `path:"id"`
	Name   string      `form:"name" required:"true" maxLength:"5"`
	Count  *int        `form:"count" minimum:"1"`
	Tags   []string    `form:"tag"`
	Upload *web.Upload `form:"upload" doc:"Anything."`
}

type heard struct {
	Body struct {
		Name     string   `json:"name"`
		Count    *int     `json:"count"`
		Tags     []string `json:"tags"`
		Filename string   `json:"filename"`
		Content  string   `json:"content"`
	}
}

// hear reads the file of a form.
func hear(_ context.Context, in *sent) (*heard, error) {
	out := new(heard)
	out.Body.Name, out.Body.Count, out.Body.Tags = in.Name, in.Count, append([]string{}, in.Tags...)
	if in.Upload == nil {
		return out, nil
	}
	out.Body.Filename = in.Upload.Filename
	content, err := io.ReadAll(in.Upload)
	out.Body.Content = string(content)
	return out, err
}

func formRouter() *web.Router {
	r := web.NewRouter(web.Config{MaxBody: 2000})
	web.Handle(r, "POST /things/{id}", hear, web.Anyone)
	return r
}

// part is one part of a form, with or without a filename.
func part(name, content string) string {
	return "--b\r\nContent-Disposition: form-data; " + name + "\r\n\r\n" + content + "\r\n"
}

func TestForms(t *testing.T) {
	t.Parallel()
	r := formRouter()
	name, upload := part(`name="name"`, "Ana"), part(`name="upload"; filename="../a.txt"`, "hello\r\n--c")
	const end = "--b--\r\n"
	for _, c := range []struct {
		what, media, body string
		status            int
		want              string // in the answer
	}{
		{"all", "", name + part(`name="count"`, "3") + part(`name="tag"`, "x") + part(`name="tag"`, "y") + upload + end, 200, `{"name":"Ana","count":3,"tags":["x","y"],"filename":"a.txt","content":"hello\r\n--c"}`},
		{"no file", "", name + end, 200, `"filename":""`},
		{"a browser's no file", "", name + "--b\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n" + end, 200, `"filename":""`},
		{"a file that is a field", "", name + part(`name="upload"`, "text") + end, 422, "body.upload"},
		{"no name", "", upload + end, 422, `body.name","message":"is required`},
		{"too long a name", "", part(`name="name"`, "Anastasia") + end, 422, "must have at most 5 characters"},
		{"a name twice", "", name + name + end, 422, "is given twice"},
		{"not a number", "", name + part(`name="count"`, "x") + end, 422, "body.count"},
		{"too small a number", "", name + part(`name="count"`, "0") + end, 422, "body.count"},
		{"an unknown field", "", name + part(`name="other"`, "x") + end, 422, "body.other"},
		{"bad text", "", part(`name="name"`, "\xff") + end, 422, "is not valid text"},
		{"a field after the file", "", upload + name + end, 422, "body.name"},
		{"something after the file", "", name + upload + part(`name="tag"`, "x") + end, 400, "must come last"},
		{"too much text", "", part(`name="name"`, strings.Repeat("x", 3000)) + end, 413, "PAYLOAD_TOO_LARGE"},
		{"cut off in a field", "", "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nA", 400, "MALFORMED"},
		{"cut off in the file", "", name + "--b\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"a\"\r\n\r\nhal", 400, "ended too early"},
		{"cut off after the file", "", name + upload, 400, "ended too early"},
		{"nothing", "", "", 400, "MALFORMED"},
		{"JSON", "application/json", `{"name":"Ana"}`, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"no boundary", "multipart/form-data", name + end, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"another multipart", "multipart/mixed; boundary=b", name + end, 415, "UNSUPPORTED_MEDIA_TYPE"},
	} {
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/things/7", strings.NewReader(c.body))
		req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		if c.media != "" {
			req.Header.Set("Content-Type", c.media)
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %s, want %d and %s", c.what, w.Code, w.Body, c.status, c.want)
		}
		if err := r.CheckResponse(req, w.Code, w.Header(), w.Body.Bytes()); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

func TestFormsAreDescribed(t *testing.T) {
	t.Parallel()
	body := formRouter().OpenAPI().Paths["/things/{id}"].Post.RequestBody
	got, err := json.Marshal(body.Content["multipart/form-data"].Schema)
	if err != nil || !body.Required || len(body.Content) != 1 {
		t.Fatal(err, body)
	}
	for _, want := range []string{`"required":["name"]`, `"upload":{"contentMediaType":"application/octet-stream","description":"Anything. The file is the last part of the form.","format":"binary","type":"string"}`, `"maxLength":5`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}

func TestFormsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for what, register := range map[string]func(*web.Router){
		"two files": func(r *web.Router) {
			web.Handle(r, "POST /x", func(context.Context, *struct {
				A *web.Upload `form:"a"`
				B *web.Upload `form:"b"`
			}) (*web.None, error) {
				return nil, nil
			}, web.Anyone)
		},
		"a form and a body": func(r *web.Router) {
			web.Handle(r, "POST /x", func(context.Context, *struct {
				A    string `form:"a"`
				Body struct{}
			}) (*web.None, error) {
				return nil, nil
			}, web.Anyone)
		},
		"a name twice": func(r *web.Router) {
			web.Handle(r, "POST /x", func(context.Context, *struct {
				A string `form:"a"`
				B string `form:"a"`
			}) (*web.None, error) {
				return nil, nil
			}, web.Anyone)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s are taken", what)
				}
			}()
			register(web.NewRouter(web.Config{}))
		}()
	}
}

// A file is read as it arrives: the function runs while the client still sends.
func TestUploadIsNotBuffered(t *testing.T) {
	t.Parallel()
	got := make(chan string, 10)
	r := web.NewRouter(web.Config{})
	web.Handle(r, "POST /x", func(_ context.Context, in *struct {
		File *web.Upload `form:"file" required:"true"`
	}) (*web.None, error) {
		buf := make([]byte, 5)
		for {
			n, err := io.ReadFull(in.File, buf)
			if n > 0 {
				got <- string(buf[:n])
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
		}
	}, web.Anyone)
	server := httptest.NewServer(r)
	defer server.Close()
	body, feed := io.Pipe()
	done := make(chan error, 1)
	go func() {
		res, err := http.Post(server.URL+"/x", "multipart/form-data; boundary=b", body)
		if err == nil {
			err = res.Body.Close()
			if res.StatusCode != http.StatusNoContent {
				err = fmt.Errorf("answered %d", res.StatusCode)
			}
		}
		done <- err
	}()
	fmt.Fprint(feed, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nfirst"+strings.Repeat(" more", 2000))
	if first := <-got; first != "first" {
		t.Errorf("read %q", first)
	}
	go func() {
		for range got { // the rest
		}
	}()
	fmt.Fprint(feed, "\r\n--b--\r\n")
	feed.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	close(got)
}

// A timed connection remembers its deadlines.
type timed struct {
	*httptest.ResponseRecorder
	read, write []time.Time
}

func (c *timed) SetReadDeadline(t time.Time) error {
	c.read = append(c.read, t)
	return nil
}

func (c *timed) SetWriteDeadline(t time.Time) error {
	c.write = append(c.write, t)
	return nil
}

// A transfer may take as long as its size asks for, and no longer.
func TestPaceMovesDeadlines(t *testing.T) {
	t.Parallel()
	start := time.Now()
	conn := &timed{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(strings.Repeat("x", 8<<20)))
	w := web.Pace(conn, r)
	if len(conn.read) != 1 || len(conn.write) != 1 || conn.read[0].Before(start.Add(30*time.Second)) || conn.read[0].After(time.Now().Add(time.Minute)) {
		t.Fatalf("at first the deadlines are %v and %v", conn.read, conn.write)
	}
	for _, move := range []func() (int64, error){
		func() (int64, error) { return io.Copy(io.Discard, r.Body) },
		func() (int64, error) {
			return io.Copy(w, io.LimitReader(strings.NewReader(strings.Repeat("x", 8<<20)), 8<<20))
		},
	} {
		before := conn.read[len(conn.read)-1]
		if n, err := move(); n != 8<<20 || err != nil {
			t.Fatal(n, err)
		}
		// 8 MiB at 16 KiB a second.
		if got := conn.read[len(conn.read)-1].Sub(before); got < 500*time.Second || got > 600*time.Second {
			t.Errorf("the deadline moved by %v", got)
		}
	}
	if http.NewResponseController(w).SetReadDeadline(start) != nil || !conn.read[len(conn.read)-1].Equal(start) {
		t.Error("what is behind the writer is not reached")
	}
}
