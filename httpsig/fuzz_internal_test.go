package httpsig

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var fuzzKey = Key{&material{alg: HMACSHA256, secret: []byte("a secret of 32 bytes, for fuzzing")}}

// FuzzLSA1Header has any header either refused or understood: written again, it
// says the same, and what is signed has one line for each thing in it.
func FuzzLSA1Header(f *testing.F) {
	zeroes := strings.Repeat("0", 64)
	f.Add("LSA1-HMAC-SHA256 Credential=k1, SignedHeaders=host;x-auth-date;x-auth-nonce, Signature="+zeroes, "2026-05-09T19:00:00Z", "n1", "v")
	f.Add("LSA1-HMAC-SHA256\tsignature="+zeroes+",credential = k_-,SIGNEDHEADERS= Host ;HOST;x-two;X-Auth-Nonce;x-auth-date", "20260509T190000.5+0200", "~", " a \t b ")
	f.Add("LSA1-HMAC-SHA256 Credential=k1, Credential=k1, SignedHeaders=;, Signature=", "2026-05-09T19:00:00,123456-07", "", "a\r\nb")
	f.Add("LSA1-HMAC-SHA256 Credential=k1, SignedHeaders=host:x;x-auth-date;x-auth-nonce, Signature="+zeroes[1:]+"G", "0000-00-00T00:00:00", "a b", "\xff")
	f.Fuzz(func(t *testing.T, authorization, date, nonce, value string) {
		h := http.Header{"Authorization": {authorization}, dateField: {date}, nonceField: {nonce}, "X-Two": {value, value}}
		if !isLSA1(authorization) {
			return
		}
		s, err := readLSA1(h)
		if err != nil {
			return
		}
		again, err := readLSA1(http.Header{dateField: {s.Created.Format(time.RFC3339Nano)}, nonceField: {s.Nonce}, "Authorization": {
			fmt.Sprintf("%s Credential=%s, SignedHeaders=%s, Signature=%x", LSA1, s.KeyID, s.signed, s.value[:s.size])}})
		if err != nil || again.KeyID != s.KeyID || again.signed != s.signed || again.value != s.value || !again.Created.Equal(s.Created) {
			t.Fatalf("%+v is written as %+v, %v", s, again, err)
		}
		for _, name := range lsa1Always {
			if !s.Covers(name) {
				t.Errorf("%q is not covered", name)
			}
		}
		m := &Message{method: "get", host: "h", target: "/a?b", header: h}
		canonical, err := m.appendCanonical(nil, s, sha256.Sum256(nil))
		if err != nil {
			if printable(value) && printable(authorization) && printable(date) && printable(nonce) {
				t.Error(err)
			}
			return
		}
		if lines := bytes.Count(canonical, []byte("\n")) + 1; lines != 5+len(s.headers) {
			t.Errorf("%d headers make %d lines:\n%s", len(s.headers), lines, canonical)
		}
		if s.verify(fuzzKey, canonical) {
			t.Error("a signature is guessed")
		}
	})
}

// FuzzSignatureInput has any field either refused or understood: what it says
// canonically is read as the same, and what is signed has one line for each
// component.
func FuzzSignatureInput(f *testing.F) {
	sig := "sig1=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
	f.Add(`sig1=("@method" "@authority" "@path" "@query" "content-digest");created=1;keyid="k";nonce="AAECAwQFBgcICQoLDA0ODw";tag="manor-request"`, sig)
	f.Add(`a=( "x-two";req;key="a" "@query-param";name="a%20b" ); x; y=?0;z=-1.5;u=tok/en:*;v=:AA==:;w=@1, sig1=("host");alg="a\"\\b";tag="manor-request"`, "a=1, "+sig)
	f.Add(`sig1=("@status" "x-two" "x-two");expires=00;tag="manor-request"`, sig+";x")
	f.Add("sig1=(\"x\r\n y\");created=999999999999999;tag=\"manor-request\", *b=()", "\t"+sig+" , b=(a b);c")
	f.Fuzz(func(t *testing.T, input, signature string) {
		h := http.Header{"Signature-Input": {input}, "Signature": {signature}, "X-Two": {"a=1", "b=(1 2);c"}, "Content-Digest": {"sha-256=:AA==:"}}
		texts := map[string]string{}
		err := dictionary(h["Signature-Input"], func(mb member) error {
			texts[mb.key] = mb.text
			return nil
		})
		for key, text := range texts {
			aerr := dictionary([]string{key + "=" + text}, func(mb member) error {
				if mb.key != key || mb.text != text {
					t.Errorf("%s=%s is read as %s=%s", key, text, mb.key, mb.text)
				}
				return nil
			})
			if aerr != nil {
				t.Errorf("%s: %v", text, aerr)
			}
		}
		m := &Message{method: "GET", scheme: "https", host: "h", target: "/a?a%20b=1", header: h, length: 3}
		s, serr := m.readTagged(DefaultTag)
		if s == nil {
			return
		}
		if err != nil || serr != nil || s.Tag != DefaultTag || texts[s.Label] != s.params {
			t.Fatalf("%+v of %q: %v, %v", s, input, err, serr)
		}
		base, err := m.appendBase(nil, s.items, s.components, s.params)
		if err != nil {
			return
		}
		if lines := bytes.Count(base, []byte("\n")) + 1; lines != 1+len(s.components) || !printable(strings.ReplaceAll(string(base), "\n", "")) {
			t.Errorf("%d components make %d lines:\n%s", len(s.components), lines, base)
		}
		if s.verify(fuzzKey, base) {
			t.Error("a signature is guessed")
		}
	})
}

