package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/mail"
)

// readTemplates reads the folder of mails, all of them: what is wrong with one is
// found before anything begins, and not when somebody waits for it.
func readTemplates(c *config, s string) error {
	info, err := os.Stat(s)
	switch {
	case err != nil:
		return fmt.Errorf("cannot be read: %w", err)
	case !info.IsDir():
		return fmt.Errorf("must name a folder, not the file %s", s)
	}
	folder := os.DirFS(s)
	if _, err := accounts.ParseLetters(folder); err != nil {
		return errors.New("holds what is no mail: " + message(err))
	}
	c.templates = folder
	return nil
}

// checkTemplates says which languages mails are in. Settings have told if they
// cannot be read.
func (e *examination) checkTemplates() {
	letters, err := accounts.ParseLetters(e.config.templates)
	if e.fails("letters", err) {
		return
	}
	replaced := 0
	for _, o := range letters.Origins() {
		if o.Replaced {
			replaced++
		}
	}
	e.note("letters", fine, "%d in %s, %d of them replaced or added by MANOR_TEMPLATES", len(letters.Names()), strings.Join(letters.Languages(), ", "), replaced)
}

func (p *program) templatesCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "templates", Short: "List the words of mails, by letter and language, or write them into a folder", Args: cobra.NoArgs,
		Long: "List the words of mails, by letter and language. With --export, write the built-in files into a\n" +
			"folder, to be changed there and used with MANOR_TEMPLATES; no file is overwritten.",
	})
	export := c.Flags().String("export", "", "write the built-in files into this `folder`")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		if *export != "" {
			err := os.CopyFS(*export, accounts.LetterFiles())
			if errors.Is(err, fs.ErrExist) {
				return fault.Errorf(fault.Conflict, "%v: nothing is overwritten", err)
			}
			return err
		}
		letters, err := p.letters()
		if err != nil {
			return err
		}
		return p.print(f, letters.Origins(), func(w io.Writer) {
			fmt.Fprint(w, "LETTER\tLANGUAGE\tTEXT\tHTML\tFROM\n")
			for _, o := range letters.Origins() {
				page, from := o.HTML, "built in"
				if page == "" {
					page = "made of the text"
				}
				if o.Replaced {
					from = "MANOR_TEMPLATES"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", o.Letter, o.Language, o.Text, page, from)
			}
		})
	})
	return c
}

// letters returns the mails as the settings have them.
func (p *program) letters() (*mail.Letters, error) {
	c, err := p.config()
	if err != nil {
		return nil, err
	}
	return accounts.ParseLetters(c.templates)
}

// A previewed letter is a sample of one.
type previewed struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

func (p *program) previewCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "preview NAME", Short: "Print a sample of a letter", Args: cobra.ExactArgs(1),
		Long: "Print a sample of a letter as people get it. mail templates lists their names.",
	})
	lang := c.Flags().String("lang", mail.English, "the `language`, such as en or zh")
	page := c.Flags().Bool("html", false, "print the HTML instead of the text")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		letters, err := p.letters()
		if err != nil {
			return err
		}
		if !slices.Contains(letters.Languages(), *lang) {
			return misused("--lang must be one of %s, not %q", strings.Join(letters.Languages(), ", "), *lang)
		}
		m, err := letters.Sample(args[0], *lang, "")
		if err != nil {
			return err
		}
		return p.print(f, previewed{m.Subject, m.Text, m.HTML}, func(w io.Writer) {
			if *page {
				fmt.Fprintln(w, m.HTML)
				return
			}
			fmt.Fprintf(w, "Subject: %s\n\n%s\n", m.Subject, m.Text)
		})
	})
	return c
}

func (p *program) retryMailCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "retry [ID]", Short: "Have messages delivered after all", Args: cobra.MaximumNArgs(1),
		Long: "Have a message that failed or was kept delivered after all, or one that waits for its next\n" +
			"attempt at once; or all that failed. The server does it, now or when it starts.",
	}
	all := c.Flags().Bool("failed", false, "all that failed and still have their text")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		if *all == (len(args) == 1) {
			return misused("name a message, or say --failed")
		}
		return p.with(ctx, toUse, func(e *estate) error {
			n := 1
			if *all {
				var err error
				if n, err = e.Mail().RetryFailed(ctx); err != nil {
					return err
				}
			} else {
				id, err := mailID(args[0])
				if err != nil {
					return err
				}
				if err := e.Mail().Retry(ctx, id); err != nil {
					return noMail(id, err)
				}
			}
			fmt.Fprintf(p.Stdout, "queued %s\n", plural(n, "message"))
			return nil
		})
	})
	return c
}

func (p *program) testMailCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "test ADDRESS", Short: "Send a mail now, to see whether mail works", Args: cobra.ExactArgs(1),
		Long: "Send a mail now by MANOR_SMTP_URL, to see whether mail works. Nothing is stored.",
	}
	lang := c.Flags().String("lang", "", "the `language`, such as en or zh")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			m, err := e.Accounts().TestLetter(args[0], *lang)
			if err != nil {
				return err
			}
			if err := e.Mail().SendNow(ctx, m); err != nil {
				return err
			}
			fmt.Fprintf(p.Stdout, "sent to %s: the server accepted it\n", args[0])
			return nil
		})
	})
	return c
}
