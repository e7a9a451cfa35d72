package secret_test

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

const staple = "correct horse battery staple"

// Hashes that other programs made, or that Python's hashlib made in their forms.
var brought = []struct{ from, hash, password string }{
	{"Django pbkdf2_sha256", "pbkdf2_sha256$1000$IaXh4MZfCsBJ$xq2yxVYAJmnqJY8XKUw8CMvhnsjNQ3cI7W5X5fCS5aM=", staple},
	{"Django pbkdf2_sha1", "pbkdf2_sha1$1000$IaXh4MZfCsBJ$HVkNbaT/3xE/2in0G5vx3sybre4=", staple},
	{"passlib sha256", "$pbkdf2-sha256$1000$yMnKy8zNzs/Q0dLT1NXW1w$5fipzTivlGvteapzAjP4Cy4K6rUxwQIGtSxF9O8iv0Q", staple},
	{"passlib sha512", "$pbkdf2-sha512$1000$yMnKy8zNzs/Q0dLT1NXW1w$qC8FJRWMdqhRWjtCGVzVkwPqyiv10r3gfQv5t5l3aMaduoekHuBapkoGd6JTHevZ4z4csw1mQkFmQLDmrrQJLA", staple},
	{"passlib sha1", "$pbkdf2$1000$yMnKy8zNzs/Q0dLT1NXW1w$EDDEx6YrB.FE8hgnG/8.wF1crT0", staple},
	{"Kratos pbkdf2", "$pbkdf2-sha256$i=1000,l=32$yMnKy8zNzs/Q0dLT1NXW1w$5fipzTivlGvteapzAjP4Cy4K6rUxwQIGtSxF9O8iv0Q", staple},
	{"Kratos pbkdf2 of two blocks", "$pbkdf2-sha512$i=1000,l=128$yMnKy8zNzs/Q0dLT1NXW1w$qC8FJRWMdqhRWjtCGVzVkwPqyiv10r3gfQv5t5l3aMaduoekHuBapkoGd6JTHevZ4z4csw1mQkFmQLDmrrQJLD/Umo+Njow/I2LIL6eNWmlTUQIvRI8dohqGKMu8oM0dzSNGNEefeFvRvqQv2UWWTpmyPbwAx9sgiYvpK/lRJoU", staple},
	{"PHC pbkdf2", "$pbkdf2-sha256$i=1000$yMnKy8zNzs/Q0dLT1NXW1w$5fipzTivlGvteapzAjP4Cy4K6rUxwQIGtSxF9O8iv0Q", staple},
	{"Django scrypt", "scrypt$1024$IaXh4MZfCsBJ$8$1$Njw9KSEJdTaFhXcbiSzeBpqwOLsrldU7YQdQX9F30DL3ezcetGZnHHJifa8aCyJXVm6uQOJoM8QKeLobBnbFpg==", staple},
	{"passlib scrypt", "$scrypt$ln=10,r=8,p=1$yMnKy8zNzs/Q0dLT1NXW1w$xjVgXNlrz3lnxFcgWGKt1hltPPXd6B8f8Nno50q+bQ0", staple},
	{"Kratos scrypt", "$scrypt$ln=1024,r=8,p=1$yMnKy8zNzs/Q0dLT1NXW1w==$xjVgXNlrz3lnxFcgWGKt1hltPPXd6B8f8Nno50q+bQ0=", staple},
	{"Supabase, from Firebase", "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==", "mytestpassword"},
	{"Kratos, from Firebase", "$firescrypt$ln=14,r=8,p=1$sPtDhWcd1MfdAw==$xbSou7FOl6mChCyzpCPIQ7tku7nsQMTFtyOZSXXd7tjBa4NtimOx7v42Gv2SfzPQu1oxM2/k4SsbOu73wlKe1A==$Bw==$YE0dO4bwD4JnJafh6lZZfkp1MtKzuKAXQcDCJNJNyeCHairWHKENOkbh3dzwaCdizzOspwr/FITUVlnOAwPKyw==", "8x4WjoDbSxJZdR"},
	{"argon2id", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
	{"argon2i", "$argon2i$v=19$m=16,t=2,p=1$bGJRWThNOHJJTVBSdHl2dQ$NfEnUOuUpb7F2fQkgFUG4g", "test"},
	{"Django argon2", "argon2$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", "password"},
}

func TestPasswordsFromElsewhere(t *testing.T) {
	t.Parallel()
	all := brought
	for _, c := range []struct{ from, prefix, hashed string }{
		{"Django bcrypt", "bcrypt$", staple},
		{"Django bcrypt_sha256", "bcrypt_sha256$", "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a"},
	} {
		b, err := bcrypt.GenerateFromPassword([]byte(c.hashed), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, struct{ from, hash, password string }{c.from, c.prefix + string(b), staple})
	}
	h := &secret.Hasher{Params: cheap}
	for _, c := range all {
		t.Run(c.from, func(t *testing.T) {
			t.Parallel()
			stored, err := secret.ParsePasswordHash(c.hash)
			if err != nil {
				t.Fatal(err)
			}
			for _, hash := range []secret.PasswordHash{stored, secret.PasswordHash(c.hash)} {
				if ok, rehash, err := h.Verify(t.Context(), hash, secret.NewText(c.password)); !ok || !rehash || err != nil {
					t.Errorf("%v, rehash %v, %v", ok, rehash, err)
				}
			}
			for _, wrong := range []string{"", c.password + " ", c.password[1:], strings.ToUpper(c.password)} {
				if ok, rehash, err := h.Verify(t.Context(), stored, secret.NewText(wrong)); ok || rehash || err != nil {
					t.Errorf("%q: %v, rehash %v, %v", wrong, ok, rehash, err)
				}
			}
		})
	}
}

// Others hash what was typed, whatever its Unicode form.
func TestPasswordsFromElsewhereAreTriedAsTyped(t *testing.T) {
	t.Parallel()
	// Made of "cafe\u0301 noir".
	const hash = "pbkdf2_sha256$1$salt$CwpsAgg/YtjnrRYM4+OUgjv5GL9jeBBw+7RmSaclny4="
	h := &secret.Hasher{Params: cheap}
	for password, want := range map[string]bool{"cafe\u0301 noir": true, "caf\u00e9 noir": false, "cafe noir": false} {
		if ok, _, err := h.Verify(t.Context(), hash, secret.NewText(password)); ok != want || err != nil {
			t.Errorf("%+q: %v, %v", password, ok, err)
		}
	}
}

func TestParsePasswordHashRefuses(t *testing.T) {
	t.Parallel()
	const tag, key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "ss=Bw==,sk=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	for _, hash := range []string{
		"", "!", "!Vq3Bx", "x", "$", "$$", "plain text", "sha1$a$b", "md5$a$b", "{SSHA}abc", "$1$abc$def", "$5$abc$def", "$argon2d$v=19$m=256,t=2,p=1$c29tZXNhbHQ$" + tag,
		"argon2$", "argon2$bcrypt$x", "argon2$argon2$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$" + tag, "bcrypt$", "bcrypt$bcrypt$", "bcrypt_sha256$x", "pbkdf2_md5$1$a$" + tag,
		"pbkdf2_sha256$0$salt$" + tag, "pbkdf2_sha256$-1$salt$" + tag, "pbkdf2_sha256$x$salt$" + tag, "pbkdf2_sha256$5000001$salt$" + tag, "pbkdf2_sha256$4294967296$salt$" + tag,
		"pbkdf2_sha256$1$salt$", "pbkdf2_sha256$1$salt$AAECAwQ", "pbkdf2_sha256$1$$" + tag, "pbkdf2_sha256$1$salt$" + tag + "$", "pbkdf2_sha256$1$salt$" + tag + "\n", "pbkdf2_sha256$1$salt$*" + tag,
		"$pbkdf2-sha256$i=2500001,l=64$AAEC$" + tag + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "$pbkdf2-sha256$i=1,l=31$AAEC$" + tag, "$pbkdf2-md5$1$AAEC$" + tag,
		"scrypt$1000$salt$8$1$" + tag, "scrypt$1$salt$8$1$" + tag, "scrypt$0$salt$8$1$" + tag, "scrypt$16384$salt$0$1$" + tag, "scrypt$16384$salt$8$0$" + tag, "scrypt$16384$salt$8$17$" + tag,
		"scrypt$262144$salt$16$1$" + tag, "scrypt$131072$salt$8$9$" + tag, "scrypt$4294967296$salt$8$1$" + tag, "scrypt$16384$salt$4294967295$4294967295$" + tag,
		"$scrypt$ln=31,r=8,p=1$AAEC$" + tag, "$scrypt$ln=0,r=8,p=1$AAEC$" + tag, "$scrypt$ln=14,r=8$AAEC$" + tag, "$scrypt$ln=14,r=8,p=1$$" + tag, "$scrypt$ln=14,r=8,p=1$AAEC$",
		"$fbscrypt$v=2,n=14,r=8,p=1," + key + "$AAEC$" + tag, "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==$AAEC$" + tag, "$fbscrypt$v=1,n=24,r=8,p=1," + key + "$AAEC$" + tag,
		"$fbscrypt$v=1,n=14,r=8,p=1," + key + "AAAA$AAEC$" + tag, "$firescrypt$ln=14,r=8,p=1$AAEC$" + tag + "$Bw==$", "$firescrypt$ln=14,r=8,p=1$AAEC$" + tag,
		"pbkdf2_sha256$1$" + strings.Repeat("s", 250) + "$" + tag,
	} {
		got, err := secret.ParsePasswordHash(hash)
		if fault.KindOf(err) != fault.Invalid || got != "" {
			t.Errorf("%q was read: %v", hash, err)
		}
		if err != nil && len(hash) > 50 && strings.Contains(err.Error(), hash[30:]) {
			t.Errorf("the error quotes the hash: %v", err)
		}
	}
}

