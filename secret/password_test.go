package secret_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// cheap makes tests fast; it protects nothing.
var cheap = secret.Params{Memory: 8, Time: 1}

func ExampleHasher() {
	var hasher secret.Hasher // argon2id at 19 MiB, one at a time on each processor
	ctx := context.Background()

	password := secret.NewText("correct horse battery staple")
	hash, err := hasher.Hash(ctx, password)
	fmt.Println(hash, string(hash)[:30], err)

	ok, rehash, err := hasher.Verify(ctx, hash, password)
	fmt.Println(ok, rehash, err)
	ok, _, _ = hasher.Verify(ctx, hash, secret.NewText("Tr0ub4dor&3"))
	fmt.Println(ok)
	ok, _ = hasher.VerifyNone(ctx, password) // there is no such user, and it takes as long to say so
	fmt.Println(ok)
	// Output:
	// [redacted] $argon2id$v=19$m=19456,t=2,p=1 <nil>
	// true false <nil>
	// false
	// false
}

func mustHash(t *testing.T, h *secret.Hasher, password string) secret.PasswordHash {
	t.Helper()
	hash, err := h.Hash(t.Context(), secret.NewText(password))
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestHashForm(t *testing.T) {
	t.Parallel()
	h := &secret.Hasher{Params: cheap}
	form := regexp.MustCompile(`^\$argon2id\$v=19\$m=8,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)
	seen := map[secret.PasswordHash]bool{}
	for range 100 {
		hash := mustHash(t, h, "the same password")
		if !form.MatchString(string(hash)) || seen[hash] {
			t.Fatalf("%q has the wrong form, or its salt came twice", string(hash))
		}
		seen[hash] = true
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	h := &secret.Hasher{Params: cheap}
	long := strings.Repeat("0123456789", 30)
	for _, c := range []struct {
		name, set, try string
		ok             bool
	}{
		{"same", "correct horse", "correct horse", true},
		{"other", "correct horse", "correct house", false},
		{"empty", "correct horse", "", false},
		{"case", "correct horse", "Correct horse", false},
		{"space after", "correct horse", "correct horse ", false},
		{"space before", "correct horse", " correct horse", false},
		{"spaces are kept", " correct  horse ", " correct  horse ", true},
		{"byte 73", long[:73], long[:72] + "x", false},
		{"byte 200", long[:200], long[:199] + "x", false},
		{"cut at 72", long, long[:72], false},
		{"longest", strings.Repeat("x", 1024), strings.Repeat("x", 1024), true},
		{"composed, decomposed", "caf\u00e9 cr\u00e8me", "cafe\u0301 cre\u0300me", true},
		{"decomposed, composed", "cafe\u0301 cre\u0300me", "caf\u00e9 cr\u00e8me", true},
		{"accents count", "caf\u00e9 cr\u00e8me", "cafe creme", false},
		{"no compatibility folding", "\ufb01sh", "fish", false},
		{"beyond the basic plane", "\U0001f40e\U0001f50b", "\U0001f40e\U0001f50b", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			hash := mustHash(t, h, c.set)
			ok, rehash, err := h.Verify(t.Context(), hash, secret.NewText(c.try))
			if ok != c.ok || rehash || err != nil {
				t.Errorf("got %v, rehash %v, %v", ok, rehash, err)
			}
		})
	}
}

// Hashes made by the reference implementation of argon2 and by other programs.
func TestForeignHashes(t *testing.T) {
	t.Parallel()
	h := &secret.Hasher{Params: cheap}
	for _, hash := range []secret.PasswordHash{
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
	} {
		ok, rehash, err := h.Verify(t.Context(), hash, secret.NewText("password"))
		if !ok || !rehash || err != nil {
			t.Errorf("%s: %v, rehash %v, %v", string(hash), ok, rehash, err)
		}
		ok, rehash, err = h.Verify(t.Context(), hash, secret.NewText("passwore"))
		if ok || rehash || err != nil {
			t.Errorf("%s with a wrong password: %v, rehash %v, %v", string(hash), ok, rehash, err)
		}
	}
}

func TestRehash(t *testing.T) {
	t.Parallel()
	old := mustHash(t, &secret.Hasher{Params: cheap}, "correct horse")
	for _, c := range []struct {
		name   string
		now    secret.Params
		rehash bool
	}{
		{"same", cheap, false},
		{"memory", secret.Params{Memory: 16, Time: 1}, true},
		{"time", secret.Params{Memory: 8, Time: 2}, true},
		{"lanes", secret.Params{Memory: 16, Time: 1, Parallelism: 2}, true},
		{"defaults", secret.Params{}, true},
	} {
		h := &secret.Hasher{Params: c.now}
		ok, rehash, err := h.Verify(t.Context(), old, secret.NewText("correct horse"))
		if !ok || rehash != c.rehash || err != nil {
			t.Errorf("%s: %v, rehash %v, %v", c.name, ok, rehash, err)
		}
		if _, rehash, _ = h.Verify(t.Context(), old, secret.NewText("wrong")); rehash {
			t.Errorf("%s: a wrong password asks for a new hash", c.name)
		}
	}
}

// Each is refused before any work, by Hash, Verify and VerifyNone alike.
func TestRefusedPasswords(t *testing.T) {
	t.Parallel()
	h := &secret.Hasher{Params: cheap}
	hash := mustHash(t, h, "correct horse")
	for name, password := range map[string]string{
		"1025 bytes": strings.Repeat("x", 1025),
		"huge":       strings.Repeat("\u0301", 1<<20),
		"not UTF-8":  "correct\xffhorse",
		"surrogate":  "correct\xed\xa0\x80horse",
		"NUL":        "correct\x00horse",
		"U+FFFD":     "correct\ufffdhorse",
	} {
		p := secret.NewText(password)
		_, errHash := h.Hash(t.Context(), p)
		ok, rehash, errVerify := h.Verify(t.Context(), hash, p)
		none, errNone := h.VerifyNone(t.Context(), p)
		_, _, errEmpty := h.Verify(t.Context(), "", p)
		if ok || rehash || none {
			t.Errorf("%s: verified", name)
		}
		for how, err := range map[string]error{"Hash": errHash, "Verify": errVerify, "VerifyNone": errNone, "Verify of none": errEmpty} {
			wantRejected(t, name+" in "+how, err)
		}
	}
	_, err := h.Hash(t.Context(), secret.Text{})
	wantRejected(t, "no password", err)
}

func wantRejected(t *testing.T, name string, err error) {
	t.Helper()
	fe, ok := errors.AsType[*fault.Error](err)
	if !ok || fe.Kind != fault.Invalid || fe.Code != "PASSWORD_REJECTED" || len(fe.Details) != 1 ||
		fe.Details[0].Location != "body.password" || fe.Details[0].Message == "" || fe.Msg == "" {
		t.Errorf("%s: %#v", name, err)
	}
}

func TestVerifyNone(t *testing.T) {
	t.Parallel()
	h := &secret.Hasher{Params: cheap}
	for _, password := range []string{"", "correct horse", strings.Repeat("x", 1024)} {
		if ok, err := h.VerifyNone(t.Context(), secret.NewText(password)); ok || err != nil {
			t.Errorf("%q: %v, %v", password, ok, err)
		}
		if ok, rehash, err := h.Verify(t.Context(), "", secret.NewText(password)); ok || rehash || err != nil {
			t.Errorf("%q against no hash: %v, %v, %v", password, ok, rehash, err)
		}
	}
}

// The work for a user who does not exist is that of one who does: the same
// memory is taken, which is most of what argon2id does. Not parallel, since it
// counts what the whole process takes.
func TestVerifyNoneDoesTheWork(t *testing.T) {
	h := &secret.Hasher{Params: secret.Params{Memory: 8192, Time: 1}}
	hash := mustHash(t, h, "correct horse")
	wrong := secret.NewText("wrong")
	taken := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	some := taken(func() { _, _, _ = h.Verify(t.Context(), hash, wrong) })
	if some < 8<<20 {
		t.Fatalf("Verify takes %d bytes", some)
	}
	for name, f := range map[string]func(){
		"VerifyNone":     func() { _, _ = h.VerifyNone(t.Context(), wrong) },
		"Verify of none": func() { _, _, _ = h.Verify(t.Context(), "", wrong) },
	} {
		if none := taken(f); none < some*99/100 || none > some*101/100 {
			t.Errorf("%s takes %d bytes, Verify %d", name, none, some)
		}
	}
}

func TestUnusableParams(t *testing.T) {
	t.Parallel()
	for _, p := range []secret.Params{
		{Memory: 7},
		{Memory: 31, Parallelism: 4},
		{Memory: 256*1024 + 1},
		{Time: 17},
		{Parallelism: 17},
	} {
		h := &secret.Hasher{Params: p}
		_, errHash := h.Hash(t.Context(), secret.NewText("correct horse"))
		_, _, errVerify := h.Verify(t.Context(), "$2b$", secret.NewText("correct horse"))
		_, errNone := h.VerifyNone(t.Context(), secret.NewText("correct horse"))
		for _, err := range []error{errHash, errVerify, errNone} {
			if fault.KindOf(err) != fault.Internal || !strings.Contains(err.Error(), "argon2id") {
				t.Errorf("%+v: %v", p, err)
			}
		}
	}
}

// Drivers must store the hash and the digest, not what they print as.
func TestSecretsReachTheDatabase(t *testing.T) {
	t.Parallel()
	m := pgtype.NewMap()
	hash := secret.PasswordHash("$argon2id$")
	for _, format := range []int16{pgtype.TextFormatCode, pgtype.BinaryFormatCode} {
		out, err := m.Encode(pgtype.TextOID, format, hash, nil)
		if err != nil || string(out) != "$argon2id$" {
			t.Errorf("the hash is bound as %q, %v", out, err)
		}
		var back secret.PasswordHash
		if err := m.Scan(pgtype.TextOID, format, out, &back); err != nil || back != hash {
			t.Errorf("the hash comes back as %q, %v", string(back), err)
		}
	}
	digest := newKeys(t, sequence()).Digest(secret.LabelSession, []byte("x"))
	out, err := m.Encode(pgtype.ByteaOID, pgtype.BinaryFormatCode, digest, nil)
	if err != nil || string(out) != string(digest[:]) {
		t.Errorf("the digest is bound as %q, %v", out, err)
	}
	var back secret.Digest
	if err := m.Scan(pgtype.ByteaOID, pgtype.BinaryFormatCode, out, &back); err != nil || back != digest {
		t.Errorf("the digest comes back as %x, %v", back[:], err)
	}
}

func BenchmarkHash(b *testing.B) {
	var h secret.Hasher
	for b.Loop() {
		if _, err := h.Hash(b.Context(), secret.NewText("correct horse battery staple")); err != nil {
			b.Fatal(err)
		}
	}
}
