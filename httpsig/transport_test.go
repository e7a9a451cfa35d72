package httpsig_test

import (
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

func TestTransportOrigins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ origin, url, want string }{
		{"", "https://a/", "signed"}, {"https://a", "https://a/x", "signed"}, {"https://A:443", "https://a/x", "signed"}, {"http://a", "http://a:80/x", "signed"},
		{"https://a", "http://a/", "sent"}, {"https://a", "https://b/", "sent"}, {"https://a", "https://a:8443/", "sent"}, {"https://a", "https://a.b/", "sent"}, {"https://a", "https:a", "sent"},
		{"https://a/", "https://a/", "invalid"}, {"a", "https://a/", "invalid"}, {"https://", "https://a/", "invalid"},
	} {
		got := ""
		tr := httpsig.Transport{Signer: httpsig.Signer{KeyID: "k", Key: hmacKey}, Origin: c.origin, Base: roundTrip(func(r *http.Request) (*http.Response, error) {
			if got = "sent"; r.Header.Get("Signature") != "" {
				got = "signed"
			}
			return &http.Response{}, nil
		})}
		if _, err := tr.RoundTrip(must(http.NewRequest("GET", c.url, nil))); err != nil {
			got = code(err)
		}
		if got != c.want {
			t.Errorf("%s for %q: %s, want %s", c.url, c.origin, got, c.want)
		}
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
