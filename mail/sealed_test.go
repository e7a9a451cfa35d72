package mail_test

import (
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/mail"
	"github.com/manorgo/manor/secret"
)

// Whoever has a copy of the database reads no link in it; what was stored before
// there were keys is read as it is, and sent.
func TestStoredEncrypted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *data.DB) {
		o := newOffice(t, db, mail.Config{})
		send := func() mail.ID {
			return o.send(mail.Message{To: "ana@example.org", Subject: "Hello", Text: "https://example.org/reset?token=1", HTML: "<p>2</p>"})
		}
		encrypted := send()
		o.settled(encrypted)
		db.SetKeys(nil)
		plain := send()
		if m := o.settled(plain); m.Text == "" {
			t.Errorf("without keys it is %+v", m)
		}
		keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
		check(t, err)
		db.SetKeys(keys)
		for _, id := range []mail.ID{plain, encrypted} {
			m := o.settled(id)
			if m.Text != "https://example.org/reset?token=1" || m.HTML != "<p>2</p>" || m.State != mail.Kept {
				t.Errorf("read %+v", m)
			}
		}
		stored := data.NewSelect[struct {
			Text   string `db:"text"`
			HTML   string `db:"html"`
			Sealed []byte `db:"sealed"`
		}]("SELECT text, html, sealed FROM mails WHERE id = ?", "")
		row, err := stored.One(t.Context(), db, encrypted)
		check(t, err)
		if row.Text+row.HTML != "" || len(row.Sealed) == 0 || strings.Contains(string(row.Sealed), "token") {
			t.Errorf("stored %+v", row)
		}
	})
}