// FuzzCanonical signs what net/http can read, and has it verified; and wherever
// two requests have the same canonical form, a handler cannot tell them apart by
// anything that the scheme covers.
func FuzzCanonical(f *testing.F) {
	f.Add("GET", "/a%2fb:c?b=2&a=1&a=+%7E", "example.com", "v", "", "GET", "/a%2fb%3Ac?a=1&a=%20~&b=2", "example.com", " v ", "")
	f.Add("POST", "/é?q=é&&x", "EXAMPLE.com:80", "a, b", "body", "post", "/%C3%A9?x=&q=%c3%a9", "example.com", "a,b", "body")
	f.Add("PUT", "http://h/x?a=1;b", "h:443", "a\tb", "x", "PUT", "/x?a=1%3Bb", "h", "a  b", "x")
	f.Add("GET", "http://h?x/y", "h", "", "", "GET", "/?x/y", "h", "", "")
	f.Add("GET", "a:b://c/d", "h", "", "", "GET", "/d", "h", "", "")
	f.Add("OPTIONS", "*", "h", "", "", "GET", "//x?", "h", "", "1")
	f.Fuzz(func(t *testing.T, method1, target1, host1, value1, body1, method2, target2, host2, value2, body2 string) {
		a, b := fuzzed(method1, target1, host1, value1, body1), fuzzed(method2, target2, host2, value2, body2)
		if a == nil {
			return
		}
		for _, scheme := range []Scheme{RFC9421, LSA1} {
			formA, ok := signedForm(t, scheme, a(), body1)
			if !ok || b == nil {
				continue
			}
			formB, ok := signedForm(t, scheme, b(), body2)
			if ok && formA == formB && seen(scheme, a(), body1) != seen(scheme, b(), body2) {
				t.Errorf("%s: the same is signed for\n%s\nand\n%s", scheme, seen(scheme, a(), body1), seen(scheme, b(), body2))
			}
		}
	})
}

// fuzzed returns a function that receives the request anew, or nil if a server
// would not.
func fuzzed(method, target, host, value, body string) func() *http.Request {
	raw := method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\nX-Value: " + value + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	read := func() (*http.Request, error) { return http.ReadRequest(bufio.NewReader(strings.NewReader(raw))) }
	r, err := read()
	if err != nil || len(r.Header) > 2 || r.Host == "" || r.ContentLength != int64(len(body)) || r.Method != method || len(r.Header["X-Value"]) != 1 {
		return nil // also if a value has become another line
	}
	return func() *http.Request {
		r, _ := read()
		return r
	}
}

// signedForm signs a request that has been received, has it verified, and
// returns what was signed; false if it cannot be signed.
func signedForm(t *testing.T, scheme Scheme, r *http.Request, body string) (string, bool) {
	t.Helper()
	m := RequestMessage(r)
	now := time.Unix(1, 0)
	var form []byte
	if scheme == LSA1 {
		s := &Signature{headers: []string{"host", "x-auth-date", "x-auth-nonce", "x-value"}, signed: "host;x-auth-date;x-auth-nonce;x-value"}
		r.Header[dateField], r.Header[nonceField] = []string{"1970-01-01T00:00:01Z"}, []string{"n"}
		var err error
		if form, err = m.appendCanonical(nil, s, sha256.Sum256([]byte(body))); err != nil {
			return "", false
		}
		r.Header.Set("Authorization", fmt.Sprintf("%s Credential=k, SignedHeaders=%s, Signature=%x", LSA1, s.signed, fuzzKey.mac(nil, form)))
	} else {
		in := Input{Label: "s", Components: []string{"@method", "@authority", "@path", "@query", "x-value"}, Created: now, KeyID: "k", Nonce: strings.Repeat("n", 22), Tag: DefaultTag}
		if body != "" {
			r.Header.Set(digestField, digestValue(sha256.Sum256([]byte(body))))
			in.Components = append(in.Components, "content-digest")
		}
		if err := m.Sign(in, fuzzKey); err != nil {
			return "", false
		}
		items, params, _ := in.params()
		components, _ := readComponents(items)
		form, _ = m.appendBase(nil, items, components, params)
	}
	v := Verifier[int]{
		Key:    func(context.Context, *Signature) (Key, int, error) { return fuzzKey, 1, nil },
		Accept: func(context.Context, *Signature, int, time.Time) error { return nil },
		Now:    func() time.Time { return now },
	}
	if _, _, err := v.Verify(r); err != nil {
		t.Errorf("%s: what was signed is refused: %v\n%s", scheme, err, form)
	}
	return string(form), true
}

// seen returns what a handler sees of what a scheme covers.
func seen(scheme Scheme, r *http.Request, body string) string {
	value := strings.Trim(r.Header.Get("X-Value"), " \t")
	if scheme == RFC9421 {
		host := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(r.Host), ":"), ":80")
		return fmt.Sprintf("%q %q %q %q %q %q", r.Method, host, cmp.Or(r.URL.EscapedPath(), "/"), r.URL.RawQuery, value, body)
	}
	query, _ := url.ParseQuery(r.URL.RawQuery)
	for _, values := range query {
		slices.Sort(values)
	}
	var parameters []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		parameters = append(parameters, fmt.Sprintf("%q=%q", name, query[name]))
	}
	one := func(s string) string { return string(appendCollapsed(nil, s)) }
	return fmt.Sprintf("%q %q %q %q %q %q", strings.ToUpper(r.Method), one(r.Host), cmp.Or(r.URL.Path, "/"), parameters, one(value), body)
}
