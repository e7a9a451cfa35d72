package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
)

func (p *program) databaseCommand() *cobra.Command {
	c := group("database", "Revisions of the database's tables, and what the tables hold",
		p.upgradeCommand(), p.downgradeCommand(), p.currentCommand(), p.historyCommand(), p.checkCommand())
	c.AddCommand(p.revisionCommands()...)
	c.AddCommand(p.transferCommands()...)
	return c
}

func (p *program) upgradeCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "upgrade [REVISION | +N]", Short: "Run the revisions that are pending, as serve does when it starts", Args: cobra.MaximumNArgs(1),
		Long: "Run the revisions that are pending, as serve does when it starts: all of them, those up to REVISION, or the next N.\n" + aboutRevisions,
	})
	printed := withSQL(c)
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		to, err := target(args, '+')
		if err != nil {
			return err
		}
		if *printed {
			return p.printSQL(ctx, f, func(m *migrate.Migrator) (string, error) { return m.UpgradeScript(ctx, to) })
		}
		cfg, err := p.config()
		if err != nil {
			return err
		}
		e, err := p.open(ctx, cfg, toFound, p.logger(cfg, slog.LevelWarn), nil)
		if err != nil {
			return err
		}
		defer e.db.Close() // everything is committed by now
		ran, err := upgradeTo(ctx, e, to)
		if err != nil {
			return err
		}
		return p.print(f, some(ran), func(w io.Writer) {
			for _, r := range ran {
				fmt.Fprintf(w, "applied %s\n", r)
			}
			if len(ran) == 0 {
				fmt.Fprintln(w, "nothing is pending")
			}
		})
	})
	return c
}

// upgradeTo returns what ran. All the way, tables of other packages come along.
func upgradeTo(ctx context.Context, e *estate, to migrate.Target) ([]migrate.Revision, error) {
	if to != (migrate.Target{}) {
		return e.Migrator().UpgradeTo(ctx, to)
	}
	n, err := e.Upgrade(ctx)
	if err != nil {
		return nil, err
	}
	ran, err := e.Migrator().Current(ctx)
	if err != nil {
		return nil, err
	}
	return ran[len(ran)-min(n, len(ran)):], nil
}

func (p *program) downgradeCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "downgrade [REVISION | -N]", Short: "Undo the latest revisions, with the data that they made room for", Args: cobra.MaximumNArgs(1),
		Long: "Undo the latest revisions, with the data that they made room for: one, N, or all that ran after REVISION.\n\"base\" undoes everything.\n" + aboutRevisions,
	})
	steps := c.Flags().IntP("number", "n", 1, "how many revisions to undo")
	yes := c.Flags().Bool("yes", false, "do not ask")
	printed := withSQL(c)
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		to := migrate.Target{Steps: *steps}
		switch {
		case len(args) == 1 && c.Flags().Changed("number"):
			return misused("say a revision or a number, not both")
		case len(args) == 1:
			to = migrate.Target{Revision: args[0]}
		case *steps < 1:
			return misused("--number must be at least 1, not %d", *steps)
		}
		if *printed {
			return p.printSQL(ctx, f, func(m *migrate.Migrator) (string, error) { return m.DowngradeScript(ctx, to) })
		}
		return p.with(ctx, toLook, func(e *estate) error {
			plan, err := e.Migrator().PlanDowngrade(ctx, to)
			if err != nil {
				return err
			}
			if !*yes && len(plan) > 0 {
				if err := p.confirm(ctx, fmt.Sprintf("Undo %s? Data that only they made room for is lost.", revisionNames(plan))); err != nil {
					return err
				}
			}
			undone, err := e.Migrator().DowngradeTo(ctx, to)
			if err != nil {
				return err
			}
			return p.print(f, some(undone), func(w io.Writer) {
				for _, r := range undone {
					fmt.Fprintf(w, "undone %s\n", r)
				}
				if len(undone) == 0 {
					fmt.Fprintln(w, "there is nothing to undo")
				}
			})
		})
	})
	return c
}

func revisionNames(list []migrate.Revision) string {
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.String()
	}
	return strings.Join(names, ", ")
}

func (p *program) currentCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "current", Aliases: []string{"show-current-revision"}, Short: "List the revisions that ran", Args: cobra.NoArgs})
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		return p.with(ctx, toLook, func(e *estate) error {
			ran, err := e.Migrator().Current(ctx)
			if err != nil {
				return err
			}
			return p.printRevisions(f, ran)
		})
	})
	return c
}

func (p *program) historyCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "history", Short: "List all revisions, those that ran and those that will", Args: cobra.NoArgs})
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		return p.with(ctx, toLook, func(e *estate) error {
			all, err := e.Migrator().History(ctx)
			if err != nil {
				return err
			}
			return p.printRevisions(f, all)
		})
	})
	return c
}

func (p *program) printRevisions(f *format, list []migrate.Revision) error {
	return p.print(f, some(list), func(w io.Writer) {
		fmt.Fprint(w, "REVISION\tSTATE\tAPPLIED AT\n")
		for _, r := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\n", r, r.State, when(r.AppliedAt))
		}
	})
}

func (p *program) checkCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "check", Short: "Tell what is pending and where the tables differ from what this program expects", Args: cobra.NoArgs,
		Long: "Tell what is pending and where the tables differ from what this program expects.\nChanges nothing. Ends with 1 if there is anything to tell.",
	})
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		return p.with(ctx, toLook, func(e *estate) error {
			report, err := check(ctx, e)
			if err != nil {
				return err
			}
			report.Pending, report.Changed, report.Unknown = some(report.Pending), some(report.Changed), some(report.Unknown)
			report.Drift = some(report.Drift)
			if err := p.print(f, report, func(w io.Writer) { printReport(w, report) }); err != nil || report.OK() {
				return err
			}
			return fault.Errorf(fault.Conflict, "the database is not as this program expects it")
		})
	})
	return c
}

// check is the migrator's, but does not compare tables while revisions are
// pending: all that they will do would be told a second time.
func check(ctx context.Context, e *estate) (migrate.Report, error) {
	pending, err := e.Migrator().Pending(ctx)
	if err != nil || len(pending) == 0 {
		if err != nil {
			return migrate.Report{}, err
		}
		return e.Migrator().Check(ctx, e.Schemas())
	}
	return e.Migrator().Check(ctx, nil)
}

func printReport(w io.Writer, r migrate.Report) {
	for _, group := range []struct {
		word string
		list []migrate.Revision
	}{{"pending", r.Pending}, {"changed since it ran", r.Changed}, {"unknown to this program", r.Unknown}} {
		for _, revision := range group.list {
			fmt.Fprintf(w, "%s: %s\n", group.word, revision)
		}
	}
	for _, line := range r.Drift {
		fmt.Fprintf(w, "drift: %s\n", line)
	}
	if r.OK() {
		fmt.Fprintln(w, "the database is as this program expects it")
	}
}
