package mail_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/mail"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
)

var reset = mail.Message{
	To: "Ana <ana@example.org>", Subject: "Neues Paßwort – jetzt", Kind: "password-reset",
	Text: "Hallo,\n\n.\nhttps://example.org/reset?token=geheim\n", HTML: "<p>Hallo,</p>\n<p><a href=\"https://example.org/reset?token=geheim\">hier</a></p>",
}

func TestSends(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *data.DB) {
		s := newServer(t, false, nil)
		cfg := through(s)
		cfg.ReplyTo, cfg.Host = "Help <help@example.org>", "shop.example"
		o := newOffice(t, db, cfg)
		id := o.send(reset)
		got := o.settled(id)
		if got.SentAt == nil || got.SentAt.Before(got.CreatedAt) {
			t.Errorf("sent at %v, created at %v", got.SentAt, got.CreatedAt)
		}
		want := mail.Mail{
			ID: id, To: "ana@example.org", Subject: reset.Subject, Kind: reset.Kind, State: mail.Sent, Attempts: 1,
			CreatedAt: got.CreatedAt, UpdatedAt: got.UpdatedAt, SentAt: got.SentAt,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the row, -want +got\n%s", diff)
		}
		e := <-s.accepted
		if e.from != "FROM:<shop@example.org>" || e.to != "TO:<ana@example.org>" {
			t.Errorf("sent %s %s", e.from, e.to)
		}
		header, parts := parse(t, e.data)
		subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
		check(t, err)
		if subject != reset.Subject || header.Get("From") != `"The shop" <shop@example.org>` || header.Get("To") != "<ana@example.org>" ||
			header.Get("Message-Id") != "<"+id.String()+"@shop.example>" || header.Get("Reply-To") != `"Help" <help@example.org>` ||
			header.Get("Auto-Submitted") != "auto-generated" || header.Get("Date") != got.CreatedAt.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700") {
			t.Errorf("subject %q, headers %v", subject, header)
		}
		if diff := cmp.Diff([]string{reset.Text, reset.HTML}, parts); diff != "" {
			t.Errorf("parts, -want +got\n%s", diff)
		}

		// The task runs again, as if its process had died at the wrong moment.
		check(t, db.Tx(t.Context(), func(tx *data.Tx) error { return o.queue.Enqueue(t.Context(), tx, again{id}) }))
		o.settled(id)
		if n := s.count("DATA"); n != 1 {
			t.Errorf("the message was sent %d times", n)
		}
	})
}

// again is the outbox's own task.
type again struct {
	Mail mail.ID `json:"mail"`
}

func (again) Kind() string { return "mail.deliver" }

// parse returns the header and the decoded parts of a message.
func parse(t *testing.T, text string) (netmail.Header, []string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(text))
	check(t, err)
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	check(t, err)
	var parts []string
	read := func(r io.Reader) {
		b, err := io.ReadAll(r)
		check(t, err)
		parts = append(parts, strings.ReplaceAll(string(b), "\r\n", "\n"))
	}
	if params["boundary"] == "" {
		read(quotedprintable.NewReader(m.Body))
		return m.Header, parts
	}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return m.Header, parts
		}
		check(t, err)
		read(p) // which decodes quoted-printable
	}
}

func TestSignsInEncrypted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *data.DB) {
		s := newServer(t, true, nil)
		o := newOffice(t, db, mail.Config{SMTP: secret.NewText("smtp://user:p%40ss@" + s.addr), From: "shop@example.org"})
		if m := o.settled(o.send(mail.Message{To: "ana@example.org", Subject: "Hello", HTML: "<b>Hello</b>"})); m.State != mail.Sent {
			t.Fatalf("%s: %s", m.State, m.Error)
		}
		e := <-s.accepted
		if !e.encrypted || e.auth != "PLAIN AHVzZXIAcEBzcw==" {
			t.Errorf("encrypted %v, auth %q", e.encrypted, e.auth)
		}
		if _, parts := parse(t, e.data); !slices.Equal(parts, []string{"<b>Hello</b>\n"}) {
			t.Errorf("parts %q", parts)
		}
	})
}

