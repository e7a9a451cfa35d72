package secret

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	salt16 = "AAECAwQFBgcICQoLDA0ODw"
	tag32  = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
)

func TestParsePHC(t *testing.T) {
	t.Parallel()
	const good = "$argon2id$v=19$m=19456,t=2,p=1$" + salt16 + "$" + tag32
	h, err := parsePHC(good)
	want := phc{Params: Params{Memory: 19456, Time: 2, Parallelism: 1}}
	for i := range 32 {
		if i < 16 {
			want.salt = append(want.salt, byte(i))
		}
		want.tag = append(want.tag, byte(i))
	}
	if err != nil || !cmp.Equal(h, want, cmp.AllowUnexported(phc{})) {
		t.Fatalf("got %+v, %v", h, err)
	}
	for _, edge := range []string{
		"$argon2id$v=19$m=262144,t=16,p=16$" + salt16 + "$" + tag32,
		"$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgc$AAECAwQFBgcICQoLDA0ODw",
		"$argon2i$v=19$m=8,t=1,p=1$AAECAwQFBgc$AAECAwQFBgcICQoLDA0ODw",
		"$argon2id$v=19$m=8,t=1,p=1$" + strings.Repeat("A", 86) + "$" + strings.Repeat("A", 86),
	} {
		if _, err := parsePHC(PasswordHash(edge)); err != nil {
			t.Errorf("%s: %v", edge, err)
		}
	}
}

func TestParsePHCRefuses(t *testing.T) {
	t.Parallel()
	cost := func(c string) string { return "$argon2id$v=19$" + c + "$" + salt16 + "$" + tag32 }
	for _, s := range []string{
		"", "$", "$$$$$", "$argon2id$",
		// other names and versions
		"$argon2d$v=19$m=19456,t=2,p=1$" + salt16 + "$" + tag32,
		"$Argon2id$v=19$m=19456,t=2,p=1$" + salt16 + "$" + tag32,
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt16 + "$" + tag32,
		"$argon2id$m=19456,t=2,p=1$" + salt16 + "$" + tag32,
		"argon2id$v=19$m=19456,t=2,p=1$" + salt16 + "$" + tag32,
		// other spellings
		cost("t=2,m=19456,p=1"), cost("m=19456,t=2"), cost("m=19456,t=2,p=1,x=1"), cost("m=019456,t=2,p=1"), cost("m=+19456,t=2,p=1"),
		cost("m=19456, t=2,p=1"), cost("m=0x10,t=2,p=1"), cost("m=1e4,t=2,p=1"), cost("m=,t=2,p=1"), cost("m=19456,t=-1,p=1"), cost(""),
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt16 + "==$" + tag32,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt16 + "$" + tag32 + "=",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt16 + "$" + tag32 + "\n",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt16[:8] + "\n" + salt16[8:] + "$" + tag32,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt16[:21] + "x$" + tag32, // unused bits set
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt16 + "$" + tag32 + "$",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt16,
		"$argon2id$v=19$m=19456,t=2,p=1$*$" + tag32,
		// out of bounds
		cost("m=262145,t=2,p=1"), cost("m=4294967295,t=2,p=1"), cost("m=4294967296,t=2,p=1"), cost("m=7,t=2,p=1"), cost("m=15,t=2,p=2"), cost("m=0,t=2,p=1"),
		cost("m=19456,t=17,p=1"), cost("m=19456,t=4294967295,p=1"), cost("m=19456,t=0,p=1"),
		cost("m=19456,t=2,p=17"), cost("m=19456,t=2,p=255"), cost("m=19456,t=2,p=256"), cost("m=19456,t=2,p=0"),
		"$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBg$" + tag32,
		"$argon2id$v=19$m=19456,t=2,p=1$$" + tag32,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt16 + "$",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt16 + "$" + salt16[:20],
		"$argon2id$v=19$m=19456,t=2,p=1$" + strings.Repeat("A", 87) + "$" + tag32,
		"$argon2id$v=19$m=19456,t=2,p=1$" + strings.Repeat("A", 1<<20) + "$" + tag32,
	} {
		h, err := parsePHC(PasswordHash(s))
		if err == nil {
			t.Errorf("%.100q was read as %+v", s, h)
		}
	}
}

func TestRehashForSaltAndTag(t *testing.T) {
	t.Parallel()
	h := &Hasher{Params: Params{Memory: 8, Time: 1}}
	for _, c := range []struct {
		salt, tag int
		rehash    bool
	}{{16, 32, false}, {8, 32, true}, {17, 32, true}, {16, 16, true}, {16, 64, true}} {
		hash := phc{Params: h.Params.withDefaults(), salt: make([]byte, c.salt), tag: make([]byte, c.tag)}
		hash.tag = hash.derive([]byte("correct horse"))
		ok, rehash, err := h.Verify(t.Context(), hash.encode(), NewText("correct horse"))
		if !ok || rehash != c.rehash || err != nil {
			t.Errorf("%+v: %v, rehash %v, %v", c, ok, rehash, err)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$" + salt16 + "$" + tag32)
	f.Add("$argon2id$v=19$m=262144,t=16,p=16$" + salt16 + "$" + tag32)
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$$")
	f.Add("$2b$12$")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parsePHC(PasswordHash(s))
		if err != nil {
			return
		}
		if h.check() != nil || h.Memory > 256*1024 || h.Time > 16 || h.Parallelism > 16 || h.Memory == 0 || h.Time == 0 || h.Parallelism == 0 {
			t.Errorf("%q is out of bounds", s)
		}
		if string(h.encode()) != s {
			t.Errorf("%q is written as %q", s, string(h.encode()))
		}
	})
}
