package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// operator returns a context whose caller is whoever runs the command, who may
// do everything.
func operator(ctx context.Context) context.Context {
	return auth.NewContext(ctx, &auth.Principal{Subject: "operator", Scheme: "cli", Permissions: auth.Permissions{"*"}})
}

// A pick is a flag of a list that leaves only rows with this value of a column,
// or one of these, with commas between.
type pick struct{ flag, column, usage string }

// A lister is a command that lists rows.
type lister[T any] struct {
	short  string
	table  func(e *estate) *data.Table[T]
	picks  []pick
	header string // with tabs between the cells
	row    func(v *T) []any
}

// listCommand returns the command list of rows, with flags that pick some.
func listCommand[T any](p *program, l lister[T]) *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "list", Short: l.short, Args: cobra.NoArgs})
	picked := make([]*string, len(l.picks))
	for i, x := range l.picks {
		picked[i] = c.Flags().String(x.flag, "", x.usage)
	}
	search := c.Flags().String("search", "", "only those with this `text` in a name")
	oldest := c.Flags().Bool("oldest", false, "the oldest first")
	limit := c.Flags().Int("limit", 50, "at most so many")
	offset := c.Flags().Int("offset", 0, "leave out so many before")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		if *limit < 1 || *offset < 0 {
			return misused("--limit must be at least 1, and --offset at least 0")
		}
		return p.with(ctx, toUse, func(e *estate) error {
			table := l.table(e)
			order, _ := table.Sorting("created_at", !*oldest)
			q := data.Query[T]{Limit: *limit, Offset: *offset, Count: true, Order: data.By(order)}
			where := []data.Filter[T]{}
			if *search != "" {
				where = append(where, table.Searching(*search, true))
			}
			for i, x := range l.picks {
				if *picked[i] == "" {
					continue
				}
				only, err := table.Matching(x.column, data.OneOf, strings.Split(*picked[i], ",")...)
				if err != nil {
					return misused("--%s: %s", x.flag, message(err))
				}
				where = append(where, only)
			}
			q.Where = data.All(where...)
			page, err := table.On(e.db).List(ctx, q)
			if err != nil {
				return err
			}
			return p.print(f, wholes(table, page.Items), func(w io.Writer) {
				fmt.Fprintln(w, l.header)
				for i := range page.Items {
					fmt.Fprintln(w, cells(l.row(&page.Items[i])...))
				}
				fmt.Fprintf(w, "%d of %d\n", len(page.Items), page.Total)
			})
		})
	})
	return c
}

// cells returns a line of a table.
func cells(values ...any) string {
	var out []string
	for _, v := range values {
		out = append(out, cell(fmt.Sprint(v)))
	}
	return strings.Join(out, "\t")
}

// fields prints names and values, a line for each.
func fields(w io.Writer, pairs ...any) {
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(w, "%s\t%s\n", pairs[i], cell(fmt.Sprint(pairs[i+1])))
	}
}

// yes writes a fact as a word.
func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// named returns err, or that there is no noun of this name if that is all that
// it says.
func named(err error, noun, name string) error {
	if fault.KindOf(err) == fault.NotFound {
		return fault.Errorf(fault.NotFound, "there is no %s %s", noun, cell(name))
	}
	return err
}
