package pgtest

import (
	"slices"
	"testing"
)

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for out, want := range map[string]string{
		"postgres (PostgreSQL) 17.2\n":                      "17.2",
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb1)": "15.18",
		"postgres (PostgreSQL) 18beta1":                     "18beta1",
		"postgres (PostgreSQL) ":                            "",
		"postgres (PostgreSQL) ../../etc":                   "",
		"bash: postgres: command not found":                 "",
	} {
		got, err := parseVersion(out)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("parseVersion(%q) = %q, %v, want %q", out, got, err, want)
		}
	}
}

func TestNewestPackageWins(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]int{
		"/usr/lib/postgresql/9.6/bin":         9,
		"/usr/lib/postgresql/17/bin":          17,
		"/opt/homebrew/opt/postgresql@16/bin": 16,
		"/usr/local/bin":                      0,
	} {
		if got := numberIn(path); got != want {
			t.Errorf("numberIn(%q) = %d, want %d", path, got, want)
		}
	}
}

func TestRequired(t *testing.T) {
	for list, want := range map[string]bool{"": false, "postgres": true, "s3, postgres": true, "postgres-old": false} {
		t.Setenv("MANOR_TEST_REQUIRE", list)
		if got := required(); got != want {
			t.Errorf("MANOR_TEST_REQUIRE=%q: required() = %v, want %v", list, got, want)
		}
	}
}

func TestDatabaseNamesAreQuoted(t *testing.T) {
	t.Parallel()
	got := []string{quote("manor"), quote(`a"; DROP`)}
	if want := []string{`"manor"`, `"a""; DROP"`}; !slices.Equal(got, want) {
		t.Errorf("quote = %q, want %q", got, want)
	}
}
