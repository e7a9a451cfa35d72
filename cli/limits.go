package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/limit"
)

func (p *program) limitsCommand() *cobra.Command {
	return group("limits", "Who is held back for asking too often", p.showLimitsCommand(), p.clearLimitsCommand())
}

// whom returns what the limits are about that hold back who is named: an
// account by e-mail address, username or id, an identifier that has none, or an
// IP address.
func (e *estate) whom(ctx context.Context, named string) ([]string, error) {
	if ip, err := netip.ParseAddr(named); err == nil {
		return []string{limit.Address(ip)}, nil
	}
	u, err := e.find(ctx, named)
	if errors.Is(err, fault.NotFound) {
		return accounts.AboutIdentifier(named), nil
	}
	return accounts.AboutAccount(&u), err
}

func (p *program) showLimitsCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "show IDENTIFIER|ADDRESS", Short: "Show the limits that count somebody, or an IP address", Args: cobra.ExactArgs(1),
		Long: "Show the limits that count an account, named by e-mail address, username or id, or an\n" +
			"IP address. Limits that servers count for themselves show a part only.",
	})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			whom, err := e.whom(ctx, args[0])
			if err != nil {
				return err
			}
			list, err := e.Limits().Show(ctx, whom...)
			if err != nil {
				return err
			}
			return p.print(f, some(list), func(w io.Writer) {
				fmt.Fprint(w, "LIMIT\tUSED\tOF\tCLOSED UNTIL\n")
				for _, s := range list {
					until := "-"
					if !s.Until.IsZero() {
						until = when(s.Until)
					}
					fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", cell(s.Limit), s.Used, s.Of, until)
				}
			})
		})
	})
	return c
}

func (p *program) clearLimitsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "clear IDENTIFIER|ADDRESS", Short: "Let somebody, or an IP address, try again", Args: cobra.ExactArgs(1),
		Long: "Forget what limits have counted of an account, which unlocks it, or of an IP address.\n" +
			"Servers may hold it back for another second.",
	}
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			whom, err := e.whom(ctx, args[0])
			if err != nil {
				return err
			}
			n, err := e.Limits().Forget(ctx, e.db, whom...)
			if err != nil {
				return err
			}
			fmt.Fprintf(p.Stdout, "cleared %s of %s\n", plural(n, "limit"), cell(args[0]))
			return nil
		})
	})
	return c
}
