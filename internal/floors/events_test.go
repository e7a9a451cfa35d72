package floors

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Events and tasks are stored, retried and heard by whoever listens, so nothing that
// opens anything may stand in them: whoever needs a secret makes it when it is used.
func TestEventsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	opens := regexp.MustCompile(`(?i)password|token|secret|hash|cookie|digest|salt|code\b|link\b`)
	looked := 0
	for dir, files := range goFiles(t) {
		kinds, structs := map[string]bool{}, map[string]*ast.StructType{}
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				switch x := n.(type) {
				case *ast.FuncDecl:
					if x.Name.Name == "Kind" && x.Recv != nil && x.Type.Params.NumFields() == 0 {
						if name, ok := x.Recv.List[0].Type.(*ast.Ident); ok {
							kinds[name.Name] = true
						}
					}
				case *ast.TypeSpec:
					if s, ok := x.Type.(*ast.StructType); ok {
						structs[x.Name.Name] = s
					}
				}
				return true
			})
		}
		for name := range kinds {
			if structs[name] == nil {
				continue
			}
			looked++
			for _, field := range structs[name].Fields.List {
				ast.Inspect(field.Type, func(n ast.Node) bool {
					if x, ok := n.(*ast.SelectorExpr); ok && x.X.(*ast.Ident).Name == "secret" {
						t.Errorf("%s: %s holds a secret.%s", dir, name, x.Sel.Name)
					}
					return true
				})
				for _, id := range field.Names {
					if opens.MatchString(id.Name) {
						t.Errorf("%s: %s holds a %s", dir, name, id.Name)
					}
				}
			}
		}
	}
	if looked < 40 {
		t.Errorf("only %d events and tasks were found", looked)
	}
}

// goFiles returns the files of all packages of this module but for tests, by folder.
func goFiles(t *testing.T) map[string][]*ast.File {
	t.Helper()
	out := map[string][]*ast.File{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if rel = filepath.ToSlash(rel); d.IsDir() {
			if slices.Contains([]string{".git", "bench", "file/cloud"}, rel) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		out[filepath.Dir(rel)] = append(out[filepath.Dir(rel)], f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
