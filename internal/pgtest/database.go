package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// statementTimeout bounds making or dropping one database on a busy machine.
const statementTimeout = time.Minute

// Database creates an empty database, which is dropped when the test ends, and returns its URL.
// Connections left open then are cut.
func Database(tb testing.TB) string {
	tb.Helper()
	return create(tb, "template0")
}

// Clone creates a database as Database does, with everything that stands in the template that [Template] named.
func Clone(tb testing.TB, template string) string {
	tb.Helper()
	return create(tb, template)
}

// Template has build fill a database, once per server and name however many tests and processes ask at the same time, and
// returns the name to give to [Clone]. As the server may outlive the code under test, name must change with what build does:
// let it hold a hash of the revisions. It has at most 40 bytes. A build that fails leaves nothing behind and fails the test.
func Template(tb testing.TB, name string, build func(url string) error) string {
	tb.Helper()
	if name == "" || len(name) > 40 {
		tb.Fatalf("pgtest: a template's name has 1 to 40 bytes, not %d: %q", len(name), name)
	}
	server := URL(tb)
	if err := buildTemplate(server, "manor_template_"+name, build); err != nil {
		tb.Fatalf("pgtest: template %s: %v", name, err)
	}
	return "manor_template_" + name
}

func create(tb testing.TB, template string) string {
	tb.Helper()
	server := URL(tb)
	name := "manor_test_" + strings.ToLower(rand.Text())
	if err := execute(server, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template)); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() {
		if err := execute(server, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	u, err := withDatabase(server, name)
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	return u
}

// buildTemplate builds under another name first, so that a template which exists is complete.
func buildTemplate(server, name string, build func(url string) error) error {
	ctx := context.Background() // a build takes as long as it takes
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	// The lock ends with the connection.
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", name); err != nil {
		return err
	}
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists)
	if err != nil || exists {
		return err
	}

	draft := name + "_draft"
	drop := "DROP DATABASE IF EXISTS " + quote(draft) + " WITH (FORCE)"
	for _, statement := range []string{drop, "CREATE DATABASE " + quote(draft) + " TEMPLATE template0"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	u, err := withDatabase(server, draft)
	if err != nil {
		return err
	}
	if err := build(u); err != nil {
		_, dropErr := conn.Exec(ctx, drop)
		if dropErr != nil {
			return fmt.Errorf("%w (and then: %w)", err, dropErr)
		}
		return err
	}
	// A template must have no sessions while it is cloned, so nobody may open one.
	for _, statement := range []string{
		"ALTER DATABASE " + quote(draft) + " ALLOW_CONNECTIONS false",
		"ALTER DATABASE " + quote(draft) + " RENAME TO " + quote(name),
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%w (did build leave a connection open?)", err)
		}
	}
	return nil
}

func execute(server, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// withDatabase returns the server's URL with another database.
func withDatabase(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("server URL: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}
