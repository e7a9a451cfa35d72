package httpsig_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/httpsig"
)

// BenchmarkVerify measures all that verifying a request with 1 KiB of body
// costs a server beside looking the key up and keeping the nonce.
func BenchmarkVerify(b *testing.B) {
	for _, c := range []struct {
		name   string
		signer httpsig.Signer
	}{
		{"rfc9421-hmac-sha256", signer(httpsig.RFC9421)},
		{"rfc9421-ed25519", httpsig.Signer{KeyID: "ed", Key: edKey, Now: func() time.Time { return now }}},
		{"lsa1", signer(httpsig.LSA1)},
	} {
		b.Run(c.name, func(b *testing.B) {
			body := strings.Repeat("x", 1<<10)
			r := newRequest("POST", "https://api.example.com/api/v1/products?pageSize=20&orderBy=name", body)
			r.Header.Set("Content-Type", "application/json")
			if err := c.signer.Sign(r); err != nil {
				b.Fatal(err)
			}
			r = wire(b, r)
			v := httpsig.Verifier[int]{
				Key: func(_ context.Context, sig *httpsig.Signature) (httpsig.Key, int, error) {
					return keys[sig.KeyID], 1, nil
				},
				Accept: func(context.Context, *httpsig.Signature, int, time.Time) error { return nil },
				Now:    func() time.Time { return now },
			}
			data := bytes.NewReader([]byte(body))
			sent := io.NopCloser(data)
			b.ReportAllocs()
			for b.Loop() {
				data.Seek(0, io.SeekStart)
				r.Body = sent
				if _, _, err := v.Verify(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("not-signed", func(b *testing.B) {
		r := must(http.NewRequest("GET", "/", nil))
		r.Header.Set("Authorization", "Bearer x")
		v, _ := newVerifier()
		b.ReportAllocs()
		for b.Loop() {
			if v.Signed(r) {
				b.Fatal()
			}
		}
	})
}
