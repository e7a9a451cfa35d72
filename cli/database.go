package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/domain"
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
		Long: "Run the revisions that are pending, as serve does when it starts: all of them, those up to REVISION, or the next N.\n" +
			"Without REVISION and N that is in all databases, main first.\n" + aboutRevisions,
	})
	database, printed := withDatabase(c, "all"), withSQL(c)
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		to, err := target(args, '+')
		if err != nil {
			return err
		}
		if len(args) > 0 {
			if err := p.only(*database, "a revision or a number"); err != nil {
				return err
			}
		}
		if *printed {
			return p.printSQL(ctx, f, *database, func(m *migrate.Migrator) (string, error) { return m.UpgradeScript(ctx, to) })
		}
		ran := []placed{}
		err = p.onEach(ctx, *database, toFound, func(e *estate) error {
			list, err := upgradeTo(ctx, e, to)
			ran = append(ran, e.placed(list)...)
			return err
		})
		if err != nil {
			for _, r := range ran { // of the databases before
				p.complain(fmt.Sprintf("applied %s in %s", r.Revision, r.Database))
			}
			return err
		}
		return p.print(f, ran, func(w io.Writer) {
			for _, r := range ran {
				fmt.Fprintf(w, "applied %s%s\n", r.Revision, p.in(r.Database))
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
	database, printed := withDatabase(c, "main"), withSQL(c)
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
			return p.printSQL(ctx, f, *database, func(m *migrate.Migrator) (string, error) { return m.DowngradeScript(ctx, to) })
		}
		return p.on(ctx, *database, func(_ config, e *estate) error {
			plan, err := e.Migrator().PlanDowngrade(ctx, to)
			if err != nil {
				return err
			}
			if !*yes && len(plan) > 0 {
				if err := p.confirm(ctx, fmt.Sprintf("Undo %s in %s? Data that only they made room for is lost.", strings.Join(names(plan), ", "), e.at)); err != nil {
					return err
				}
			}
			undone, err := e.Migrator().DowngradeTo(ctx, to)
			if err != nil {
				return err
			}
			return p.print(f, e.placed(undone), func(w io.Writer) {
				for _, r := range undone {
					fmt.Fprintf(w, "undone %s%s\n", r, p.in(e.name))
				}
				if len(undone) == 0 {
					fmt.Fprintln(w, "there is nothing to undo")
				}
			})
		})
	})
	return c
}

func (p *program) currentCommand() *cobra.Command {
	return p.listCommand("current", "List the revisions that ran", (*migrate.Migrator).Current, "show-current-revision")
}

func (p *program) historyCommand() *cobra.Command {
	return p.listCommand("history", "List all revisions, those that ran and those that will", (*migrate.Migrator).History)
}

func (p *program) headsCommand() *cobra.Command {
	return p.listCommand("heads", "List the last revision of each domain", (*migrate.Migrator).Heads)
}

// listCommand lists what list returns, of one database or all.
func (p *program) listCommand(use, short string, list func(*migrate.Migrator, context.Context) ([]migrate.Revision, error), aliases ...string) *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: use, Aliases: aliases, Short: short, Args: cobra.NoArgs})
	database := withDatabase(c, "all")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		all := []placed{}
		err := p.onEach(ctx, *database, toLook, func(e *estate) error {
			revisions, err := list(e.Migrator(), ctx)
			all = append(all, e.placed(revisions)...)
			return err
		})
		if err != nil {
			return err
		}
		return p.printRevisions(f, all)
	})
	return c
}

func (p *program) checkCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "check", Short: "Tell what is pending and where the tables differ from what this program expects", Args: cobra.NoArgs,
		Long: "Tell what is pending and where the tables differ from what this program expects, in all\ndatabases or one. Changes nothing. Ends with 1 if there is anything to tell.",
	})
	database := withDatabase(c, "all")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		report := report{[]placed{}, []placed{}, []placed{}, []string{}}
		err := p.onEach(ctx, *database, toLook, func(e *estate) error {
			r, err := check(ctx, e)
			report.add(e, r)
			return err
		})
		if err != nil {
			return err
		}
		if err := p.print(f, report, func(w io.Writer) { p.printReport(w, report, *database) }); err != nil || report.ok() {
			return err
		}
		return fault.Errorf(fault.Conflict, "%s", p.judged(*database, "not "))
	})
	return c
}

// judged says whether databases are as they should be: not is "" or "not ".
func (p *program) judged(database, not string) string {
	if database == "" && p.several() {
		return "the databases are " + not + "as this program expects them"
	}
	return called(cmp.Or(database, domain.Main)) + " is " + not + "as this program expects it"
}

// A report says what is wrong with one database, or all.
type report struct {
	Pending []placed `json:"pending"`
	Changed []placed `json:"changed"`
	Unknown []placed `json:"unknown"`
	Drift   []string `json:"drift"`
}

func (r *report) add(e *estate, more migrate.Report) {
	r.Pending = append(r.Pending, e.placed(more.Pending)...)
	r.Changed = append(r.Changed, e.placed(more.Changed)...)
	r.Unknown = append(r.Unknown, e.placed(more.Unknown)...)
	for _, line := range more.Drift {
		if e.name != domain.Main {
			line = "database " + e.name + ": " + line
		}
		r.Drift = append(r.Drift, line)
	}
}

func (r *report) ok() bool { return len(r.Pending)+len(r.Changed)+len(r.Unknown)+len(r.Drift) == 0 }

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

func (p *program) printReport(w io.Writer, r report, database string) {
	for _, group := range []struct {
		word string
		list []placed
	}{{"pending", r.Pending}, {"changed since it ran", r.Changed}, {"unknown to this program", r.Unknown}} {
		for _, revision := range group.list {
			fmt.Fprintf(w, "%s: %s%s\n", group.word, revision.Revision, p.in(revision.Database))
		}
	}
	for _, line := range r.Drift {
		fmt.Fprintf(w, "drift: %s\n", line)
	}
	if r.ok() {
		fmt.Fprintln(w, p.judged(database, ""))
	}
}
