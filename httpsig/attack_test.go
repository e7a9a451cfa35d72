package httpsig_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/httpsig"
)

// What nobody but an attacker would send.
func TestAttacks(t *testing.T) {
	t.Parallel()
	v, k := newVerifier()
	refused := func(name string, r *http.Request) {
		t.Helper()
		if _, _, err := v.Verify(r); code(err) != httpsig.CodeInvalid || len(k.nonces) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	both := newRequest("GET", "https://api.example.com/", "")
	for _, scheme := range []httpsig.Scheme{httpsig.LSA1, httpsig.RFC9421} {
		s := signer(scheme)
		if err := s.Sign(both); err != nil {
			t.Fatal(err)
		}
		if scheme == httpsig.LSA1 {
			continue
		}
		refused("two right signatures, one by each scheme", wire(t, both))
	}
	for _, c := range []struct {
		text, lines string
		ok          bool
	}{
		{`"@method" "@target-uri"`, "", true}, // so that the others are wrong in one way only
		{`"@method" "@target-uri" "@method"`, "\"@method\": GET\n", false},
		{`"@method" "@target-uri" "host" "host"`, "\"host\": h\n\"host\": h\n", false},
		{`"@method" "@target-uri" "@query-param";name="a" "@query-param";name="a"`, "\"@query-param\";name=\"a\": 1\n\"@query-param\";name=\"a\": 1\n", false},
		{`"@method" "@target-uri" "x-gone"`, "\"x-gone\": \n", false},
	} {
		for _, more := range []string{"", `;keyid="k123"`, ";x", `;extra="x"`, ";extra=1"} {
			says := "(" + c.text + `);created=1778353200;keyid="k123";nonce="AAECAwQFBgcICQoLDA0ODw";tag="manor-request"` + more
			mac := hmac.New(sha256.New, []byte(sharedText))
			fmt.Fprintf(mac, "\"@method\": GET\n\"@target-uri\": http://h/?a=1\n%s\"@signature-params\": %s", c.lines, says)
			r := receive(t, raw("", "GET /?a=1 HTTP/1.1", "Host: h", "Signature-Input: s="+says, fmt.Sprintf("Signature: s=:%s:", base64.StdEncoding.EncodeToString(mac.Sum(nil)))))
			if !c.ok || more != "" {
				refused(says, r)
			} else if _, _, err := v.Verify(r); err != nil {
				t.Errorf("%s: %v", says, err)
			}
			k.nonces = nil
		}
	}
	guessed := must(httpsig.HMACKey(make([]byte, 32))) // what unknown keys are compared with
	for _, scheme := range schemes {
		s := signer(scheme)
		s.KeyID, s.Key = "nobody", guessed
		r := newRequest("GET", "https://api.example.com/", "")
		if err := s.Sign(r); err != nil {
			t.Fatal(err)
		}
		refused("with the key that stands for none", wire(t, r))

		s = signer(scheme)
		r = newRequest("GET", "https://api.example.com/", "")
		if err := s.Sign(r); err != nil {
			t.Fatal(err)
		}
		r = wire(t, r)
		r.Body = io.NopCloser(strings.NewReader("put there by a middleware"))
		refused("a body of no length", r)

		r = newRequest("GET", "https://api.example.com/?"+strings.Repeat("x", 16<<10), "")
		if err := s.Sign(r); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: a target of more than 16 KiB is signed: %v", scheme, err)
		}
	}
}
