package httpsig_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/manorgo/manor/httpsig"
)

// What comes back is the server's answer to this very request, or an error.
func TestResponses(t *testing.T) {
	t.Parallel()
	answers := httpsig.Signer{KeyID: "server", Key: edKey, Now: signer("").Now}
	answer := func(r *http.Request, body string) *http.Response {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "text/plain")
		if err := answers.SignResponse(w.Header(), 201, []byte(body), r); err != nil {
			t.Fatal(err)
		}
		w.WriteHeader(201)
		_, _ = w.WriteString(body)
		return w.Result()
	}
	change := func(f func(*http.Response)) func(*http.Response, *httpsig.ResponseVerifier) {
		return func(res *http.Response, _ *httpsig.ResponseVerifier) { f(res) }
	}
	for name, c := range map[string]struct {
		meddle func(*http.Response, *httpsig.ResponseVerifier)
		want   string
	}{
		"as it is":        {change(func(*http.Response) {}), ""},
		"more headers":    {change(func(r *http.Response) { r.Header.Set("Via", "x") }), ""},
		"another status":  {change(func(r *http.Response) { r.StatusCode = 200 }), httpsig.CodeInvalid},
		"another type":    {change(func(r *http.Response) { r.Header.Set("Content-Type", "text/html") }), httpsig.CodeInvalid},
		"another body":    {change(func(r *http.Response) { r.Body = io.NopCloser(strings.NewReader("nO")) }), httpsig.CodeInvalid},
		"no body":         {change(func(r *http.Response) { r.Body = http.NoBody }), httpsig.CodeInvalid},
		"no digest":       {change(func(r *http.Response) { r.Header.Del("Content-Digest") }), httpsig.CodeInvalid},
		"no signature":    {change(func(r *http.Response) { r.Header.Del("Signature") }), httpsig.CodeInvalid},
		"not signed":      {change(func(r *http.Response) { r.Header.Del("Signature-Input") }), httpsig.CodeInvalid},
		"to another path": {change(func(r *http.Response) { r.Request.URL.Path += "x" }), httpsig.CodeInvalid},
		"to another request": {change(func(r *http.Response) {
			s := signer("")
			if r.Request.Header.Get("Authorization") != "" {
				s = signer(httpsig.LSA1)
			}
			if err := s.Sign(r.Request); err != nil {
				t.Fatal(err)
			}
		}), httpsig.CodeInvalid},
		"too late":        {func(_ *http.Response, v *httpsig.ResponseVerifier) { v.Window = 1; v.Now = nil }, httpsig.CodeSkew},
		"another key":     {func(_ *http.Response, v *httpsig.ResponseVerifier) { v.Key = hmacKey }, httpsig.CodeInvalid},
		"another key's":   {func(_ *http.Response, v *httpsig.ResponseVerifier) { v.KeyID = "k123" }, httpsig.CodeInvalid},
		"another tag":     {func(_ *http.Response, v *httpsig.ResponseVerifier) { v.Tag = "x" }, httpsig.CodeInvalid},
		"too large":       {func(_ *http.Response, v *httpsig.ResponseVerifier) { v.MaxBody = 1 }, "internal"},
		"without request": {change(func(r *http.Response) { r.Request = nil }), "internal"},
		"less covered": {change(func(r *http.Response) {
			r.Header.Del("Signature-Input")
			r.Header.Del("Signature")
			in := httpsig.Input{Label: "s", Components: []string{"@status", "content-digest", "content-type", "@method;req"}, Created: now, KeyID: "server", Tag: httpsig.DefaultResponseTag}
			if err := httpsig.ResponseMessage(201, r.Header, r.Request).Sign(in, edKey); err != nil {
				t.Fatal(err)
			}
		}), httpsig.CodeInvalid},
	} {
		for _, scheme := range schemes {
			r := newRequest("POST", "https://api.example.com/things?a=b", "body")
			s := signer(scheme)
			if err := s.Sign(r); err != nil {
				t.Fatal(err)
			}
			res := answer(wire(t, r), "no")
			res.Request = r
			v := &httpsig.ResponseVerifier{KeyID: "server", Key: edPublic, Now: s.Now}
			c.meddle(res, v)
			err := v.Verify(res)
			if code(err) != c.want {
				t.Errorf("%s, %s: %v, want %s", name, scheme, err, c.want)
			}
			if body, rerr := io.ReadAll(res.Body); err == nil && (rerr != nil || !bytes.Equal(body, []byte("no"))) {
				t.Errorf("%s: then it reads %q, %v", name, body, rerr)
			}
		}
	}
}
