package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A need is what a command needs of the database and the key.
type need uint8

const (
	toLook  need = iota // a database in whatever state; the key is not used
	toUse               // a database that is up to date, and its key
	toFound             // both, made now if this is the first start
)

// newApp puts the app together that the settings describe.
func (p *program) newApp(c config, db *data.DB, others map[string]*data.DB, keys *secret.Keyring, log *slog.Logger, prints io.Writer) (*manor.App, error) {
	app, err := manor.New(p.appConfig(c, db, others, keys, log, prints))
	if fault.KindOf(err) == fault.Invalid {
		return nil, misused("%s", message(err))
	}
	return app, err
}

func (p *program) appConfig(c config, db *data.DB, others map[string]*data.DB, keys *secret.Keyring, log *slog.Logger, prints io.Writer) manor.Config {
	return manor.Config{
		DB: db, Databases: others, Keys: keys, Domains: p.domains, Log: log, Files: c.files,
		PublicURL: c.publicURL, TrustedProxies: c.trustedProxies, Limits: c.limits, Title: c.title, Version: Version,
		Hasher: &secret.Hasher{Refused: c.refused},
		Accounts: accounts.Config{
			Registration: c.registration, Unverified: !c.verify, Grace: c.grace, Templates: c.templates, Sessions: c.sessions,
		},
		APIKeys:     c.apiKeys,
		Checkpoints: keepCheckpoints(c.checkpoints, log),
		Mail:        manor.MailConfig{SMTP: c.smtp, From: c.mailFrom, ReplyTo: c.replyTo, Print: prints},
	}
}

// openDatabase opens a database. One in a file is made only if create says so.
func openDatabase(ctx context.Context, at location, create bool, program string) (*data.DB, error) {
	if at.file == "" {
		return postgres.Open(ctx, at.url.Reveal(), postgres.Options{Replicas: replicasOf(at), Log: at.log})
	}
	if _, err := os.Stat(at.file); errors.Is(err, fs.ErrNotExist) && !create {
		return nil, fault.Errorf(fault.NotFound, "there is no database %s yet: %s serve makes it", at.file, program)
	}
	return sqlite.Open(ctx, at.file, sqlite.Options{Cache: at.cache})
}

// replicasOf returns the replicas that the settings name.
func replicasOf(at location) (out []postgres.Replica) {
	for _, u := range at.replicas {
		out = append(out, postgres.Replica{URL: u.Reveal()})
	}
	return out
}

// openKeys opens the key file. It is made only together with a database: a new
// key for an old one would end all that the lost key has signed, and hide that
// it is lost.
func (p *program) openKeys(ctx context.Context, path string, db *data.DB, n need) (*secret.Keyring, error) {
	keys, err := secret.OpenKeyFile(path)
	if fault.KindOf(err) != fault.NotFound {
		if n == toLook && err != nil {
			return throwaway()
		}
		return keys, err
	}
	if n == toLook {
		return throwaway()
	}
	fresh, ferr := isNew(ctx, db)
	switch {
	case ferr != nil:
		return nil, ferr
	case !fresh:
		// Another process may have begun it meanwhile, which makes the key first.
		if keys, err := secret.OpenKeyFile(path); fault.KindOf(err) != fault.NotFound {
			return keys, err
		}
		return nil, fault.Errorf(fault.NotFound, "the key file %s is missing, and the database is in use: restore the file, or name it by MANOR_KEY_FILE; a new key would end every session and every link in a mail", path)
	case n != toFound:
		return nil, fault.Errorf(fault.NotFound, "the database is empty: %s serve, or database upgrade, prepares it", p.name)
	}
	keys, err = secret.CreateKeyFile(path)
	if fault.KindOf(err) == fault.Conflict {
		return secret.OpenKeyFile(path) // another process was first
	}
	return keys, err
}

// throwaway returns a key for an app that signs and checks nothing.
func throwaway() (*secret.Keyring, error) {
	key := make([]byte, secret.KeySize)
	_, _ = rand.Read(key) // never fails
	return secret.NewKeyring(key)
}

// isNew reports whether no revision ever ran on the database.
func isNew(ctx context.Context, db *data.DB) (bool, error) {
	m, err := migrate.New(db, nil, migrate.Options{})
	if err != nil {
		return false, err
	}
	ran, err := m.Current(ctx)
	return len(ran) == 0, err
}
