package cli_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/manorgo/manor/cli"
	"github.com/manorgo/manor/internal/pgtest"
)

func command(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, wrong bytes.Buffer
	code = cli.Run(t.Context(), cli.Process{Args: append([]string{"manor"}, args...), Env: env, Stdout: &out, Stderr: &wrong})
	return code, out.String(), wrong.String()
}

// The doctor says which replicas are read, and which are not and why.
func TestDoctorLooksAtReplicas(t *testing.T) {
	t.Parallel()
	primary, standbys := pgtest.Replicated(t, 1)
	env := []string{"MANOR_KEY_FILE=" + filepath.Join(t.TempDir(), "manor.key"), "MANOR_DATABASE_URL=" + primary.URL}
	code, out, _ := command(t, append(env, "MANOR_REPLICA_URLS="+standbys[0].URL), "doctor")
	if code != 0 || !strings.Contains(out, "replica") || !strings.Contains(out, "is at most 0s behind") {
		t.Errorf("with a replica the doctor ends with %d and says:\n%s", code, out)
	}
	code, out, _ = command(t, append(env, "MANOR_REPLICA_URLS="+standbys[0].URL+" "+pgtest.Database(t)), "doctor")
	if code != 1 || !strings.Contains(out, "is not read: it belongs to another database server") {
		t.Errorf("with a stranger the doctor ends with %d and says:\n%s", code, out)
	}
}

func TestReplicaSettings(t *testing.T) {
	t.Parallel()
	const where = "postgres://127.0.0.1:1/manor"
	for want, args := range map[string][]string{
		"a SQLite file has no replicas":          {"--database-url=sqlite:manor.db", "--replica-urls=" + where},
		"must hold URLs that begin with":         {"--database-url=" + where, "--replica-urls=" + where + " sqlite:x.db"},
		"which every user of this machine could": {"--database-url=" + where, "--replica-urls=" + where + " postgres://u:hidden@h/d"},
	} {
		code, _, stderr := command(t, nil, append(args, "database", "current")...)
		if code != 2 || !strings.Contains(stderr, want) || strings.Contains(stderr, "hidden") {
			t.Errorf("%v ends with %d and %q, want 2 and %q", args, code, stderr, want)
		}
	}
}
