package httpsig_test

import (
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/httpsig"
)

// A variant is a signed request that somebody has meddled with: what its text
// was before it was signed, what the signature says, and its text afterwards.
// Changes are pairs of what was and what is there instead.
type variant struct {
	name   string
	before []string
	in     func(*httpsig.Input)
	after  []string
	key    httpsig.Key
}

func (v variant) text(t *testing.T, from string) string {
	t.Helper()
	change := func(text string, pairs []string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			changed := strings.Replace(text, pairs[i], pairs[i+1], 1)
			if changed == text {
				t.Errorf("%s: %q is not there", v.name, pairs[i])
			}
			text = changed
		}
		return text
	}
	in, key := postInput, v.key
	in.Components = append([]string{}, in.Components...)
	if v.in != nil {
		v.in(&in)
	}
	if key.IsZero() {
		key = hmacKey
	}
	return change(sign(t, change(from, v.before), in, key), v.after)
}

// without returns a change that covers all but one component.
func without(name string) func(*httpsig.Input) {
	return func(in *httpsig.Input) {
		var rest []string
		for _, c := range in.Components {
			if c != name {
				rest = append(rest, c)
			}
		}
		in.Components = rest
	}
}

func covering(more ...string) func(*httpsig.Input) {
	return func(in *httpsig.Input) { in.Components = append(in.Components, more...) }
}

func only(components ...string) func(*httpsig.Input) {
	return func(in *httpsig.Input) { in.Components = components }
}

const (
	target  = "/things/1?b=2&a=1&a=%7E"
	covered = `("@method" "@authority" "@path" "@query" "content-type" "content-digest")`
	params  = `;created=1778353200;keyid="k123";nonce="AAECAwQFBgcICQoLDA0ODw";tag="manor-request"`
	zeroes  = "sig0=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
)

// What a proxy, another library or another version of HTTP may do.
func TestHarmlessVariants(t *testing.T) {
	t.Parallel()
	for _, v := range []variant{
		{name: "as it is"},
		{name: "more headers", after: []string{"X-Trace: t1", "X-Trace: t2\r\nVia: 1.1 proxy\r\nForwarded: for=192.0.2.1"}},
		{name: "one fewer", after: []string{"X-Trace: t1\r\n", ""}},
		{name: "spaces around a value", after: []string{"Content-Type: application/json", "content-type:  application/json \t"}},
		{name: "the port that goes without saying", after: []string{"Host: api.example.com", "Host: API.example.com:80"}},
		{name: "a proxy's target", after: []string{"POST " + target, "POST http://api.example.com" + target}},
		{name: "HTTP/1.0", after: []string{"HTTP/1.1", "HTTP/1.0"}},
		{name: "spaces in the list", after: []string{`("@method" "@authority"`, `(  "@method"   "@authority"`}},
		{name: "spaces before parameters", after: []string{`;keyid="k123"`, `; keyid="k123"`}},
		{name: "another signature before", after: []string{"Signature-Input: sig1", `Signature-Input: p=("@status");x;y=?0;z=1.5;u=tok/en , sig1`, "Signature: sig1", "Signature: p=:AA==:,sig1"}},
		{name: "another signature's lines", after: []string{"Signature-Input: sig1", "Signature-Input: p=(\"via\");tag=\"proxy\"\r\nSignature-Input: sig1", "Signature: sig1", "Signature: p=:AA==:\r\nSignature: sig1"}},
		{name: "a signature of nobody", after: []string{"Signature: sig1", "Signature: q=:AA==:, sig1"}},
		{name: "with the whole URI", in: only("@method", "@target-uri", "content-digest", "content-type")},
		{name: "in another order", in: only("content-digest", "@query", "content-type", "@path", "@method", "@authority")},
		{name: "covering more", in: covering("x-trace", "host", "content-length", "@scheme", "@request-target", `@query-param;name="b"`)},
		{name: "an algorithm", in: func(in *httpsig.Input) { in.Alg = httpsig.HMACSHA256 }},
		{name: "an end", in: func(in *httpsig.Input) { in.Expires = now.Add(time.Second) }},
		{name: "at the window's end", in: func(in *httpsig.Input) { in.Created = now.Add(5 * time.Minute) }},
		{name: "at the window's start", in: func(in *httpsig.Input) { in.Created = now.Add(-5 * time.Minute) }},
		{name: "a long nonce", in: func(in *httpsig.Input) { in.Nonce = strings.Repeat("n", 128) }},
		{name: "another label", in: func(in *httpsig.Input) { in.Label = "*a-b.c_9" }},
		{name: "ed25519", in: func(in *httpsig.Input) { in.KeyID, in.Alg = "ed", httpsig.Ed25519 }, key: edKey},
		{name: "more digests", before: []string{"Content-Digest: ", "Content-Digest: md5=:AAAAAAAAAAAAAAAAAAAAAA==:, unixsum=12, "}},
		{name: "no body", before: []string{`{"hello": "world"}`, "", "Content-Length: 18\r\n", "Content-Length: 0\r\n", "Content-Digest: " + digestOfHello + "\r\n", ""}, in: without("content-digest")},
		{name: "no type", before: []string{"Content-Type: application/json\r\n", ""}, in: without("content-type")},
	} {
		verifier, _ := newVerifier()
		text := v.text(t, post)
		if _, _, err := verifier.Verify(receive(t, text)); err != nil {
			t.Errorf("%s: %v\n%s", v.name, err, text)
		}
	}
}

