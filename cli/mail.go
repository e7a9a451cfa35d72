package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/mail"
)

func (p *program) mailCommand() *cobra.Command {
	return group("mail", "Messages that were sent or kept", p.listMailCommand(), p.showMailCommand())
}

// A listedMail is what programs see of a message in a list.
type listedMail struct {
	ID        mail.ID    `json:"id"`
	To        string     `json:"to"`
	Subject   string     `json:"subject"`
	CreatedAt time.Time  `json:"created_at"`
	State     mail.State `json:"state"`
}

func (p *program) listMailCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "list", Short: "List messages, the newest first", Args: cobra.NoArgs})
	limit := c.Flags().Int("limit", 50, "at most so many")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		if *limit < 1 {
			return misused("--limit must be at least 1")
		}
		return p.with(ctx, toUse, func(e *estate) error {
			mails, err := e.Mail().List(ctx, *limit)
			if err != nil {
				return err
			}
			list := []listedMail{}
			for _, m := range mails {
				list = append(list, listedMail{m.ID, m.To, m.Subject, m.CreatedAt, m.State})
			}
			return p.print(f, list, func(w io.Writer) {
				fmt.Fprint(w, "ID\tTO\tSUBJECT\tCREATED\tSTATE\n")
				for _, m := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.ID, cell(m.To), cell(m.Subject), when(m.CreatedAt), m.State)
				}
			})
		})
	})
	return c
}

func (p *program) showMailCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "show ID", Short: "Show one message", Args: cobra.ExactArgs(1)})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		id, err := data.ParseID[mail.Mail](args[0])
		if err != nil {
			return misused("%q is not the id of a message: mail list shows them", args[0])
		}
		return p.with(ctx, toUse, func(e *estate) error {
			m, err := e.Mail().Show(ctx, id)
			if fault.KindOf(err) == fault.NotFound {
				return fault.Errorf(fault.NotFound, "there is no message %s", id)
			}
			if err != nil {
				return err
			}
			return p.print(f, m, func(w io.Writer) { printMail(w, &m) })
		})
	})
	return c
}

func printMail(w io.Writer, m *mail.Mail) {
	fmt.Fprintf(w, "To: %s\nSubject: %s\nDate: %s\nState: %s\n", cell(m.To), cell(m.Subject), when(m.CreatedAt), m.State)
	if m.Error != "" {
		fmt.Fprintf(w, "Error: %s\n", cell(m.Error))
	}
	body := m.Text
	if body == "" {
		body = m.HTML
	}
	if body == "" {
		body = "The text was erased when the message had left."
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
