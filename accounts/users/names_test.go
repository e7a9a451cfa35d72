package users_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/manorgo/manor/accounts/users"
)

func ExampleEmailKey() {
	for _, address := range []string{" Ada.Lovelace@Example.COM", "ada.lovelace@example.com"} {
		fmt.Println(users.NormalEmail(address), users.EmailKey(address))
	}
	// Output:
	// Ada.Lovelace@example.com ada.lovelace@example.com
	// ada.lovelace@example.com ada.lovelace@example.com
}

func ExampleCheckUsername() {
	fmt.Println(users.CheckUsername("ada_lovelace"))
	fmt.Println(users.CheckUsername("Admin"))
	// Output:
	// <nil>
	// username: is reserved; body.username: is reserved
}

func TestCheckEmail(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 61)+".", 3) + "com" // 254 bytes
	for address, ok := range map[string]bool{
		"ada@example.com":                       true,
		"Ada+list@example.com":                  true,
		"o'hara@example.com":                    true,
		"a@localhost":                           true,
		"a@xn--bcher-kva.example":               true,
		long:                                    true,
		long + "m":                              false,
		strings.Repeat("a", 65) + "@x.example":  false,
		"a@" + strings.Repeat("b", 64) + ".com": false,
		"":                                      false,
		"ada":                                   false,
		"@example.com":                          false,
		"ada@":                                  false,
		"a@b@c":                                 false,
		"ada@Example.com":                       false, // not in normal form
		"ada@example..com":                      false,
		"ada@example.com.":                      false,
		"ada@-example.com":                      false,
		"ada@example-.com":                      false,
		"ada@exa_mple.com":                      false,
		"ada@[127.0.0.1]":                       false,
		`"a b"@example.com`:                     false,
		"a..b@example.com":                      false,
		".a@example.com":                        false,
		"Ada <ada@example.com>":                 false,
		"ada@example.com (Ada)":                 false,
		"ada@example.com\r\nBcc: x@y.example":   false,
		"ada@example.com\x00":                   false,
		"ädä@example.com":                       false,
		"ada@bücher.example":                    false,
		"ada@example.\u212aom":                  false, // the Kelvin sign
	} {
		if err := users.CheckEmail(address); (err == nil) != ok {
			t.Errorf("CheckEmail(%q) = %v", address, err)
		}
	}
	if got := users.NormalEmail("a@\u212a.example"); users.CheckEmail(got) == nil {
		t.Errorf("the Kelvin sign became a letter: %q", got)
	}
}

// However an address or a name is spelt, it is refused, or it is the one that
// it looks like.
func TestSpellings(t *testing.T) {
	t.Parallel()
	bend := []func(string) string{
		strings.ToUpper, strings.ToTitle, func(s string) string { return " " + s + "\t" },
		func(s string) string { return strings.ReplaceAll(s, "k", "\u212a") },  // the Kelvin sign
		func(s string) string { return strings.ReplaceAll(s, "s", "\u017f") },  // long s
		func(s string) string { return strings.ReplaceAll(s, "i", "\u0131") },  // dotless i
		func(s string) string { return strings.ReplaceAll(s, "i", "\u0130") },  // dotted I
		func(s string) string { return strings.ReplaceAll(s, "a", "\u0430") },  // Cyrillic
		func(s string) string { return strings.ReplaceAll(s, "a", "a\u0301") }, // combining
		func(s string) string { return strings.ReplaceAll(s, "a", "\u00e1") },  // composed
		func(s string) string { return strings.ReplaceAll(s, "a", "\uff41") },  // full width
		func(s string) string { return strings.ReplaceAll(s, "f", "\ufb01") },  // ligature
		func(s string) string { return strings.ReplaceAll(s, "@", "\uff20") },  // full width
		func(s string) string { return strings.ReplaceAll(s, ".", "\u3002") },  // full stop
		func(s string) string { return strings.ReplaceAll(s, ".", "\u2024") },  // one dot leader
		func(s string) string { return s[:1] + "\u200b" + s[1:] },              // zero width
		func(s string) string { return s[:1] + "\u00ad" + s[1:] },              // soft hyphen
		func(s string) string { return s[:1] + "\u202e" + s[1:] },              // right to left
		func(s string) string { return s[:1] + "\x00" + s[1:] }, func(s string) string { return s + "." },
		func(s string) string { return s + "\r\n" }, func(s string) string { return "\ufeff" + s },
		func(s string) string { return s + "\u00a0" }, func(s string) string { return `"` + s },
	}
	bases := []string{"kasia", "isik", "finns", "skif.a", "a.b-c", "kiss", "safika", "iakfs", "as1", "k_i_s_a", "af.if", "sk.ai", "iiss", "kkaa", "f.f.f", "a-s-k", "kafis9"}
	pairs := 0
	for _, base := range bases {
		for i, change := range bend {
			pairs++
			name, address := change(base), change(base+"@"+"kiosk-fa.example")
			if address = users.NormalEmail(address); users.CheckEmail(address) == nil && users.EmailKey(address) != base+"@kiosk-fa.example" {
				t.Errorf("address %d: %q is another than %q", i, address, base)
			}
			if name = strings.TrimSpace(name); users.CheckUsername(name) == nil && users.UsernameKey(name) != base {
				t.Errorf("name %d: %q is another than %q", i, name, base)
			}
		}
	}
	if pairs < 400 {
		t.Errorf("only %d pairs", pairs)
	}
}

