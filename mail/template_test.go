package mail_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/mail"
)

func TestTemplate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                string
		subject, text, html string
		data                any
		want                mail.Message
		kind                fault.Kind
	}{
		{
			"all parts", "Hello {{.Name}}", "\nHello {{.Name}},\nbye\n", "<p title='{{.Name}}'>{{.Name}}</p>", map[string]any{"Name": "<b>'Ana"},
			mail.Message{Subject: "Hello <b>'Ana", Text: "Hello <b>'Ana,\nbye", HTML: "<p title='&lt;b&gt;&#39;Ana'>&lt;b&gt;&#39;Ana</p>"}, "",
		},
		{"links", "x", "y", `<a href="{{.}}">`, "javascript:alert(1)", mail.Message{Subject: "x", Text: "y", HTML: `<a href="#ZgotmplZ">`}, ""},
		{"only text", "x", "y", "", nil, mail.Message{Subject: "x", Text: "y"}, ""},
		{"bad subject", "{{", "", "", nil, mail.Message{}, fault.Internal},
		{"bad text", "x", "{{.}", "", nil, mail.Message{}, fault.Internal},
		{"bad HTML", "x", "", "{{end}}", nil, mail.Message{}, fault.Internal},
		{"missing data", "x", "{{.Name}}", "", map[string]any{}, mail.Message{}, fault.Internal},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got mail.Message
			tm, err := mail.ParseTemplate(test.subject, test.text, test.html)
			if err == nil {
				got, err = tm.Message("ana@example.org", test.data)
			}
			if test.kind != "" {
				if !errors.Is(err, test.kind) {
					t.Fatalf("%v, want %s", err, test.kind)
				}
				return
			}
			check(t, err)
			test.want.To = "ana@example.org"
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
