package mail

import (
	"encoding/json"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// said is what a message says, as it is encrypted. It often holds a link that
// lets whoever reads it in.
type said struct {
	Text string `json:"text,omitzero"`
	HTML string `json:"html,omitzero"`
}

// seal puts what m says where it is encrypted, if the database has the keys for
// it, which that of an app always has.
func (o *Outbox) seal(m *Mail) error {
	if !o.db.HasKeys() {
		return nil
	}
	b, err := json.Marshal(said{m.Text, m.HTML})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "internal error")
	}
	m.Sealed, m.Text, m.HTML = new(secret.NewText(string(b))), "", ""
	return nil
}

// unseal is the reverse of seal.
func (m *Mail) unseal() error {
	if m.Sealed == nil {
		return nil
	}
	var s said
	if err := json.Unmarshal([]byte(m.Sealed.Reveal()), &s); err != nil {
		return fault.Wrap(fault.Internal, err, "internal error")
	}
	m.Text, m.HTML, m.Sealed = s.Text, s.HTML, nil
	return nil
}
