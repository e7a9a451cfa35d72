package mail

import (
	"errors"
	"strings"
	"testing"

	gomail "github.com/wneessen/go-mail"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ url, addr, policy, from string }{
		{"smtp://mail.example.org", "mail.example.org:587", "TLSMandatory", ""},
		{"smtp://user:hunter2@mail.example.org:25/?from=a@b.c", "mail.example.org:25", "TLSMandatory", "a@b.c"},
		{"smtps://user:hunter2@mail.example.org", "mail.example.org:465", "TLSMandatory", ""},
		{"smtp://localhost:1025", "localhost:1025", "TLSOpportunistic", ""},
		{"smtp://[::1]", "::1:587", "TLSOpportunistic", ""},
		{"smtp://localhost?tls=required&timeout=2m", "localhost:587", "TLSMandatory", ""},
		{"smtp://127.0.0.1?tls=off", "127.0.0.1:587", "NoTLS", ""},
		{"smtp://relay:25?tls=insecure", "relay:25", "NoTLS", ""},
	} {
		s, err := parseURL(secret.NewText(test.url))
		if err != nil {
			t.Errorf("%s: %v", test.url, err)
			continue
		}
		c, err := gomail.NewClient(s.host, s.options...)
		if err != nil {
			t.Fatal(err)
		}
		if c.ServerAddr() != test.addr || c.TLSPolicy() != test.policy || s.from != test.from {
			t.Errorf("%s: %s, %s, from %q", test.url, c.ServerAddr(), c.TLSPolicy(), s.from)
		}
		if s.tls().InsecureSkipVerify != s.local() {
			t.Errorf("%s: certificates are not verified", test.url)
		}
	}
}

func TestNewOutboxRefuses(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{
		{SMTP: secret.NewText("user:hunter2@mail.example.org:587")},
		{SMTP: secret.NewText("smtp:user:hunter2@mail.example.org")},
		{SMTP: secret.NewText("http://user:hunter2@mail.example.org")},
		{SMTP: secret.NewText("smtp://user:hunter2/x@mail.example.org")},
		{SMTP: secret.NewText("smtp://user:hunter2@mail.example.org:99999")},
		{SMTP: secret.NewText("smtp://user:hunter2@")},
		{SMTP: secret.NewText("smtp://user:%hunter2@mail.example.org")},
		{SMTP: secret.NewText("smtp://mail.example.org/hunter2")},
		{SMTP: secret.NewText("smtp://mail.example.org#hunter2")},
		{SMTP: secret.NewText("smtp://mail.example.org?form=hunter2@b.c")},
		{SMTP: secret.NewText("smtp://mail.example.org?from=a@b.c&from=hunter2@b.c")},
		{SMTP: secret.NewText("smtp://mail.example.org?from=hunter2")},
		{SMTP: secret.NewText("smtp://mail.example.org?tls=off")},
		{SMTP: secret.NewText("smtp://mail.example.org?tls=hunter2")},
		{SMTP: secret.NewText("smtps://mail.example.org?tls=insecure")},
		{SMTP: secret.NewText("smtp://mail.example.org?timeout=hunter2")},
		{SMTP: secret.NewText("smtp://mail.example.org?timeout=1h")},
		{SMTP: secret.NewText("smtp://mail.example.org?timeout=1ms")},
		{ReplyTo: "hunter2@b.c\r\nBcc: a@b.c"},
		{From: "hunter2@b.c\nBcc: a@b.c"},
	} {
		_, err := NewOutbox(nil, nil, cfg)
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "MANOR_SMTP_URL") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", cfg.SMTP.Reveal(), err)
		}
	}
}

func TestSenderHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{"": "shop.example", "localhost": "localhost", "::1": "[::1]", "[::1]": "[::1]"} {
		s, err := parseSender(Config{From: "The shop <mail@shop.example>", Host: host})
		if err != nil || s.host != want {
			t.Errorf("%q: %q, %v, want %q", host, s.host, err, want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"ana@example.org", `"a b"@[127.0.0.1]`, "Ana <ana@example.org>", "=?utf-8?q?=0d=0a?= <a@b>", "\"\\\"\"@b", "ä@ö.de", "<a@b>", "a@b\r\nc: d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		bare, err := address(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(bare, "\r\n\x00") || len(bare) > 254 {
			t.Errorf("%q gives %q", s, bare)
		}
		if same, err := address(bare); err != nil || same != bare {
			t.Errorf("%q gives %q, which gives %q, %v", s, bare, same, err)
		}
		if err := gomail.NewMsg().To(bare); err != nil {
			t.Errorf("%q gives %q: %v", s, bare, err)
		}
	})
}
