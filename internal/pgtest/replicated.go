package pgtest

import (
	"testing"
)

// A Server is a PostgreSQL server of one test.
type Server struct {
	URL string // of its maintenance database, as a superuser

	start, stop func() error
}

// Start starts the server again after Stop. What it had is still there.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	if err := s.start(); err != nil {
		tb.Fatalf("pgtest: start a server: %v", err)
	}
}

// Stop cuts the server's connections and stops it.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	if err := s.stop(); err != nil {
		tb.Fatalf("pgtest: stop a server: %v", err)
	}
}

// Replicated starts a server for this test alone, and n standbys that follow it by streaming, until the test ends. It takes some
// seconds. The servers run on Unix only, and end with the test's process. MANOR_TEST_POSTGRES_URL does not count here, as standbys
// need the files of their primary.
func Replicated(tb testing.TB, n int) (primary *Server, standbys []*Server) {
	tb.Helper()
	primary, standbys, err := replicate(tb, n)
	if err == nil {
		return primary, standbys
	}
	if required() {
		tb.Fatalf("pgtest: MANOR_TEST_REQUIRE asks for PostgreSQL: %v", err)
	}
	tb.Skipf("pgtest: no PostgreSQL with standbys, so this was not tested: %v", err)
	return nil, nil
}
