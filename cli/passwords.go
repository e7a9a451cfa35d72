package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func (p *program) passwordsCommand() *cobra.Command {
	return group("passwords", "Passwords that nobody may choose", p.filterPasswordsCommand())
}

func (p *program) filterPasswordsCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "filter IN OUT", Short: "Make a list for MANOR_PASSWORD_LIST", Args: cobra.ExactArgs(2),
		Long: "Make a list for MANOR_PASSWORD_LIST of a file with one password in each line, or with its\n" +
			"SHA-1 in hexadecimal, as the download of Have I Been Pwned has it; it may be packed by gzip.\n" +
			"The list has three bytes for each password, and tells of none what it is.",
	})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		if filepath.Clean(args[0]) == filepath.Clean(args[1]) {
			return misused("OUT must be another file than IN")
		}
		n, err := secret.BuildPasswordList(ctx, args[0], args[1])
		if err != nil {
			return err
		}
		return p.print(f, map[string]any{"file": args[1], "passwords": n}, func(w io.Writer) {
			fmt.Fprintf(w, "%s\t%s\n", args[1], plural(int(n), "password"))
		})
	})
	return c
}

// readPasswordList opens the list of passwords that nobody may choose.
func readPasswordList(c *config, file string) error {
	list, err := secret.OpenPasswordList(filepath.Clean(file))
	if err != nil {
		if fault.KindOf(err) == fault.Malformed {
			return errors.New("must be a file that passwords filter made")
		}
		return errors.New(message(err))
	}
	c.refused = list // open as long as the program runs
	return nil
}