// A password is never sent in the clear to another machine, nor a mail to one that
// does not encrypt, unless somebody wrote that it may.
func TestStaysEncrypted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *data.DB) {
		for query, encrypted := range map[string]bool{"?tls=required": true, "?tls=off": false} {
			plain, able := newServer(t, false, nil), newServer(t, true, nil)
			o, err := mail.NewOutbox(db, task.New(db, task.Config{Log: quiet}), mail.Config{SMTP: secret.NewText("smtp://" + able.addr + query), Log: quiet})
			check(t, err)
			check(t, o.SendNow(t.Context(), reset))
			if e := <-able.accepted; e.encrypted != encrypted {
				t.Errorf("%s: encrypted is %v", query, e.encrypted)
			}
			o, err = mail.NewOutbox(db, task.New(db, task.Config{Log: quiet}), mail.Config{SMTP: secret.NewText("smtp://" + plain.addr + query), Log: quiet})
			check(t, err)
			if err := o.SendNow(t.Context(), reset); (err != nil) != encrypted || len(plain.accepted) == 1 == encrypted {
				t.Errorf("%s to a server without encryption: %v, %d messages arrived", query, err, len(plain.accepted))
			}
		}
		o, err := mail.NewOutbox(db, task.New(db, task.Config{Log: quiet}), mail.Config{Log: quiet})
		check(t, err)
		if err := o.SendNow(t.Context(), reset); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "MANOR_SMTP_URL") {
			t.Errorf("without a server: %v", err)
		}
	})
}

func TestServerRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, command, answer string
		times                 int // how often it answers so
		state                 mail.State
		tries                 int
	}{
		{"busy once", "RCPT", "451 4.3.0 come back later", 1, mail.Sent, 2},
		{"busy at the end", ".", "452 4.3.1 disk full", 2, mail.Sent, 3},
		{"drops after the message", ".", hangUp, 1, mail.Sent, 2},
		{"drops before", "RCPT", hangUp, 1, mail.Sent, 2},
		{"hangs", "RCPT", silence, 1, mail.Sent, 2},
		{"always busy", "RCPT", "451 4.3.0 come back later", 1000, mail.Failed, 15},
		{"unknown recipient", "RCPT", "550 5.1.1 no such person", 1000, mail.Failed, 1},
		{"refused content", ".", "554 5.7.1 looks like advertising", 1000, mail.Failed, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, db *data.DB) {
				left := test.times
				s := newServer(t, false, func(command string) string {
					if command != test.command || left == 0 {
						return ""
					}
					left--
					return test.answer
				})
				o := newOffice(t, db, mail.Config{SMTP: secret.NewText("smtp://" + s.addr + "?timeout=100ms")})
				m := o.settled(o.send(reset))
				if m.State != test.state || s.count("RCPT") != test.tries || m.Attempts != test.tries {
					t.Errorf("%s after %d tries and %d attempts, want %s after %d", m.State, s.count("RCPT"), m.Attempts, test.state, test.tries)
				}
				if failed := test.state == mail.Failed; (m.Text == reset.Text) != failed || (m.HTML == reset.HTML) != failed {
					t.Errorf("what it says: %+v", m)
				}
				if _, why, _ := strings.Cut(test.answer, " "); strings.Contains(m.Error, why) != (test.state == mail.Failed) {
					t.Errorf("the error is %q", m.Error)
				}
				var ids []string // what arrived, twice perhaps, has one ID
				for range len(s.accepted) {
					header, _ := parse(t, (<-s.accepted).data)
					ids = append(ids, header.Get("Message-Id"))
				}
				if slices.Sort(ids); len(slices.Compact(ids)) > 1 {
					t.Errorf("one message has the IDs %v", ids)
				}
			})
		})
	}
}

