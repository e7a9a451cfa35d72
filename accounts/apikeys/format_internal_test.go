package apikeys

import (
	"regexp"
	"strings"
	"testing"

	"github.com/manorgo/manor/secret"
)

var live = Format{"mnk", "live"}

// good is a key whose checksum was computed by another program.
const good = "mnk_live_0123456789abcDEF_00000000000000000000000000000000000000000zZ_1fkQwi"

func TestOwnForm(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(Pattern)
	for range 20 {
		id, key := live.make()
		text := key.Reveal()
		p, ok := live.parse(text)
		if !ok || p.form != Own || p.id != id || p.text != text || p.secret != secretOf(text).Reveal() || p.environment != "live" {
			t.Fatalf("%s is read as %+v, %v", text, p, ok)
		}
		if found := pattern.FindStringSubmatch("token=" + text + "\n"); len(found) != 2 || found[0] != text || found[1] != "mnk" {
			t.Errorf("a scanner finds %q of %s", found, text)
		}
		if live.key(id, secretOf(text)).Reveal() != text {
			t.Errorf("%s is not made of its parts again", text)
		}
	}
	if p, ok := live.parse(good); !ok || p.id != "0123456789abcDEF" {
		t.Errorf("%s is read as %+v, %v", good, p, ok)
	}
}

// What is no key costs no memory. Not parallel: others would be counted.
func TestGarbageIsFree(t *testing.T) {
	for _, s := range []string{"", good[:len(good)-1], "x" + good[1:], good[:70] + "x" + good[71:], strings.Repeat("mnk_live_", 500), "ak_prod_k.s x", "pyorg_="} {
		if n := testing.AllocsPerRun(10, func() { live.parse(s); live.claims(s) }); n != 0 {
			t.Errorf("%q: %v allocations", s, n)
		}
	}
}

// Whatever is not a key as it was issued is refused, and none of it is taken for
// another form.
func TestRefusedForms(t *testing.T) {
	t.Parallel()
	_, key := live.make()
	text := key.Reveal()
	wrong := map[string]string{
		"nothing": "", "a space before": " " + text, "a space after": text + " ", "a line": text + "\n", "cut off": text[:len(text)-1],
		"more": text + "0", "twice": text + text, "long": strings.Repeat("a", 5000), "the prefix alone": "mnk_live_", "no secret": text[:26],
		"another environment": (Format{"mnk", "test"}).key(strings.Repeat("a", 16), secretOf(text)).Reveal(),
		"another prefix":      (Format{"abc", "live"}).key(strings.Repeat("a", 16), secretOf(text)).Reveal(),
		"upper case":          strings.ToUpper(text[:8]) + text[8:],
		"a wide letter":       strings.Replace(text, "mnk", "mnｋ", 1),
	}
	for i := range len(text) { // a typing mistake anywhere
		c := byte('0')
		if text[i] == c {
			c = '1'
		}
		wrong["changed at "+string(rune('a'+i%26))+strings.Repeat("i", i)] = text[:i] + string(c) + text[i+1:]
	}
	for c := range 256 { // a right checksum does not make up for what no key has
		if body := text[:30] + string([]byte{byte(c)}) + text[31:len(text)-6]; !secret.IsBase62(body[30:31]) {
			sum := secret.Checksum(body)
			wrong["the byte "+string(rune(c))] = body + string(sum[:])
		}
	}
	for what, s := range wrong {
		if p, ok := live.parse(s); ok {
			t.Errorf("%s: %q is read as %+v", what, s, p)
		}
	}
	for s, want := range map[string]bool{
		text: true, "mnk_": true, "mnk_test_x": true, "mnk": false, "mnkx_live": false, "mna_x": false, "": false, "pyorg_x": false, "ak_x": false,
		"pyorg_" + strings.Repeat("-", 43): true, "ak_prod_k.s": true,
	} {
		if live.claims(s) != want {
			t.Errorf("%q is said to be a key of this app: %v", s, !want)
		}
	}
}

