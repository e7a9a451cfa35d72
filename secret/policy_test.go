package secret_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func ExampleCheckPassword() {
	check := func(password string) {
		fmt.Println(secret.CheckPassword(secret.NewText(password), 0, "ann.smith@example.org", "manor"))
	}
	check("correct horse battery staple")
	check("correct hor")
	check("P4ssw0rd!!2026")
	check("Ann.Smith@Example.org!")
	check("abcdefghijklmnopqrstuvwxyz")
	// Output:
	// <nil>
	// the password must have at least 12 characters; body.password: must have at least 12 characters
	// the password is one that many people choose, or too close to one; body.password: is one that many people choose, or too close to one
	// the password must be more than your name, your address or the name of this site; body.password: must be more than your name, your address or the name of this site
	// the password must not be a repeated character or characters in order; body.password: must not be a repeated character or characters in order
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	const mixed = "q8Zk2Lw9Xr4Tn6Vb1Yc3Md5Pf7Gh0Js-"
	me := []string{"ann.smith@example.org", "annie", "shop.manor.example", "Bo", ""}
	for _, c := range []struct {
		name, password string
		min            int
		context        []string
		why            string // "" means accepted
	}{
		{"11", mixed[:11], 0, nil, "at least 12"},
		{"12", mixed[:12], 0, nil, ""},
		{"none", "", 0, nil, "at least 12"},
		{"negative means the default", mixed[:11], -1, nil, "at least 12"},
		{"7 of 8", mixed[:7], 8, nil, "at least 8"},
		{"8 of 8", mixed[:8], 8, nil, ""},
		{"never less than 8", mixed[:7], 1, nil, "at least 8"},
		{"20", mixed[:19], 20, nil, "at least 20"},
		{"code points are counted", "日本語の合言葉はとても長いですね", 16, nil, ""},
		{"not bytes", "日本語の合言葉", 15, nil, "at least 15"},
		{"after composing", strings.Repeat("e\u0301a", 7), 15, nil, "at least 15"},
		{"128", strings.Repeat(mixed, 4), 0, nil, ""},
		{"129", strings.Repeat(mixed, 4) + "x", 0, nil, "at most 128"},
		{"128 of four bytes", strings.Repeat("\U0001f40e\U0001f50b", 64), 0, nil, ""},
		{"one sign that stands for eighteen", "\ufdfa", 0, nil, "at least 12"},
		{"eleven that stand for more", strings.Repeat("\ufb03", 11), 0, nil, "at least 12"},
		{"too many once they are taken apart", strings.Repeat("\ufb03a", 40), 0, nil, "at most 128"},
		{"1025 bytes", strings.Repeat("x", 1025), 0, nil, "1024 bytes"},
		{"NUL", mixed[:15] + "\x00", 0, nil, "not text"},
		{"not UTF-8", mixed[:15] + "\xff", 0, nil, "not text"},

		{"lower case only", "correcthorsebattery", 0, nil, ""},
		{"words", "a b a b c d a b a", 0, nil, ""},
		{"spaces", "               ", 0, nil, "repeated"},
		{"one letter", strings.Repeat("a", 20), 0, nil, "repeated"},
		{"one letter, both cases", strings.Repeat("aA", 10), 0, nil, "repeated"},
		{"one emoji", strings.Repeat("\U0001f40e", 20), 0, nil, "repeated"},
		{"digits", "123456789012345", 0, nil, "in order"},
		{"digits from 0", "01234567890123456789", 0, nil, "in order"},
		{"digits down", "987654321098765", 0, nil, "in order"},
		{"letters", "abcdefghijklmnop", 0, nil, "in order"},
		{"letters, both cases", "aBcDeFgHiJkLmNoP", 0, nil, "in order"},
		{"letters round", "stuvwxyzabcdefgh", 0, nil, "in order"},
		{"letters down", "zyxwvutsrqponmlk", 0, nil, "in order"},
		{"almost in order", "abcdefghijklmnoq", 0, nil, ""},

		{"common", "123456789qwerty", 0, nil, "many people"},
		{"common, in another case", "BaseballFootball", 16, nil, ""},
		{"common, with signs", "Sunshine!!!!", 0, nil, "many people"},
		{"common, with a year", "Sunshine2026", 0, nil, "many people"},
		{"common, twice", "sunshinesunshine", 0, nil, "many people"},
		{"common, thrice, and a year", "DragonDragonDragon26", 0, nil, "many people"},
		{"common, full width", "\uff33\uff35\uff2e\uff33\uff28\uff29\uff2e\uff25\uff12\uff10\uff12\uff16", 0, nil, "many people"},
		{"common, in digits", "p4ssw0rd!2026", 0, nil, "many people"},
		{"common, and eight more", "sunshine82640193", 0, nil, ""},
		{"a long one of the list", "q1w2e3r4t5y6u7i8", 0, nil, "many people"},
		{"common, within more", "my sunshine lamp", 0, nil, ""},

		{"address", "ann.smith@example.org", 0, me, "your address"},
		{"address, other case", "ANN.Smith@Example.ORG", 0, me, "your address"},
		{"local part and a year", "ann.smith_199612", 0, me, "your address"},
		{"pieces", "smith-example-1!", 0, me, "your address"},
		{"name twice", "annie1annie2annie3", 0, me, "your address"},
		{"host", "shop.manor.example", 0, me, "your address"},
		{"name and seven more", "annieq8Zk2Lw", 8, me, "your address"},
		{"name and eight more", "annieq8Zk2Lw9", 8, me, ""},
		{"name in a phrase", "correct horse annie battery", 0, me, ""},
		{"short words are not looked for", "BoBoBoBoBoBoBoBo", 0, me, ""},
		{"four letters are looked for", "anna-anna-anna-anna", 0, []string{"Anna"}, "your address"},
		{"no context", "ann.smith@example.org", 0, nil, ""},
		{"composed and decomposed", "re\u0301ne\u0301e-rene\u0301e", 8, []string{"re\u0301ne\u0301e", "rene\u0301e"}, "your address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := secret.CheckPassword(secret.NewText(c.password), c.min, c.context...)
			if c.why == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			wantRejected(t, c.name, err)
			if err != nil && !strings.Contains(err.Error(), c.why) {
				t.Errorf("refused for another reason: %v", err)
			}
		})
	}
}

func FuzzCheckPassword(f *testing.F) {
	f.Add("correct horse battery staple", 0, "ann@example.org")
	f.Add("\u0301\u0301", 8, "\u0301")
	f.Add("\xff\x00", -1, "@")
	f.Fuzz(func(t *testing.T, password string, minLength int, context string) {
		err := secret.CheckPassword(secret.NewText(password), minLength, context)
		fe, ok := errors.AsType[*fault.Error](err)
		switch n := utf8.RuneCountInString(password); {
		case err == nil && (n < secret.MinPasswordWithFactor || !utf8.ValidString(password) || len(password) > secret.MaxPasswordBytes):
			t.Errorf("%q was accepted", password)
		case err != nil && (!ok || fe.Kind != fault.Invalid || fe.Code != "PASSWORD_REJECTED"):
			t.Errorf("%q: %v", password, err)
		}
		if err == nil {
			h := &secret.Hasher{Params: cheap}
			hash, err := h.Hash(t.Context(), secret.NewText(password))
			if err != nil {
				t.Fatalf("%q may be chosen but not hashed: %v", password, err)
			}
			if ok, _, err := h.Verify(t.Context(), hash, secret.NewText(password)); !ok || err != nil {
				t.Errorf("%q: %v, %v", password, ok, err)
			}
		}
	})
}
