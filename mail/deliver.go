package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/task"
)

// A delivery is the task of delivering one message.
type delivery struct {
	Mail ID `json:"mail"`
}

// Kind returns the name of the task.
func (delivery) Kind() string { return "mail.deliver" }

// noteTimeout bounds the statement that notes what became of a message.
const noteTimeout = 10 * time.Second

// deliver does one attempt. A message that is not queued has been delivered
// already; no transaction is held while the server is asked.
func (o *Outbox) deliver(ctx context.Context, d delivery) error {
	m, err := table.On(o.db).Get(ctx, d.Mail)
	switch {
	case errors.Is(err, fault.NotFound):
		return nil // deleted
	case err != nil:
		return err
	case m.State != Queued:
		return nil
	case o.smtp == nil:
		if err := o.printMail(m); err != nil {
			return err
		}
		o.log.InfoContext(ctx, "mail kept, there is no SMTP server", "id", m.ID.String(), "kind", m.Kind)
		return o.note(ctx, m, state.Set(Kept))
	}
	err = o.smtp.send(ctx, o.from, m)
	if err == nil {
		return o.note(ctx, m, state.Set(Sent), sentAt.Set(o.db.Now()), reason.Set(""), text.Set(""), html.Set(""))
	}
	changes := []data.Change[Mail]{reason.Set(printable(strings.ToValidUTF8(err.Error(), "?"), ""))}
	final := refused(err)
	if n, of := task.Attempt(ctx); final || n == of {
		changes = append(changes, state.Set(Failed), text.Set(""), html.Set(""))
	}
	if noted := o.note(ctx, m, changes...); noted != nil {
		return errors.Join(err, noted)
	}
	if final {
		return task.Permanent(err)
	}
	return err
}

// note stores what became of a message, even if the attempt's context has ended
// meanwhile: a message must not be sent again for that.
func (o *Outbox) note(ctx context.Context, m Mail, changes ...data.Change[Mail]) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	_, err := table.On(o.db).UpdateWhere(ctx, data.All(id.Eq(m.ID), state.Eq(Queued)), changes...)
	return err
}

// printMail writes a message for people to read in a terminal. What it says may
// come from strangers, so it has no control characters.
func (o *Outbox) printMail(m Mail) error {
	if o.print == nil {
		return nil
	}
	body := m.Text
	if body == "" {
		body = m.HTML
	}
	block := fmt.Sprintf("--- mail %s\nFrom: %s\nTo: %s\nSubject: %s\n\n%s\n--- end of mail\n",
		m.ID, o.from, m.To, m.Subject, strings.TrimRight(printable(body, "\n\t"), "\n"))
	o.lock.Lock()
	defer o.lock.Unlock()
	_, err := io.WriteString(o.print, block)
	return err
}
