// Package pgtest gives tests a private PostgreSQL: a throw-away server that the first test process starts, that every
// test process on the machine shares, and that stops by itself soon after the last of them has ended.
//
// A test takes an empty [Database], or a [Clone] of a [Template] that was migrated once. Where PostgreSQL is not installed
// these skip the test and say so, unless MANOR_TEST_REQUIRE names postgres (as in CI): then they fail it.
// MANOR_TEST_POSTGRES_URL points the tests at a server that already runs; its role must be allowed to create databases.
//
// The server trusts whoever reaches its socket, which only the user who runs the tests can, and it is told not to sync its files,
// so nothing in it outlives a crash of the machine: every start makes a new cluster.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// startTimeout bounds the wait for a server, of which making the cluster takes one or two seconds on an idle machine.
const startTimeout = 2 * time.Minute

// use is a process's use of a server.
type use struct {
	url  string
	lock *os.File // open, and so locked, until the process ends in whatever way; nil if the server is not ours to stop
}

// server is found or started once per process.
var server = sync.OnceValues(func() (use, error) {
	if url := os.Getenv("MANOR_TEST_POSTGRES_URL"); url != "" {
		return use{url: url}, nil
	}
	joined, err := join()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgtest: no PostgreSQL for these tests:", err)
	}
	return joined, err
})

// URL returns the connection URL of the server's maintenance database, and starts the server if none runs yet.
// Its role is a superuser. Without PostgreSQL it ends the test: skipped, or failed where MANOR_TEST_REQUIRE asks for it.
//
// Call it outside testing/synctest bubbles: a server does not live on their clock.
func URL(tb testing.TB) string {
	tb.Helper()
	use, err := server()
	if err == nil {
		return use.url
	}
	if required() {
		tb.Fatalf("pgtest: MANOR_TEST_REQUIRE asks for PostgreSQL: %v", err)
	}
	tb.Skipf("pgtest: no PostgreSQL, so this was not tested: %v", err)
	return ""
}

// required reports whether the comma-separated list in MANOR_TEST_REQUIRE holds postgres.
func required() bool {
	return slices.ContainsFunc(strings.Split(os.Getenv("MANOR_TEST_REQUIRE"), ","), func(s string) bool {
		return strings.TrimSpace(s) == "postgres"
	})
}

// join waits until this process may use the shared server, started here if need be.
func join() (use, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	found, err := findInstallation(ctx)
	if err != nil {
		return use{}, err
	}
	return found.join(ctx)
}