// The forms of keys that other programs made.
func TestImportedForms(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]presented{
		"ak_prod_k123.secret":                      {environment: "prod", id: "k123", secret: "secret"},
		"ak_prod_k_1-2.se.cret":                    {environment: "prod", id: "k_1-2", secret: "se.cret"},
		"ak_stag-ing_k.s":                          {environment: "stag-ing", id: "k", secret: "s"},
		"ak_pro_d_k.s":                             {environment: "pro", id: "d_k", secret: "s"},
		"ak_P-0_" + strings.Repeat("k", 128) + ".": {}, "ak_prod_" + strings.Repeat("k", 129) + ".s": {},
		"ak_prod_k." + strings.Repeat("s", 1024): {environment: "prod", id: "k", secret: strings.Repeat("s", 1024)},
		"ak_prod_k." + strings.Repeat("s", 1025): {},
		"ak__k.s":                                {}, "ak_prod_.s": {}, "ak_prod_-k.s": {}, "ak_prod__k.s": {}, "ak_prod_k.": {}, "ak_prod_k": {}, "ak_prod_k.s x": {}, "AK_prod_k.s": {},
		"ak_-prod_k.s": {}, "ak_" + strings.Repeat("p", 33) + "_k.s": {}, "ak_prod_k.s\t": {}, "ak_pröd_k.s": {},
	} {
		want.form, want.text = HMAC, s
		got, ok := live.parse(s)
		if ok != (want.id != "") || ok && got != want {
			t.Errorf("%q is read as %+v, %v", s, got, ok)
		}
	}
	for s, want := range map[string]bool{
		"pyorg_" + strings.Repeat("a", 43): true, "pyorg_" + strings.Repeat("-_", 21) + "9": true, "pyorg_" + strings.Repeat("a", 42): false,
		"pyorg_" + strings.Repeat("a", 44): false, "pyorg_" + strings.Repeat("a", 42) + "=": false, "Pyorg_" + strings.Repeat("a", 43): false,
	} {
		if p, ok := live.parse(s); ok != want || ok && (p.form != SHA256 || p.text != s) {
			t.Errorf("%q is read as %+v, %v", s, p, ok)
		}
	}
}

func TestFormatCheck(t *testing.T) {
	t.Parallel()
	for f, want := range map[Format]bool{
		live: true, {"ab", "x"}: true, {"a234567890123456", strings.Repeat("e", 32)}: true, {"acme", "eu-1"}: true,
		{"", "live"}: false, {"a", "live"}: false, {"1a", "live"}: false, {"Ab", "live"}: false, {"a_b", "live"}: false, {"a2345678901234567", "live"}: false,
		{"mnk", ""}: false, {"mnk", "-a"}: false, {"mnk", "a_b"}: false, {"mnk", "Live"}: false, {"mnk", strings.Repeat("e", 33)}: false,
		{"mna", "live"}: false, {"mns", "live"}: false, {"mnr", "live"}: false,
	} {
		if err := f.Check(); (err == nil) != want {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

func FuzzKey(f *testing.F) {
	_, key := live.make()
	for _, s := range []string{"", good, key.Reveal(), "pyorg_" + strings.Repeat("a", 43), "ak_prod_k_1-2.se.cret", "ak__k.s", "mnk_live_", "mnk_test_" + good[9:]} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := live.parse(s)
		if !ok {
			return
		}
		if !live.claims(s) {
			t.Errorf("%q is a key, and does not say so", s)
		}
		if p.text != s || p.secret == "" {
			t.Errorf("%q is read as %+v", s, p)
		}
		switch p.form {
		case Own:
			if live.key(p.id, secret.NewText(p.secret)).Reveal() != s {
				t.Errorf("%q is not made of %+v again", s, p)
			}
		case HMAC:
			if "ak_"+p.environment+"_"+p.id+"."+p.secret != s {
				t.Errorf("%q is not made of %+v again", s, p)
			}
		case SHA256:
			if "pyorg_"+p.secret != s {
				t.Errorf("%q is not made of %+v again", s, p)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	_, key := live.make()
	for name, s := range map[string]string{
		"good": key.Reveal(), "mistyped": key.Reveal()[:40] + "00" + key.Reveal()[42:], "garbage": strings.Repeat("mnk_live_", 500), "dotted": "ak_prod_" + strings.Repeat("k", 4000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				live.parse(s)
			}
		})
	}
}
