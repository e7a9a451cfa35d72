package file

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/web"
)

// serveSigned answers a request to a signed address.
func (s *Store) serveSigned(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		t, err := s.verify(s.signedIn(r.URL), opGet)
		if err != nil {
			web.WriteError(w, r, err)
			return
		}
		f := File{Key: t.Key, Filename: t.Name, ContentType: t.Type, SHA256: t.Tag}
		// It is as private as its address, and worth as much.
		left := int(time.Unix(t.Ends, 0).Sub(s.c.DB.Now()).Seconds())
		s.serve(w, r, f, t.Inline, fmt.Sprintf("private, max-age=%d", left))
	case http.MethodPut:
		if err := s.receive(w, r); err != nil {
			web.WriteError(w, r, err)
			return
		}
		w.WriteHeader(http.StatusOK) // as S3 answers
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	}
}

// Serve answers a request with the content of a file, for handlers that have
// found out themselves that the caller may read it. It knows ranges, conditions
// and HEAD. What could hold a script is never shown in the page's place.
func (s *Store) Serve(w http.ResponseWriter, r *http.Request, f File, l Link) {
	s.serve(w, r, f, l.Inline, "private, no-cache")
}

func (s *Store) serve(w http.ResponseWriter, r *http.Request, f File, inline bool, cache string) {
	content, err := s.Open(r.Context(), f)
	if err != nil {
		web.WriteError(w, r, err)
		return
	}
	defer content.Close()
	h := w.Header()
	h.Set("Content-Type", f.ContentType)
	if f.ContentType == "" {
		h.Set("Content-Type", unknown)
	}
	h.Set("Content-Disposition", disposition(f, inline))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", cache)
	if !shown(f.ContentType) {
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	}
	if f.SHA256 != "" {
		h.Set("ETag", strconv.Quote(f.SHA256))
	}
	if strings.Count(r.Header.Get("Range"), ",") >= maxRanges {
		r = r.Clone(r.Context())
		r.Header.Del("Range") // which a server may always do
	}
	http.ServeContent(web.Pace(w, r), r, "", f.ModifiedAt, content)
}

// maxRanges is how many parts of a file one request gets: each is a request to
// the backend, and thousands fit into a header.
const maxRanges = 16

// receive stores what is uploaded to a signed address.
func (s *Store) receive(w http.ResponseWriter, r *http.Request) error {
	t, err := s.verify(s.signedIn(r.URL), opPut)
	if err != nil {
		return err
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return fault.Errorf(fault.Malformed, "send the content without Content-Encoding")
	}
	web.Pace(w, r)
	o := Put{Limits: Limits{MaxSize: t.MaxSize, Types: t.Types}}.within(Limits{})
	o.Size = max(r.ContentLength, 0)
	_, err = s.put(r.Context(), t.Key, r.Body, o)
	if errors.Is(err, fault.Invalid) {
		drain(r.Body)
	}
	return err
}
