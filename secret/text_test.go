package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/secret"
)

const canary = "hunter2-hunter2-hunter2"

func ExampleText() {
	var login struct {
		Name     string      `json:"name"`
		Password secret.Text `json:"password"`
	}
	_ = json.Unmarshal([]byte(`{"name":"ann","password":"correct horse battery staple"}`), &login)
	fmt.Println(login)
	fmt.Println(login.Password.Reveal())
	// Output:
	// {ann [redacted]}
	// correct horse battery staple
}

// everySecret returns one value of each type and what must never be printed.
func everySecret(t *testing.T) map[string]struct {
	value any
	leak  []string
} {
	t.Helper()
	token := secret.NewToken(secret.APIKey)
	master := []byte("0123456789abcdef0123456789ABCDEF")
	keys := newKeys(t, master)
	digest := keys.DigestOf(secret.LabelAPIKey, token)
	hash := secret.PasswordHash(canary)
	text := secret.NewText(canary)
	leaks := func(s string) []string {
		b := []byte(s)
		return []string{s, fmt.Sprintf("%x", b), fmt.Sprintf("%X", b), fmt.Sprintf("% x", b), fmt.Sprint(b), fmt.Sprint(b[0], b[1], b[2])}
	}
	return map[string]struct {
		value any
		leak  []string
	}{
		"Text":         {text, leaks(canary)},
		"PasswordHash": {hash, leaks(canary)},
		"Token":        {token, leaks(token.Reveal())},
		"Digest":       {digest, leaks(string(digest[:]))},
		"Keyring":      {keys, leaks(string(master))},
	}
}

func TestEverySecretIsRedacted(t *testing.T) {
	t.Parallel()
	for name, s := range everySecret(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ptr := reflect.ValueOf(s.value)
			if ptr.Kind() != reflect.Pointer {
				ptr = reflect.New(reflect.TypeOf(s.value))
				ptr.Elem().Set(reflect.ValueOf(s.value))
			}
			check := func(how, out string) {
				t.Helper()
				if !strings.Contains(out, "[redacted]") {
					t.Errorf("%s: %q does not say that it is redacted", how, out)
				}
				for _, leak := range s.leak {
					if strings.Contains(out, leak) {
						t.Errorf("%s: %q holds the secret", how, out)
					}
				}
			}
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#x", "%d", "%U", "%10s", "%.3s"} {
				check(verb, fmt.Sprintf(verb, s.value))
				check(verb+" of a struct", fmt.Sprintf(verb, struct{ Field any }{s.value}))
				check(verb+" of a slice", fmt.Sprintf(verb, []any{s.value}))
				check(verb+" of a map", fmt.Sprintf(verb, map[string]any{"k": s.value}))
			}
			check("Sprint", fmt.Sprint(s.value))
			check("Errorf", fmt.Errorf("failed with %v", s.value).Error())
			check("Sprint of a pointer", fmt.Sprint(ptr.Interface()))
			check("String", s.value.(fmt.Stringer).String())
			check("GoString", s.value.(fmt.GoStringer).GoString())

			for how, v := range map[string]any{"value": s.value, "field": struct{ F any }{s.value}, "pointer": ptr.Interface()} {
				out, err := json.Marshal(v)
				if err != nil {
					t.Errorf("json of a %s: %v", how, err)
				}
				check("json of a "+how, string(out))
			}
			var buf bytes.Buffer
			for how, h := range map[string]slog.Handler{"json": slog.NewJSONHandler(&buf, nil), "text": slog.NewTextHandler(&buf, nil)} {
				for what, v := range map[string]any{"value": s.value, "struct": struct{ F any }{s.value}, "slice": []any{s.value}, "pointer": ptr.Interface()} {
					buf.Reset()
					slog.New(h).Info("m", "k", v, slog.Group("g", "k", v))
					check("slog "+how+" of a "+what, buf.String())
				}
			}
		})
	}
}

