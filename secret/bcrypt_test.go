package secret_test

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func TestBcrypt(t *testing.T) {
	t.Parallel()
	h := &secret.Hasher{Params: cheap}
	long := strings.Repeat("0123456789", 8)
	for _, c := range []struct {
		name, set, try string
		ok             bool
	}{
		{"same", "correct horse", "correct horse", true},
		{"other", "correct horse", "correct house", false},
		{"empty", "correct horse", "", false},
		{"72 bytes", long[:72], long[:72], true},
		{"73 bytes, of which bcrypt sees 72", long[:72], long[:73], false},
		{"as typed", "cafe\u0301", "cafe\u0301", true},
		{"composed", "caf\u00e9", "cafe\u0301", true},
	} {
		b, err := bcrypt.GenerateFromPassword([]byte(c.set), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"$2a$", "$2b$", "$2y$"} {
			hash := secret.PasswordHash(name + string(b[4:]))
			ok, rehash, err := h.Verify(t.Context(), hash, secret.NewText(c.try))
			if ok != c.ok || rehash != c.ok || err != nil {
				t.Errorf("%s %s: %v, rehash %v, %v", c.name, name, ok, rehash, err)
			}
		}
	}
}

func TestUnusableHashes(t *testing.T) {
	t.Parallel()
	h := &secret.Hasher{Params: cheap}
	good, err := bcrypt.GenerateFromPassword([]byte("x"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for _, hash := range []string{
		"plain", "x", "$", "{SSHA}abc", "$1$abc$def", "$2x$" + string(good[4:]), string(good[:59]), string(good) + "a",
		"$2b$16$" + string(good[7:]), "$2b$31$" + string(good[7:]), "$2b$03$" + string(good[7:]), "$2b$xx$" + string(good[7:]),
		"$2b$04$" + strings.Repeat("!", 53),
		"$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
	} {
		ok, rehash, err := h.Verify(t.Context(), secret.PasswordHash(hash), secret.NewText("x"))
		if ok || rehash || fault.KindOf(err) != fault.Internal {
			t.Errorf("%q: %v, rehash %v, %v", hash, ok, rehash, err)
		}
		if err != nil && len(hash) > 40 && strings.Contains(err.Error(), hash[30:]) {
			t.Errorf("the error quotes the hash: %v", err)
		}
	}
}
