package manortest

import (
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/mail"
)

// maxMails is how far back LastMail looks.
const maxMails = 1000

// LastMail returns the newest message to an address, once all tasks are done
// that may mail one. There must be one.
func (a *App) LastMail(t *testing.T, to string) mail.Mail {
	t.Helper()
	if !a.idle {
		a.WaitTasks(t)
	}
	listed, err := a.Mail().List(t.Context(), maxMails)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range listed {
		if m.To == to {
			whole, err := a.Mail().Show(t.Context(), m.ID)
			if err != nil {
				t.Fatal(err)
			}
			return whole
		}
	}
	t.Fatalf("manortest: no mail to %s", to)
	return mail.Mail{}
}

var tokenInLink = regexp.MustCompile(`[?&]token=([A-Za-z0-9_-]+)`)

// MailedToken returns the token in the link of the newest message to an
// address.
func (a *App) MailedToken(t *testing.T, to string) string {
	t.Helper()
	m := a.LastMail(t, to)
	found := tokenInLink.FindStringSubmatch(m.Text)
	if found == nil {
		t.Fatalf("manortest: no link with a token in the mail %q to %s", m.Subject, to)
	}
	return found[1]
}

// unfinished counts the tasks that are to be done now, being done, or to be
// tried again.
var unfinished = data.NewSelect[struct {
	N int `db:"n"`
}](`SELECT count(*) AS n FROM river_job WHERE state IN ('available', 'pending', 'retryable', 'running')`, "")

const (
	taskWait  = 30 * time.Second
	taskCheck = 5 * time.Millisecond
)

// WaitTasks returns when all tasks that were enqueued are done. A task that
// fails, or takes half a minute, ends the test.
func (a *App) WaitTasks(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), taskWait)
	defer cancel()
	tick := time.NewTicker(taskCheck)
	defer tick.Stop()
	for {
		left, err := unfinished.One(ctx, a.DB)
		if err == nil && left.N == 0 {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("manortest: %d tasks are not done after %v (%v)", left.N, taskWait, err)
		case <-tick.C:
		}
	}
}
