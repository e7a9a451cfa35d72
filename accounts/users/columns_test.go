package users_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/domain"
)

// Apps have columns of their own in these tables. A revision that made a table
// anew, as SQLite needs for other changes, would lose them.
func TestRevisionsKeepColumnsOfOthers(t *testing.T) {
	t.Parallel()
	read := 0
	for _, d := range []domain.Domain{users.Domain(domain.Env{}), roles.Domain(nil)(domain.Env{})} {
		files, err := fs.Glob(d.Migrations, "migrations/*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := fs.ReadFile(d.Migrations, name)
			if err != nil {
				t.Fatal(err)
			}
			up, _, _ := strings.Cut(string(text), "-- down")
			for _, bad := range []string{`DROP TABLE "` + d.Name + `"`, "DROP TABLE " + d.Name, `RENAME TO "` + d.Name + `"`, "RENAME TO " + d.Name} {
				if strings.Contains(up, bad) {
					t.Errorf("%s makes %s anew", name, d.Name)
				}
			}
			read++
		}
	}
	if read < 4 {
		t.Errorf("only %d revisions were read", read)
	}
}
