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
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/revise"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/mail"
	"github.com/manorgo/manor/secret"
)

func (p *program) initCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "init [FOLDER]", Short: "Make the folder of a domain's revisions", Args: cobra.MaximumNArgs(1),
		Long: "Make the folder of a domain's revisions, \"migrations\" if none is named. It must be new or empty.",
	})
	c.RunE = p.does(func(_ context.Context, args []string) error {
		path := "migrations"
		if len(args) > 0 {
			path = args[0]
		}
		folder, err := revise.Init(path)
		if err != nil {
			return err
		}
		name := filepath.Base(path)
		return p.verbatim(f, struct {
			Path string `json:"path"`
		}{string(folder)}, fmt.Sprintf("made %s\n\nThe domain beside it embeds it:\n\n//go:embed %s\nvar migrations embed.FS\n\n"+
			"and has Migrations: migrations. Then %s database make-migrations writes its first revision.\n", folder, name, p.name))
	})
	return c
}

// An area is a domain as its revisions see it.
type area struct {
	name    string
	files   fs.FS // nil for none
	schemas []data.Schema
	own     bool   // not built in
	in      string // the database that it is in
	extends []data.Extender
}

// areas returns all of the program's domains, even if their revisions cannot be
// run, or only those in one database if it is named.
func (p *program) areas(ctx context.Context, database string) (out []area, err error) {
	c, err := p.config()
	if err != nil {
		return nil, err
	}
	if database != "" {
		if err := c.known(database); err != nil {
			return nil, err
		}
	}
	err = p.onEmpty(ctx, func(db *data.DB, keys *secret.Keyring) error {
		domains, err := manor.Domains(p.appConfig(c, db, c.standIns(), keys, p.logger(c, slog.LevelWarn), nil))
		if err != nil {
			return err
		}
		out = append(out, area{name: "mail", files: mail.Migrations, schemas: []data.Schema{mail.Schema()}, in: domain.Main},
			area{name: "limit", files: limit.Migrations, schemas: []data.Schema{limit.Schema()}, in: domain.Main})
		for i, d := range domains {
			out = append(out, area{d.Name, d.Migrations, d.Schemas, i >= len(domains)-len(p.domains), cmp.Or(d.Database, domain.Main), d.Extends})
		}
		return nil
	})
	return slices.DeleteFunc(out, func(a area) bool { return database != "" && a.in != database }), err
}

// sourcesIn returns the revisions of all that are in one database.
func sourcesIn(database string, all []area) (out []migrate.Source) {
	for _, a := range all {
		if a.files != nil && a.in == database {
			out = append(out, migrate.Source{Name: a.name, FS: a.files})
		}
	}
	return out
}

// schemasIn returns the tables of all that are in one database.
func schemasIn(database string, all []area) (out []data.Schema) {
	for _, a := range all {
		if a.in == database {
			out = append(out, a.schemas...)
		}
	}
	return out
}

// chosen returns the areas to look after: the one that is named, or the
// program's own that have tables.
func (p *program) chosen(all []area, name, folder string) (out []area, err error) {
	var names []string
	for _, a := range all {
		names = append(names, a.name)
		if name == a.name || name == "" && a.own && (len(a.schemas) > 0 || a.files != nil || len(a.extends) > 0) {
			out = append(out, a)
		}
	}
	switch {
	case len(out) == 0 && name != "":
		return nil, misused("there is no domain %s among %s", name, strings.Join(names, ", "))
	case len(out) == 0:
		return nil, misused("this program has no domains of its own: say --domain")
	case len(out) > 1 && folder != "":
		return nil, misused("this program has several domains: say --domain with --dir")
	}
	return out, nil
}

// domainFlags gives a command the flags that say where revisions are.
func domainFlags(c *cobra.Command) (name, folder *string) {
	name = c.Flags().String("domain", "", "`name` of the domain (default all of the program's own)")
	folder = c.Flags().String("dir", "", "`folder` of its revisions (default the one below this folder that the program embeds)")
	return name, folder
}

// folder returns where an area's revisions are.
func (a area) folder(dir string) (revise.Folder, error) {
	if dir == "" {
		return revise.Find(".", a.files)
	}
	return revise.Folder(dir), revise.Folder(dir).Holds(a.files)
}

// A made is a revision that was written.
type made struct {
	Domain   string   `json:"domain"`
	Revision string   `json:"revision"`
	Files    []string `json:"files"`
	Notes    []string `json:"notes"`
}

