package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The dialects, each of which every revision has a file for.
const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

// A Source is the revisions of one domain. Name is stored with each revision
// that ran, so it must not change. FS holds the files, at its root or in a
// folder called migrations: NNNN_what.sqlite.sql and NNNN_what.postgres.sql,
// with numbers from 0001 without a gap. Files that do not end in .sql are
// ignored.
type Source struct {
	Name string
	FS   fs.FS
}

// A file is one revision in one dialect.
type file struct {
	source   string
	number   int
	name     string // what the file's name says
	up, down string
	downable bool // it has a down section, if an empty one
	checksum string
}

// A lineEnd may differ between checkouts, which sometimes add to what was
// there.
var lineEnd = regexp.MustCompile(`\r+\n`)

var fileName = regexp.MustCompile(`^(\d{4})_([A-Za-z0-9_-]+)\.(sqlite|postgres)\.sql$`)

// read returns the source's revisions in a dialect, in order. Errors name the
// file that is wrong.
func (s Source) read(dialect string) ([]file, error) {
	if s.Name == "" || s.FS == nil {
		return nil, errors.New("migrate: a source needs a name and files")
	}
	all := map[string][]file{}
	for _, pattern := range []string{"*.sql", "migrations/*.sql"} {
		paths, err := fs.Glob(s.FS, pattern)
		if err != nil {
			return nil, s.errorf(pattern, "%w", err)
		}
		for _, p := range paths {
			m := fileName.FindStringSubmatch(path.Base(p))
			if m == nil {
				return nil, s.errorf(p, "the name is not NNNN_what.sqlite.sql or NNNN_what.postgres.sql")
			}
			text, err := fs.ReadFile(s.FS, p)
			if err != nil {
				return nil, s.errorf(p, "%w", err)
			}
			f, err := parse(string(text))
			if err != nil {
				return nil, s.errorf(p, "%w", err)
			}
			f.source, f.name = s.Name, m[2]
			f.number, _ = strconv.Atoi(m[1]) // four digits
			all[m[3]] = append(all[m[3]], f)
		}
	}
	for _, d := range []string{sqlite, postgres} {
		slices.SortStableFunc(all[d], func(a, b file) int { return a.number - b.number })
	}
	if err := s.complete(all[sqlite], all[postgres]); err != nil {
		return nil, err
	}
	return all[dialect], nil
}

// complete checks that numbers have no gap and that both dialects have each.
func (s Source) complete(lite, pg []file) error {
	for i := range max(len(lite), len(pg)) {
		for _, d := range []struct {
			name        string
			these, twin []file
		}{{sqlite, lite, pg}, {postgres, pg, lite}} {
			switch {
			case i >= len(d.these):
				return s.errorf(fmt.Sprintf("%04d_%s.%s.sql", d.twin[i].number, d.twin[i].name, d.name), "the file is missing")
			case i > 0 && d.these[i].number == i:
				return s.errorf(fmt.Sprintf("%04d_%s.%s.sql", i, d.these[i].name, d.name), "%s has this number too: merge the branches", d.these[i-1].name)
			case d.these[i].number != i+1:
				return s.errorf(fmt.Sprintf("%04d_%s.%s.sql", d.these[i].number, d.these[i].name, d.name), "the number should be %04d", i+1)
			}
		}
		if lite[i].name != pg[i].name {
			return s.errorf(fmt.Sprintf("%04d_%s.postgres.sql", i+1, pg[i].name), "the SQLite file is called %s", lite[i].name)
		}
	}
	return nil
}

func (s Source) errorf(file, format string, args ...any) error {
	return fmt.Errorf("migrate: %s: %s: %w", s.Name, file, fmt.Errorf(format, args...))
}

// parse splits a revision's text into its sections. Before the first only
// comments may stand.
func parse(text string) (file, error) {
	text = lineEnd.ReplaceAllString(text, "\n")
	sum := sha256.Sum256([]byte(text))
	f := file{checksum: hex.EncodeToString(sum[:])}
	var up, down strings.Builder
	var section *strings.Builder
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		switch mark := strings.TrimSpace(line); {
		case mark == "-- up" || mark == "-- down":
			if seen[mark] {
				return file{}, fmt.Errorf("the line %q stands there twice", mark)
			}
			seen[mark] = true
			if section = &up; mark == "-- down" {
				section = &down
			}
		case section != nil:
			section.WriteString(line)
		case mark != "" && !strings.HasPrefix(mark, "--"):
			return file{}, errors.New(`there is SQL before the line "-- up"`)
		}
	}
	if !seen["-- up"] {
		return file{}, errors.New(`the line "-- up" is missing`)
	}
	f.up, f.down, f.downable = strings.TrimSpace(up.String()), strings.TrimSpace(down.String()), seen["-- down"]
	return f, nil
}
