package mail

import (
	"context"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

const (
	// defaultKeep is how long messages are kept.
	defaultKeep = 30 * 24 * time.Hour

	// eraseAfter is how long what a failed message says is kept. Links do not last
	// longer.
	eraseAfter = 7 * 24 * time.Hour

	// lostAfter is how long a message can be queued without an attempt: longer than
	// the longest pause between two.
	lostAfter = 24 * time.Hour

	// sweepEvery is how often the outbox is looked through.
	sweepEvery = time.Hour

	// sweepSize is how many messages a statement of the sweep is about.
	sweepSize = 500
)

// A sweep is the task of looking through the outbox.
type sweep struct{}

// Kind returns the name of the task.
func (sweep) Kind() string { return "mail.sweep" }

// doSweep forgets old messages, erases what failed ones say, and takes up what no
// task is about any more, as after the restoring of a backup.
func (o *Outbox) doSweep(ctx context.Context, _ sweep) error {
	mails, now := table.On(o.db), o.db.Now()
	past := data.All(state.In(Sent, Kept, Failed), createdAt.Lt(now.Add(-o.keep)))
	for {
		page, err := mails.List(ctx, data.Query[Mail]{Where: past, Limit: sweepSize})
		if err != nil {
			return err
		}
		if _, err := mails.DeleteAll(ctx, keysOf(page.Items)...); err != nil {
			return err
		}
		if len(page.Items) < sweepSize {
			break
		}
	}
	told := data.All(state.Eq(Failed), createdAt.Lt(now.Add(-eraseAfter)), says())
	if _, err := mails.UpdateWhere(ctx, told, text.Set(""), markup.Set(""), sealed.SetNull()); err != nil {
		return err
	}
	// Whatever changes the row keeps it from being found again.
	lost := data.All(state.Eq(Queued), updatedAt.Lt(now.Add(-lostAfter)))
	_, err := o.again(ctx, lost, held.Set(now.Add(-time.Second)))
	return err
}

func keysOf(mails []Mail) []data.Key[Mail] {
	keys := make([]data.Key[Mail], len(mails))
	for i, m := range mails {
		keys[i] = m.ID
	}
	return keys
}

// Retry has a message that failed, or was kept, delivered after all, or one that
// waits for its next attempt at once. An unknown one is fault.NotFound; one that
// was sent, or whose text has been erased, is fault.Conflict.
func (o *Outbox) Retry(ctx context.Context, key ID) error {
	n, err := o.again(ctx, data.All(id.Eq(key), retriable()))
	if err != nil || n > 0 {
		return err
	}
	m, err := o.Show(ctx, key)
	switch {
	case err != nil:
		return err
	case m.State == Sent:
		return fault.Errorf(fault.Conflict, "the message was sent")
	}
	return fault.Errorf(fault.Conflict, "what the message said has been erased")
}

// RetryFailed is Retry for all messages that failed and still have their text. It
// returns how many they are.
func (o *Outbox) RetryFailed(ctx context.Context) (int, error) {
	return o.again(ctx, data.All(state.Eq(Failed), retriable()))
}

// retriable are messages that can be sent.
func retriable() data.Filter[Mail] {
	return data.All(state.In(Queued, Kept, Failed), says())
}

// says are messages that are not erased.
func says() data.Filter[Mail] { return data.Any(text.Ne(""), markup.Ne(""), sealed.NotNull()) }

// again queues messages as if they were new, and returns how many.
func (o *Outbox) again(ctx context.Context, which data.Filter[Mail], changes ...data.Change[Mail]) (n int, err error) {
	changes = append(changes, state.Set(Queued), attempts.Set(0))
	for {
		page, err := table.On(o.db).List(ctx, data.Query[Mail]{Where: which, Limit: sweepSize})
		if err != nil {
			return n, err
		}
		err = o.db.Tx(ctx, func(tx *data.Tx) error {
			for _, m := range page.Items {
				mine, err := table.On(tx).UpdateWhere(ctx, data.All(id.Eq(m.ID), which), changes...)
				if err == nil && mine > 0 { // nobody was faster
					err = o.queue.Enqueue(ctx, tx, delivery{m.ID})
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n += len(page.Items)
		if len(page.Items) < sweepSize {
			return n, nil
		}
	}
}
