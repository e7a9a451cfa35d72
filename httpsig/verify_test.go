package httpsig_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/httpsig"
)

// signer returns the client's side of a scheme, at the time of these tests.
func signer(scheme httpsig.Scheme) httpsig.Signer {
	return httpsig.Signer{KeyID: "k123", Key: hmacKey, Scheme: scheme, Now: func() time.Time { return now }}
}

// wire returns a request as the server sees it.
func wire(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	return receive(t, written(t, r))
}

func written(t testing.TB, r *http.Request) string {
	t.Helper()
	if r.GetBody != nil {
		r.Body = must(r.GetBody())
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func newRequest(method, url, body string) *http.Request {
	return must(http.NewRequest(method, url, strings.NewReader(body)))
}

var schemes = []httpsig.Scheme{httpsig.RFC9421, httpsig.LSA1}

// What one package signs, the other side accepts, once.
func TestSignAndVerify(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		for _, r := range []*http.Request{
			newRequest("GET", "https://api.example.com", ""),
			newRequest("GET", "http://API.example.com:80/a%2Fb/é?q=ü&q=a+b&&x", ""),
			newRequest("DELETE", "http://[::1]:8080/things/1", ""),
			newRequest("POST", "https://api.example.com/things", `{"a": 1}`),
			must(http.NewRequest("PUT", "https://api.example.com/things?", io.MultiReader(strings.NewReader("of no known "), strings.NewReader("length")))),
			must(http.NewRequest("PUT", "https://api.example.com/things?", io.MultiReader())),
		} {
			r.Header.Set("Content-Type", "text/plain; charset=utf-8")
			r.Header["If-Match"] = []string{`"a"`, ` "b"  "c"`}
			if scheme == httpsig.RFC9421 {
				r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "ü", "%C3%BC") // which it signs as it travels, in ASCII
			}
			s := signer(scheme)
			s.Cover = []string{"If-Match", "X-Gone"}
			if err := s.Sign(r); err != nil {
				t.Fatal(err)
			}
			text := written(t, r)
			v, k := newVerifier()
			got := receive(t, text)
			sig, holder, err := v.Verify(got)
			if err != nil || holder != "owner of k123" || sig.Scheme != scheme || !sig.Covers("if-match") || sig.Covers("x-gone") || !slices.Equal(k.steps, []string{"key", "accept"}) {
				t.Errorf("%s: %+v, %q, %v, %v\n%s", scheme, sig, holder, k.steps, err, text)
				continue
			}
			want, rest, _ := strings.Cut(text, "\r\n\r\n")
			if body, err := io.ReadAll(got.Body); err != nil || string(body) != rest && !strings.Contains(want, "chunked") {
				t.Errorf("the handler reads %q, %v", body, err)
			}
			if _, _, err := v.Verify(receive(t, text)); code(err) != httpsig.CodeReplay {
				t.Errorf("the second time: %v", err)
			}
			nonce := sig.Nonce
			if err := s.Sign(r); err != nil {
				t.Fatal(err)
			}
			if sig, _, err := v.Verify(wire(t, r)); err != nil || sig.Nonce == nonce {
				t.Errorf("signed again: %v", err)
			}
		}
	}
}

