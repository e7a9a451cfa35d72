package mail_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/mail"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
)

const patience = 30 * time.Second

func each(t *testing.T, test func(t *testing.T, db *data.DB)) {
	t.Helper()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		_, err := migrator(t, db).Upgrade(t.Context())
		check(t, err)
		keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
		check(t, err)
		db.SetKeys(keys)
		test(t, db)
	})
}

func migrator(t *testing.T, db *data.DB) *migrate.Migrator {
	t.Helper()
	m, err := migrate.New(db, []migrate.Source{{Name: "mail", FS: mail.Migrations}}, migrate.Options{Log: quiet})
	check(t, err)
	return m
}

var quiet = slog.New(slog.DiscardHandler)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// An office is an outbox whose queue runs. Its ended gets a message whenever the
// queue has nothing to do.
type office struct {
	*mail.Outbox
	t     *testing.T
	db    *data.DB
	queue *task.Queue
	ended chan end
}

// end is a task that tells when those before it are done.
type end struct{}

func (end) Kind() string { return "test.end" }

func newOffice(t *testing.T, db *data.DB, cfg mail.Config) *office {
	t.Helper()
	return newOfficeOf(t, db, cfg, 1) // so that tasks are done in order
}

func newOfficeOf(t *testing.T, db *data.DB, cfg mail.Config, workers int) *office {
	t.Helper()
	o := &office{t: t, db: db, ended: make(chan end, 10)}
	if cfg.Log == nil {
		cfg.Log = quiet
	}
	o.queue = task.New(db, task.Config{
		Log: cfg.Log, MaxWorkers: workers,
		PollInterval: 20 * time.Millisecond, Backoff: func(int) time.Duration { return 0 },
	})
	o.queue.Add(task.Work(func(_ context.Context, e end) error {
		o.ended <- e
		return nil
	}))
	var err error
	o.Outbox, err = mail.NewOutbox(db, o.queue, cfg)
	check(t, err)
	check(t, o.queue.Migrate(t.Context()))
	check(t, o.queue.Start(t.Context()))
	t.Cleanup(func() { check(t, o.queue.Stop(context.Background())) })
	return o
}

func through(s *server) mail.Config {
	return mail.Config{SMTP: secret.NewText("smtp://" + s.addr + "?from=The%20shop%20%3Cshop@example.org%3E")}
}

func (o *office) send(m mail.Message) mail.ID {
	o.t.Helper()
	var id mail.ID
	check(o.t, o.db.Tx(o.t.Context(), func(tx *data.Tx) (err error) {
		id, err = o.Send(o.t.Context(), tx, m)
		return err
	}))
	return id
}

// flush runs tasks, and waits until those that were due are done.
func (o *office) flush(tasks ...task.Args) {
	o.t.Helper()
	check(o.t, o.db.Tx(o.t.Context(), func(tx *data.Tx) error {
		for _, a := range append(tasks, end{}) {
			if err := o.queue.Enqueue(o.t.Context(), tx, a); err != nil {
				return err
			}
		}
		return nil
	}))
	select {
	case <-o.ended:
	case <-time.After(patience):
		o.t.Fatal("the queue does not run")
	}
}

// settled waits until a message is no longer queued and returns it.
func (o *office) settled(id mail.ID) mail.Mail {
	o.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		o.flush()
		m, err := o.Show(o.t.Context(), id)
		check(o.t, err)
		if m.State != mail.Queued {
			return m
		}
		if time.Now().After(deadline) {
			o.t.Fatalf("still queued: %s", m.Error)
		}
	}
}