// The vector that Google publishes with its scrypt for Firebase.
func TestFirebaseScrypt(t *testing.T) {
	t.Parallel()
	f := secret.FirebaseScrypt{
		SignerKey:     secret.NewText("jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="),
		SaltSeparator: "Bw==", Rounds: 8, MemoryCost: 14,
	}
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	h := &secret.Hasher{Params: cheap}
	const plain = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
	for _, exported := range []string{plain, strings.NewReplacer("+", "-", "/", "_").Replace(plain)} {
		hash, err := f.Hash(exported, "42xEC+ixf3L2lw==")
		if err != nil {
			t.Fatal(err)
		}
		if ok, rehash, err := h.Verify(t.Context(), hash, secret.NewText("user1password")); !ok || !rehash || err != nil {
			t.Errorf("%v, rehash %v, %v", ok, rehash, err)
		}
		if ok, _, err := h.Verify(t.Context(), hash, secret.NewText("user2password")); ok || err != nil {
			t.Errorf("a wrong password: %v, %v", ok, err)
		}
	}
	for _, bad := range []secret.FirebaseScrypt{{}, {SignerKey: f.SignerKey, SaltSeparator: "Bw==", Rounds: 8, MemoryCost: 30}, {SignerKey: secret.NewText("%"), Rounds: 8, MemoryCost: 14}} {
		if err := bad.Check(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := f.Hash("!", "42xEC+ixf3L2lw=="); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a hash that is none: %v", err)
	}
}

func FuzzParsePasswordHash(f *testing.F) {
	for _, b := range brought {
		f.Add(b.hash)
	}
	f.Add("$scrypt$ln=31,r=4294967295,p=4294967295$AAEC$AAECAwQFBgcICQoLDA0ODw")
	f.Fuzz(func(t *testing.T, text string) {
		hash, err := secret.ParsePasswordHash(text)
		if err != nil {
			return
		}
		if again, err := secret.ParsePasswordHash(string(hash)); again != hash || err != nil || len(hash) > 255 {
			t.Errorf("%q is stored as %q, and read again as %q: %v", text, string(hash), string(again), err)
		}
	})
}
