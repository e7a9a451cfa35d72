package httpsig

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The keys of RFC 9421 appendix B.1.
const (
	rsaPSSPublic = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+" +
		"Lh1GH45x28Rw3Ry53mm+oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHqgDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+" +
		"Wokqltd11nqqzi+bJ9cvSKADYdUAAN5WUtzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d+nb4bnNkQVklL" +
		"Q3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI2wIDAQAB"
	p256Public   = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ=="
	edSeed       = "n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU="
	edPublic     = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="
	sharedSecret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
)

// The messages of appendix B.2 and section 2.4.
const (
	rfcDigest  = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
	rfcRequest = "POST /foo?param=Value&Pet=dog HTTP/1.1\r\nHost: example.com\r\nDate: Tue, 20 Apr 2021 02:07:55 GMT\r\n" +
		"Content-Type: application/json\r\nContent-Digest: " + rfcDigest + "\r\nContent-Length: 18\r\n\r\n{\"hello\": \"world\"}"
	rfcResponse = "HTTP/1.1 200 OK\r\nDate: Tue, 20 Apr 2021 02:07:56 GMT\r\nContent-Type: application/json\r\nContent-Digest: " +
		"sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:\r\n" +
		"Content-Length: 23\r\n\r\n{\"message\": \"good dog\"}"
	rfcUnavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 62\r\nContent-Digest: " +
		"sha-512=:0Y6iCBzGg5rZtoXS95Ijz03mslf6KAMCloESHObfwnHJDbkkWWQz6PhhU9kxsTbARtY2PTBOzq24uJFpHsMuAg==:\r\n\r\n" +
		`{"busy": true, "message": "Your call is very important to us"}`
	clientCert = ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBD" +
		"QTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/Inc" +
		"WalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCP" +
		"ct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gA" +
		"MEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:"
	rfcProxied = "POST /foo?param=Value&Pet=dog HTTP/1.1\r\nHost: service.internal.example\r\nDate: Tue, 20 Apr 2021 02:07:55 GMT\r\n" +
		"Content-Type: application/json\r\nContent-Length: 18\r\nClient-Cert: " + clientCert + "\r\n\r\n{\"hello\": \"world\"}"
)

func request(t testing.TB, raw string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func response(t testing.TB, raw string, to *http.Request) *Message {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(raw)), to)
	if err != nil {
		t.Fatal(err)
	}
	return ResponseMessage(res.StatusCode, res.Header, to)
}

