package web

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"strconv"
	"sync"

	"github.com/manorgo/manor/fault"
)

//go:embed docs
var docFiles embed.FS

// Docs serves the description of r:
//
//	/openapi.json, /openapi.yaml   the document
//	/docs                          a page to read it and to try the routes
//	/docs/…                        the page's script and style
//
// The page loads nothing from elsewhere and works under any prefix that the
// document is served under, too.
func (r *Router) Docs() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openapi.json", document("application/json", func() ([]byte, error) { return json.Marshal(r.OpenAPI()) }))
	mux.HandleFunc("GET /openapi.yaml", document("application/yaml", func() ([]byte, error) { return r.OpenAPI().YAML() }))
	mux.HandleFunc("GET /docs", page("docs/page.html", "text/html; charset=utf-8"))
	mux.HandleFunc("GET /docs/page.js", page("docs/page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /docs/page.css", page("docs/page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		if _, pattern := mux.Handler(asGet(req)); pattern == "/" {
			WriteError(w, req, fault.Errorf(fault.NotFound, nothingHere))
			return
		}
		WriteError(w, req, &refusal{failure{http.StatusMethodNotAllowed, codeMethod, "this path only answers GET"}, "GET, HEAD"})
	})
	return mux
}

func asGet(r *http.Request) *http.Request {
	get := *r
	get.Method = http.MethodGet
	return &get
}

// document serves what make returns, which is asked once.
func document(mediaType string, make func() ([]byte, error)) http.HandlerFunc {
	once := sync.OnceValues(make)
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := once()
		if err != nil {
			WriteError(w, r, err)
			return
		}
		send(w, mediaType, text)
	}
}

// page serves an embedded file. The page may load its own script and style and
// talk to its own host, no more.
func page(name, mediaType string) http.HandlerFunc {
	text, err := fs.ReadFile(docFiles, name)
	if err != nil {
		panic(err) // it is part of the program
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		send(w, mediaType, text)
	}
}

func send(w http.ResponseWriter, mediaType string, text []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(text) // the client is gone if this fails
}
