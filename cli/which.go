package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/domain"
)

// withDatabase gives a command the flag that says which database it is about.
func withDatabase(c *cobra.Command, preset string) *string {
	name := c.Flags().String("database", "", "`name` of the database (default "+preset+")")
	c.Flags().StringVar(name, "bind-key", "", "the same") // what Advanced Alchemy calls it
	_ = c.Flags().MarkHidden("bind-key")                  // it is there
	return name
}

// on opens one database, main if none is named, and runs fn on it.
func (p *program) on(ctx context.Context, name string, fn func(cfg config, e *estate) error) error {
	return p.onOne(ctx, name, toLook, fn)
}

func (p *program) onOne(ctx context.Context, name string, n need, fn func(cfg config, e *estate) error) error {
	cfg, err := p.config()
	if err != nil {
		return err
	}
	e, err := p.openOne(ctx, cfg, cmp.Or(name, domain.Main), n, p.logger(cfg, slog.LevelWarn))
	if err != nil {
		return err
	}
	defer e.close() // everything is committed by now
	return fn(cfg, e)
}

// onEach opens one database, or all if none is named, and runs fn on each, main
// first.
func (p *program) onEach(ctx context.Context, name string, n need, fn func(e *estate) error) error {
	cfg, err := p.config()
	if err != nil {
		return err
	}
	if name != "" {
		return p.onOne(ctx, name, n, func(_ config, e *estate) error { return fn(e) })
	}
	e, err := p.open(ctx, cfg, n, p.logger(cfg, slog.LevelWarn), nil)
	if err != nil {
		return err
	}
	defer e.close() // everything is committed by now
	for _, name := range cfg.names() {
		one, err := e.of(cfg, name)
		if err == nil {
			err = fn(one)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// only refuses to choose between several databases for a command that would mean
// something else in each.
func (p *program) only(name, why string) error {
	if name == "" && p.several() {
		return misused("this program has several databases: with %s say --database %s", why, strings.Join(append([]string{domain.Main}, p.databases...), " or "))
	}
	return nil
}

// several reports whether the program has databases beside main.
func (p *program) several() bool {
	p.settings()
	return len(p.databases) > 0
}

// others says what a command for all was not done for.
func (p *program) others(name string, format string) {
	var rest []string
	for _, other := range append([]string{domain.Main}, p.databases...) {
		if other != cmp.Or(name, domain.Main) {
			rest = append(rest, other)
		}
	}
	if rest != nil {
		p.complain(fmt.Sprintf(format, cmp.Or(name, domain.Main), strings.Join(rest, ", ")))
	}
}

// A placed is a revision and the database that it belongs to.
type placed struct {
	Database string `json:"database"`
	migrate.Revision
}

func (e *estate) placed(list []migrate.Revision) []placed {
	out := []placed{}
	for _, r := range list {
		out = append(out, placed{e.name, r})
	}
	return out
}

// in says which database something is in, of a program that has several.
func (p *program) in(database string) string {
	if !p.several() {
		return ""
	}
	return "\tin " + database
}

func (p *program) printRevisions(f *format, list []placed) error {
	return p.print(f, some(list), func(w io.Writer) {
		head, cell := "", func(string) string { return "" }
		if p.several() {
			head, cell = "DATABASE\t", func(name string) string { return name + "\t" }
		}
		fmt.Fprintf(w, "%sREVISION\tSTATE\tAPPLIED AT\n", head)
		for _, r := range list {
			fmt.Fprintf(w, "%s%s\t%s\t%s\n", cell(r.Database), r.Revision, r.State, when(r.AppliedAt))
		}
	})
}
