package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/revise"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
)

// live returns the database in use, or nil if there is none yet, or nobody says
// where.
func (p *program) live(ctx context.Context, at location) (*data.DB, error) {
	if at.isZero() {
		return nil, nil
	}
	db, err := openDatabase(ctx, at, false, p.name)
	if fault.KindOf(err) == fault.NotFound && at.file != "" {
		return nil, nil
	}
	return db, err
}

// scratches returns where revisions are tried: an SQLite file, and a schema of
// the PostgreSQL server in use, if one is.
func scratches(at location) []revise.Scratch {
	out := []revise.Scratch{scratchFile}
	if !at.isZero() && at.file == "" {
		out = append(out, func(ctx context.Context) (*data.DB, func() error, error) {
			return scratchSchema(ctx, at.url.Reveal())
		})
	}
	return out
}

func scratchFile(ctx context.Context) (*data.DB, func() error, error) {
	folder, err := os.MkdirTemp("", "manor-scratch-*")
	if err != nil {
		return nil, nil, err
	}
	db, err := sqlite.Open(ctx, filepath.Join(folder, "scratch.db"), sqlite.Options{})
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	return db, func() error { return errors.Join(db.Close(), os.RemoveAll(folder)) }, nil
}

func scratchSchema(ctx context.Context, address string) (_ *data.DB, done func() error, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, nil, errors.New("the address of the database cannot be read") // its text may be the password's
	}
	owner, err := postgres.Open(ctx, address, postgres.Options{})
	if err != nil {
		return nil, nil, err
	}
	schema := "manor_scratch_" + strings.ToLower(rand.Text())
	execute := func(ctx context.Context, text string) error {
		_, err := owner.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: text}})
		return err
	}
	if err := execute(ctx, "CREATE SCHEMA "+schema); err != nil {
		return nil, nil, errors.Join(fault.Wrap(fault.Invalid, err, "revisions are tried in a schema of their own, which the database does not let be made: %s", err), owner.Close())
	}
	remove := func() error {
		// Also after an interrupt: nothing of it may stay.
		return errors.Join(execute(context.WithoutCancel(ctx), "DROP SCHEMA "+schema+" CASCADE"), owner.Close())
	}
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	db, err := postgres.Open(ctx, u.String(), postgres.Options{})
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return db, func() error { return errors.Join(db.Close(), remove()) }, nil
}
