//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// cluster is the shared server's folder. Four files in it are never read, only locked (flock, so that the kernel
// releases what a killed process held):
//
//	users  shared by every test process while it lives; exclusive while the server is being stopped
//	start  exclusive while a process looks whether the server runs, and starts it
//	run    held by the server itself, which inherits it: taken means that some process of the server lives
//	watch  held by the one watcher that stops an idle server
//
// So no decision rests on a process id or on a file that a crash may have left behind.
type cluster struct {
	installation
	dir   string
	owner *account // whom the server runs as; nil: as we do
	extra []string // settings beside those of all
}

// join takes part in the shared server of this installation.
func (i installation) join(ctx context.Context) (use, error) {
	owner, err := serverAccount()
	if err != nil {
		return use{}, err
	}
	c := cluster{
		installation: i,
		dir:          filepath.Join(os.TempDir(), fmt.Sprintf("manor-pgtest-%d-%s", os.Getuid(), i.version)),
		owner:        owner,
	}
	if err := c.makeFolder(); err != nil {
		return use{}, err
	}
	users, err := c.openLock("users")
	if err != nil {
		return use{}, err
	}
	if err := lockShared(users); err != nil {
		return use{}, err
	}
	if err := c.ensureRunning(ctx); err != nil {
		return use{}, errors.Join(err, users.Close())
	}
	return use{url: c.url(), lock: users}, c.watch()
}

// ensureRunning returns once the server answers. The caller holds "users", so nobody stops it any more.
func (c cluster) ensureRunning(ctx context.Context) error {
	start, err := c.openLock("start")
	if err != nil {
		return err
	}
	defer start.Close()
	if err := lockExclusive(start); err != nil {
		return err
	}
	run, err := c.openLock("run")
	if err != nil {
		return err
	}
	defer run.Close()

	// While "run" is taken the server lives, is on its way up, or is dying: wait for an answer or for the lock.
	for {
		free, err := tryLockExclusive(run)
		if err != nil {
			return err
		}
		if free {
			return c.launch(ctx, run)
		}
		if err := c.ping(ctx); err == nil {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("a server runs in %s but does not answer: %w", c.dir, err)
		}
	}
}

func (c cluster) url() string {
	query := url.Values{"host": {c.path("socket")}, "port": {"5432"}, "sslmode": {"disable"}}
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: query.Encode()}
	return u.String()
}

// ping asks for a connection. A server that refuses one because all are in use is well.
func (c cluster) ping(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.url())
	if err != nil {
		if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == "53300" {
			return nil
		}
		return err
	}
	return conn.Close(ctx)
}

func (c cluster) path(name string) string { return filepath.Join(c.dir, name) }

// pause is the rhythm at which a starting server is asked again.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(50 * time.Millisecond):
		return nil
	}
}
