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

const (
	// maxAttempts is how often a message is tried: with growing pauses, over a day
	// and a half.
	maxAttempts = 15

	// noteTimeout bounds the statement that notes what became of a message.
	noteTimeout = 10 * time.Second
)

// worker returns the worker that delivers. It has more time than the server.
func (o *Outbox) worker() task.Worker {
	return task.Work(o.deliver).With(task.Options{MaxAttempts: maxAttempts, Timeout: o.hold() + 2*noteTimeout})
}

// hold is how long one attempt may take, and keeps others away.
func (o *Outbox) hold() time.Duration {
	if o.smtp == nil {
		return smtpTimeout
	}
	return 3 * o.smtp.timeout // to connect, to send and to spare
}

// deliver does one attempt. No transaction is held while the server is asked.
func (o *Outbox) deliver(ctx context.Context, d delivery) error {
	m, err := o.claim(ctx, d.Mail)
	switch {
	case errors.Is(err, fault.NotFound):
		return o.later(ctx, d)
	case err != nil:
		return err
	case o.smtp == nil:
		if err := o.printMail(m); err != nil {
			return err
		}
		o.log.InfoContext(ctx, "mail kept, there is no SMTP server", "id", m.ID.String(), "kind", m.Kind)
		return o.note(ctx, m, state.Set(Kept))
	}
	sending, cancel := context.WithTimeout(ctx, o.hold())
	err = o.smtp.send(sending, o.sender, m, m.ID.String())
	cancel()
	if err == nil {
		return o.note(ctx, m, state.Set(Sent), sentAt.Set(o.db.Now()), reason.Set(""), text.Set(""), markup.Set(""), sealed.SetNull())
	}
	changes := []data.Change[Mail]{reason.Set(o.smtp.scrub(err))}
	n, of := task.Attempt(ctx)
	final := refused(err) || m.Attempts >= maxAttempts || n == of
	if final {
		changes = append(changes, state.Set(Failed))
	}
	// What is logged and kept with the task says no more than the row.
	err = fmt.Errorf("mail %s: %s", m.ID, o.smtp.scrub(err))
	if noted := o.note(ctx, m, changes...); noted != nil {
		return errors.Join(err, noted)
	}
	if final {
		return task.Permanent(err)
	}
	return err
}

// claim begins an attempt. It is fault.NotFound if the message is not queued any
// more, or another attempt is under way.
func (o *Outbox) claim(ctx context.Context, key ID) (Mail, error) {
	now := o.db.Now()
	free := data.All(id.Eq(key), state.Eq(Queued), data.Any(held.IsNull(), held.Lt(now)))
	m, err := table.On(o.db).UpdateOne(ctx, free, attempts.Plus(1), held.Set(now.Add(o.hold())))
	if err == nil {
		err = m.unseal()
	}
	return m, err
}

// later sees to a message that cannot be claimed: there is nothing to do unless
// another attempt is under way, which may have died.
func (o *Outbox) later(ctx context.Context, d delivery) error {
	m, err := table.On(o.db).Get(ctx, d.Mail)
	switch {
	case errors.Is(err, fault.NotFound):
		return nil // deleted
	case err != nil:
		return err
	case m.State != Queued:
		return nil
	}
	at := o.db.Now()
	if m.Held != nil {
		at = m.Held.Add(time.Second)
	}
	return o.db.Tx(ctx, func(tx *data.Tx) error { return o.queue.EnqueueAt(ctx, tx, d, at) })
}

// note stores what became of an attempt, even if its context has ended meanwhile:
// a message must not be sent again for that.
func (o *Outbox) note(ctx context.Context, m Mail, changes ...data.Change[Mail]) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	changes = append(changes, held.SetNull())
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
		m.ID, o.sender.from, m.To, m.Subject, strings.TrimRight(printable(body, "\n\t"), "\n"))
	o.lock.Lock()
	defer o.lock.Unlock()
	_, err := io.WriteString(o.print, block)
	return err
}