// fmt prints the fields of unexported fields itself, and bad verbs too.
func TestUnexportedFieldsDoNotLeak(t *testing.T) {
	t.Parallel()
	all := everySecret(t)
	text, token, keys := all["Text"].value.(secret.Text), all["Token"].value.(secret.Token), all["Keyring"].value.(*secret.Keyring)
	v := struct {
		text   secret.Text
		token  secret.Token
		keys   *secret.Keyring
		list   []secret.Text
		nested struct{ t secret.Text }
	}{text, token, keys, []secret.Text{text}, struct{ t secret.Text }{text}}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%p", "%w"} {
		fmt.Fprintf(&out, verb, v)
		fmt.Fprintf(&out, verb, text)
		fmt.Fprintf(&out, verb, token)
	}
	for _, name := range []string{"Text", "Token", "Keyring"} {
		for _, leak := range all[name].leak[:5] {
			if strings.Contains(out.String(), leak) {
				t.Errorf("%s leaks %q in %s", name, leak, out.String())
			}
		}
	}
}

func TestTextReading(t *testing.T) {
	t.Parallel()
	type request struct {
		Password secret.Text  `json:"password,omitzero"`
		Other    *secret.Text `json:"other,omitempty"`
	}
	for _, c := range []struct {
		in, want string
		fails    bool
	}{
		{`{"password":"hunter2"}`, "hunter2", false},
		{`{"password":" päss\u0065\n "}`, " pässe\n ", false},
		{`{"password":""}`, "", false},
		{`{"password":null}`, "", false},
		{`{}`, "", false},
		{`{"password":123456789}`, "", true},
		{`{"password":["hunter2"]}`, "", true},
		{`{"password":{"s":"hunter2"}}`, "", true},
	} {
		var r request
		err := json.Unmarshal([]byte(c.in), &r)
		if (err != nil) != c.fails || r.Password.Reveal() != c.want || r.Password.IsZero() != (c.want == "") {
			t.Errorf("%s: got %q, %v", c.in, r.Password.Reveal(), err)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "123456789")) {
			t.Errorf("%s: the error quotes the secret: %v", c.in, err)
		}
	}

	if out, err := json.Marshal(request{}); err != nil || string(out) != `{}` {
		t.Errorf("an empty Text with omitzero is written as %s, %v", out, err)
	}
	if out, err := xml.Marshal(request{Password: secret.NewText(canary)}); err != nil || bytes.Contains(out, []byte(canary)) {
		t.Errorf("xml: %s, %v", out, err)
	}
}

func TestTextAsFlag(t *testing.T) {
	t.Parallel()
	var password secret.Text
	var usage strings.Builder
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(&usage)
	flags.TextVar(&password, "password", secret.NewText("default-"+canary), "the password")
	flags.PrintDefaults()
	if password.Reveal() != "default-"+canary || strings.Contains(usage.String(), canary) {
		t.Errorf("default %q, usage %s", password.Reveal(), usage.String())
	}
	if err := flags.Parse([]string{"-password", canary}); err != nil || password.Reveal() != canary {
		t.Errorf("got %q, %v", password.Reveal(), err)
	}
}

func TestTextComparing(t *testing.T) {
	t.Parallel()
	a, same, other := secret.NewText("abc"), secret.NewText(strings.Join([]string{"ab", "c"}, "")), secret.NewText("abd")
	if !a.Equal(same) || a.Equal(other) || a.Equal(secret.Text{}) || a.Equal(secret.NewText("ab")) {
		t.Error("Equal is wrong")
	}
	if !(secret.Text{}).Equal(secret.NewText("")) {
		t.Error("the zero Text is not the empty one")
	}
	if !cmp.Equal(a, same) || cmp.Equal(a, other) {
		t.Error("go-cmp does not compare by Equal")
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[secret.Text](), reflect.TypeFor[secret.Token]()} {
		if typ.Comparable() {
			t.Errorf("%v can be compared with ==", typ)
		}
	}
}

func TestNilKeyringPrints(t *testing.T) {
	t.Parallel()
	fmt.Fprint(io.Discard, (*secret.Keyring)(nil)) // must not panic
}
