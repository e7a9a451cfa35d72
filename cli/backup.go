package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/task"
)

func (p *program) backupCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "backup FILE", Short: "Write an archive that this or another kind of database is restored from", Args: cobra.ExactArgs(1),
		Long: "Write an archive of all tables, as they are at one moment, while the server may run. SQLite and\n" +
			"PostgreSQL are restored from it alike. It does not hold the key file: keep that, too, elsewhere. Nor\n" +
			"does it hold uploaded files, or other databases: back these up with --database, each into its own file.",
	})
	database := withDatabase(c, "main")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.on(ctx, *database, func(cfg config, e *estate) error {
			ran, err := e.Migrator().Current(ctx)
			if err != nil {
				return err
			}
			if len(ran) == 0 {
				return fault.Errorf(fault.NotFound, "%s is empty: there is nothing to back up", called(e.name))
			}
			bar := p.bar()
			m, err := transfer.Backup(ctx, e.db, args[0], transfer.BackupOptions{
				Schemas: e.tables(), Revisions: names(ran), Program: p.name + " " + Version, Progress: bar.step,
			})
			bar.end()
			if err != nil {
				return err
			}
			p.complain(fmt.Sprintf("THE KEY FILE IS NOT IN THE BACKUP: keep a copy of %s elsewhere; without it all sessions and mailed links end, and what was sealed stays so", cfg.keyFile))
			p.others(e.name, "the backup holds the database %s alone: %s must be backed up by --database, each into a file of its own")
			return p.print(f, m, func(w io.Writer) { printCounts(w, "saved", counts(m)) })
		})
	})
	return c
}

func counts(m *transfer.Manifest) (out []transfer.Count) {
	for _, t := range m.Tables {
		out = append(out, t.Count)
	}
	return out
}

func printCounts(w io.Writer, word string, list []transfer.Count) {
	for _, t := range list {
		fmt.Fprintf(w, "%s %s\t%s\t%.12s\n", word, t.Table, plural(int(t.Rows), "row"), t.Checksum)
	}
}

// names returns the revisions as people write them.
func names(list []migrate.Revision) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = r.String()
	}
	return out
}

func (p *program) restoreCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "restore FILE", Short: "Fill an empty database from a backup, and prove that it is the same", Args: cobra.ExactArgs(1),
		Long: "Fill an empty database from a backup, and prove that it is the same. The archive is checked before\n" +
			"anything is changed. Revisions that are newer than the archive run afterwards. Put the key file that\n" +
			"belongs to the backup in its place yourself. Stop the server first.",
	})
	force := c.Flags().Bool("force", false, "drop all that the database holds first; asks")
	yes := c.Flags().Bool("yes", false, "do not ask")
	database := withDatabase(c, "main")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		cfg, err := p.config()
		if err != nil {
			return err
		}
		name := cmp.Or(*database, domain.Main)
		if err := cfg.known(name); err != nil {
			return err
		}
		a, err := transfer.OpenArchive(args[0])
		if err != nil {
			return err
		}
		defer a.Close() // it was only read
		e, err := p.bare(ctx, cfg, name, cfg.at(name))
		if err != nil {
			return err
		}
		defer e.close() // everything is committed by now
		fresh, err := p.fresh(ctx, cfg, name, func(e *estate) error { return e.asOf(ctx, a) })
		if err != nil {
			return err
		}
		if err := p.emptied(ctx, e, "--force", *force, *yes); err != nil {
			return err
		}
		restored, err := p.restore(ctx, e, a, fresh)
		if err != nil {
			return err
		}
		if _, err := os.Stat(cfg.keyFile); errors.Is(err, fs.ErrNotExist) {
			p.complain(fmt.Sprintf("THE KEY FILE IS NOT IN THE BACKUP: put it in its place, %s, before the server starts", cfg.keyFile))
		}
		p.others(name, "restored the database %s alone: %s are as they were")
		return p.print(f, some(restored), func(w io.Writer) { printCounts(w, "restored", restored) })
	})
	return c
}

// restore makes the tables as they were, fills them and brings them up to date.
// Another program may have begun to use them meanwhile: then they have more rows
// than fresh ones, and nothing is restored.
func (p *program) restore(ctx context.Context, e *estate, a *transfer.Archive, fresh map[string]int64) ([]transfer.Count, error) {
	if err := e.asOf(ctx, a); err != nil {
		return nil, err
	}
	bar := p.bar()
	out, err := a.Restore(ctx, e.db, transfer.CopyOptions{Schemas: e.tables(), Replace: true, Most: fresh, Progress: bar.step})
	bar.end()
	if err != nil {
		return nil, err
	}
	_, err = e.Upgrade(ctx)
	return out, err
}