func plain(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rfcKeys returns the keys of appendix B whose algorithms we have.
func rfcKeys(t testing.TB) (shared, private, public Key) {
	t.Helper()
	shared, err1 := HMACKey(plain(t, sharedSecret))
	private, err2 := PrivateKey(ed25519.NewKeyFromSeed(plain(t, edSeed)))
	public, err3 := PublicKey(plain(t, edPublic))
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return shared, private, public
}

// Every signature that RFC 9421 prints over a whole message, verified over the
// base that we make: for algorithms that we do not have, by the keys of the
// standard library.
func TestRFC9421Vectors(t *testing.T) {
	t.Parallel()
	pss := func(base, sig []byte) bool {
		k, err := x509.ParsePKIXPublicKey(plain(t, rsaPSSPublic))
		sum := sha512.Sum512(base)
		return err == nil && rsa.VerifyPSS(k.(*rsa.PublicKey), crypto.SHA512, sum[:], sig, nil) == nil
	}
	p256 := func(base, sig []byte) bool {
		k, err := x509.ParsePKIXPublicKey(plain(t, p256Public))
		sum := sha256.Sum256(base)
		return err == nil && ecdsa.Verify(k.(*ecdsa.PublicKey), sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
	}
	hmacKey, edKey, _ := rfcKeys(t)
	toFoo := request(t, rfcRequest)
	for _, c := range []struct {
		name       string
		m          *Message
		input, sig string
		verify     func(base, sig []byte) bool
	}{
		{"B.2.1", RequestMessage(toFoo), `();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"`,
			"d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeN" +
				"qsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6Un" +
				"Ch8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==", pss},
		{"B.2.2", RequestMessage(toFoo), `("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example"`,
			"LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXx" +
				"i0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4j" +
				"e2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==", pss},
		{"B.2.3", RequestMessage(toFoo), `("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"`,
			"bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzY" +
				"x8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bp" +
				"G6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==", pss},
		{"B.2.4", response(t, rfcResponse, toFoo), `("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"`,
			"wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==", p256},
		{"B.2.5", RequestMessage(toFoo), `("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
			"pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=", hmacKey.verify},
		{"B.2.6", RequestMessage(toFoo), `("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
			"wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==", edKey.verify},
		{"B.3", RequestMessage(request(t, rfcProxied)), `("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256"`,
			"xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==", p256},
		{"2.4", response(t, rfcUnavailable, toFoo), `("@status" "content-digest" "content-type" "@authority";req "@method";req "@path";req "content-digest";req);created=1618884479;keyid="test-key-ecc-p256"`,
			"dMT/A/76ehrdBTD/2Xx8QuKV6FoyzEP/I9hdzKN8LQJLNgzU4W767HK05rx1i8meNQQgQPgQp8wq2ive3tV5Ag==", p256},
	} {
		r := reader{s: c.input}
		var list member
		if err := r.innerList(&list); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		components, err := readComponents(list.items)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		base, err := c.m.appendBase(nil, list.items, components, string(r.out))
		if err != nil || !c.verify(base, plain(t, c.sig)) {
			t.Errorf("%s: the signature is not of this: %v\n%s", c.name, err, base)
		}
	}
}

// The signatures whose algorithms we have, made and verified through the front
// door.
func TestRFC9421Signing(t *testing.T) {
	t.Parallel()
	hmacKey, edKey, edPub := rfcKeys(t)
	created := time.Unix(1618884473, 0)
	accepts := "GET /demo?name1=Value1&Name2=value2 HTTP/1.1\r\nHost: example.org\r\nDate: Fri, 15 Jul 2022 14:24:55 GMT\r\n" +
		"Accept: application/json\r\nAccept: */*\r\n\r\n"
	for _, c := range []struct {
		raw          string
		in           Input
		sign, verify Key
		input, sig   string
	}{
		{rfcRequest, Input{Label: "sig-b25", Components: []string{"date", "@authority", "content-type"}, Created: created, KeyID: "test-shared-secret"}, hmacKey, hmacKey,
			`sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
			"sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"},
		{rfcRequest, Input{Label: "sig-b26", Components: []string{"date", "@method", "@path", "@authority", `"content-type"`, "content-length"}, Created: created, KeyID: "test-key-ed25519"}, edKey, edPub,
			`sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
			"sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"},
		{accepts, Input{Label: "transform", Components: []string{"@method", "@path", "@authority", "accept"}, Created: created, KeyID: "test-key-ed25519"}, edKey, edPub,
			`transform=("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519"`,
			"transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==:"},
	} {
		r := request(t, c.raw)
		m := RequestMessage(r)
		if err := m.Sign(c.in, c.sign); err != nil {
			t.Fatal(err)
		}
		if in, sig := r.Header.Get("Signature-Input"), r.Header.Get("Signature"); in != c.input || sig != c.sig {
			t.Errorf("got\n%s\n%s, want\n%s\n%s", in, sig, c.input, c.sig)
		}
		if got, err := m.Verify(c.in.Label, c.verify); err != nil || !got.Created.Equal(created) || got.KeyID != c.in.KeyID || len(got.Components) != len(c.in.Components) {
			t.Errorf("%s: %+v, %v", c.in.Label, got, err)
		}
		if err := m.Sign(c.in, c.sign); err == nil {
			t.Error("a label is given twice")
		}
	}
}

// Appendix B.4: what a proxy may do to a signed message, and what it may not.
func TestTransformations(t *testing.T) {
	t.Parallel()
	_, _, pub := rfcKeys(t)
	const signature = `Signature-Input: transform=("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519"` + "\r\n" +
		"Signature: transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==:\r\n\r\n"
	for raw, ok := range map[string]bool{
		"GET /demo?name1=Value1&Name2=value2&param=added HTTP/1.1\r\nHost: example.org\r\nAccept: application/json\r\nAccept: */*\r\nAccept-Language: en-US,en;q=0.5\r\n": true,
		"GET /demo?name1=Value1&Name2=value2 HTTP/1.1\r\nHost: example.org\r\nReferer: https://developer.example.org/demo\r\nAccept: application/json, */*\r\n":           true,
		"GET /demo HTTP/1.1\r\nAccept:  application/json\r\nHost: EXAMPLE.org:80\r\nAccept: */* \r\n":                                                                     true,
		"POST /demo?name1=Value1&Name2=value2 HTTP/1.1\r\nHost: example.com\r\nAccept: application/json\r\nAccept: */*\r\n":                                               false,
		"GET /demo?name1=Value1&Name2=value2 HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\nAccept: application/json\r\n":                                                false,
	} {
		if _, err := RequestMessage(request(t, raw+signature)).Verify("transform", pub); (err == nil) != ok {
			t.Errorf("%v, want ok %v:\n%s", err, ok, raw)
		}
	}
}
