package httpsig_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/manorgo/manor/httpsig"
)

// Verifying stays cheap: what it allocates is counted, since that tells more
// than time does on a busy machine.
func TestAllocations(t *testing.T) {
	for scheme, limit := range map[httpsig.Scheme]float64{httpsig.RFC9421: 45, httpsig.LSA1: 35} {
		s := signer(scheme)
		r := newRequest("POST", "https://api.example.com/api/v1/products?pageSize=20", strings.Repeat("x", 1<<10))
		if err := s.Sign(r); err != nil {
			t.Fatal(err)
		}
		r = wire(t, r)
		body := must(io.ReadAll(r.Body))
		v, k := newVerifier()
		got := testing.AllocsPerRun(100, func() {
			r.Body = io.NopCloser(bytes.NewReader(body))
			k.nonces, k.steps = nil, k.steps[:0]
			if _, _, err := v.Verify(r); err != nil {
				t.Fatal(err)
			}
		})
		if got > limit {
			t.Errorf("%s: %v allocations, want %v at most", scheme, got, limit)
		}
	}
}
