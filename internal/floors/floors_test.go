package floors

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/manorgo/manor"

// floors lists the packages from the ground up; "." is the module's root. A package may import those of lower floors, and
// anything below internal/.
var floors = []string{
	"fault patch data/driver file/driver",
	"secret httpsig file/local file/memory file/filetest accounts/internal/contract",
	"data auth file/s3",
	"web task accounts/apikeys/client data/migrate data/session data/sqlite data/postgres data/transfer",
	"event mail limit data/revise data/datatest file",
	"domain data/drivertest",
	"accounts/users audit",
	"accounts/roles accounts/sessions accounts/tokens accounts/memberships accounts/groups accounts/identities accounts/apikeys accounts/users/storetest examples/shop/products examples/library examples/documents",
	"accounts accounts/imports accounts/identities/storetest accounts/apikeys/storetest examples/credits",
	"pages",
	".",
	"cli manortest",
	"cmd/manor examples/shop examples/shopd examples/minimal examples/bookmarks accounts/internal/accountstest",
}

// Which database it is, only the top floors know, and what opens databases for tests.
const (
	drivers     = " data/sqlite data/postgres "
	namesDriver = 11
	opensBoth   = "data/datatest"
)

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	floorOf := map[string]int{}
	for floor, packages := range floors {
		for pkg := range strings.FieldsSeq(packages) {
			floorOf[pkg] = floor
		}
	}
	docs := map[string]int{} // package comments by package
	root := filepath.Join("..", "..")
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, err := os.Stat(filepath.Join(root, file, "go.mod"))
			if file != "." && (err == nil || entry.Name()[0] == '.' || entry.Name() == "testdata") {
				return fs.SkipDir // another module, or no packages
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		pkg := path.Dir(file)
		floor, listed := floorOf[pkg]
		if !listed && !strings.HasPrefix(pkg, "internal/") {
			t.Errorf("%s: package %s stands on no floor: add it to the list here and in DESIGN.md", file, pkg)
		}
		docs[pkg] += min(1, len(syntax.Doc.Text()))
		for _, spec := range syntax.Imports {
			imported, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`)+"/", module+"/")
			imported = path.Clean(imported)
			if !ours || strings.HasPrefix(imported, "internal/") {
				continue
			}
			if floorOf[imported] >= floor {
				t.Errorf("%s: floor %d imports %s of floor %d", file, floor, imported, floorOf[imported])
			}
			if strings.Contains(drivers, " "+imported+" ") && floor < namesDriver && pkg != opensBoth {
				t.Errorf("%s: names the driver %s, which belongs to floor %d and above", file, imported, namesDriver)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg, n := range docs {
		if n != 1 {
			t.Errorf("package %s has %d package comments, want one", pkg, n)
		}
		delete(floorOf, pkg)
	}
	for pkg := range floorOf {
		t.Errorf("package %s is listed here but does not exist", pkg)
	}
}
