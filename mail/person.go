package mail

import (
	"context"
	"time"

	"github.com/manorgo/manor/data"
)

var recipient = data.TextCol(table, "recipient")

// About says what is known of a message, without what it says.
type About struct {
	ID        ID         `json:"id" db:"id"`
	To        string     `json:"to" db:"recipient"`
	Subject   string     `json:"subject" db:"subject"`
	CreatedAt time.Time  `json:"created_at" db:"created_at"`
	State     State      `json:"state" db:"state"`
	SentAt    *time.Time `json:"sent_at" db:"sent_at"`
}

var toAddress = data.NewSelect[About](`SELECT id, recipient, subject, created_at, state, sent_at FROM mails WHERE recipient = ? ORDER BY created_at, id`, "")

// To returns the messages to an address, the oldest first.
func (o *Outbox) To(ctx context.Context, address string) ([]About, error) {
	return toAddress.All(ctx, o.db, address)
}

// EraseTo removes the messages to an address, also those that have not left yet.
func (o *Outbox) EraseTo(ctx context.Context, tx *data.Tx, address string) error {
	_, err := table.On(tx).DeleteWhere(ctx, recipient.Eq(address))
	return err
}
