package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// An estate is an app and what it stands on, open. It looks at one of the app's
// databases, with of at another.
type estate struct {
	*manor.App
	name string // of the database that it looks at
	at   location
	db   *data.DB
	keys *secret.Keyring

	others map[string]*data.DB // beside main; nowhere unless they are open
}

// open opens all databases that the settings name, to look at main.
func (p *program) open(ctx context.Context, c config, n need, log *slog.Logger, prints io.Writer) (_ *estate, err error) {
	return p.openSome(ctx, c, domain.Main, c.names(), n, log, prints)
}

// openOne opens one database, which may not be there if the need is toFound. The
// app has stand-ins for the others. The key is that of main; elsewhere it is not
// used.
func (p *program) openOne(ctx context.Context, c config, name string, n need, log *slog.Logger) (*estate, error) {
	if err := c.known(name); err != nil {
		return nil, err
	}
	return p.openSome(ctx, c, name, []string{name}, n, log, nil)
}

// openSome opens some of the databases, among them the one called name.
func (p *program) openSome(ctx context.Context, c config, name string, opens []string, n need, log *slog.Logger, prints io.Writer) (_ *estate, err error) {
	if err := c.located(opens...); err != nil {
		return nil, err
	}
	e := &estate{name: name, at: c.at(name), others: c.standIns()}
	main := nowhere()
	defer func() {
		if err != nil {
			err = errors.Join(err, main.Close(), e.close())
		}
	}()
	for _, opened := range opens {
		at := c.at(opened)
		at.log, at.cache = log, p.cache
		db, err := openDatabase(ctx, at, n == toFound, p.name)
		if err != nil {
			return nil, blame(opened, err)
		}
		if opened == domain.Main {
			main = db
		} else {
			e.others[opened] = db
		}
	}
	if !slices.Contains(opens, domain.Main) {
		e.keys, err = throwaway()
	} else {
		e.keys, err = p.openKeys(ctx, c.keyFile, main, n)
	}
	if err != nil {
		return nil, err
	}
	if e.App, err = p.newApp(c, main, e.others, e.keys, log, prints); err != nil {
		return nil, err
	}
	e.db, err = e.Database(name)
	return e, err
}

// blame says which of several databases an error is about, unless it does.
func blame(name string, err error) error {
	if name == domain.Main || fault.KindOf(err) == fault.NotFound {
		return err
	}
	return fmt.Errorf("database %s: %w", name, err)
}

// of looks at another database, which must be open.
func (e *estate) of(c config, name string) (*estate, error) {
	db, err := e.Database(name)
	return &estate{e.App, name, c.at(name), db, e.keys, e.others}, err
}

// close closes all databases.
func (e *estate) close() (err error) {
	if e.App != nil {
		main, merr := e.Database(domain.Main)
		if merr == nil {
			err = main.Close()
		}
	}
	for _, db := range e.others {
		err = errors.Join(err, db.Close())
	}
	return err
}

// Migrator returns what runs the revisions of the database.
func (e *estate) Migrator() *migrate.Migrator {
	m, err := e.MigratorOf(e.name)
	if err != nil {
		panic(err) // Database knew it
	}
	return m
}

// Sources returns the revisions of the database.
func (e *estate) Sources() []migrate.Source { return e.SourcesOf(e.name) }

// Schemas returns the tables of the domains in the database.
func (e *estate) Schemas() []data.Schema { return e.SchemasOf(e.name) }

// Upgrade runs what revisions the database lacks.
func (e *estate) Upgrade(ctx context.Context) (int, error) { return e.UpgradeOf(ctx, e.name) }

// with opens the estate, runs fn on it and closes it.
func (p *program) with(ctx context.Context, n need, fn func(e *estate) error) error {
	c, err := p.config()
	if err != nil {
		return err
	}
	// Serve logs what it does; other commands print it.
	e, err := p.open(ctx, c, n, p.logger(c, slog.LevelWarn), nil)
	if err != nil {
		return err
	}
	defer e.close() // everything is committed by now
	for _, name := range c.names() {
		one, err := e.of(c, name)
		if err == nil {
			err = p.ready(ctx, one, n)
		}
		if err != nil {
			return err
		}
	}
	if err := fn(e); err != nil {
		return err
	}
	return e.Audit().Settle(context.WithoutCancel(ctx))
}

// ready sees to it that the tables of a database are those of this program.
// Those of a database in use are changed by nobody but serve and database
// upgrade.
func (p *program) ready(ctx context.Context, e *estate, n need) error {
	if n == toLook {
		return nil
	}
	all, err := e.Migrator().History(ctx)
	if err != nil {
		return err
	}
	pending, ran := 0, 0
	for _, r := range all {
		switch r.State {
		case migrate.Pending:
			pending++
		case migrate.Unknown:
			return fault.Errorf(fault.Conflict, "%s is newer than this program, which does not know %s", called(e.name), r)
		default:
			ran++
		}
	}
	switch {
	case n == toFound && ran == 0:
		if _, err := e.Upgrade(ctx); err != nil {
			return err
		}
	case pending > 0:
		return fault.Errorf(fault.Conflict, "%s lacks %s: run %s database upgrade", called(e.name), plural(pending, "revision"), p.name)
	}
	if e.name == domain.Main {
		return e.CheckExtends(ctx)
	}
	return nil
}

// called returns how a database is spoken of.
func called(name string) string {
	if name == domain.Main {
		return "the database"
	}
	return "the database " + name
}
