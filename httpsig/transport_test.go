package httpsig_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/httpsig"
)

// serve runs a server that answers whoever signs rightly, and counts them. Its
// answers are signed.
func serve(t *testing.T, http2 bool) (*httptest.Server, *keeper) {
	t.Helper()
	k := &keeper{}
	v := httpsig.Verifier[string]{Key: k.Key, Accept: k.Accept}
	answers := httpsig.Signer{KeyID: "server", Key: edKey}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		status, body := http.StatusOK, []byte(nil)
		_, who, err := v.Verify(r)
		if err == nil {
			body, err = io.ReadAll(r.Body)
		}
		if err != nil {
			status, who = http.StatusUnauthorized, code(err)
		}
		body = append([]byte(who+": "), body...)
		w.Header().Set("Content-Type", "text/plain")
		if err := answers.SignResponse(w.Header(), status, body, r); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	if server.EnableHTTP2 = http2; http2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server, k
}

func TestTransport(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		server, k := serve(t, http2)
		for _, s := range []httpsig.Signer{
			{KeyID: "k123", Key: hmacKey}, {KeyID: "private", Key: edKey, Cover: []string{"Cookie"}}, {KeyID: "k123", Key: hmacKey, Scheme: httpsig.LSA1},
		} {
			k.nonces, k.steps = nil, nil
			client := http.Client{Transport: &httpsig.Transport{
				Signer: s, Origin: server.URL, Base: server.Client().Transport,
				Responses: &httpsig.ResponseVerifier{KeyID: "server", Key: edPublic},
			}}
			for body, r := range map[string]*http.Request{
				"a":      must(http.NewRequest("POST", server.URL+"/a%2Fb?q=1&a=%20", strings.NewReader("a"))),
				"b":      must(http.NewRequest("POST", server.URL+"/", io.MultiReader(strings.NewReader("b")))),
				"":       must(http.NewRequest("GET", server.URL, nil)),
				"follow": must(http.NewRequest("PUT", server.URL+"?to=/there", strings.NewReader("follow"))),
			} {
				for range 2 {
					if r.GetBody != nil {
						r.Body = must(r.GetBody())
					}
					before := len(r.Header)
					res, err := client.Do(r)
					if err != nil {
						if body == "follow" { // an answer that is not signed
							continue
						}
						t.Fatal(err)
					}
					got := must(io.ReadAll(res.Body))
					res.Body.Close()
					if want := "owner of " + s.KeyID + ": " + body; string(got) != want || len(r.Header) != before || (res.ProtoMajor == 2) != http2 {
						t.Errorf("%s by %s: %q, want %q; the caller's header %v", s.Scheme, res.Proto, got, want, r.Header)
					}
					if body == "b" {
						break // it cannot be read again
					}
				}
			}
			if len(k.nonces) != 5 {
				t.Errorf("%d nonces", len(k.nonces))
			}
		}
	}
}

// Where a redirect leads is another matter: what goes there is not signed for
// it, unless it is the same server.
func TestTransportOrigin(t *testing.T) {
	t.Parallel()
	server, k := serve(t, false)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Signature") != "" {
			t.Error("a signature is sent to another server")
		}
	}))
	defer other.Close()
	client := http.Client{Transport: &httpsig.Transport{Signer: httpsig.Signer{KeyID: "k123", Key: hmacKey}, Origin: server.URL}}
	for _, to := range []string{other.URL, "/there"} {
		res, err := client.Post(server.URL+"?to="+to, "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", to, res.Status)
		}
	}
	if len(k.nonces) != 1 {
		t.Errorf("%d nonces", len(k.nonces))
	}
}

type closed struct {
	io.Reader
	n int
}

func (c *closed) Close() error { c.n++; return nil }

// A request that cannot be signed is not sent, and its body is closed.
func TestTransportRefuses(t *testing.T) {
	t.Parallel()
	base := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("it is sent") })
	for _, s := range []httpsig.Signer{{KeyID: "k"}, {KeyID: "k", Key: hmacKey, MaxBody: 3}} {
		body := &closed{Reader: strings.NewReader("four")}
		_, err := (&httpsig.Transport{Signer: s, Base: base}).RoundTrip(must(http.NewRequest("PUT", "http://h/", body)))
		if fault.KindOf(err) != fault.Invalid || body.n == 0 {
			t.Errorf("%v, closed %d times", err, body.n)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

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
