package manor

import (
	"context"
	"fmt"
	"slices"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
)

// makeOwn makes the app's own domains, and lends the columns that they add to
// the others.
func (a *App) makeOwn() (own []domain.Domain, err error) {
	for _, f := range a.config.Domains {
		d, err := a.make(f)
		if err != nil {
			return nil, err
		}
		own = append(own, d)
		a.env.Extends = append(a.env.Extends, d.Extends...)
	}
	return own, nil
}

// checkExtended holds the app's own domains to what can be extended.
func checkExtended(builtin, own []domain.Domain) error {
	by := map[string]string{}
	for _, d := range own {
		for _, x := range d.Extends {
			table := x.Base().Table
			known := slices.ContainsFunc(builtin, func(b domain.Domain) bool {
				return slices.ContainsFunc(b.Schemas, func(s data.Schema) bool { return s.Table == table })
			})
			switch {
			case !known:
				return fmt.Errorf("manor: the domain %s adds columns to %s, which is no table of a built-in domain", d.Name, table)
			case by[table] != "":
				return fmt.Errorf("manor: the domains %s and %s both add columns to %s: put them into one struct", by[table], d.Name, table)
			case in(d) != domain.Main:
				return fmt.Errorf("manor: the domain %s adds columns to %s, which is in another database", d.Name, table)
			case d.Migrations == nil:
				return fmt.Errorf("manor: the domain %s adds columns to %s, and has no Migrations to make them", d.Name, table)
			}
			by[table] = d.Name
		}
	}
	return nil
}

// extend puts the tables with the columns of the app's own in the place of those
// without.
func extend(schemas []data.Schema, by []data.Extender) {
	for _, x := range by {
		i := slices.IndexFunc(schemas, func(s data.Schema) bool { return s.Table == x.Base().Table })
		if i >= 0 {
			schemas[i] = x.Schema()
		}
	}
}

// CheckExtends returns fault.Conflict if the main database has no column that a
// domain of the app's adds to a built-in table: its revision was not made, or has
// not run. Start checks this; it is for programs that do not start the app.
func (a *App) CheckExtends(ctx context.Context) error {
	for _, d := range a.domains {
		for _, x := range d.Extends {
			if err := data.CheckExtends(ctx, a.config.DB, x); err != nil {
				return fmt.Errorf("the domain %s adds columns that are not there; make their revision, by database make-migrations --domain %s, and run it, by database upgrade: %w", d.Name, d.Name, err)
			}
		}
	}
	return nil
}
