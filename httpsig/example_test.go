package httpsig_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/httpsig"
)

// A client signs what it sends, and a server knows who sent it.
func Example() {
	key, _ := httpsig.HMACKey([]byte("256 random bits, given to one client"))

	var used sync.Map // of a server's own; those of several share a table
	verifier := httpsig.Verifier[string]{
		Key: func(_ context.Context, sig *httpsig.Signature) (httpsig.Key, string, error) {
			if sig.KeyID != "k1" {
				return httpsig.Key{}, "", fault.NotFound
			}
			return key, "the reporting job", nil
		},
		Accept: func(_ context.Context, sig *httpsig.Signature, _ string, until time.Time) error {
			if _, again := used.LoadOrStore(sig.KeyID+" "+sig.Nonce, until); again {
				return fault.Conflict
			}
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, who, err := verifier.Verify(r)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, _ := io.ReadAll(r.Body) // as it was sent
		fmt.Fprintf(w, "%s says %s", who, body)
	}))
	defer server.Close()

	client := http.Client{Transport: &httpsig.Transport{Signer: httpsig.Signer{KeyID: "k1", Key: key}, Origin: server.URL}}
	for _, c := range []*http.Client{&client, http.DefaultClient} {
		res, err := c.Post(server.URL+"/reports", "text/plain", strings.NewReader("hello"))
		if err != nil {
			fmt.Println(err)
			continue
		}
		answer, _ := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Printf("%d %s\n", res.StatusCode, answer)
	}
	// Output:
	// 200 the reporting job says hello
	// 401
}