// The steps stand in one order: what is wrong early keeps what is later from
// being asked, and a nonce is used up by nobody but the owner of the key.
func TestOrder(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		for name, c := range map[string]struct {
			change func(*httpsig.Signer)
			spoil  func(*http.Request)
			steps  string
			want   string
		}{
			"right":             {steps: "key accept", want: ""},
			"unreadable":        {spoil: func(r *http.Request) { r.Header.Set("Signature-Input", "("); r.Header.Del("X-Auth-Nonce") }, want: httpsig.CodeInvalid},
			"no such key":       {change: func(s *httpsig.Signer) { s.KeyID = "nobody" }, steps: "key", want: httpsig.CodeInvalid},
			"database down":     {change: func(s *httpsig.Signer) { s.KeyID = "down" }, steps: "key", want: "unavailable"},
			"revoked":           {change: func(s *httpsig.Signer) { s.KeyID = "old1" }, steps: "key", want: "API_KEY_REVOKED"},
			"revoked, by other": {change: func(s *httpsig.Signer) { s.KeyID, s.Key = "old1", otherKey }, steps: "key", want: httpsig.CodeInvalid},
			"ed25519's":         {change: func(s *httpsig.Signer) { s.KeyID = "ed" }, steps: "key", want: httpsig.CodeInvalid},
			"late":              {change: func(s *httpsig.Signer) { s.Now = func() time.Time { return now.Add(-301 * time.Second) } }, steps: "key", want: httpsig.CodeSkew},
			"late, no such key": {change: func(s *httpsig.Signer) {
				s.KeyID, s.Now = "nobody", func() time.Time { return now.Add(-301 * time.Second) }
			}, steps: "key", want: httpsig.CodeSkew},
			"wrong":        {change: func(s *httpsig.Signer) { s.Key = otherKey }, steps: "key", want: httpsig.CodeInvalid},
			"another body": {spoil: func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("Body")) }, steps: "key", want: httpsig.CodeInvalid},
			"half a body":  {spoil: func(r *http.Request) { r.Body = io.NopCloser(io.MultiReader(strings.NewReader("bo"), broken{})) }, steps: "key", want: "malformed"},
			"no place":     {change: func(s *httpsig.Signer) { s.Nonce = func() string { return "full" } }, steps: "key accept", want: "limited"},
		} {
			if scheme == httpsig.RFC9421 && name == "no place" {
				continue // such a nonce is too short
			}
			s := signer(scheme)
			if c.change != nil {
				c.change(&s)
			}
			r := newRequest("POST", "https://api.example.com/", "body")
			if err := s.Sign(r); err != nil {
				t.Fatal(err)
			}
			r = wire(t, r)
			if c.spoil != nil {
				c.spoil(r)
			}
			v, k := newVerifier()
			sig, holder, err := v.Verify(r)
			if got := strings.Join(k.steps, " "); code(err) != c.want || got != c.steps || (sig != nil) != (err == nil) || (holder != "") != (err == nil) {
				t.Errorf("%s, %s: %q, %q, %v", scheme, name, got, holder, err)
			}
			if e, ok := errors.AsType[*fault.Error](err); ok && e.Code == httpsig.CodeInvalid && (e.Msg != "the request's signature is not valid" || e.Err == nil) {
				t.Errorf("%s, %s: strangers read %q, the log %v", scheme, name, e.Msg, e.Err)
			}
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Bodies are bounded: by what is declared before anything else is asked, and by
// what comes otherwise.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		for _, size := range []int{9, 10, 11} {
			for _, declared := range []bool{true, false} {
				r := newRequest("POST", "https://api.example.com/", strings.Repeat("x", size))
				s := signer(scheme)
				if err := s.Sign(r); err != nil {
					t.Fatal(err)
				}
				if !declared {
					r.ContentLength = -1
				}
				r = wire(t, r)
				v, k := newVerifier()
				v.MaxBody = 10
				_, _, err := v.Verify(r)
				_, large := errors.AsType[*http.MaxBytesError](err)
				if large != (size > 10) || (err == nil) == large || large && declared && len(k.steps) > 0 || len(k.nonces) > 0 && large {
					t.Errorf("%s, %d bytes, declared %v: %v, after %v", scheme, size, declared, err, k.steps)
				}
			}
		}
	}
}

func TestSigned(t *testing.T) {
	t.Parallel()
	v, k := newVerifier()
	for _, c := range []struct {
		head   string
		signed bool
	}{
		{"X: y", false}, {"Authorization: Bearer x", false}, {"Authorization: LSA1-HMAC-SHA256X y", false}, {`Signature: keyId="old"`, false},
		{`Signature-Input: s=();tag="web-bot-auth"`, false}, {"Authorization: LSA1-HMAC-SHA256 x", true}, {"Authorization: LSA1-HMAC-SHA256", true},
		{`Signature-Input: s=();tag="manor-request"`, true}, {`Signature-Input: s=() ;tag="manor-request" x`, true},
	} {
		r := receive(t, raw("", "GET / HTTP/1.1", "Host: h", c.head))
		if v.Signed(r) != c.signed {
			t.Errorf("%s: want %v", c.head, c.signed)
		}
		if _, _, err := v.Verify(r); code(err) != httpsig.CodeInvalid {
			t.Errorf("%s: %v", c.head, err)
		}
	}
	if len(k.steps) > 0 {
		t.Errorf("garbage looks up %v", k.steps)
	}
	if _, _, err := (&httpsig.Verifier[int]{}).Verify(receive(t, post)); fault.KindOf(err) != fault.Internal {
		t.Errorf("without a store: %v", err)
	}
}

