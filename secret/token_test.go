package secret_test

import (
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"strings"
	"testing"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

var prefixes = []secret.Prefix{
	secret.SessionCookie, secret.BrowserCookie, secret.AccessToken, secret.RefreshToken, secret.VerifyToken, secret.ResetToken,
	secret.InviteToken, secret.EmailToken, secret.UndoToken, secret.ReturnToken, secret.BootstrapToken, secret.APIKey,
}

func ExampleParseToken() {
	token := secret.NewToken(secret.APIKey)
	fmt.Println(token, token.Reveal()[:4], len(token.Reveal()))

	_, err := secret.ParseToken(secret.APIKey, token.Reveal())
	fmt.Println(err)
	_, err = secret.ParseToken(secret.APIKey, "mnk_guess")
	fmt.Println(err, errors.Is(err, fault.Unauthenticated))
	// Output:
	// [redacted] mnk_ 53
	// <nil>
	// the token is not valid true
}

func TestTokenForm(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range prefixes {
		form := regexp.MustCompile("^" + string(p) + "_[0-9A-Za-z]{49}$")
		if seen[string(p)] || len(p) != 3 {
			t.Errorf("prefix %q is there twice or not three letters long", p)
		}
		seen[string(p)] = true
		for range 200 {
			s := secret.NewToken(p).Reveal()
			if !form.MatchString(s) || seen[s] {
				t.Fatalf("%q has the wrong form or came twice", s)
			}
			seen[s] = true
			got, err := secret.ParseToken(p, s)
			if err != nil || got.Reveal() != s || got.IsZero() {
				t.Fatalf("%q: %v", s, err)
			}
		}
	}
	if !(secret.Token{}).IsZero() || (secret.Token{}).Reveal() != "" {
		t.Error("the zero Token is not zero")
	}
}

// Every digit of the random part takes every value that it can.
func TestTokenIsSpread(t *testing.T) {
	t.Parallel()
	const rounds = 4000
	var seen [43]map[byte]int
	for i := range seen {
		seen[i] = map[byte]int{}
	}
	for range rounds {
		for i, c := range []byte(secret.NewToken("t").Reveal()[2:45]) {
			seen[i][c]++
		}
	}
	for i, m := range seen {
		if i > 0 && len(m) != 62 {
			t.Errorf("digit %d took %d values, not 62", i, len(m))
		}
		for c, n := range m {
			if n > rounds/62*3 {
				t.Errorf("digit %d is %q in %d of %d tokens", i, c, n, rounds)
			}
		}
	}
}

func refused(t *testing.T, p secret.Prefix, s string) {
	t.Helper()
	tok, err := secret.ParseToken(p, s)
	fe, ok := errors.AsType[*fault.Error](err)
	if !ok || fe.Kind != fault.Unauthenticated || fe.Code != "TOKEN_INVALID" || fe.Msg != "the token is not valid" || !tok.IsZero() {
		t.Errorf("%q was accepted, or refused in another way: %v", s, err)
	}
}

func TestEveryChangeOfATokenIsRefused(t *testing.T) {
	t.Parallel()
	const p = secret.SessionCookie
	s := secret.NewToken(p).Reveal()
	for i := range len(s) {
		for c := range 256 {
			if byte(c) != s[i] {
				refused(t, p, s[:i]+string([]byte{byte(c)})+s[i+1:])
			}
		}
		refused(t, p, s[:i])                // every prefix
		refused(t, p, s[i+1:])              // every suffix
		refused(t, p, s[:i]+s[i:i+1]+s[i:]) // every doubling
		refused(t, p, s[:i]+s[i+1:])        // every loss
		if i > 0 && s[i] != s[i-1] {
			refused(t, p, s[:i-1]+s[i:i+1]+s[i-1:i]+s[i+1:]) // every swap of neighbours
		}
	}
	for _, x := range []string{" ", "\n", "\x00", "0", "="} {
		refused(t, p, s+x)
		refused(t, p, x+s)
	}
	refused(t, p, strings.ToUpper(s))
	refused(t, p, "")
	refused(t, p, strings.Repeat("x", 1<<20))
}

func TestTokensOfOtherKindsAreRefused(t *testing.T) {
	t.Parallel()
	for _, p := range prefixes {
		s := secret.NewToken(p).Reveal()
		for _, q := range prefixes {
			if p == q {
				continue
			}
			refused(t, q, s)
			refused(t, q, string(q)+s[len(p):]) // the checksum covers the prefix
		}
	}
}

func TestGarbageIsRefused(t *testing.T) {
	t.Parallel()
	accepted := 0
	for i := range 20_000 { // of the right form but for the checksum
		body := secret.NewToken("t").Reveal()[2:]
		if _, err := secret.ParseToken(secret.APIKey, fmt.Sprintf("mnk_%s%06d", body[:43], i%1_000_000)); err == nil {
			accepted++
		}
	}
	if accepted > 0 {
		t.Errorf("%d of 20,000 were accepted", accepted)
	}
}

func TestLooksLike(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s    string
		want bool
	}{
		{"mns_anything", true},
		{"mns_", true},
		{"mns", false},
		{"mnsx_", false},
		{"mnk_anything", false},
		{"", false},
		{" mns_", false},
		{"MNS_", false},
	} {
		if got := secret.LooksLike(secret.SessionCookie, c.s); got != c.want {
			t.Errorf("%q: %v", c.s, got)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add("mns", secret.NewToken(secret.SessionCookie).Reveal())
	f.Add("mns", "mns_")
	f.Add("", "_")
	f.Add("a_b", secret.NewToken("a_b").Reveal())
	f.Fuzz(func(t *testing.T, prefix, s string) {
		p := secret.Prefix(prefix)
		tok, err := secret.ParseToken(p, s)
		if err != nil {
			if fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("kind %v", fault.KindOf(err))
			}
			return
		}
		body, sum := s[:len(s)-6], s[len(s)-6:]
		var n uint64
		for _, c := range []byte(sum) {
			n = n*62 + uint64(strings.IndexByte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", c))
		}
		if tok.Reveal() != s || !secret.LooksLike(p, s) || n != uint64(crc32.ChecksumIEEE([]byte(body))) {
			t.Errorf("%q was accepted", s)
		}
	})
}

func BenchmarkParseToken(b *testing.B) {
	s := secret.NewToken(secret.APIKey).Reveal()
	for b.Loop() {
		if _, err := secret.ParseToken(secret.APIKey, s); err != nil {
			b.Fatal(err)
		}
	}
}
