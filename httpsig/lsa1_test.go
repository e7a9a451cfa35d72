package httpsig_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/httpsig"
)

// lsa1 writes the header of a signature over a canonical form that the test
// gives, so that the two are made apart.
func lsa1(signed, date, nonce, canonical string) string {
	mac := hmac.New(sha256.New, []byte(sharedText))
	mac.Write([]byte(canonical))
	return fmt.Sprintf("Authorization: LSA1-HMAC-SHA256 Credential=k123, SignedHeaders=%s, Signature=%s\r\nX-Auth-Date: %s\r\nX-Auth-Nonce: %s",
		signed, hex.EncodeToString(mac.Sum(nil)), date, nonce)
}

const (
	date      = "2026-05-09T19:00:00Z"
	three     = "host;x-auth-date;x-auth-nonce"
	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// The vector of the scheme: made by the signer, and taken by the verifier.
func TestLSA1Vector(t *testing.T) {
	t.Parallel()
	const want = "LSA1-HMAC-SHA256 Credential=k123, SignedHeaders=host;x-auth-date;x-auth-nonce, " +
		"Signature=a6c1319ab671705672a1745e9e8b772bdad942917c9a64d531419a031603c7a0"
	r := must(http.NewRequest("GET", "https://api.example.com/reports", nil))
	s := httpsig.Signer{KeyID: "k123", Key: hmacKey, Scheme: httpsig.LSA1, Now: func() time.Time { return now }, Nonce: func() string { return "n1" }}
	if err := s.Sign(r); err != nil {
		t.Fatal(err)
	}
	if got := r.Header.Get("Authorization"); got != want || r.Header.Get("X-Auth-Date") != date || r.Header.Get("X-Auth-Nonce") != "n1" {
		t.Errorf("got %v", r.Header)
	}
	v, _ := newVerifier()
	sig, holder, err := v.Verify(receive(t, raw("", "GET /reports HTTP/1.1", "Host: api.example.com", "X-Auth-Date: "+date, "X-Auth-Nonce: n1", "Authorization: "+want)))
	if err != nil || holder != "owner of k123" || sig.Scheme != httpsig.LSA1 || !sig.Created.Equal(now) || !sig.Covers("host") || !sig.Covers("@query") || sig.Covers("content-type") {
		t.Errorf("%+v, %q, %v", sig, holder, err)
	}
}

func TestLSA1Canonical(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("body"))
	head := "\nhost:api.example.com\nx-auth-date:" + date + "\nx-auth-nonce:n1\n"
	for name, c := range map[string]struct {
		line, signed, canonical string
		more                    []string
		body                    string
		ok                      bool
	}{
		"parameters in order":    {line: "GET /a?b=2&a=3&a=1", canonical: "GET\n/a\na=1&a=3&b=2" + head + three + "\n" + emptyHash, ok: true},
		"another value":          {line: "GET /a?b=2&a=3&a=4", canonical: "GET\n/a\na=1&a=3&b=2" + head + three + "\n" + emptyHash},
		"as sent":                {line: "GET /a?b=2&a=1", canonical: "GET\n/a\nb=2&a=1" + head + three + "\n" + emptyHash},
		"encodings":              {line: "GET /a?x=a+b&y=%7e&z=%c3%a9&w=é&v=*", canonical: "GET\n/a\nv=%2A&w=%C3%A9&x=a%20b&y=~&z=%C3%A9" + head + three + "\n" + emptyHash, ok: true},
		"blanks":                 {line: "GET /a?b=&a&&", canonical: "GET\n/a\na=&b=" + head + three + "\n" + emptyHash, ok: true},
		"not UTF-8":              {line: "GET /a?a=%ff", canonical: "GET\n/a\na=%FF" + head + three + "\n" + emptyHash},
		"half an encoding":       {line: "GET /a?a=%f", canonical: "GET\n/a\na=%25f" + head + three + "\n" + emptyHash},
		"semicolon":              {line: "GET /a?a=1;b=2", canonical: "GET\n/a\na=1%3Bb%3D2" + head + three + "\n" + emptyHash},
		"encoded path":           {line: "GET /a%2fb%7E", canonical: "GET\n/a%2fb%7E\n" + head + three + "\n" + emptyHash, ok: true},
		"decoded path":           {line: "GET /a%2fb%7E", canonical: "GET\n/a/b~\n" + head + three + "\n" + emptyHash},
		"raw path":               {line: "GET /é:(", canonical: "GET\n/%C3%A9%3A%28\n" + head + three + "\n" + emptyHash, ok: true},
		"another path":           {line: "GET /a", canonical: "GET\n/b\n" + head + three + "\n" + emptyHash},
		"a method in lower case": {line: "get /a", canonical: "GET\n/a\n" + head + three + "\n" + emptyHash, ok: true},
		"not ASCII": {line: "GET /a", signed: three + ";x-two", more: []string{"X-Two: \xe9"},
			canonical: "GET\n/a\n" + head + "x-two:\xe9\n" + three + ";x-two\n" + emptyHash},
		"another method": {line: "PUT /a", canonical: "GET\n/a\n" + head + three + "\n" + emptyHash},
		"a body":         {line: "PUT /a", canonical: "PUT\n/a\n" + head + three + "\n" + hex.EncodeToString(sum[:]), body: "body", ok: true},
		"another body":   {line: "PUT /a", canonical: "PUT\n/a\n" + head + three + "\n" + hex.EncodeToString(sum[:]), body: "bodY"},
		"no body":        {line: "PUT /a", canonical: "PUT\n/a\n" + head + three + "\n" + emptyHash, body: "body"},
		"more headers": {line: "GET /a", signed: "X-Two; host;x-gone;x-auth-date;HOST;x-auth-nonce", more: []string{"X-Two:   a \t  b", "X-Two: c"},
			canonical: "GET\n/a\n\nx-two:a b,c\nhost:api.example.com\nx-gone:\nx-auth-date:" + date + "\nx-auth-nonce:n1\nx-two;host;x-gone;x-auth-date;x-auth-nonce\n" + emptyHash, ok: true},
		"another header": {line: "GET /a", signed: three + ";x-two", more: []string{"X-Two: a c"},
			canonical: "GET\n/a\n" + head + "x-two:a b\n" + three + ";x-two\n" + emptyHash},
		"a header that was not there": {line: "GET /a", signed: three + ";x-two", more: []string{"X-Two: a"},
			canonical: "GET\n/a\n" + head + "x-two:\n" + three + ";x-two\n" + emptyHash},
		"without the host":  {line: "GET /a", signed: "x-auth-date;x-auth-nonce", canonical: "GET\n/a\n\nx-auth-date:" + date + "\nx-auth-nonce:n1\nx-auth-date;x-auth-nonce\n" + emptyHash},
		"without the date":  {line: "GET /a", signed: "host;x-auth-nonce", canonical: "GET\n/a\n\nhost:api.example.com\nx-auth-nonce:n1\nhost;x-auth-nonce\n" + emptyHash},
		"without the nonce": {line: "GET /a", signed: "host;x-auth-date", canonical: "GET\n/a\n\nhost:api.example.com\nx-auth-date:" + date + "\nhost;x-auth-date\n" + emptyHash},
	} {
		signed := c.signed
		if signed == "" {
			signed = three
		}
		lines := append([]string{c.line + " HTTP/1.1", "Host: api.example.com", fmt.Sprintf("Content-Length: %d", len(c.body)), lsa1(signed, date, "n1", c.canonical)}, c.more...)
		v, _ := newVerifier()
		r := receive(t, raw(c.body, lines...))
		_, _, err := v.Verify(r)
		if (err == nil) != c.ok || err != nil && code(err) != httpsig.CodeInvalid {
			t.Errorf("%s: %v, want ok %v", name, err, c.ok)
		}
		if rest, err := io.ReadAll(r.Body); c.ok && (err != nil || string(rest) != c.body) {
			t.Errorf("%s: the handler reads %q, %v", name, rest, err)
		}
	}
}

