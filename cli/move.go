package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
)

func (p *program) moveCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "move --to URL", Short: "Copy everything into another database, and prove that it is the same", Args: cobra.NoArgs,
		Long: "Copy everything into another database, of this or the other kind, and prove that it is the same:\n" +
			"the number of rows and the checksum of each table. Stop the server first: who writes to this\n" +
			"database meanwhile has to wait until all is copied, and then writes to the old one. It stays as it\n" +
			"is. Either all is copied or nothing, so it may be run again. A URL with a password belongs in\n" +
			"MANOR_MOVE_TO, or in the file MANOR_MOVE_TO_FILE.",
	})
	to := c.Flags().String("to", "", "sqlite:`FILE` or postgres://host/name, which must be empty")
	restart := c.Flags().Bool("restart", false, "drop all that the target holds first; asks")
	yes := c.Flags().Bool("yes", false, "do not ask")
	database := withDatabase(c, "main")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		cfg, err := p.config()
		if err != nil {
			return err
		}
		name := cmp.Or(*database, domain.Main)
		if err := cfg.known(name); err != nil {
			return err
		}
		target, err := p.target(cfg.at(name), *to)
		if err != nil {
			return err
		}
		return p.on(ctx, name, func(_ config, from *estate) error {
			if err := p.ready(ctx, from, toUse); err != nil {
				return err
			}
			e, err := p.bare(ctx, cfg, from.name, target)
			if err != nil {
				return err
			}
			defer e.close() // everything is committed by now
			if same, err := transfer.Same(ctx, from.db, e.db); err != nil || same {
				return cmp.Or(err, misused("%s is the database itself, by another name", target))
			}
			fresh, err := p.fresh(ctx, cfg, from.name, func(e *estate) error {
				_, err := e.Upgrade(ctx)
				return err
			})
			if err != nil {
				return err
			}
			migrated, err := onlyMigrated(ctx, e, fresh)
			if err == nil && !migrated {
				err = p.emptied(ctx, e, "--restart", *restart, *yes)
			}
			if err != nil {
				return err
			}
			out, err := p.move(ctx, from, e, fresh)
			if err != nil {
				return err
			}
			p.complain(fmt.Sprintf("all is copied and the same: name the new database in %s%s, and keep the key file %s", prefix, suffixed("DATABASE_URL", from.name), cfg.keyFile))
			p.others(from.name, "moved the database %s alone: %s are where they were")
			return p.print(f, some(out), func(w io.Writer) { printCounts(w, "moved", out) })
		})
	})
	return c
}

// moveTo is of a variable that is no setting: where database move goes.
const moveTo = "MOVE_TO"

// target reads where to move.
func (p *program) target(from location, flag string) (location, error) {
	value, by := flag, "--to"
	switch {
	case value == "":
		var err error
		if value, by, err = p.lookup(moveTo); err != nil {
			return location{}, misused("%s %s", by, err)
		}
		if value == "" {
			return location{}, misused("say where to: --to URL, or MANOR_MOVE_TO")
		}
	case holdsPassword(value):
		return location{}, misused("--to holds a password, which every user of this machine could read: use MANOR_MOVE_TO or MANOR_MOVE_TO_FILE")
	}
	var to location
	if err := to.read(value); err != nil {
		return location{}, misused("%s %s", by, err)
	}
	if sameDatabase(from, to) {
		return location{}, misused("%s is the database itself", by)
	}
	return to, nil
}

func sameDatabase(a, b location) bool {
	if a.file == "" || b.file == "" {
		return a.file == b.file && a.url.Equal(b.url)
	}
	x, xerr := os.Stat(a.file)
	y, yerr := os.Stat(b.file)
	return a.file == b.file || xerr == nil && yerr == nil && os.SameFile(x, y)
}

// move fills a database that is empty but for what revisions put there, which is
// as many rows as a fresh one has.
func (p *program) move(ctx context.Context, from, to *estate, fresh map[string]int64) ([]transfer.Count, error) {
	if _, err := to.Upgrade(ctx); err != nil {
		return nil, err
	}
	if err := sameRevisions(ctx, from.Migrator(), to.Migrator()); err != nil {
		return nil, err
	}
	bar := p.bar()
	defer bar.end()
	return transfer.Copy(ctx, from.db, to.db, transfer.CopyOptions{Schemas: from.tables(), Replace: true, Most: fresh, Still: true, Progress: bar.step})
}

// fresh returns how many rows the tables of a database have that is made now.
func (p *program) fresh(ctx context.Context, cfg config, name string, build func(*estate) error) (map[string]int64, error) {
	dir, err := os.MkdirTemp("", "manor-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // nothing in it is missed
	e, err := p.bare(ctx, cfg, name, location{file: filepath.Join(dir, "fresh.db")})
	if err != nil {
		return nil, err
	}
	defer e.close() // before the folder goes
	if err := build(e); err != nil {
		return nil, err
	}
	return transfer.Rows(ctx, e.db)
}

// onlyMigrated reports whether a database has the rows that revisions put there,
// and no others: as many in each table as a fresh one.
func onlyMigrated(ctx context.Context, e *estate, fresh map[string]int64) (bool, error) {
	if ran, err := e.Migrator().Current(ctx); err != nil || len(ran) == 0 {
		return false, err
	}
	got, err := transfer.Rows(ctx, e.db)
	for table, n := range got {
		if n > fresh[table] {
			return false, err
		}
	}
	return err == nil, err
}

// sameRevisions returns an error if other revisions ran on one database than on
// the other.
func sameRevisions(ctx context.Context, a, b *migrate.Migrator) error {
	here, err := a.Current(ctx)
	if err != nil {
		return err
	}
	there, err := b.Current(ctx)
	if err != nil {
		return err
	}
	x, y := names(here), names(there)
	slices.Sort(x)
	slices.Sort(y)
	if !slices.Equal(x, y) {
		return fault.Errorf(fault.Conflict, "the databases have different revisions: %s here, %s there", strings.Join(x, ", "), strings.Join(y, ", "))
	}
	return nil
}
