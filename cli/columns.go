package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// withSet gives a command the flag that sets columns of the app's own.
func withSet(c *cobra.Command) *[]string {
	return c.Flags().StringArray("set", nil, "a `column=value` that the program has added; may be repeated")
}

// wholes returns what JSON shows of rows, with columns of the app's own.
func wholes[T any](t *data.Table[T], rows []T) []any {
	out := make([]any, len(rows))
	for i := range rows {
		out[i] = t.Whole(&rows[i])
	}
	return out
}

// printExtra prints the columns of the app's own that a row has, a line for each.
func printExtra[T any](w io.Writer, t *data.Table[T], x data.Extra) {
	for _, m := range t.Members() {
		text, err := json.Marshal(t.Beside(struct{}{}, x, []data.Member{m}))
		var one map[string]json.RawMessage
		if err != nil || json.Unmarshal(text, &one) != nil {
			continue // it was read as what it is
		}
		value := string(one[m.Name])
		var s string
		if json.Unmarshal(one[m.Name], &s) == nil {
			value = s
		}
		fmt.Fprintf(w, "%s\t%s\n", m.Name, cell(value))
	}
}

// object returns the JSON that pairs of column=value stand for. Nothing after =
// is null where a column may be that.
func object(members []data.Member, pairs []string) ([]byte, error) {
	out := map[string]json.RawMessage{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, misused("%q is not column=value", pair)
		}
		var column *data.Field
		var names []string
		for _, m := range members {
			names = append(names, m.Name)
			if m.Name == name {
				column = &m.Column
			}
		}
		text, _ := json.Marshal(value) // strings always can be
		switch {
		case column == nil && names == nil:
			return nil, misused("there is no column %s: this program adds none", name)
		case column == nil:
			return nil, misused("there is no column %s; the program adds %s", name, strings.Join(names, ", "))
		case value == "" && column.Null:
			text = []byte("null")
		case column.Kind != driver.Text && json.Valid([]byte(value)):
			text = []byte(value)
		}
		out[name] = text
	}
	return json.Marshal(out)
}

// extraOf returns what pairs of column=value say of a new row.
func extraOf[T any](t *data.Table[T], pairs []string) (x data.Extra, err error) {
	if len(pairs) == 0 {
		return x, nil
	}
	text, err := object(t.Members(), pairs)
	if err != nil {
		return x, err
	}
	return t.ReadExtra(text)
}

// changesOf returns what pairs of column=value change of a row.
func changesOf[T any](t *data.Table[T], pairs []string) ([]data.Change[T], error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	text, err := object(t.Members(), pairs)
	if err != nil {
		return nil, err
	}
	return t.ReadChanges(text, t.Members())
}

func (p *program) setUserCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "set IDENTIFIER COLUMN=VALUE...", Short: "Change columns of an account that this program has added", Args: cobra.MinimumNArgs(2),
	})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			changes, err := changesOf(e.Users().Table, args[1:])
			if err != nil {
				return err
			}
			u, err := e.find(ctx, args[0])
			if err != nil {
				return err
			}
			u, err = e.Users().Update(operator(ctx), u.ID, users.Update{Profile: users.Profile{Extra: changes}})
			if err != nil {
				return err
			}
			return p.print(f, e.Users().Table.Whole(&u), func(w io.Writer) { printExtra(w, e.Users().Table, u.Extra) })
		})
	})
	return c
}
