package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
)

// aboutRevisions ends the help of commands that take a revision.
const aboutRevisions = `
A revision is written as users/0002_avatar, or as any beginning of that which
fits no other one: users/0002, users/ava, 0002, avatar.`

// revisionCommands are those about revisions that serve does not need.
func (p *program) revisionCommands() []*cobra.Command {
	return []*cobra.Command{
		p.initCommand(), p.makeCommand(), p.mergeCommand(), p.branchesCommand(),
		p.stampCommand(), p.showCommand(), p.headsCommand(),
	}
}

var (
	steps    = regexp.MustCompile(`^[+-]\d+$`)
	backward = regexp.MustCompile(`^-\d+$`)
)

// target reads a revision, or a number of steps after its sign.
func target(args []string, sign byte) (migrate.Target, error) {
	if len(args) == 0 {
		return migrate.Target{}, nil
	}
	if !steps.MatchString(args[0]) {
		return migrate.Target{Revision: args[0]}, nil
	}
	n, err := strconv.Atoi(args[0][1:])
	if args[0][0] != sign || err != nil || n < 1 {
		return migrate.Target{}, misused("%s is not a number of steps that can be gone", args[0])
	}
	return migrate.Target{Steps: n}, nil
}

// relative lets people say "downgrade -2", which looks like a flag.
func relative(args []string) []string {
	at := slices.Index(args, "downgrade")
	if at < 0 {
		return args
	}
	out := slices.Clone(args)
	for i := at + 1; i < len(out); i++ {
		if backward.MatchString(out[i]) && out[i-1] != "-n" && out[i-1] != "--number" {
			out[i] = "--number=" + out[i][1:]
		}
	}
	return out
}

// withSQL gives a command the flag --sql.
func withSQL(c *cobra.Command) *bool {
	return c.Flags().Bool("sql", false, "print the SQL instead of running it")
}

// printSQL prints what script returns. It looks at the database to find out
// what ran, if it is there.
func (p *program) printSQL(ctx context.Context, f *format, script func(*migrate.Migrator) (string, error)) error {
	prints := func(a *manor.App) error {
		text, err := script(a.Migrator())
		if err != nil {
			return err
		}
		answer := struct {
			Dialect string `json:"dialect"`
			SQL     string `json:"sql"`
		}{a.Migrator().Dialect(), text}
		return p.verbatim(f, answer, text)
	}
	c, err := p.config()
	if err != nil {
		return err
	}
	e, err := p.open(ctx, c, toLook, p.logger(c, slog.LevelWarn), nil)
	if fault.KindOf(err) == fault.NotFound && c.database.file != "" {
		return p.described(ctx, prints) // as a new database of this kind
	}
	if err != nil {
		return err
	}
	defer e.db.Close() // nothing was written
	return prints(e.App)
}

func (p *program) stampCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "stamp REVISION", Aliases: []string{"stamp-migration"}, Short: "Note that revisions ran, without running them", Args: cobra.ExactArgs(1),
		Long: "Note that the revisions of a domain ran up to REVISION and no further, without running or undoing any.\n" +
			"Files that were edited after they ran are accepted as they are. \"head\" stands for all\nrevisions of all domains, \"base\" for none, DOMAIN/base for none of one.\n" + aboutRevisions,
	})
	purge := c.Flags().Bool("purge", false, "forget all that was noted before, what this program does not know included")
	yes := c.Flags().Bool("yes", false, "do not ask")
	printed := withSQL(c)
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		if *printed {
			return p.printSQL(ctx, f, func(m *migrate.Migrator) (string, error) { return m.StampScript(ctx, args[0], *purge) })
		}
		return p.with(ctx, toLook, func(e *estate) error {
			if _, err := e.Migrator().StampScript(ctx, args[0], *purge); err != nil {
				return err // before anybody is asked
			}
			if !*yes {
				if err := p.confirm(ctx, fmt.Sprintf("Note that the database is at %s, whatever its tables are?", args[0])); err != nil {
					return err
				}
			}
			noted, err := e.Migrator().Stamp(ctx, args[0], *purge)
			if err != nil {
				return err
			}
			return p.printRevisions(f, noted)
		})
	})
	return c
}

func (p *program) showCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "show REVISION", Short: "Show a revision with its SQL", Args: cobra.ExactArgs(1), Long: "Show a revision with its SQL for the database in use.\n" + aboutRevisions})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toLook, func(e *estate) error {
			d, err := e.Migrator().Show(ctx, args[0])
			if err != nil {
				return err
			}
			text := fmt.Sprintf("%s %s %s\nsha256 %s\n\n-- up\n%s\n", d.Revision, d.State, when(d.AppliedAt), d.Checksum, d.Up)
			if d.Undoable {
				text += fmt.Sprintf("\n-- down\n%s\n", d.Down)
			}
			return p.verbatim(f, d, text)
		})
	})
	return c
}

func (p *program) headsCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "heads", Short: "List the last revision of each domain", Args: cobra.NoArgs})
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		return p.with(ctx, toLook, func(e *estate) error {
			heads, err := e.Migrator().Heads(ctx)
			if err != nil {
				return err
			}
			return p.printRevisions(f, heads)
		})
	})
	return c
}

// verbatim prints v as JSON, or text as it is: print would align its tabs.
func (p *program) verbatim(f *format, v any, text string) error {
	if *f == asJSON {
		return p.print(f, v, nil)
	}
	_, err := io.WriteString(p.Stdout, text)
	return err
}