func TestKeptWithoutServer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *data.DB) {
		var out bytes.Buffer
		o := newOffice(t, db, mail.Config{Print: &out})
		id := o.send(mail.Message{To: "ana@example.org", Subject: "Hello", Text: "Hello \x1b[31mAna,\n\nhttps://example.org/verify\n\n"})
		m := o.settled(id)
		if m.State != mail.Kept || !strings.Contains(m.Text, "https://example.org/verify") || m.SentAt != nil {
			t.Errorf("stored %+v", m)
		}
		check(t, o.queue.Stop(t.Context()))
		want := "--- mail " + id.String() + `
From: <manor@localhost>
To: ana@example.org
Subject: Hello

Hello [31mAna,

https://example.org/verify
--- end of mail
`
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("printed, -want +got\n%s", diff)
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *data.DB) {
		o := newOffice(t, db, mail.Config{})
		sorry := errors.New("sorry")
		err := db.Tx(t.Context(), func(tx *data.Tx) error {
			_, err := o.Send(t.Context(), tx, reset)
			return errors.Join(err, sorry)
		})
		if !errors.Is(err, sorry) {
			t.Fatal(err)
		}
		var ids []mail.ID
		for _, subject := range []string{"first", "second", "third"} {
			ids = append(ids, o.send(mail.Message{To: "ana@example.org", Subject: subject, Text: "Hello"}))
		}
		o.settled(ids[2])
		all, err := o.List(t.Context(), 0)
		check(t, err)
		if len(all) != 3 || all[0].ID != ids[2] || all[2].ID != ids[0] {
			t.Errorf("listed %v, want the committed ones, newest first", all)
		}
		one, err := o.List(t.Context(), 1)
		check(t, err)
		if len(one) != 1 {
			t.Fatalf("%d rows, want 1", len(one))
		}
		got, err := json.Marshal(one[0])
		check(t, err)
		created, err := one[0].CreatedAt.MarshalJSON()
		check(t, err)
		want := `{"id":"` + ids[2].String() + `","to":"ana@example.org","subject":"third","created_at":` + string(created) + `,"state":"kept"}`
		if string(got) != want {
			t.Errorf("JSON %s\nwant %s", got, want)
		}
		if _, err := o.Show(t.Context(), mail.ID{1}); !errors.Is(err, fault.NotFound) {
			t.Errorf("an unknown mail: %v, want fault.NotFound", err)
		}
	})
}

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *data.DB) {
		o := newOffice(t, db, mail.Config{})
		good := mail.Message{To: "ana@example.org", Subject: "Hello", Text: "Hello"}
		for name, spoil := range map[string]func(m *mail.Message){
			"no address":          func(m *mail.Message) { m.To = "" },
			"no real address":     func(m *mail.Message) { m.To = "ana" },
			"two addresses":       func(m *mail.Message) { m.To = "ana@example.org, ben@example.org" },
			"a group":             func(m *mail.Message) { m.To = "all: ana@example.org, ben@example.org;" },
			"a header after it":   func(m *mail.Message) { m.To = "ana@example.org\r\nBcc: ben@example.org" },
			"a folded address":    func(m *mail.Message) { m.To = "Ana\r\n <ana@example.org>" },
			"NUL":                 func(m *mail.Message) { m.To = "\"ana\x00\"@example.org" },
			"a long address":      func(m *mail.Message) { m.To = strings.Repeat("a", 250) + "@example.org" },
			"no subject":          func(m *mail.Message) { m.Subject = "" },
			"a header in subject": func(m *mail.Message) { m.Subject = "Hello\nBcc: ben@example.org" },
			"CR in subject":       func(m *mail.Message) { m.Subject = "Hello\rBcc: ben@example.org" },
			"NUL in subject":      func(m *mail.Message) { m.Subject = "Hello\x00" },
			"not UTF-8":           func(m *mail.Message) { m.Subject = "Hello\xff" },
			"a long subject":      func(m *mail.Message) { m.Subject = strings.Repeat("ß", 256) },
			"nothing to read":     func(m *mail.Message) { m.Text = "" },
			"a long kind":         func(m *mail.Message) { m.Kind = strings.Repeat("k", 65) },
		} {
			m := good
			spoil(&m)
			err := db.Tx(t.Context(), func(tx *data.Tx) error {
				_, err := o.Send(t.Context(), tx, m)
				return err
			})
			if !errors.Is(err, fault.Invalid) {
				t.Errorf("%s: %v, want fault.Invalid", name, err)
			}
		}
		m := good
		m.Subject = strings.Repeat("ß", 255)
		m.To = `"Ana, B." <"ana b"@example.org>`
		if got := o.settled(o.send(m)); got.To != `"ana b"@example.org` {
			t.Errorf("sent to %s", got.To)
		}
	})
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *data.DB) {
		drift, err := migrate.Drift(t.Context(), db, []data.Schema{mail.Schema()})
		check(t, err)
		if len(drift) > 0 {
			t.Errorf("the revisions and the struct differ:\n%s", strings.Join(drift, "\n"))
		}
		_, err = migrator(t, db).Downgrade(t.Context(), 2)
		check(t, err)
	})
}