func TestLSA1Dates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		date:                            "ok",
		"2026-05-09T19:00:00":           "ok", // UTC
		"2026-05-09T19:00:00.250Z":      "ok",
		"2026-05-09T21:00:00+02:00":     "ok",
		"20260509T190000Z":              "ok",
		"20260509T210000+0200":          "ok",
		"2026-05-09T19:05:00Z":          "ok", // the window's end
		"2026-05-09T18:55:00Z":          "ok",
		"2026-05-09T19:05:01Z":          httpsig.CodeSkew,
		"2026-05-09T18:54:59Z":          httpsig.CodeSkew,
		"2026-05-09T19:00:00+02:00":     httpsig.CodeSkew,
		"Sat, 09 May 2026 19:00:00 GMT": httpsig.CodeInvalid,
		"1778353200":                    httpsig.CodeInvalid,
		"2026-05-09":                    httpsig.CodeInvalid,
		"2026-05-09 19:00:00Z":          httpsig.CodeInvalid,
		"2026-5-9T19:00:00Z":            httpsig.CodeInvalid,
		"2026-05-09T19:0:00Z0":          httpsig.CodeInvalid,
		"2026-02-30T19:00:00Z":          httpsig.CodeInvalid,
		"2026-05-09T19:00:00ZZ":         httpsig.CodeInvalid,
		"2026-05-09T19:00:00Z, x":       httpsig.CodeInvalid,
		"":                              httpsig.CodeInvalid,
	} {
		canonical := "GET\n/\n\nhost:api.example.com\nx-auth-date:" + text + "\nx-auth-nonce:n1\n" + three + "\n" + emptyHash
		v, k := newVerifier()
		_, _, err := v.Verify(receive(t, raw("", "GET / HTTP/1.1", "Host: api.example.com", lsa1(three, text, "n1", canonical))))
		got := "ok"
		if err != nil {
			got = code(err)
		}
		if got != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
		if got != "ok" && len(k.nonces) > 0 {
			t.Errorf("%q: the nonce is used up", text)
		}
	}
}

