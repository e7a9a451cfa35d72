package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
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

// printSQL prints what script returns for a database. It looks at the database
// to find out what ran, if it is there.
func (p *program) printSQL(ctx context.Context, f *format, database string, script func(*migrate.Migrator) (string, error)) error {
	if err := p.only(database, "--sql"); err != nil {
		return err
	}
	prints := func(m *migrate.Migrator) error {
		text, err := script(m)
		if err != nil {
			return err
		}
		answer := struct {
			Dialect string `json:"dialect"`
			SQL     string `json:"sql"`
		}{m.Dialect(), text}
		return p.verbatim(f, answer, text)
	}
	c, err := p.config()
	if err != nil {
		return err
	}
	name := cmp.Or(database, domain.Main)
	e, err := p.openOne(ctx, c, name, toLook, p.logger(c, slog.LevelWarn))
	if fault.KindOf(err) == fault.NotFound && c.known(name) == nil && c.at(name).file != "" {
		return p.anew(ctx, c, name, prints) // as a new database of this kind
	}
	if err != nil {
		return err
	}
	defer e.close() // nothing was written
	return prints(e.Migrator())
}

// anew runs fn on what runs the revisions of a database that is empty.
func (p *program) anew(ctx context.Context, c config, name string, fn func(*migrate.Migrator) error) error {
	return p.onEmpty(ctx, func(db *data.DB, _ *secret.Keyring) error {
		e, err := p.around(c, name, c.at(name), db, slog.LevelWarn)
		if err != nil {
			return err
		}
		return fn(e.Migrator())
	})
}

func (p *program) stampCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "stamp REVISION", Aliases: []string{"stamp-migration"}, Short: "Note that revisions ran, without running them", Args: cobra.ExactArgs(1),
		Long: "Note that the revisions of a domain ran up to REVISION and no further, without running or undoing any.\n" +
			"Files that were edited after they ran are accepted as they are. \"head\" stands for all\nrevisions of all domains, \"base\" for none, DOMAIN/base for none of one.\n" + aboutRevisions,
	})
	purge := c.Flags().Bool("purge", false, "forget all that was noted before, what this program does not know included")
	yes := c.Flags().Bool("yes", false, "do not ask")
	database, printed := withDatabase(c, "main"), withSQL(c)
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		if *printed {
			return p.printSQL(ctx, f, *database, func(m *migrate.Migrator) (string, error) { return m.StampScript(ctx, args[0], *purge) })
		}
		return p.on(ctx, *database, func(_ config, e *estate) error {
			if _, err := e.Migrator().StampScript(ctx, args[0], *purge); err != nil {
				return err // before anybody is asked
			}
			if !*yes {
				if err := p.confirm(ctx, fmt.Sprintf("Note that %s is at %s, whatever its tables are?", e.at, args[0])); err != nil {
					return err
				}
			}
			noted, err := e.Migrator().Stamp(ctx, args[0], *purge)
			if err != nil {
				return err
			}
			return p.printRevisions(f, e.placed(noted))
		})
	})
	return c
}

func (p *program) showCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "show REVISION", Short: "Show a revision with its SQL", Args: cobra.ExactArgs(1), Long: "Show a revision with its SQL for the database in use.\n" + aboutRevisions})
	database := withDatabase(c, "main")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.on(ctx, *database, func(_ config, e *estate) error {
			d, err := e.Migrator().Show(ctx, args[0])
			if err != nil {
				return err
			}
			text := fmt.Sprintf("%s %s %s\nsha256 %s\n\n-- up\n%s\n", d.Revision, d.State, when(d.AppliedAt), d.Checksum, d.Up)
			if d.Undoable {
				text += fmt.Sprintf("\n-- down\n%s\n", d.Down)
			}
			return p.verbatim(f, struct {
				Database string `json:"database"`
				migrate.Detail
			}{e.name, d}, text)
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
