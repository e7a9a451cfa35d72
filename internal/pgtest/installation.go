package pgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// installation is one set of PostgreSQL's server programs.
type installation struct {
	bin     string // folder of initdb, pg_ctl and postgres
	version string // as the server prints it: "17.2"
}

// errNotInstalled says what to do about it, since it is what a newcomer's skipped tests print.
var errNotInstalled = errors.New("its server programs were not found; install them (Debian and Ubuntu: apt-get install postgresql, " +
	"Fedora: dnf install postgresql-server, macOS: brew install postgresql) or set MANOR_TEST_POSTGRES_URL")

// findInstallation takes the programs on PATH, or else the newest that stand where packages put them: distributions keep the server
// off the PATH so that several versions can live side by side.
func findInstallation(ctx context.Context) (installation, error) {
	var folders []string
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(initdb); err == nil {
			folders = append(folders, filepath.Dir(real))
		}
	}
	var packaged []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
	} {
		found, _ := filepath.Glob(pattern) // its only error is a bad pattern
		packaged = append(packaged, found...)
	}
	slices.SortStableFunc(packaged, func(a, b string) int { return cmp.Compare(numberIn(b), numberIn(a)) })

	for _, bin := range append(folders, packaged...) {
		if !holdsServer(bin) {
			continue
		}
		out, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
		if err != nil {
			return installation{}, fmt.Errorf("ask %s for its version: %w", bin, err)
		}
		version, err := parseVersion(string(out))
		return installation{bin: bin, version: version}, err
	}
	return installation{}, errNotInstalled
}

func holdsServer(bin string) bool {
	for _, program := range []string{"initdb", "pg_ctl", "postgres"} {
		if info, err := os.Stat(filepath.Join(bin, program)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// numberIn returns the major version in a package's path, 0 if it has none: text order would put 9 above 17.
func numberIn(path string) int {
	start := strings.IndexAny(path, "0123456789")
	if start < 0 {
		return 0
	}
	digits := path[start:]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	n, _ := strconv.Atoi(digits)
	return n
}

// parseVersion reads "postgres (PostgreSQL) 17.2 (Debian 17.2-1)". Pre-releases look like "18beta1".
func parseVersion(out string) (string, error) {
	_, after, ok := strings.Cut(out, "(PostgreSQL) ")
	fields := strings.Fields(after)
	if !ok || len(fields) == 0 || strings.ContainsRune(fields[0], filepath.Separator) {
		return "", fmt.Errorf("unknown version of postgres: %q", strings.TrimSpace(out))
	}
	return fields[0], nil
}

// major is 17 of 17.2.
func (i installation) major() int { return numberIn(i.version) }