// What is no Authorization header of the scheme, though it starts like one.
func TestLSA1Headers(t *testing.T) {
	t.Parallel()
	good := lsa1(three, date, "n1", "GET\n/\n\nhost:api.example.com\nx-auth-date:"+date+"\nx-auth-nonce:n1\n"+three+"\n"+emptyHash)
	send := func(head string) error {
		r, err := received(raw("", "GET / HTTP/1.1", "Host: api.example.com", head))
		if err != nil {
			return err
		}
		v, _ := newVerifier()
		_, _, err = v.Verify(r)
		return err
	}
	for _, same := range []string{good, strings.Replace(good, "Credential=", "credential = ", 1), strings.Replace(good, "256 Cred", "256   Cred", 1),
		strings.Replace(good, ", SignedHeaders=host;x-auth-date", " ,\tSIGNEDHEADERS=Host ; X-Auth-Date", 1)} {
		if err := send(same); err != nil {
			t.Errorf("%v\n%s", err, same)
		}
	}
	_, mac, _ := strings.Cut(good, "Signature=")
	mac = mac[:64]
	for _, c := range [][2]string{
		{"LSA1-HMAC-SHA256", "lsa1-hmac-sha256"}, {"LSA1-HMAC-SHA256 ", "LSA1-HMAC-SHA256,"}, {"LSA1-HMAC-SHA256", "LSA1-HMAC-SHA512"},
		{"LSA1-HMAC-SHA256 ", "LSA1-HMAC-SHA256"}, {"Credential=k123, ", ""}, {"Credential=k123", "Credential="}, {"Credential=k123", "Credential=-k123"},
		{"Credential=k123", "Credential=k 123"}, {"Credential=k123", "Credential=\"k123\""}, {"Credential=k123", "Credential=" + strings.Repeat("k", 129)},
		{"Credential=k123", "Credential=k123, Credential=k123"}, {"Credential=k123", "Credential=k124"}, {"Credential=k123", "Credential=k123, Extra=1"},
		{"SignedHeaders=" + three + ", ", ""}, {"SignedHeaders=", "SignedHeaders=x;"}, {"SignedHeaders=host", "SignedHeaders=;host"},
		{"SignedHeaders=host", "SignedHeaders=ho st"}, {"SignedHeaders=host;x-auth-date", "SignedHeaders=x-auth-date;host"},
		{"SignedHeaders=", "SignedHeaders=" + manyNames() + ";"}, {", Signature=" + mac, ""}, {mac, strings.ToUpper(mac)}, {mac, mac[:63]}, {mac, mac + "0"},
		{mac, mac + ","}, {mac, strings.Repeat("0", 64)}, {mac, strings.Repeat("g", 64)}, {mac, mac + ", Signature=" + mac}, {mac, mac + " x"},
		{"X-Auth-Nonce: n1", "X-Auth-Nonce: n2"}, {"X-Auth-Nonce: n1", "X-Auth-Nonce:"}, {"X-Auth-Nonce: n1", "X-Auth-Nonce: n1\r\nX-Auth-Nonce: n1"},
		{"X-Auth-Nonce: n1", "X-Auth-Nonce: " + strings.Repeat("n", 129)}, {"X-Auth-Nonce: n1", "X-Auth-Nonce: n 1"}, {"X-Auth-Nonce: n1", "X-Nonce: n1"},
		{"X-Auth-Date: " + date, "X-Auth-Date: " + date + "\r\nX-Auth-Date: " + date}, {"X-Auth-Date: " + date, "X-Date: " + date},
		{"X-Auth-Date", "Authorization: Bearer x\r\nX-Auth-Date"}, {"X-Auth-Date", "Authorization: LSA1-HMAC-SHA256\r\nX-Auth-Date"},
	} {
		bad := strings.Replace(good, c[0], c[1], 1)
		if bad == good {
			t.Errorf("%q is not there", c[0])
		}
		if err := send(bad); code(err) != httpsig.CodeInvalid {
			t.Errorf("%v\n%s", err, bad)
		}
	}
}

func manyNames() string {
	var b bytes.Buffer
	for i := range 33 {
		fmt.Fprintf(&b, "x-%d;", i)
	}
	return strings.TrimSuffix(b.String(), ";")
}
