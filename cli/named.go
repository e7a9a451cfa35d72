package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file/memory"
)

// What the program's domains ask for beside the main database is found out by
// making them with nothing but stand-ins: domains only build values. So there
// are settings for these databases and for no others, and a misspelt one is as
// unknown as any.

// asked returns the names of the databases beside main that domains ask for, in
// the order of the alphabet.
func (p *program) asked() []string {
	if len(p.domains) == 0 {
		return nil
	}
	keys, err := throwaway()
	if err != nil {
		return nil
	}
	databases := map[string]*data.DB{}
	for {
		_, err := manor.Domains(manor.Config{
			DB: nowhere(), Keys: keys, Domains: p.domains, Databases: databases,
			Files: memory.New(nil), Log: slog.New(slog.DiscardHandler),
		})
		// Whatever else is wrong with a domain, the app says when it is made.
		unknown, ok := errors.AsType[*domain.UnknownDatabase](err)
		if !ok || databases[unknown.Name] != nil {
			return slices.Sorted(maps.Keys(databases))
		}
		databases[unknown.Name] = nowhere()
	}
}

// namedSettings are those of the databases beside main.
func namedSettings(names []string) (out []setting) {
	for _, name := range names {
		at := func(c *config) *location { return c.databases[name] }
		out = append(out, setting{
			name: suffixed("DATABASE_URL", name), instead: "none, and it is needed",
			usage: fmt.Sprintf("sqlite:`FILE` or postgres://… of the database %s", name),
			read:  func(c *config, s string) error { return at(c).read(s) },
		}, setting{
			name: suffixed("REPLICA_URLS", name), instead: "none",
			usage: fmt.Sprintf("`URLs` of PostgreSQL servers that follow that of the database %s", name),
			read:  func(c *config, s string) error { return at(c).readReplicas(s) },
		})
	}
	return out
}

// suffixed returns the name of a setting of a database.
func suffixed(setting, database string) string {
	if database == domain.Main {
		return setting
	}
	return setting + "_" + strings.ToUpper(strings.ReplaceAll(database, "-", "_"))
}

// checkNames returns what is wrong with the names of databases. Two may not have
// one variable, and none the variable of a file.
func checkNames(names []string) (wrong []string) {
	of := map[string]string{}
	for _, name := range names {
		variable := suffixed("DATABASE_URL", name)
		switch {
		case strings.HasSuffix(variable, "_FILE"):
			wrong = append(wrong, fmt.Sprintf("a domain asks for a database called %s, which cannot be configured: %s%s names a file; call it something else", name, prefix, variable))
		case of[variable] != "":
			wrong = append(wrong, fmt.Sprintf("domains ask for databases called %s and %s, and both would be %s%s", of[variable], name, prefix, variable))
		}
		of[variable] = name
	}
	return wrong
}

// checkApart returns what is wrong with where databases are: each is another.
func (c *config) checkApart() (wrong []string) {
	names := c.names()
	for i, a := range names {
		at := c.at(a)
		if at.file != "" && at.replicas != nil {
			wrong = append(wrong, prefix+suffixed("REPLICA_URLS", a)+" is for PostgreSQL: a SQLite file has no replicas")
		}
		for _, b := range names[:i] {
			if !at.isZero() && sameDatabase(at, c.at(b)) {
				wrong = append(wrong, fmt.Sprintf("%s%s and %[1]s%[3]s are the same database", prefix, suffixed("DATABASE_URL", b), suffixed("DATABASE_URL", a)))
			}
		}
	}
	return wrong
}

// names returns the names of all databases, main first.
func (c *config) names() []string {
	return append([]string{domain.Main}, slices.Sorted(maps.Keys(c.databases))...)
}

// at returns where a database is, which names has.
func (c *config) at(name string) location {
	if name == domain.Main {
		return c.database
	}
	return *c.databases[name]
}

// known returns an error that names all databases, unless one is called so.
func (c *config) known(name string) error {
	names := c.names()
	switch {
	case slices.Contains(names, name):
		return nil
	case len(names) == 1:
		return fault.Errorf(fault.NotFound, "there is no database %s: the only one is %s", name, domain.Main)
	}
	return fault.Errorf(fault.NotFound, "there is no database %s among %s", name, strings.Join(names, ", "))
}

// missing returns a complaint for each of the named databases of which nobody
// says where it is.
func (c *config) missing(names ...string) (out []string) {
	for _, name := range names {
		if c.at(name).isZero() {
			out = append(out, fmt.Sprintf("a domain asks for the database %s: %s%s must say where it is", name, prefix, suffixed("DATABASE_URL", name)))
		}
	}
	return out
}

// located holds the named databases to be configured.
func (c *config) located(names ...string) error {
	if out := c.missing(names...); out != nil {
		return &misuse{out}
	}
	return nil
}