// Behind a proxy, a server says what clients call it; and an operator may ask
// for more to be covered.
func TestVerifierSettings(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		r := newRequest("POST", "https://api.example.com/v1", "x")
		r.Header.Set("If-Match", "1")
		s := signer(scheme)
		if err := s.Sign(r); err != nil {
			t.Fatal(err)
		}
		r.Host = "10.0.0.7:8080"
		v, _ := newVerifier()
		if _, _, err := v.Verify(wire(t, r)); code(err) != httpsig.CodeInvalid {
			t.Errorf("%s: another host: %v", scheme, err)
		}
		v.Origin = func(*http.Request) (string, string) { return "https", "api.example.com" }
		v.Window = time.Second
		v.Now = func() time.Time { return now.Add(time.Second) }
		if _, _, err := v.Verify(wire(t, r)); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
		v.Now = func() time.Time { return now.Add(time.Second + 1) }
		if _, _, err := v.Verify(wire(t, r)); code(err) != httpsig.CodeSkew {
			t.Errorf("%s: a nanosecond too late: %v", scheme, err)
		}
		v.Now, v.Cover = func() time.Time { return now }, []string{"If-Match", "Idempotency-Key"}
		s.Cover = []string{"if-match"}
		_, _, err := v.Verify(wire(t, r))
		if scheme == httpsig.RFC9421 && code(err) != httpsig.CodeInvalid {
			t.Errorf("without If-Match: %v", err)
		}
		r.Host = ""
		if err := s.Sign(r); err != nil {
			t.Fatal(err)
		}
		if _, _, err := v.Verify(wire(t, r)); err != nil {
			t.Errorf("%s: with If-Match: %v", scheme, err)
		}
	}
	r := receive(t, sign(t, post, func() httpsig.Input { in := postInput; in.Tag = "ours"; return in }(), hmacKey))
	v, _ := newVerifier()
	if v.Tag = "ours"; !v.Signed(r) {
		t.Error("a tag of the caller's is not seen")
	}
	if _, _, err := v.Verify(r); err != nil {
		t.Error(err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	text := fmt.Sprintf("%v %+v %#v %s %q %x %v", hmacKey, edKey, edPublic, hmacKey, hmacKey, hmacKey, struct{ k httpsig.Key }{hmacKey})
	if strings.Contains(text, "s3cr3t") || strings.Contains(text, "115 51 99") || strings.Count(text, "[redacted]") != 6 {
		t.Error(text)
	}
	if b, err := hmacKey.MarshalText(); string(b) != "[redacted]" || err != nil || hmacKey.LogValue().String() != "[redacted]" || hmacKey.String()+hmacKey.GoString() != "[redacted][redacted]" {
		t.Errorf("%s, %v", b, err)
	}
	for _, err := range []error{
		second(httpsig.HMACKey(make([]byte, 15))), second(httpsig.PrivateKey(make([]byte, 32))), second(httpsig.PublicKey(make([]byte, 31))),
	} {
		if fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
	}
	for _, s := range []httpsig.Signer{{KeyID: "k"}, {KeyID: "k", Key: edPublic}, {KeyID: "k", Key: edKey, Scheme: httpsig.LSA1}, {KeyID: "k 1", Key: hmacKey, Scheme: httpsig.LSA1},
		{KeyID: "k\n", Key: hmacKey}, {KeyID: "k", Key: hmacKey, Label: "L"}, {KeyID: "k", Key: hmacKey, Tag: "é"}} {
		r := newRequest("GET", "https://api.example.com", "")
		if err := s.Sign(r); fault.KindOf(err) != fault.Invalid || r.Header.Get("Signature")+r.Header.Get("Authorization") != "" {
			t.Errorf("%+v: %v", s, err)
		}
	}
	s := signer(httpsig.RFC9421)
	for _, r := range []*http.Request{{}, {URL: must(newRequest("GET", "http://x", "").URL.Parse("mailto:x")), Host: "x"}, newRequest("GET", "http://bücher.example", ""),
		{Method: "A B", URL: newRequest("GET", "http://x", "").URL}, {URL: newRequest("GET", "http://x", "").URL, Header: http.Header{"Content-Type": {"a\nb"}}},
		must(http.NewRequestWithContext(context.Background(), "PUT", "http://x", io.MultiReader(broken{}))),
		must(http.NewRequest("PUT", "http://x", io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20+1)))))} {
		if err := s.Sign(r); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v: %v", r, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A service that has the body asks whether to believe the request.
func TestVerifySum(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		for _, body := range []string{"", "body"} {
			r := newRequest("POST", "https://api.example.com/", body)
			s := signer(scheme)
			if err := s.Sign(r); err != nil {
				t.Fatal(err)
			}
			r = wire(t, r)
			r.Body = io.NopCloser(broken{}) // nobody reads it
			v, _ := newVerifier()
			v.MaxBody = 1
			if _, _, err := v.VerifySum(r, sha256.Sum256([]byte("Body"))); code(err) != httpsig.CodeInvalid {
				t.Errorf("%s %q: another body: %v", scheme, body, err)
			}
			if _, holder, err := v.VerifySum(r, sha256.Sum256([]byte(body))); err != nil || holder == "" {
				t.Errorf("%s %q: %v", scheme, body, err)
			}
		}
	}
	const longer = "Content-Digest: sha-512=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==:"
	text := strings.Replace(post, "Content-Digest: "+digestOfHello, longer, 1)
	v, _ := newVerifier()
	if _, _, err := v.VerifySum(receive(t, sign(t, text, postInput, hmacKey)), sha256.Sum256([]byte(`{"hello": "world"}`))); code(err) != httpsig.CodeInvalid {
		t.Errorf("a digest that cannot be compared: %v", err)
	}
}
