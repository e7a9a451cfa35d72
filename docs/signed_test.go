package docs_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/httpsig"
)

// TestSignedRequests does what the page on signed requests does, with the tools
// that it names, and wants a server to know who asks.
func TestSignedRequests(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl", "openssl", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("NOT TESTED: the examples of docs/signed-requests.md, for want of %s", tool)
		}
	}
	dir := t.TempDir()
	const secret = "a secret of the examples, 32 bytes"
	server, seen := signedServer(t, dir, secret)
	for _, s := range snippets(t) {
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", s.text)
		switch {
		case s.page != "signed-requests.md":
			continue
		case s.info == "python":
			cmd = exec.CommandContext(t.Context(), "python3", "-c", s.text)
		case s.info != "sh":
			continue
		}
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "MANOR_URL="+server.URL, "KEY_ID=k123", "SIGNING_SECRET="+secret)
		if strings.Contains(s.text, "-inkey") {
			cmd.Env = append(cmd.Env, "KEY_ID=pair")
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("line %d: %v\n%s", s.line, err, out)
		}
	}
	want := []string{
		`LSA1-HMAC-SHA256 k123 POST /api/v1/products?draft=true&tag=a%20b {"name": "desk"}`,
		`rfc9421 k123 POST /api/v1/products {"name": "desk"}`,
		`rfc9421 k123 GET /api/v1/products?page=1&tag=a%20b `,
		`rfc9421 pair GET /api/v1/products `,
	}
	if got := seen(); !slices.Equal(got, want) {
		t.Errorf("the server has seen\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// signedServer runs a server that says what is wrong with a signature. It knows
// the key k123, with the secret, and pair, whose public key is in the folder.
func signedServer(t *testing.T, dir, secret string) (server *httptest.Server, seen func() []string) {
	var mu sync.Mutex
	var all []string
	v := httpsig.Verifier[string]{
		Key: func(_ context.Context, sig *httpsig.Signature) (httpsig.Key, string, error) {
			if sig.KeyID == "k123" {
				k, err := httpsig.HMACKey([]byte(secret))
				return k, sig.KeyID, err
			}
			text, err := os.ReadFile(filepath.Join(dir, "client.pub"))
			if err != nil {
				return httpsig.Key{}, "", fault.Wrap(fault.NotFound, err, "no such key")
			}
			public, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
			if err != nil {
				return httpsig.Key{}, "", err
			}
			k, err := httpsig.PublicKey(public)
			return k, sig.KeyID, err
		},
		Accept: func(context.Context, *httpsig.Signature, string, time.Time) error { return nil },
	}
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sig, who, err := v.Verify(r)
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, fmt.Sprintf("%s %s %s %s %s", sig.Scheme, who, r.Method, r.RequestURI, body))
	}))
	t.Cleanup(server.Close)
	return server, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}
