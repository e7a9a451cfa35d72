package mail_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/mail"
	"github.com/manorgo/manor/secret"
)

// sweeping is the outbox's own task.
type sweeping struct{}

func (sweeping) Kind() string { return "mail.sweep" }

func TestRetry(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *data.DB) {
		full := true
		s := newServer(t, false, func(command string) string {
			if command == "RCPT" && full {
				return "552 5.2.2 mailbox full"
			}
			return ""
		})
		o := newOffice(t, db, through(s))
		first, second, third := o.send(reset), o.send(reset), o.send(reset)
		for _, id := range []mail.ID{first, second, third} {
			if m := o.settled(id); m.State != mail.Failed || m.Attempts != 1 {
				t.Errorf("%+v", m)
			}
		}
		failed, err := o.ListIn(t.Context(), mail.Failed, 2)
		check(t, err)
		if len(failed) != 2 || failed[0].ID != third || !strings.Contains(failed[0].Error, "mailbox full") {
			t.Errorf("failed are %+v", failed)
		}
		s.mu.Lock()
		full = false
		s.mu.Unlock()
		check(t, o.Retry(t.Context(), first))
		if m := o.settled(first); m.State != mail.Sent || m.Error != "" || m.Text != "" {
			t.Errorf("tried again: %+v", m)
		}
		n, err := o.RetryFailed(t.Context())
		check(t, err)
		if n != 2 {
			t.Errorf("%d were tried again, want 2", n)
		}
		o.settled(second)
		o.settled(third)
		if n := len(s.accepted); n != 3 {
			t.Errorf("%d messages arrived, want 3", n)
		}
		if err := o.Retry(t.Context(), first); !errors.Is(err, fault.Conflict) {
			t.Errorf("trying what was sent again: %v", err)
		}
		if err := o.Retry(t.Context(), mail.ID{1}); !errors.Is(err, fault.NotFound) {
			t.Errorf("trying an unknown one again: %v", err)
		}
	})
}

// Two tasks about one message, as after a retry of one that is under way, send it
// once.
func TestOneAttemptAtATime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *data.DB) {
		begun, goOn := make(chan struct{}), make(chan struct{})
		s := newServer(t, false, func(command string) string {
			if command == "MAIL" {
				close(begun)
				<-goOn
			}
			return ""
		})
		o := newOfficeOf(t, db, through(s), 2)
		id := o.send(reset)
		<-begun
		check(t, o.Retry(t.Context(), id))
		o.flush(again{id}) // by the other worker
		close(goOn)
		if m := o.settled(id); m.State != mail.Sent || s.count("MAIL") != 1 {
			t.Errorf("%s, sent %d times", m.State, s.count("MAIL"))
		}
	})
}

// What a message says and the password of the server are secret, also when the
// server repeats them.
func TestErrorsTellNoSecrets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *data.DB) {
		s := newServer(t, false, func(command string) string {
			if command == "." {
				return "554 5.7.1 hunter2 thinks that https://example.org/reset?token=geheim (TOKEN=geheim) is spam" + strings.Repeat(" really", 200)
			}
			return ""
		})
		var log lockedBuffer
		o := newOffice(t, db, mail.Config{
			SMTP: secret.NewText("smtp://user:hunter2@" + s.addr + "?from=shop@example.org"),
			Log:  slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		m := o.settled(o.send(reset))
		o.flush() // so that it is logged, too
		if !strings.Contains(m.Error, "554") || !strings.Contains(m.Error, "[redacted] thinks that [link] [link] is spam") || len(m.Error) > 510 {
			t.Errorf("the error is %q", m.Error)
		}
		err := o.SendNow(t.Context(), reset)
		if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "[redacted]") {
			t.Errorf("sent at once: %v", err)
		}
		told := fmt.Sprint(log.String(), err, m.Error)
		// The queue keeps what it logs.
		if !strings.Contains(log.String(), m.ID.String()) || !strings.Contains(log.String(), "554") {
			t.Errorf("nothing is told of the failure:\n%s", log.String())
		}
		for _, secret := range []string{"geheim", "hunter2"} {
			if strings.Contains(told, secret) {
				t.Errorf("%s is told:\n%s", secret, told)
			}
		}
	})
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Old messages are forgotten, failed ones lose their text before, and a message
// whose task is lost is taken up.
func TestSweep(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *data.DB) {
		var ahead atomic.Int64
		db = data.New(db.Driver(), func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
		refuses := atomic.Bool{}
		refuses.Store(true)
		s := newServer(t, false, func(command string) string {
			if command == "RCPT" && refuses.Load() {
				return "550 5.1.1 no such person"
			}
			return ""
		})
		o := newOffice(t, db, through(s))
		other := reset
		other.Subject = "second"
		first, second := o.send(reset), o.send(other)
		o.settled(first)
		o.settled(second)
		at := func(age time.Duration) (mail.Mail, error) {
			t.Helper()
			ahead.Store(int64(age))
			o.flush(sweeping{})
			return o.Show(t.Context(), first)
		}
		const day = 24 * time.Hour
		if m, err := at(6 * day); err != nil || m.Text == "" {
			t.Errorf("after 6 days: %+v, %v", m, err)
		}
		// As if its task had gone with the database that this is restored from.
		refuses.Store(false)
		_, err := db.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: "UPDATE mails SET state = 'queued' WHERE subject = 'second'"}})
		check(t, err)
		if m, err := at(8 * day); err != nil || m.Text != "" || m.HTML != "" || m.State != mail.Failed {
			t.Errorf("after 8 days: %+v, %v", m, err)
		}
		if m := o.settled(second); m.State != mail.Sent || m.Attempts != 1 {
			t.Errorf("the one without a task: %+v", m)
		}
		if err := o.Retry(t.Context(), first); !errors.Is(err, fault.Conflict) {
			t.Errorf("trying again what is erased: %v", err)
		}
		if m, err := at(29 * day); err != nil {
			t.Errorf("after 29 days: %+v, %v", m, err)
		}
		if m, err := at(31 * day); !errors.Is(err, fault.NotFound) {
			t.Errorf("after 31 days: %+v, %v, want fault.NotFound", m, err)
		}
	})
}
