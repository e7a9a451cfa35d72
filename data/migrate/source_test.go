package migrate

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// nothing is a driver of a dialect that no test asks anything.
type nothing struct {
	driver.Driver
	dialect string
}

func (n nothing) Dialect() *driver.Dialect   { return &driver.Dialect{Name: n.dialect} }
func (n nothing) Replicas() []driver.Replica { return nil }

func files(names ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for _, n := range names {
		text := "-- up\n"
		if name, rest, ok := strings.Cut(n, "="); ok {
			n, text = name, rest
		}
		out[n] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	const lite, pg = "0001_a.sqlite.sql", "0001_a.postgres.sql"
	for _, c := range []struct {
		name    string
		sources []Source
		want    string // in the error; "" means none
	}{
		{"root", []Source{{"x", files(lite, pg, "README.md")}}, ""},
		{"folder", []Source{{"x", files("migrations/"+lite, "migrations/"+pg)}}, ""},
		{"none", []Source{{"x", files()}}, ""},
		{"nameless", []Source{{"", files(lite, pg)}}, "needs a name"},
		{"no files", []Source{{"x", nil}}, "needs a name and files"},
		{"twins", []Source{{"x", files(lite, pg)}, {"x", files(lite, pg)}}, `called "x"`},
		{"no postgres", []Source{{"x", files(lite)}}, "x: 0001_a.postgres.sql: the file is missing"},
		{"no sqlite", []Source{{"x", files(lite, pg, "0002_b.postgres.sql")}}, "x: 0002_b.sqlite.sql: the file is missing"},
		{"gap", []Source{{"x", files(lite, pg, "0003_b.sqlite.sql", "0003_b.postgres.sql")}}, "0003_b.sqlite.sql: the number should be 0002"},
		{"from zero", []Source{{"x", files("0000_a.sqlite.sql", "0000_a.postgres.sql")}}, "0000_a.sqlite.sql: the number should be 0001"},
		{"number twice", []Source{{"x", files(lite, pg, "0001_b.sqlite.sql", "0001_b.postgres.sql")}}, "merge the branches"},
		{"other name", []Source{{"x", files(lite, "0001_b.postgres.sql")}}, "0001_b.postgres.sql: the SQLite file is called a"},
		{"misnamed", []Source{{"x", files(lite, pg, "2_b.sqlite.sql")}}, "2_b.sqlite.sql: the name is not"},
		{"other dialect", []Source{{"x", files(lite, pg, "0001_a.mysql.sql")}}, "0001_a.mysql.sql: the name is not"},
		{"no section", []Source{{"x", files(lite+"=-- down\n", pg)}}, `0001_a.sqlite.sql: the line "-- up" is missing`},
		{"section twice", []Source{{"x", files(lite, pg+"=-- up\n-- up\n")}}, `0001_a.postgres.sql: the line "-- up" stands there twice`},
		{"early SQL", []Source{{"x", files(lite+"=SELECT 1;\n-- up\n", pg)}}, `0001_a.sqlite.sql: there is SQL before`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, dialect := range []string{"sqlite", "postgres"} {
				_, err := New(data.New(nothing{dialect: dialect}, nil), c.sources, Options{})
				switch {
				case c.want == "" && err != nil:
					t.Error(err)
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
					t.Errorf("got %v, want %s", err, c.want)
				}
			}
		})
	}
	if _, err := New(data.New(nothing{dialect: "mysql"}, nil), nil, Options{}); err == nil {
		t.Error("an unknown dialect is accepted")
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	f, err := parse("-- about\n\n-- up\nA;\n-- a comment\n  -- down  \nB;\n")
	if err != nil || f.up != "A;\n-- a comment" || f.down != "B;" || !f.downable {
		t.Errorf("got %+v, %v", f, err)
	}
	if f, err := parse("-- down\n-- up\n"); err != nil || f.up != "" || f.down != "" || !f.downable {
		t.Errorf("empty sections: %+v, %v", f, err)
	}
	if f, err := parse("-- up\nA"); err != nil || f.downable {
		t.Errorf("no down section: %+v, %v", f, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "-- up\nA;\n-- down\nB;", "-- down\r\n-- up\r\n", "x\n-- up"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parse(text)
		if err != nil {
			return
		}
		for line := range strings.Lines(got.up + "\n" + got.down) {
			if mark := strings.TrimSpace(line); mark == "-- up" || mark == "-- down" {
				t.Errorf("a section holds the line %q", mark)
			}
		}
		written := "-- up\n" + got.up + "\n"
		if got.downable {
			written += "-- down\n" + got.down + "\n"
		}
		again, err := parse(written)
		if again.checksum, got.checksum = "", ""; err != nil || again != got {
			t.Errorf("%+v became %+v, %v", got, again, err)
		}
	})
}
