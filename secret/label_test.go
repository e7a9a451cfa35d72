package secret_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/manorgo/manor/secret"
)

// readLabels returns the labels that are declared, which must be in label.go.
func readLabels(t *testing.T) (out []secret.Label) {
	t.Helper()
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Label" {
				return true
			}
			if name != "label.go" {
				t.Errorf("%s declares the label %s", name, spec.Names[0])
			}
			for _, v := range spec.Values {
				text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, secret.Label(text))
			}
			return true
		})
	}
	return out
}

func TestLabels(t *testing.T) {
	t.Parallel()
	labels := readLabels(t)
	if len(labels) < 11 {
		t.Errorf("only %d labels were found", len(labels))
	}
	seen := map[secret.Label]bool{}
	for _, l := range labels {
		if seen[l] {
			t.Errorf("%q is there twice", l)
		}
		seen[l] = true
		if strings.Trim(string(l), "abcdefghijklmnopqrstuvwxyz/-") != "" || l == "" {
			t.Errorf("%q is not made of small letters, / and -", l)
		}
	}
}