func (p *program) makeCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "make-migrations", Short: "Write the revisions that bring the tables to the structs", Args: cobra.NoArgs,
		Long: "Write the revisions that bring the tables to the structs, for both databases, up and down.\n" +
			"Each is tried in scratch databases first. The database in use, if there is one, must have run all that\n" +
			"exist. What may be a new name is asked; without a terminal, say --rename, and --yes for the rest.",
	})
	var o revise.Options
	name, dir := domainFlags(c)
	database := withDatabase(c, "all; only domains in it")
	c.Flags().StringVarP(&o.Message, "message", "m", "", "what changes, in a few `words` that become the name")
	c.Flags().BoolVar(&o.Empty, "empty", false, "leave the SQL to be written by hand")
	renames := c.Flags().StringArray("rename", nil, "what only has a new `name`: table=new, or table.column=new with the new name of the table")
	c.Flags().BoolVar(&o.Drop, "yes", false, "do not ask: what may be renamed is dropped and new")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		for _, text := range *renames {
			r, err := revise.ParseRename(text)
			if err != nil {
				return misused("--rename %s", message(err))
			}
			o.Renames = append(o.Renames, r)
		}
		list, err := p.makeAll(ctx, *database, *name, *dir, o)
		if err != nil {
			return err
		}
		return p.print(f, some(list), func(w io.Writer) {
			for _, m := range list {
				fmt.Fprintf(w, "made %s/%s\n  %s\n", m.Domain, m.Revision, strings.Join(m.Files, "\n  "))
				for _, n := range m.Notes {
					fmt.Fprintf(w, "  note: %s\n", n)
				}
			}
			if len(list) == 0 {
				fmt.Fprintln(w, "no changes")
			}
		})
	})
	return c
}

func (p *program) makeAll(ctx context.Context, database, name, dir string, o revise.Options) (list []made, err error) {
	all, err := p.areas(ctx, database)
	if err != nil {
		return nil, err
	}
	areas, err := p.chosen(all, name, dir)
	if err != nil {
		return nil, err
	}
	if len(areas) > 1 && (o.Empty || len(o.Renames) > 0) {
		return nil, misused("this program has several domains: say --domain")
	}
	places := map[string]*place{}
	defer func() {
		for _, at := range places {
			at.close()
		}
	}()
	for _, a := range areas {
		folder, err := a.folder(dir)
		if err != nil {
			return list, err
		}
		at := places[a.in]
		if at == nil {
			if at, err = p.place(ctx, a.in, all); err != nil {
				return list, err
			}
			places[a.in] = at
		}
		draft, err := p.decide(ctx, at.domain(a, folder), o)
		if err != nil {
			return list, err
		}
		if draft == nil {
			continue
		}
		files, err := draft.Write(folder)
		if err != nil {
			return list, err
		}
		// Later domains may refer to what is new, and no database has run it.
		at.sources, at.passed = with(at.sources, a.name, folder), true
		list = append(list, made{a.name, draft.String(), files, some(draft.Notes)})
	}
	return list, nil
}

// A place is a database as revisions of its domains are made for it.
type place struct {
	sources []migrate.Source
	scratch []revise.Scratch
	schemas []data.Schema // of all domains
	live    *data.DB      // nil if there is none yet
	passed  bool          // it lacks what was made meanwhile, and is looked at no more
}

func (p *program) place(ctx context.Context, database string, all []area) (*place, error) {
	c, err := p.config()
	if err != nil {
		return nil, err
	}
	live, err := p.live(ctx, c.at(database))
	return &place{sources: sourcesIn(database, all), scratch: scratches(c.at(database)), schemas: schemasIn(database, all), live: live}, err
}

func (at *place) domain(a area, folder revise.Folder) revise.Domain {
	d := revise.Domain{Name: a.name, Folder: folder, Schemas: a.schemas, Sources: at.sources, Scratch: at.scratch, Extends: a.extends, Others: at.schemas}
	if !at.passed {
		d.Live = at.live
	}
	return d
}

func (at *place) close() {
	if at.live != nil {
		_ = at.live.Close() // it was only looked at
	}
}

// with returns the sources with one that is read from its folder.
func with(sources []migrate.Source, name string, folder revise.Folder) []migrate.Source {
	fresh := migrate.Source{Name: name, FS: os.DirFS(string(folder))}
	out := slices.Clone(sources)
	if i := slices.IndexFunc(out, func(s migrate.Source) bool { return s.Name == name }); i >= 0 {
		out[i] = fresh
		return out
	}
	return append(out, fresh)
}

// decide makes a revision and asks about each name that may be new.
func (p *program) decide(ctx context.Context, d revise.Domain, o revise.Options) (*revise.Draft, error) {
	for {
		draft, err := revise.Make(ctx, d, o)
		doubt, ok := errors.AsType[*revise.Doubt](err)
		if !ok {
			return draft, err
		}
		if p.terminal() == nil {
			return nil, fault.Errorf(fault.Invalid, "%s; say --rename for each that is renamed, and --yes if the others are not", doubt)
		}
		r := doubt.Renames[0]
		question := fmt.Sprintf("Is the table %s called %s now, with its rows?", r.Table, r.To)
		if r.Column != "" {
			question = fmt.Sprintf("Is the column %s.%s called %s now, with its values?", r.Table, r.Column, r.To)
		}
		yes, err := p.ask(ctx, question)
		if err != nil {
			return nil, err
		}
		if yes {
			o.Renames = append(o.Renames, r)
		} else {
			o.Denied = append(o.Denied, r)
		}
	}
}
