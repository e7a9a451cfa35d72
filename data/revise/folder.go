package revise

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/manorgo/manor/fault"
)

// snapshotFile records the tables after the last revision.
const snapshotFile = "schema.json"

// A Folder is the path of the revisions of one domain on disk.
type Folder string

// Init makes the folder with an empty schema.json, so that //go:embed finds
// something before the first revision. A folder that holds anything is
// fault.Conflict, and left alone.
func Init(path string) (Folder, error) {
	entries, err := os.ReadDir(path)
	switch {
	case err == nil && len(entries) > 0:
		return "", fault.Errorf(fault.Conflict, "%s is not empty: it holds %s", path, entries[0].Name())
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", fault.Wrap(fault.Invalid, err, "%s cannot be a folder of revisions", path)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", fault.Wrap(fault.Invalid, err, "%s cannot be made", path)
	}
	return Folder(path), Folder(path).record(Snapshot{})
}

// record writes schema.json, whole or not at all.
func (f Folder) record(s Snapshot) (err error) {
	b, err := encode(s)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(string(f), ".schema-*")
	if err != nil {
		return fault.Wrap(fault.Internal, err, "%s cannot be written", f.path(snapshotFile))
	}
	defer func() {
		if err != nil {
			os.Remove(temporary.Name())
		}
	}()
	_, err = temporary.Write(b)
	if err := errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err != nil {
		return fault.Wrap(fault.Internal, err, "%s cannot be written", f.path(snapshotFile))
	}
	return os.Rename(temporary.Name(), f.path(snapshotFile))
}

func encode(s Snapshot) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(s.recorded())
	return b.Bytes(), err
}

// recorded returns what schema.json says, and whether it is there.
func (f Folder) recorded() (s Snapshot, ok bool, err error) {
	b, err := os.ReadFile(f.path(snapshotFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fault.Wrap(fault.Internal, err, "%s cannot be read", f.path(snapshotFile))
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, false, fault.Wrap(fault.Invalid, err, "%s is damaged: if two branches met in it, merge their revisions; if not, restore it", f.path(snapshotFile))
	}
	return s, true, nil
}

func (f Folder) path(name string) string { return filepath.Join(string(f), name) }

// An entry is a revision as the names of files tell it.
type entry struct {
	number int
	name   string
	after  string // the revision it was written after, or "" if it does not say
}

func (e entry) String() string { return fmt.Sprintf("%04d_%s", e.number, e.name) }

func (e entry) file(dialect string) string { return e.String() + "." + dialect + ".sql" }

var fileName = regexp.MustCompile(`^(\d{4})_([A-Za-z0-9_-]+)\.(sqlite|postgres)\.sql$`)

// list returns the revisions among the files, by number and then by name. Files
// with other names are left to package migrate, which refuses them.
func list(files fs.FS) (out []entry, err error) {
	for _, pattern := range []string{"*.sql", "migrations/*.sql"} {
		paths, err := fs.Glob(files, pattern)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			m := fileName.FindStringSubmatch(path.Base(p))
			if m == nil {
				continue
			}
			number, _ := strconv.Atoi(m[1]) // four digits
			e := entry{number: number, name: m[2]}
			if slices.ContainsFunc(out, func(o entry) bool { return o.number == number && o.name == e.name }) {
				continue
			}
			text, err := fs.ReadFile(files, p)
			if err != nil {
				return nil, err
			}
			for line := range strings.Lines(string(text)) {
				if line = strings.TrimSpace(line); line == "-- up" {
					break
				} else if name, ok := strings.CutPrefix(line, afterMark); ok && e.after == "" {
					e.after = strings.TrimSpace(name)
				}
			}
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return strings.Compare(a.String(), b.String()) })
	return out, nil
}

// A Branch is revisions that claim the same number.
type Branch struct {
	Number int      `json:"number"`
	Names  []string `json:"names"`
}

// Branches returns the numbers that several revisions claim, none where there
// is one order.
func Branches(files fs.FS) ([]Branch, error) {
	all, err := list(files)
	if err != nil {
		return nil, err
	}
	var out []Branch
	for i, e := range all {
		switch {
		case i == 0 || all[i-1].number != e.number:
		case len(out) > 0 && out[len(out)-1].Number == e.number:
			out[len(out)-1].Names = append(out[len(out)-1].Names, e.String())
		default:
			out = append(out, Branch{e.number, []string{all[i-1].String(), e.String()}})
		}
	}
	return out, nil
}

// Find returns the folder called migrations below root that holds exactly the
// revisions that a program embeds, so that what is written belongs to what
// runs. None, or several, is fault.NotFound.
func Find(root string, embedded fs.FS) (Folder, error) {
	want := map[string]string{}
	if embedded != nil {
		var err error
		if want, err = texts(embedded); err != nil {
			return "", err
		}
	}
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // not ours to read
		case !d.IsDir():
			return nil
		case path != root && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.Name() != "migrations":
			return nil
		}
		if have, err := texts(os.DirFS(path)); err == nil && len(want) > 0 && same(have, want) {
			found = append(found, path)
		}
		return nil
	})
	switch {
	case err != nil:
		return "", err
	case len(found) == 1:
		return Folder(found[0]), nil
	case len(found) > 1:
		return "", fault.Errorf(fault.NotFound, "each of %s could be the folder: say which by --dir", strings.Join(found, ", "))
	}
	return "", fault.Errorf(fault.NotFound, "no folder below %s holds the revisions of this program: say --dir, and build the program again if it is older than its files", root)
}

// Holds returns fault.Conflict unless the folder holds exactly the revisions
// that a program embeds, so that structs and files belong together. A folder
// that is not there holds none.
func (f Folder) Holds(embedded fs.FS) error {
	have, err := texts(os.DirFS(string(f)))
	if err != nil {
		return err
	}
	want := map[string]string{}
	if embedded != nil {
		if want, err = texts(embedded); err != nil {
			return err
		}
	}
	if !same(have, want) {
		return fault.Errorf(fault.Conflict, "%s holds other revisions than this program embeds: build it again, or choose another folder", f)
	}
	return nil
}

// texts returns the revisions of a source by the names of their files.
func texts(files fs.FS) (map[string]string, error) {
	out := map[string]string{}
	for _, pattern := range []string{"*.sql", "migrations/*.sql"} {
		paths, err := fs.Glob(files, pattern)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			b, err := fs.ReadFile(files, p)
			if err != nil {
				return nil, err
			}
			out[path.Base(p)] = strings.ReplaceAll(string(b), "\r\n", "\n")
		}
	}
	return out, nil
}

func same(a, b map[string]string) bool {
	for name, text := range a {
		if b[name] != text {
			return false
		}
	}
	return len(a) == len(b)
}
