package revise

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
)

// sources returns the program's, with the domain's files from a folder.
func (d *Domain) sources(folder string) []migrate.Source {
	var out []migrate.Source
	found := false
	for _, s := range d.Sources {
		if s.Name == d.Name {
			s.FS, found = os.DirFS(folder), true
		}
		out = append(out, s)
	}
	if !found {
		out = append(out, migrate.Source{Name: d.Name, FS: os.DirFS(folder)})
	}
	return out
}

func upgrade(ctx context.Context, db *data.DB, sources []migrate.Source) (*migrate.Migrator, []migrate.Revision, error) {
	m, err := migrate.New(db, sources, migrate.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, fault.Wrap(fault.Invalid, err, "%s", err)
	}
	ran, err := m.Upgrade(ctx)
	return m, ran, err
}

// present returns the tables as the revisions leave them: as recorded, unless
// a revision by hand went on to where the structs are.
func (d *Domain) present(ctx context.Context, to *Snapshot, any bool) (from Snapshot, extras map[string][]string, err error) {
	from, ok, err := d.Folder.recorded()
	if err != nil {
		return from, nil, err
	}
	if err := d.between(&from, to); err != nil {
		return from, nil, err
	}
	behind := !ok && any
	extras = map[string][]string{}
	err = d.each(ctx, func(db *data.DB) error {
		if _, _, err := upgrade(ctx, db, d.sources(string(d.Folder))); err != nil {
			return err
		}
		if err := collect(ctx, db, from, extras); err != nil || behind {
			return err
		}
		drift, err := migrate.Compare(ctx, db, from.sql(db.Dialect()), from.names())
		// An error may mean a reference to a table that another domain renamed.
		behind = behind || len(drift) > 0 || err != nil
		return ctx.Err()
	})
	if err != nil || !behind {
		return from, extras, err
	}
	err = d.each(ctx, func(db *data.DB) error {
		if _, _, err := upgrade(ctx, db, d.sources(string(d.Folder))); err != nil {
			return err
		}
		drift, err := migrate.Compare(ctx, db, to.sql(db.Dialect()), to.names())
		if err == nil && len(drift) > 0 {
			err = fault.Errorf(fault.Conflict, "%s does not record what the revisions of %s make, so there is nothing to compare the structs with: bring the structs to where the revisions are, and make this again before you change them; on %s %s",
				d.Folder.path(snapshotFile), d.Name, db.Dialect(), strings.Join(drift, "; "))
		}
		return err
	})
	if err != nil {
		return from, nil, err
	}
	extras = map[string][]string{}
	return *to, extras, d.Folder.record(*to)
}

// checkLive returns an error unless the live database ran all revisions and has
// the tables that they make.
func (d *Domain) checkLive(ctx context.Context, from Snapshot) error {
	if d.Live == nil {
		return nil
	}
	m, err := migrate.New(d.Live, d.sources(string(d.Folder)), migrate.Options{})
	if err != nil {
		return err
	}
	pending, err := m.PlanUpgrade(ctx, migrate.Target{})
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		return fault.Errorf(fault.Conflict, "the database lacks %s and what follows: upgrade it first", pending[0])
	}
	drift, err := migrate.Compare(ctx, d.Live, from.sql(d.Live.Dialect()), from.names())
	if err == nil && len(drift) > 0 {
		err = fault.Errorf(fault.Conflict, "the tables of %s in the database are not as its revisions leave them: %s", d.Name, strings.Join(drift, "; "))
	}
	return err
}

// each runs fn on a new database of each kind.
func (d *Domain) each(ctx context.Context, fn func(*data.DB) error) error {
	for _, open := range d.Scratch {
		db, done, err := open(ctx)
		if err != nil {
			return err
		}
		if err := errors.Join(fn(db), done()); err != nil {
			return single(err)
		}
	}
	return nil
}

// single returns the only error of a join as it is.
func single(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) == 1 {
		return joined.Unwrap()[0]
	}
	return err
}

// collect finds what statements by hand made on SQLite's tables, which goes
// with the table when it is made anew.
func collect(ctx context.Context, db *data.DB, s Snapshot, extras map[string][]string) error {
	native, ok := db.Driver().Native().(*sql.DB)
	if !ok {
		return nil
	}
	rows, err := native.QueryContext(ctx, `SELECT tbl_name, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type, name`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table, name, text string
		if err := rows.Scan(&table, &name, &text); err != nil {
			return err
		}
		if t := s.table(table); t != nil && part(t.SQLite.Indexes, name) == nil {
			extras[table] = append(extras[table], text)
		}
	}
	return rows.Err()
}

// try runs the draft up, down and up again, and looks at the tables each time.
func (d *Domain) try(ctx context.Context, draft *Draft) error {
	folder, err := os.MkdirTemp("", "manor-revise-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	files, err := texts(os.DirFS(string(d.Folder)))
	if err != nil {
		return err
	}
	for _, dialect := range []string{sqlite, postgres} {
		files[entry{number: draft.Number, name: draft.Name}.file(dialect)] = draft.text(dialect)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return d.each(ctx, func(db *data.DB) error {
		if _, _, err := upgrade(ctx, db, d.sources(string(d.Folder))); err != nil {
			return err
		}
		for range 2 {
			m, ran, err := upgrade(ctx, db, d.sources(folder))
			if err != nil || len(ran) != 1 {
				return failed(db, "going up", err, []string{"it did not run"})
			}
			if drift, err := migrate.Compare(ctx, db, draft.Tables.sql(db.Dialect()), draft.Tables.names()); err != nil || len(drift) > 0 {
				return failed(db, "going up", err, drift)
			}
			if _, err := m.Downgrade(ctx, 1); err != nil {
				return failed(db, "going down", err, nil)
			}
			if drift, err := migrate.Compare(ctx, db, draft.before.sql(db.Dialect()), draft.before.names()); err != nil || len(drift) > 0 {
				return failed(db, "going down", err, drift)
			}
		}
		return nil
	})
}

func failed(db *data.DB, way string, err error, drift []string) error {
	if err == nil {
		err = errors.New(strings.Join(drift, "; "))
	}
	return fault.Errorf(fault.Invalid, "the planned revision was tried and is not right %s on %s, so nothing was written; write it by hand, beginning with --empty: %s",
		way, db.Dialect(), err)
}
