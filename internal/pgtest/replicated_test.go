package pgtest_test

import (
	"testing"
	"time"

	"github.com/manorgo/manor/internal/pgtest"
)

func TestStandbysFollow(t *testing.T) {
	t.Parallel()
	primary, standbys := pgtest.Replicated(t, 1)
	follower := standbys[0]
	if query[bool](t, primary.URL, "SELECT pg_is_in_recovery()") || !query[bool](t, follower.URL, "SELECT pg_is_in_recovery()") {
		t.Fatal("the second server does not follow the first")
	}
	mustRun(t, primary.URL, "CREATE TABLE lamps (n int)")
	await(t, "the table follows", func() bool {
		return query[bool](t, follower.URL, "SELECT to_regclass('lamps') IS NOT NULL")
	})
	follower.Stop(t)
	if err := run(follower.URL, "SELECT 1"); err == nil {
		t.Error("a stopped server answers")
	}
	mustRun(t, primary.URL, "INSERT INTO lamps VALUES (1)")
	follower.Start(t)
	await(t, "the row follows after a new start", func() bool {
		return query[int](t, follower.URL, "SELECT count(*)::int FROM lamps") == 1
	})
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(30 * time.Second); !holds(); {
		select {
		case <-late:
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}
