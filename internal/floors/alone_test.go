package floors

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// What comes with the data layer for whoever takes nothing else: packages of ours by name, others by the start of their paths.
const (
	dataOurs  = "data data/driver fault patch secret"
	dataOther = "github.com/shopspring/decimal golang.org/x/crypto golang.org/x/sys golang.org/x/text"
	liteOther = " modernc.org/ github.com/google/uuid github.com/dustin/go-humanize github.com/remyoudompheng/bigfft"
	pgOther   = " github.com/jackc/ golang.org/x/sync"
	diffOther = " ariga.io/atlas github.com/agext/levenshtein github.com/apparentlymart/go-textseg github.com/bmatcuk/doublestar" +
		" github.com/go-openapi/inflect github.com/google/go-cmp github.com/hashicorp/hcl github.com/mitchellh/go-wordwrap" +
		" github.com/zclconf/go-cty gopkg.in/yaml.v3"
)

// The data layer can be had alone: a program that imports it builds no web framework, no queue, no command line, no cloud.
func TestDataStandsAlone(t *testing.T) {
	t.Parallel()
	for pkg, may := range map[string]struct{ ours, others string }{
		"data":               {dataOurs, dataOther},
		"data/sqlite":        {dataOurs + " data/sqlite", dataOther + liteOther},
		"data/postgres":      {dataOurs + " data/postgres", dataOther + pgOther},
		"data/migrate":       {dataOurs + " data/migrate", dataOther + pgOther + diffOther},
		"examples/minimal":   {dataOurs + " data/sqlite data/postgres data/migrate examples/minimal", dataOther + liteOther + pgOther + diffOther},
		"examples/bookmarks": {dataOurs + " data/sqlite data/postgres data/migrate examples/bookmarks", dataOther + liteOther + pgOther + diffOther},
	} {
		t.Run(pkg, func(t *testing.T) {
			t.Parallel()
			out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", path.Join(module, pkg)).Output()
			if err != nil {
				t.Fatal(err)
			}
			found := strings.Fields(string(out))
			if !slices.Contains(found, path.Join(module, pkg)) {
				t.Fatalf("go list says %q", found)
			}
			for _, dep := range found {
				name, ours := strings.CutPrefix(dep, module+"/")
				if ours && !slices.Contains(strings.Fields(may.ours), name) {
					t.Errorf("it brings our %s", name)
				}
				if !ours && !slices.ContainsFunc(strings.Fields(may.others), func(start string) bool { return strings.HasPrefix(dep, start) }) {
					t.Errorf("it brings %s", dep)
				}
			}
		})
	}
}
