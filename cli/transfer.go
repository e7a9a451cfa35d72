package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/task"
)

// transferCommands are those of database that carry rows.
func (p *program) transferCommands() []*cobra.Command {
	return []*cobra.Command{
		p.dumpCommand(), p.loadCommand(), p.moveCommand(), p.backupCommand(), p.restoreCommand(), p.dropCommand(),
	}
}

// tables describes all tables of the database: those of the domains, and in main
// the queue's.
func (e *estate) tables() []data.Schema {
	if e.name != domain.Main {
		return e.Schemas()
	}
	return append(e.Schemas(), task.Schemas()...)
}

func (p *program) dumpCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "dump-data {--table NAME… | --all}", Short: "Write tables into files, one for each", Args: cobra.NoArgs,
		Long: "Write tables into files, one for each, as they are at one moment, in the order of their keys.\n" +
			"The files are as sensitive as the database, and readable by their owner only.",
	})
	opts := transfer.DumpOptions{}
	c.Flags().StringArrayVar(&opts.Tables, "table", nil, "`name` of a table; may be said several times, * means all")
	all := c.Flags().Bool("all", false, "all tables, those of the tasks included")
	dir := c.Flags().String("dir", "fixtures", "`folder` to write into, made if need be")
	c.Flags().StringVar(&opts.Format, "format", "json", "`json, ndjson or csv`")
	c.Flags().StringVar(&opts.Compress, "compress", "", "`gz or zip` (default: none)")
	yes := c.Flags().Bool("yes", false, "do not ask")
	database := withDatabase(c, "main")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		whole := *all || slices.Contains(opts.Tables, "*")
		switch {
		case !whole && len(opts.Tables) == 0:
			return misused("say which tables: --table NAME or --all")
		case !slices.Contains([]string{"json", "ndjson", "csv"}, opts.Format):
			return misused("--format must be json, ndjson or csv")
		case !slices.Contains([]string{"", "gz", "zip"}, opts.Compress):
			return misused("--compress must be gz or zip")
		}
		return p.on(ctx, *database, func(_ config, e *estate) error {
			if whole {
				opts.Tables = nil
				question := fmt.Sprintf("Write all tables of %s into %s? They hold everything that the database does.", e.at, *dir)
				if err := p.unless(ctx, *yes, question); err != nil {
					return err
				}
			}
			bar := p.bar()
			opts.Schemas, opts.Progress = e.tables(), bar.step
			out, err := transfer.Dump(ctx, e.db, *dir, opts)
			bar.end()
			if err != nil {
				return err
			}
			p.complain("the files hold digests, addresses and whatever else the tables do: treat them like the database")
			return p.print(f, out, func(w io.Writer) {
				for _, d := range out {
					fmt.Fprintf(w, "%s\t%s\n", d.File, plural(int(d.Rows), "row"))
				}
			})
		})
	})
	return c
}

// unless asks, unless the answer is known.
func (p *program) unless(ctx context.Context, yes bool, question string) error {
	if yes {
		return nil
	}
	return p.confirm(ctx, question)
}

