package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/secret"
)

// described returns the app as it would be served, over an empty database that
// is gone when fn returns: descriptions need no other.
func (p *program) described(ctx context.Context, fn func(*manor.App) error) error {
	c, err := p.config()
	if err != nil {
		return err
	}
	return p.onEmpty(ctx, func(db *data.DB, keys *secret.Keyring) error {
		app, err := p.newApp(c, db, c.standIns(), keys, p.logger(c, slog.LevelWarn), nil)
		if err != nil {
			return err
		}
		return fn(app)
	})
}

// onEmpty runs fn on an empty database that is gone when it returns.
func (p *program) onEmpty(ctx context.Context, fn func(*data.DB, *secret.Keyring) error) (err error) {
	folder, err := os.MkdirTemp("", "manor-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	db, err := sqlite.Open(ctx, filepath.Join(folder, "empty.db"), sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	keys, err := throwaway()
	if err != nil {
		return err
	}
	return fn(db, keys)
}

func (p *program) openapiCommand() *cobra.Command {
	c := &cobra.Command{Use: "openapi", Short: "Print the OpenAPI document of what is served", Args: cobra.NoArgs}
	yaml := c.Flags().Bool("yaml", false, "print YAML instead of JSON")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		return p.described(ctx, func(app *manor.App) error {
			document := app.Router().OpenAPI()
			if *yaml {
				text, err := document.YAML()
				if err != nil {
					return err
				}
				_, err = p.Stdout.Write(text)
				return err
			}
			e := json.NewEncoder(p.Stdout)
			e.SetIndent("", "  ")
			e.SetEscapeHTML(false)
			return e.Encode(document)
		})
	})
	return c
}

// A listedRoute is what programs see of a route.
type listedRoute struct {
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Access      string   `json:"access"`
	Permissions []string `json:"permissions"` // that decide who may call
	Marks       []string `json:"marks"`       // what else sets it apart
	Limit       string   `json:"limit"`       // the tier that says how often
	Operation   string   `json:"operation_id"`
}

func (p *program) routesCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "routes", Short: "List the routes of the API and who may call them", Args: cobra.NoArgs})
	method := c.Flags().String("method", "", "only those of this `method`, such as POST")
	path := c.Flags().String("path", "", "only those with this `text` in the path")
	access := c.Flags().String("access", "", "only those that these `callers` may call, as the list names them: anyone")
	grant := c.Flags().String("permission", "", "only those that this `grant` opens, such as users:write or users:*")
	mark := c.Flags().String("mark", "", "only those with this `mark`, such as stranger")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		return p.described(ctx, func(app *manor.App) error {
			list := []listedRoute{}
			for _, r := range app.Router().Routes() {
				x := listedRoute{r.Method, r.Path, r.Access.String(), some(r.Access.Permissions()), some(r.Marks()), r.Tier.Name, r.OperationID}
				opens := func(permission string) bool { return auth.Grants(*grant, permission) }
				if (*method == "" || strings.EqualFold(*method, x.Method)) && strings.Contains(x.Path, *path) &&
					(*access == "" || *access == x.Access) && (*mark == "" || slices.Contains(x.Marks, *mark)) &&
					(*grant == "" || slices.ContainsFunc(x.Permissions, opens)) {
					list = append(list, x)
				}
			}
			return p.print(f, list, func(w io.Writer) {
				fmt.Fprint(w, "METHOD\tPATH\tACCESS\tLIMIT\tMARKS\n")
				for _, r := range list {
					fmt.Fprintln(w, cells(r.Method, r.Path, r.Access, r.Limit, strings.Join(r.Marks, ",")))
				}
			})
		})
	})
	return c
}

func (p *program) versionCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs})
	c.RunE = p.does(func(context.Context, []string) error {
		v := struct {
			Version  string `json:"version"`
			Go       string `json:"go"`
			Platform string `json:"platform"`
			Revision string `json:"revision,omitempty"` // of the source, if it is known
		}{Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, ""}
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, s := range info.Settings {
				if s.Key == "vcs.revision" {
					v.Revision = s.Value
				}
			}
		}
		return p.print(f, v, func(w io.Writer) { fmt.Fprintf(w, "%s %s\n", p.name, v.Version) })
	})
	return c
}
