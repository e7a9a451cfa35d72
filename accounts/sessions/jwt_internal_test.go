package sessions

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/secret"
)

// TestJWT holds what is not exactly a token of ours to being refused, even
// where our key has signed it.
func TestJWT(t *testing.T) {
	t.Parallel()
	keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	const issuer = "https://example.com"
	s, now := newJWTSigner(keys, issuer), time.Unix(1_800_000_000, 0)
	key := s.keys[0]
	encode := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return rawURL.EncodeToString(b)
	}
	signed := func(head, body string) string {
		text := head + "." + body
		return text + "." + rawURL.EncodeToString(key.Sign([]byte(text)))
	}
	header := map[string]any{"alg": "EdDSA", "kid": key.ID(), "typ": "at+jwt"}
	claims := map[string]any{
		"iss": issuer, "aud": issuer, "sub": "somebody", "sid": "session", "jti": "token", "epoch": 0,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(15 * time.Minute).Unix(),
	}
	with := func(m map[string]any, name string, value any) map[string]any {
		m = maps.Clone(m)
		if m[name] = value; value == nil {
			delete(m, name)
		}
		return m
	}
	good := signed(encode(header), encode(claims))
	for at, want := range map[time.Duration]bool{
		0: true, -30 * time.Second: true, -31 * time.Second: false,
		15*time.Minute + 29*time.Second: true, 15*time.Minute + 30*time.Second: false,
	} {
		if _, ok := s.verify(good, now.Add(at)); ok != want {
			t.Errorf("after %v: %v, want %v", at, ok, want)
		}
	}
	bad := map[string]string{"": "", "no signature": good[:strings.LastIndex(good, ".")+1], "two parts": "eyJ.eyJ", "no parts": "eyJ", "long": good + strings.Repeat("A", maxJWT)}
	for name := range claims {
		bad["without "+name] = signed(encode(header), encode(with(claims, name, nil)))
	}
	for name := range header {
		bad["header without "+name] = signed(encode(with(header, name, nil)), encode(claims))
	}
	for name, value := range map[string]any{
		"iss": "https://example.org", "aud": "https://example.org", "sub": 7, "exp": now.Add(-time.Minute).Unix(), "nbf": now.Add(time.Minute).Unix(), "iat": "now",
	} {
		bad["wrong "+name] = signed(encode(header), encode(with(claims, name, value)))
	}
	bad["aud of several"] = signed(encode(header), encode(with(claims, "aud", []string{issuer, "other"})))
	for name, value := range map[string]any{
		"alg": "none", "typ": "JWT", "kid": "other", "jwk": map[string]any{"kty": "OKP"}, "crit": []string{"exp"},
	} {
		bad["header with "+name] = signed(encode(with(header, name, value)), encode(claims))
	}
	for _, alg := range []string{"none", "HS256", "ES256", "RS256", "eddsa"} {
		head, body := encode(with(header, "alg", alg)), encode(claims)
		bad["alg "+alg] = signed(head, body)
		bad["unsigned, alg "+alg] = head + "." + body + "."
	}
	other, err := secret.NewKeyring([]byte("vutsrqponmlkjihgfedcba9876543210"))
	if err != nil {
		t.Fatal(err)
	}
	stranger := newJWTSigner(other, issuer).keys[0]
	forged := good[:strings.LastIndex(good, ".")]
	bad["another's signature"] = forged + "." + rawURL.EncodeToString(stranger.Sign([]byte(forged)))
	for i := range len(good) { // each character is another
		bad["changed "+good[:i]] = good[:i] + string(rune('A'+(good[i]+1)%26)) + good[i+1:]
	}
	for what, text := range bad {
		if text == good {
			continue
		}
		if _, ok := s.verify(text, now); ok {
			t.Errorf("%s: taken", what)
		}
	}
}
