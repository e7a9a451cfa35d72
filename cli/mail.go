package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/mail"
)

func (p *program) mailCommand() *cobra.Command {
	return group("mail", "Messages that were sent or kept, and their words", p.listMailCommand(), p.showMailCommand(),
		p.retryMailCommand(), p.testMailCommand(), p.templatesCommand(), p.previewCommand())
}

// A listedMail is what programs see of a message in a list.
type listedMail struct {
	ID        mail.ID    `json:"id"`
	To        string     `json:"to"`
	Subject   string     `json:"subject"`
	CreatedAt time.Time  `json:"created_at"`
	State     mail.State `json:"state"`
	Error     string     `json:"error,omitzero"`
}

func (p *program) listMailCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "list", Short: "List messages, the newest first", Args: cobra.NoArgs})
	limit := c.Flags().Int("limit", 50, "at most so many")
	state := c.Flags().String("state", "", "only those that are queued, sent, kept or failed")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		if *limit < 1 {
			return misused("--limit must be at least 1")
		}
		in := mail.State(*state)
		if !slices.Contains([]mail.State{"", mail.Queued, mail.Sent, mail.Kept, mail.Failed}, in) {
			return misused("--state must be queued, sent, kept or failed, not %q", *state)
		}
		return p.with(ctx, toUse, func(e *estate) error {
			list, err := listMails(ctx, e.Mail(), in, *limit)
			if err != nil {
				return err
			}
			return p.print(f, list, func(w io.Writer) {
				fmt.Fprint(w, "ID\tTO\tSUBJECT\tCREATED\tSTATE\tERROR\n")
				for _, m := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, cell(m.To), cell(m.Subject), when(m.CreatedAt), m.State, cell(m.Error))
				}
			})
		})
	})
	return c
}

// listMails returns the newest messages in a state, "" for all.
func listMails(ctx context.Context, o *mail.Outbox, in mail.State, limit int) ([]listedMail, error) {
	mails, err := o.List(ctx, limit)
	if in != "" {
		mails, err = o.ListIn(ctx, in, limit)
	}
	list := []listedMail{}
	for _, m := range mails {
		list = append(list, listedMail{m.ID, m.To, m.Subject, m.CreatedAt, m.State, m.Error})
	}
	return list, err
}

func (p *program) showMailCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "show ID", Short: "Show one message", Args: cobra.ExactArgs(1)})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		id, err := mailID(args[0])
		if err != nil {
			return err
		}
		return p.with(ctx, toUse, func(e *estate) error {
			m, err := e.Mail().Show(ctx, id)
			if err != nil {
				return noMail(id, err)
			}
			return p.print(f, m, func(w io.Writer) { printMail(w, &m) })
		})
	})
	return c
}

func mailID(arg string) (mail.ID, error) {
	id, err := data.ParseID[mail.Mail](arg)
	if err != nil {
		return id, misused("%q is not the id of a message: mail list shows them", arg)
	}
	return id, nil
}

// noMail says of an error which message it is about, if there is none.
func noMail(id mail.ID, err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return fault.Errorf(fault.NotFound, "there is no message %s", id)
	}
	return err
}

func printMail(w io.Writer, m *mail.Mail) {
	fmt.Fprintf(w, "To: %s\nSubject: %s\nDate: %s\nState: %s\n", cell(m.To), cell(m.Subject), when(m.CreatedAt), m.State)
	if m.Attempts > 0 {
		fmt.Fprintf(w, "Attempts: %d\n", m.Attempts)
	}
	if m.SentAt != nil {
		fmt.Fprintf(w, "Sent: %s\n", when(*m.SentAt))
	}
	if m.Error != "" {
		fmt.Fprintf(w, "Error: %s\n", cell(m.Error))
	}
	body := m.Text
	if body == "" {
		body = m.HTML
	}
	if body == "" {
		body = "The text was erased: the message has left, or failed long ago."
	}
	fmt.Fprintf(w, "\n%s\n", strings.TrimRight(plain(body), "\n"))
}

// plain returns text of several lines in a form that is safe on a terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}