func (p *program) loadCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "load-data {FILE | DIR}…", Short: "Add the rows of files to the tables that they are named after", Args: cobra.MinimumNArgs(1),
		Long: "Add the rows of files to the tables that they are named after, what is referred to first.\n" +
			"Files are NAME.json, NAME.ndjson or NAME.csv, alone or with .gz or .zip. Rows are stored in\n" +
			"batches; the first bad row ends the work, and nothing of its batch is stored. When it is\n" +
			"mended, the same command goes on from there.",
	})
	opts := transfer.LoadOptions{}
	c.Flags().StringSliceVar(&opts.Match, "match", nil, "`columns`, unique together, by which rows that are there are found and changed")
	c.Flags().BoolVar(&opts.MatchKey, "match-key", false, "match by the primary key of each table")
	c.Flags().BoolVar(&opts.DryRun, "dry-run", false, "do everything, and undo it")
	c.Flags().BoolVar(&opts.Atomic, "atomic", false, "store all rows, or none")
	c.Flags().BoolVar(&opts.Restart, "restart", false, "forget how far an earlier load of these files came")
	c.Flags().IntVar(&opts.Batch, "batch", 1000, "`rows` that are stored together")
	database := withDatabase(c, "main")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		switch {
		case opts.Batch < 1:
			return misused("--batch must be at least 1")
		case opts.MatchKey && opts.Match != nil:
			return misused("--match and --match-key are both said: choose one")
		}
		return p.on(ctx, *database, func(_ config, e *estate) error {
			if err := p.ready(ctx, e, toUse); err != nil {
				return err
			}
			fixtures, err := openFixtures(args)
			defer func() {
				for _, f := range fixtures {
					f.Close() // it was only read
				}
			}()
			if err != nil {
				return err
			}
			bar := p.bar()
			opts.Schemas, opts.Progress = e.tables(), bar.step
			out, err := transfer.Load(ctx, e.db, fixtures, opts)
			bar.end()
			if err != nil {
				return err
			}
			return p.print(f, some(out), func(w io.Writer) {
				for _, l := range out {
					note := ""
					if l.Found > 0 {
						note = fmt.Sprintf(", after %d that were loaded before", l.Found)
					}
					if opts.DryRun {
						note += ", and undone"
					}
					fmt.Fprintf(w, "%s\t%s%s\n", l.Table, plural(int(l.Rows), "row"), note)
				}
			})
		})
	})
	return c
}

// openFixtures opens files, and those in folders that hold rows.
func openFixtures(paths []string) (out []*transfer.Fixture, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return out, fault.Errorf(fault.NotFound, "%s does not exist", path)
		}
		files := []string{filepath.Base(path)}
		dir := filepath.Dir(path)
		if info.IsDir() {
			if dir, files, err = path, nil, nil; err != nil {
				return out, err
			}
			entries, err := os.ReadDir(path)
			if err != nil {
				return out, err
			}
			for _, entry := range entries {
				if !entry.IsDir() && transfer.IsFixture(entry.Name()) {
					files = append(files, entry.Name())
				}
			}
			if files == nil {
				return out, fault.Errorf(fault.NotFound, "there are no files of rows in %s", path)
			}
		}
		seen := map[string]string{}
		for _, file := range files {
			f, err := transfer.OpenFile(os.DirFS(dir), file)
			if err != nil {
				return out, err
			}
			out = append(out, f)
			table := strings.ToLower(f.Name())
			if seen[table] != "" {
				return out, fault.Errorf(fault.Invalid, "%s: both %s and %s hold %s: name one", path, seen[table], file, f.Name())
			}
			seen[table] = file
		}
	}
	return out, nil
}

func (p *program) dropCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "drop-all", Short: "Drop all tables with all that they hold", Args: cobra.NoArgs,
		Long: "Drop all tables with all that they hold: those of the domains, of the tasks, the history of\n" +
			"revisions, and whatever else is there; on PostgreSQL all of the schema. Then the database is as new.",
	})
	yes := c.Flags().Bool("yes", false, "do not ask")
	database := withDatabase(c, "main")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		return p.on(ctx, *database, func(_ config, e *estate) error {
			names, err := transfer.Tables(ctx, e.db, true)
			if err != nil {
				return err
			}
			if len(names) > 0 {
				question := fmt.Sprintf("Drop all %s of %s (%s)? What they hold is lost.", plural(len(names), "table"), e.at, strings.Join(names, ", "))
				if err := p.unless(ctx, *yes, question); err != nil {
					return err
				}
			}
			dropped, err := transfer.DropAll(ctx, e.db)
			if err != nil {
				return err
			}
			return p.print(f, some(dropped), func(w io.Writer) {
				for _, name := range dropped {
					fmt.Fprintf(w, "dropped %s\n", name)
				}
				if len(dropped) == 0 {
					fmt.Fprintln(w, "there are no tables")
				}
			})
		})
	})
	return c
}
