package manor

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/mail"
)

var databaseName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,30}$`)

// checkDatabases holds the names of databases to what settings and checks can
// say.
func (c *Config) checkDatabases() error {
	known := map[*data.DB]string{c.DB: domain.Main}
	for _, name := range slices.Sorted(maps.Keys(c.Databases)) {
		db := c.Databases[name]
		switch {
		case name == domain.Main:
			return fmt.Errorf("manor: the database %s is Config.DB, no other", name)
		case !databaseName.MatchString(name):
			return fmt.Errorf("manor: the database name %q is not up to 31 of a-z, 0-9, _ and -, a letter first", name)
		case db == nil:
			return fmt.Errorf("manor: the database %s is nil", name)
		case known[db] != "":
			return fmt.Errorf("manor: %s and %s are the same database", known[db], name)
		}
		known[db] = name
	}
	return nil
}

// Databases returns the names of the app's databases: main first, then the others
// in the order of the alphabet.
func (a *App) Databases() []string {
	return append([]string{domain.Main}, slices.Sorted(maps.Keys(a.config.Databases))...)
}

// Database returns a database by its name, or fault.NotFound.
func (a *App) Database(name string) (*data.DB, error) {
	if name == domain.Main {
		return a.config.DB, nil
	}
	if db := a.config.Databases[name]; db != nil {
		return db, nil
	}
	return nil, fault.Errorf(fault.NotFound, "there is no database %s", name)
}

// MigratorOf returns what runs the revisions of a database, or fault.NotFound.
func (a *App) MigratorOf(database string) (*migrate.Migrator, error) {
	if m := a.migrators[database]; m != nil {
		return m, nil
	}
	return nil, fault.Errorf(fault.NotFound, "there is no database %s", database)
}

// SourcesOf returns the revisions of all domains in a database, in the order in
// which tables refer to each other.
func (a *App) SourcesOf(database string) (out []migrate.Source) {
	if database == domain.Main {
		out = append(out, migrate.Source{Name: "mail", FS: mail.Migrations}, migrate.Source{Name: "limit", FS: limit.Migrations})
	}
	for _, d := range a.domains {
		if d.Migrations != nil && in(d) == database {
			out = append(out, migrate.Source{Name: d.Name, FS: d.Migrations})
		}
	}
	return out
}

// SchemasOf returns the tables of all domains in a database.
func (a *App) SchemasOf(database string) (out []data.Schema) {
	if database == domain.Main {
		out = append(out, mail.Schema(), limit.Schema())
	}
	for _, d := range a.domains {
		if in(d) == database {
			out = append(out, d.Schemas...)
		}
	}
	if database == domain.Main {
		extend(out, a.env.Extends)
	}
	return out
}

// in returns the name of the database that d is in.
func in(d domain.Domain) string {
	if d.Database == "" {
		return domain.Main
	}
	return d.Database
}

// make makes a domain. It returns an error if there is no such database as it
// wants.
func (a *App) make(f domain.Func) (d domain.Domain, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *domain.UnknownDatabase:
			err = fmt.Errorf("manor: a domain asks for %w", p)
		default:
			panic(p)
		}
	}()
	d = f(a.env)
	if _, err := a.Database(in(d)); err != nil {
		return d, fmt.Errorf("manor: the domain %s asks for %w", d.Name, &domain.UnknownDatabase{Name: in(d), Known: a.Databases()})
	}
	return d, nil
}

// newMigrators makes what runs the revisions of each database.
func (a *App) newMigrators() error {
	a.migrators = map[string]*migrate.Migrator{}
	for _, name := range a.Databases() {
		db, err := a.Database(name)
		if err != nil {
			return err
		}
		m, err := migrate.New(db, a.SourcesOf(name), migrate.Options{Log: a.config.Log})
		if err != nil && name != domain.Main {
			err = fmt.Errorf("database %s: %w", name, err)
		}
		if err != nil {
			return err
		}
		a.migrators[name] = m
	}
	return nil
}

// UpgradeOf applies what revisions one database lacks, and returns how many it
// were, or fault.NotFound. With main the tables of tasks come along.
func (a *App) UpgradeOf(ctx context.Context, database string) (int, error) {
	m, err := a.MigratorOf(database)
	if err != nil {
		return 0, err
	}
	applied, err := m.Upgrade(ctx)
	switch {
	case err != nil && database != domain.Main:
		err = fmt.Errorf("database %s: %w", database, err)
	case err == nil && database == domain.Main:
		err = a.env.Tasks.Migrate(ctx)
	}
	return len(applied), err
}

// Upgrade applies what revisions the databases lack, one after the other, and
// returns how many it were. Main comes first; a failure leaves those before it
// upgraded. Several instances may do so at once: one runs, the others wait.
func (a *App) Upgrade(ctx context.Context) (n int, err error) {
	for _, name := range a.Databases() {
		applied, err := a.UpgradeOf(ctx, name)
		n += applied
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// checkUp adds to checks whether the databases answer.
func (a *App) checkUp(ctx context.Context, checks map[string]string) {
	for _, name := range a.Databases() {
		check := "database"
		if name != domain.Main {
			check += " " + name
		}
		checks[check] = "ok"
		if db, err := a.Database(name); err != nil || db.Ping(ctx) != nil {
			checks[check] = "unavailable"
		}
	}
}

// replicated reports whether any database has replicas.
func (a *App) replicated() bool {
	for _, name := range a.Databases() {
		if db, err := a.Database(name); err == nil && db.Replicas() != nil {
			return true
		}
	}
	return false
}
