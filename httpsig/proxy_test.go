package httpsig_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/manorgo/manor/httpsig"
)

// A proxy that ends TLS, calls the server by another name and adds headers of
// its own leaves signatures right, if the server knows what clients call it.
func TestBehindProxy(t *testing.T) {
	t.Parallel()
	k := &keeper{}
	var public *url.URL
	v := httpsig.Verifier[string]{Key: k.Key, Accept: k.Accept, Origin: func(*http.Request) (string, string) { return public.Scheme, public.Host }}
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, who, err := v.Verify(r)
		if err != nil || r.TLS != nil || r.Host == public.Host || r.Header.Get("X-Forwarded-Proto") != "https" {
			t.Errorf("%s %s from %v: %v", r.Method, r.Host, r.Header, err)
		}
		_, _ = io.Copy(w, io.MultiReader(strings.NewReader(who+": "), r.Body))
	}))
	defer backend.Close()
	to := must(url.Parse(backend.URL))
	proxy := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.SetXForwarded()
	}})
	defer proxy.Close()
	public = must(url.Parse(proxy.URL))

	for _, scheme := range schemes {
		client := http.Client{Transport: &httpsig.Transport{Signer: httpsig.Signer{KeyID: "k123", Key: hmacKey, Scheme: scheme}, Base: proxy.Client().Transport}}
		for _, c := range []struct{ target, body string }{{"/a%2Fb?x=%20&a=b+c", "body"}, {"/", ""}, {"", "body"}} {
			res, err := client.Post(proxy.URL+c.target, "text/plain", strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			got := must(io.ReadAll(res.Body))
			res.Body.Close()
			if string(got) != "owner of k123: "+c.body {
				t.Errorf("%s %q: %s %q", scheme, c.target, res.Status, got)
			}
		}
	}
}