// asOf makes the tables that an archive is of, by its revisions.
func (e *estate) asOf(ctx context.Context, a *transfer.Archive) error {
	old, err := e.olderRevisions(ctx, a)
	if err != nil {
		return err
	}
	if _, err := old.Upgrade(ctx); err != nil {
		return err
	}
	if !slices.ContainsFunc(a.Tables, func(t transfer.Archived) bool { return t.Table == task.Schemas()[0].Table }) {
		return nil
	}
	return task.New(e.db, task.Config{}).Migrate(ctx)
}

// bare opens a database, made now if need be, that is about to be filled as the
// one called name, with an app whose key is not used.
func (p *program) bare(ctx context.Context, cfg config, name string, at location) (*estate, error) {
	if at.isZero() {
		return nil, cfg.located(name)
	}
	db, err := openDatabase(ctx, at, true, p.name)
	if err != nil {
		return nil, err
	}
	e, err := p.around(cfg, name, at, db, slog.LevelWarn)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return e, nil
}

// quiet is above every level of the log.
const quiet = slog.LevelError + 1

// around makes an app whose key is not used around one open database.
func (p *program) around(cfg config, name string, at location, db *data.DB, least slog.Level) (*estate, error) {
	keys, err := throwaway()
	if err != nil {
		return nil, err
	}
	main, others := db, cfg.standIns()
	if name != domain.Main {
		main, others[name] = nowhere(), db
	}
	app, err := p.newApp(cfg, main, others, keys, p.logger(cfg, least), nil)
	if err != nil {
		return nil, err
	}
	return &estate{app, name, at, db, keys, others}, nil
}

// emptied sees to it that a database has no tables. Those of somebody else are in
// the way, too.
func (p *program) emptied(ctx context.Context, e *estate, flag string, force, yes bool) error {
	tables, err := transfer.Tables(ctx, e.db, true)
	if err != nil || len(tables) == 0 {
		return err
	}
	if !force {
		return fault.Errorf(fault.Conflict, "%s is in use: it has %s; %s drops them all", e.at, plural(len(tables), "table"), flag)
	}
	question := fmt.Sprintf("Drop all %s of %s (%s)? What they hold is lost.", plural(len(tables), "table"), e.at, strings.Join(tables, ", "))
	if err := p.unless(ctx, yes, question); err != nil {
		return err
	}
	_, err = transfer.DropAll(ctx, e.db)
	return err
}

// olderRevisions returns a migrator that only knows the archive's revisions, all
// of which the program must know.
func (e *estate) olderRevisions(ctx context.Context, a *transfer.Archive) (*migrate.Migrator, error) {
	fresh := map[string]bool{}
	all, err := e.Migrator().History(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		fresh[r.String()] = r.State != migrate.Unknown
	}
	var sources []migrate.Source
	if len(a.Revisions) > 0 && len(e.Databases()) > 1 && !slices.ContainsFunc(a.Revisions, func(r string) bool { return fresh[r] }) {
		return nil, fault.Errorf(fault.Conflict, "the archive is not of the database %s: it has none of its revisions; say --database", e.name)
	}
	for _, s := range e.Sources() {
		known := map[string]bool{}
		for _, r := range a.Revisions {
			if !fresh[r] {
				return nil, fault.Errorf(fault.Conflict, "the archive is of %s, whose revision %s this program does not know: restore it with a newer one", a.Program, r)
			}
			if name, ok := strings.CutPrefix(r, s.Name+"/"); ok {
				known[name] = true
			}
		}
		sources = append(sources, migrate.Source{Name: s.Name, FS: revisions{s.FS, known}})
	}
	return migrate.New(e.db, sources, migrate.Options{Log: slog.New(slog.DiscardHandler)})
}

// revisions hides the files of revisions that are not known.
type revisions struct {
	fs.FS
	known map[string]bool
}

// ReadDir lists a folder.
func (r revisions) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(r.FS, name)
	return slices.DeleteFunc(list, func(d fs.DirEntry) bool {
		base, _, _ := strings.Cut(path.Base(d.Name()), ".")
		return strings.HasSuffix(d.Name(), ".sql") && !r.known[base]
	}), err
}