// None of these may be accepted. Those that net/http refuses to read never
// come to us.
func TestHostileVariants(t *testing.T) {
	t.Parallel()
	chunked := []string{"Content-Length: 18", "Transfer-Encoding: chunked", `{"hello": "world"}`, "12\r\n{\"hello\": \"world\"}\r\n0\r\n\r\n"}
	bodyless := []string{`{"hello": "world"}`, "", "Content-Length: 18\r\n", "", "Content-Digest: " + digestOfHello + "\r\n", ""}
	edit := func(pairs ...string) variant { return variant{name: strings.Join(pairs, " -> "), after: pairs} }
	said := func(name string, f func(*httpsig.Input)) variant { return variant{name: name, in: f} }
	variants := []variant{
		// What was signed is changed.
		edit("POST ", "PUT "), edit("POST ", "post "), edit("POST ", "Post "), edit("/things/1", "/things/2"), edit("/things/1", "/things/1/"),
		edit("/things/1", "/Things/1"), edit("/things/1", "//things/1"), edit("/things/1", "/things/./1"), edit("/things/1", "/x/../things/1"),
		edit("/things/1", "/things%2F1"), edit("/things/1", "/%74hings/1"), edit("/things/1", "/things/1;x"), edit("/things/1", "/things/1%00"),
		edit("/things/1", "/things/1\x80"), edit(target, "*"), edit(target, "http://evil.example"+target), edit(target, "https://api.example.com/x"),
		edit("b=2&a=1", "a=1&b=2"), edit("b=2", "b=3"), edit("?b=2&", "?"), edit("b=2&", "b=2&c=3&"), edit("a=%7E", "a=~"), edit("a=%7E", "a=%7e"),
		edit("a=1", "a=1+"), edit("a=1", "a=1;a=1"), edit("?b", "??b"), edit(target, "/things/1"), edit("a=%7E", "a=%7E&"), edit("a=%7E", "a=%7E#x"),
		edit("Host: api.example.com", "Host: evil.example"), edit("Host: api.example.com", "Host: api.example.com:8080"), edit("Host: api.example.com", "Host: api.example.com:443"),
		edit("Host: api.example.com", "Host: api.example.com."), edit("Host: api.example.com", "Host: x@api.example.com"), edit("Host: api.example.com", "Host: api.example.com, evil.example"),
		edit("Host: api.example.com", "Host: evil.example\r\nX-Forwarded-Host: api.example.com"), edit("Host: api.example.com", "Host: "), edit("Host: api.example.com", "Host: api.example.com\r\nHost: evil.example"),
		edit("application/json", "text/plain"), edit("application/json", "application/json;x"), edit("application/json", "application/json\r\nContent-Type: text/plain"),
		edit("Content-Type: application/json\r\n", ""), edit("application/json", "application/\r\n json"), edit("application/json", "appliCation/json"),
		edit(`"world"}`, `"World"}`), edit("Content-Length: 18", "Content-Length: 17"), edit("Content-Length: 18", "Content-Length: 0"), edit("Content-Length: 18", "Content-Length: 99"),
		edit("Content-Length: 18\r\n", ""), edit("Content-Length: 18", "Content-Length: 18\r\nContent-Length: 17"),
		edit(digestOfHello, "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"), edit("Content-Digest: "+digestOfHello+"\r\n", ""), edit("Content-Digest", "Repr-Digest"),
		{name: "an empty chunked body", after: []string{"Content-Length: 18", "Transfer-Encoding: chunked", `{"hello": "world"}`, "0\r\n\r\n"}},
		{name: "a longer chunked body", after: append(chunked[:3:3], "13\r\n{\"hello\": \"world\"}\n\r\n0\r\n\r\n")},

		// Not enough is signed.
		said("without the method", without("@method")), said("without the host", without("@authority")), said("without the path", without("@path")),
		said("without the query", without("@query")), said("without the type", without("content-type")), said("without the digest", without("content-digest")),
		said("nothing", only()), said("the target for the URI", only("@method", "@request-target", "content-type", "content-digest")),
		said("the scheme for the host", only("@method", "@scheme", "@path", "@query", "content-type", "content-digest")),
		said("a header for the host", only("@method", "host", "@path", "@query", "content-type", "content-digest")),
		said("a parameter for the query", only("@method", "@authority", "@path", `@query-param;name="b"`, "content-type", "content-digest")),
		said("the URI without the method", only("@target-uri", "content-type", "content-digest")),
		said("a member of the digest", only("@method", "@authority", "@path", "@query", "content-type", `content-digest;key="sha-256"`)),
		{name: "a body without a digest", before: []string{"Content-Digest: " + digestOfHello + "\r\n", ""}, in: without("content-digest")},
		{name: "a chunked body without a digest", before: append(chunked[:4:4], "Content-Digest: "+digestOfHello+"\r\n", ""), in: without("content-digest")},
		{name: "an empty chunked body without a digest", before: []string{"Content-Length: 18", "Transfer-Encoding: chunked", `{"hello": "world"}`, "0\r\n\r\n", "Content-Digest: " + digestOfHello + "\r\n", ""}, in: without("content-digest")},
		said("a member beside the digest", covering(`content-digest;key="sha-256"`)),
		{name: "a body added", before: bodyless, in: without("content-digest"), after: []string{"X-Trace: t1\r\n\r\n", "Content-Length: 1\r\nX-Trace: t1\r\n\r\nx"}},
		{name: "a digest added", before: bodyless, in: without("content-digest"), after: []string{"X-Trace: t1", "Content-Digest: " + digestOfHello}},
		{name: "a type added", before: []string{"Content-Type: application/json\r\n", ""}, in: without("content-type"), after: []string{"X-Trace: t1", "Content-Type: text/html"}},

		// The signature does not say enough, or too much.
		said("no time", func(in *httpsig.Input) { in.Created = time.Time{} }), said("no key", func(in *httpsig.Input) { in.KeyID = "" }), said("no nonce", func(in *httpsig.Input) { in.Nonce = "" }),
		said("no tag", func(in *httpsig.Input) { in.Tag = "" }), said("another tag", func(in *httpsig.Input) { in.Tag = "Manor-Request" }), said("the tag of responses", func(in *httpsig.Input) { in.Tag = httpsig.DefaultResponseTag }),
		said("a short nonce", func(in *httpsig.Input) { in.Nonce = "AAECAwQFBgcICQoLDA0OD" }), said("a long nonce", func(in *httpsig.Input) { in.Nonce = strings.Repeat("n", 129) }),
		said("another key", func(in *httpsig.Input) { in.KeyID = "k124" }), said("a long key", func(in *httpsig.Input) { in.KeyID = strings.Repeat("k", 129) }), said("another's key", func(in *httpsig.Input) { in.KeyID = "ed" }),
		said("another algorithm", func(in *httpsig.Input) { in.Alg = httpsig.Ed25519 }), said("no such algorithm", func(in *httpsig.Input) { in.Alg = "none" }), said("another case", func(in *httpsig.Input) { in.Alg = "HMAC-SHA256" }),
		said("too old", func(in *httpsig.Input) { in.Created = now.Add(-301 * time.Second) }), said("from the future", func(in *httpsig.Input) { in.Created = now.Add(301 * time.Second) }), said("of 1970", func(in *httpsig.Input) { in.Created = time.Unix(0, 0) }),
		said("ends before it begins", func(in *httpsig.Input) { in.Expires = now.Add(-time.Second) }), said("ends at once", func(in *httpsig.Input) { in.Expires = now }), said("ends too late", func(in *httpsig.Input) { in.Expires = now.Add(301 * time.Second) }),
		said("has ended", func(in *httpsig.Input) { in.Created, in.Expires = now.Add(-time.Minute), now.Add(-time.Second) }),
		{name: "with another secret", key: otherKey}, {name: "hmac with an ed25519 key", in: func(in *httpsig.Input) { in.KeyID = "ed" }}, {name: "ed25519 with an hmac key", key: edKey},

		// The signature's own words are changed.
		edit("created=1778353200", "created=1778353201"), edit("created=1778353200", "created=01778353200"), edit("created=1778353200", "created=1778353200.0"), edit("created=1778353200", `created="1778353200"`),
		edit("created=1778353200", "created=@1778353200"), edit("created=1778353200", "created=-1"), edit("created=1778353200", "created=9999999999999999"), edit("created=1778353200", "created"), edit(";created=1778353200", ""),
		edit(`keyid="k123"`, "keyid=k123"), edit(`keyid="k123"`, `keyid="k123";keyid="k123"`), edit(`nonce="AA`, `nonce="AB`), edit(`nonce="AAECAwQFBgcICQoLDA0ODw"`, "nonce=:AAECAwQFBgcICQoLDA0ODw==:"),
		edit(`keyid="k123"`, `keyid="k\123"`), edit(`keyid="k123"`, `keyid="k123`), edit(`keyid="k123"`, "keyid=\"k\u00e9123\""), edit(";tag", ";expires=1778353201;tag"), edit(";tag", `;extra="x";tag`), edit(";tag", `;alg="hmac-sha256";tag`), edit(";tag", ";Tag"),
		edit(`"@method" `, `"@method" "@method" `), edit(`"@method" `, ""), edit(`"@method" "@authority"`, `"@authority" "@method"`), edit(`"@method"`, `"@METHOD"`), edit(`"@method"`, `"@status"`), edit(`"@method"`, `"@verb"`), edit(`"@method"`, `"@signature-params"`),
		edit(`"@method"`, `"@method";req`), edit(`"@method"`, `"@method";sf`), edit(`"@method"`, `"@method";x=1`), edit(`"@method"`, "@method"), edit(`"@method"`, "method"), edit(`"@method"`, `""`), edit(`"@method"`, `":method"`), edit(`"@method" `, `"@method"`),
		edit(`"content-type"`, `"Content-Type"`), edit(`"content-type"`, `"content-type";bs`), edit(`"content-type"`, `"content-type";tr`), edit(`"content-type"`, `"content-type";key="a"`), edit(`"content-type"`, `"content-type" "content-type"`), edit(`"content-type"`, `"content-type" "x-gone"`),
		edit(`"content-type"`, `"content-type" "x trace"`), edit(`"content-type"`, "\"content-type\" \"x\r\n trace\""), edit(`"content-type"`, `"content-type" "signature"`), edit(`"content-type"`, `"content-type" "@query-param"`), edit(`"content-type"`, `"content-type" "@query-param";name="a"`),
		edit(covered, covered[1:]), edit(covered, covered[:len(covered)-1]), edit(covered, "("+covered+")"), edit(covered, "()"), edit(covered, `"@method"`), edit(covered, "?1"), edit("sig1="+covered, "sig1"),

		// Labels, and more than one.
		edit("Signature-Input: sig1", "Signature-Input: sig2"), edit("Signature: sig1", "Signature: sig2"), edit("Signature: sig1", "Signature: SIG1"), edit("Signature-Input: sig1", "Signature-Input: Sig1"), edit("Signature-Input: sig1", "Signature-Input: 1sig"),
		edit("Signature-Input: sig1", "Signature-Input: sig1="+covered+params+", sig1"), edit("Signature-Input: sig1", "Signature-Input: sig0="+covered+params+", sig1", "Signature: sig1", "Signature: "+zeroes+", sig1"),
		edit("Signature-Input: sig1", "Signature-Input: sig1=();tag=\"x\"\r\nSignature-Input: sig1"), edit("Signature: sig1", "Signature: sig1=:AA==:, sig1"), edit("Signature: sig1", "Signature: sig1=:AA==:\r\nSignature: sig1"),
		edit("Signature-Input: sig1", "Signature-Input: x=1, sig1"), edit("Signature-Input: sig1", "Signature-Input: ,sig1"), edit(params, params+","), edit(params, params+" x"), edit(params, params+";"), edit(params, params+", sig2"), edit("Signature: sig1=:", "Signature: sig1=::"),
		edit("=:\r\nHost", "=:;x\r\nHost"), edit("Signature: sig1=:", "Signature: sig1="), edit("Signature: sig1=:", "Signature: sig1=\""), edit("Signature: sig1", "X-Signature: sig1"), edit("Signature-Input: sig1", "X-Signature-Input: sig1"),
		edit("Host:", "Authorization: LSA1-HMAC-SHA256 Credential=k123, SignedHeaders=host;x-auth-date;x-auth-nonce, Signature="+strings.Repeat("0", 64)+"\r\nHost:"),

		// Too much of it.
		edit("Signature: sig1", "Signature: x=\""+strings.Repeat("x", 8<<10)+"\", sig1"), edit(`"content-type"`, `"content-type"`+strings.Repeat(` "x-trace"`, 40)), edit("Signature-Input: sig1", "Signature-Input: x=("+strings.Repeat(`"a" `, 33)+"), sig1"),
		edit("/things/1?", "/things/1?"+strings.Repeat("x", 16<<10)+"&"),
		{name: "too long a digest", before: []string{"Content-Digest: ", "Content-Digest: x=\"" + strings.Repeat("x", 1<<10) + "\", "}},
	}
	for _, bad := range []string{
		"sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBP==:", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE:", "sha-256=X48E", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPF=:", "SHA-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:", "",
		"md5=:AAAAAAAAAAAAAAAAAAAAAA==:", "sha=:AAAAAAAAAAAAAAAAAAAAAAAAAAA=:", "sha256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:", "sha-256=(:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:)", digestOfHello + ";x",
		digestOfHello + ", " + digestOfHello, digestOfHello + ", sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:", digestOfHello + ", sha-512=:AAAA:", digestOfHello + ",", "sha-512=" + digestOfHello[8:], digestOfHello + " x", "sha-256=\"X48E\"",
	} {
		variants = append(variants, variant{name: "the digest " + bad, before: []string{digestOfHello, bad}})
	}
	accepted, unread := 0, 0
	for _, v := range variants {
		r, err := received(v.text(t, post))
		if err != nil {
			unread++
			continue
		}
		verifier, k := newVerifier()
		_, holder, err := verifier.Verify(r)
		if err == nil || holder != "" || len(k.nonces) > 0 {
			accepted++
			t.Errorf("%s: accepted as %q", v.name, holder)
			continue
		}
		switch code(err) {
		case httpsig.CodeInvalid, httpsig.CodeSkew, string(fault.Malformed):
		default:
			t.Errorf("%s: %v", v.name, err)
		}
	}
	if n := len(variants) - unread; n < 150 {
		t.Errorf("only %d variants are tried", n)
	} else {
		t.Logf("%d variants, %d of them refused by net/http, %d accepted", len(variants), unread, accepted)
	}
}
