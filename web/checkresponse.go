package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
)

// CheckResponse returns how an answer differs from what OpenAPI says of its
// route, or nil: its status, its headers, its type, and its body by the schema.
// A field that the document does not name is a difference. It is for tests.
func (r *Router) CheckResponse(req *http.Request, status int, header http.Header, body []byte) error {
	ep, _ := r.routes.find(req.Method, req.URL.EscapedPath())
	var errs []error
	differs := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s %s: %d: "+format, append([]any{req.Method, req.URL.Path, status}, args...)...))
	}
	if header.Get("X-Request-Id") == "" {
		differs("no X-Request-Id")
	}
	if header.Get("Cache-Control") != "no-store" {
		differs("Cache-Control is %q", header.Get("Cache-Control"))
	}
	switch {
	case ep == nil && status != http.StatusNotFound && status != http.StatusMethodNotAllowed && status != http.StatusMisdirectedRequest && status != http.StatusForbidden:
		differs("no route is documented")
	case ep == nil || status >= http.StatusBadRequest:
		r.checkProblem(ep, req, status, header, body, differs)
	default:
		r.checkSuccess(ep, req, status, header, body, differs)
	}
	return errors.Join(errs...)
}

func (r *Router) checkProblem(ep *endpoint, req *http.Request, status int, header http.Header, body []byte, differs func(string, ...any)) {
	if ep != nil && !slices.Contains(ep.problemStatuses(), status) {
		differs("the status is not documented")
	}
	for s, name := range map[int]string{401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"} {
		if s == status && header.Get(name) == "" {
			differs("no %s", name)
		}
	}
	if req.Method == http.MethodHead {
		return
	}
	r.checkBody(header, "application/problem+json", r.problem, body, differs)
	var p Problem
	if json.Unmarshal(body, &p) != nil {
		return
	}
	if p.Status != status || p.RequestID != header.Get("X-Request-Id") {
		differs("the problem has status %d and request %q", p.Status, p.RequestID)
	}
	if !slices.Contains(r.generalCodes(), p.Code) && (ep == nil || !slices.Contains(ep.Codes, p.Code)) {
		differs("the code %s is not documented", p.Code)
	}
}

func (r *Router) checkSuccess(ep *endpoint, req *http.Request, status int, header http.Header, body []byte, differs func(string, ...any)) {
	i := slices.IndexFunc(ep.answers, func(a answer) bool { return a.status == status })
	if i < 0 {
		tagged := slices.ContainsFunc(ep.answers, func(a answer) bool { return a.etag })
		if status != http.StatusNotModified || !tagged || len(body) > 0 {
			differs("the status is not documented")
		}
		return
	}
	a := &ep.answers[i]
	if a.etag && header.Get("ETag") == "" {
		differs("no ETag")
	}
	if status == http.StatusCreated && slices.Contains(a.headers, "Location") && header.Get("Location") == "" {
		differs("no Location")
	}
	switch {
	case req.Method == http.MethodHead:
	case a.shape == nil && len(body) > 0:
		differs("has a body")
	case a.shape != nil:
		r.checkBody(header, "application/json", a.shape, body, differs)
	}
}

func (r *Router) checkBody(header http.Header, media string, s *shape, body []byte, differs func(string, ...any)) {
	if got, _, _ := mime.ParseMediaType(header.Get("Content-Type")); got != media {
		differs("Content-Type is %q", header.Get("Content-Type"))
	}
	if err := scan(body, s, "body", true); err != nil {
		differs("%v", err)
	}
}