func TestCheckUsername(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"ab": true, "Ada": true, "a.b-c_d9": true, strings.Repeat("a", 150): true,
		"a": false, "": false, strings.Repeat("a", 151): false, "a b": false, "a/b": false, "<b>": false, ".ab": false,
		"ab-": false, "_ab": false, "ädä": false, "a\x00b": false, "a@b.example": false, "ad\u212a": false,
		"admin": false, "ADMIN": false, "me": false, "superuser": false, "staff": false, "administrators": true,
	} {
		if err := users.CheckUsername(name); (err == nil) != ok {
			t.Errorf("CheckUsername(%q) = %v", name, err)
		}
	}
}

func TestFullName(t *testing.T) {
	t.Parallel()
	for want, u := range map[string]users.User{
		"Ada Lovelace": {FirstName: "Ada", LastName: "Lovelace"}, "Ada": {FirstName: "Ada"}, "Lovelace": {LastName: "Lovelace"},
		"": {Username: "ada"}, "A.  K": {FirstName: " A. ", LastName: "K "},
	} {
		if got := u.FullName(); got != want {
			t.Errorf("%q and %q are %q, want %q", u.FirstName, u.LastName, got, want)
		}
	}
}

func FuzzCheckEmail(f *testing.F) {
	for _, s := range []string{"ada@example.com", " A@B.C ", "a@b@c", `"x"@y.z`, "a\r\n@b.c", "a@\u212a.de"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		address, key := users.NormalEmail(s), users.EmailKey(s)
		if users.NormalEmail(address) != address || users.EmailKey(key) != key || users.EmailKey(address) != key {
			t.Errorf("%q: the normal form %q or the key %q is not stable", s, address, key)
		}
		if users.CheckEmail(address) != nil {
			return
		}
		if strings.Count(address, "@") != 1 || len(address) > 254 || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%q was taken for an address", address)
		}
		if strings.ToLower(address) != key {
			t.Errorf("%q has the key %q", address, key)
		}
	})
}

func FuzzCheckUsername(f *testing.F) {
	for _, s := range []string{"ada", "A.b-c", "a b", "ad\u212a", "me"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if users.CheckUsername(s) != nil {
			return
		}
		key := users.UsernameKey(s)
		if len(s) < 2 || len(s) > 150 || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" || strings.Contains(s, "@") {
			t.Errorf("%q was taken for a username", s)
		}
		if strings.ToLower(s) != key || users.UsernameKey(key) != key {
			t.Errorf("%q has the key %q", s, key)
		}
	})
}
