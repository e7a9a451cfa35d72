package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/fault"
)

// A resealed says what became of the values of a column that were under older keys.
type resealed struct {
	Database  string `json:"database"`
	Table     string `json:"table"`
	Column    string `json:"column"`
	Values    int    `json:"values"`    // are under the current key now
	Overtaken int    `json:"overtaken"` // somebody else wrote them meanwhile
	Failed    int    `json:"failed"`    // could not be opened
}

func (p *program) reencryptCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "reencrypt", Short: "Encrypt what is under older keys under the current one", Args: cobra.NoArgs,
		Long: "Encrypt the values of all encrypted columns, in all databases, that are under older keys under the\n" +
			"current one. Every server must have been restarted with the current key file before. It works in small\n" +
			"batches while servers run; a value that somebody writes meanwhile wins. It may be interrupted, run\n" +
			"again, and run twice at once. Ends with 1 if a value could not be opened, or is under an older key still.",
	})
	dry := c.Flags().Bool("dry-run", false, "only count what would be done")
	yes := c.Flags().Bool("yes", false, "do not ask")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		return p.sealed(ctx, func(cfg config, e *estate, before *sealing) error {
			todo := before.stale()
			if *dry {
				return p.printPlan(f, before, todo)
			}
			if len(todo) > 0 {
				question := fmt.Sprintf("Do all running servers have the key %s? Those that do not cannot read what is encrypted under it.", before.Keys[0].ID)
				if err := p.unless(ctx, *yes, question); err != nil {
					return err
				}
			}
			done, err := p.reencrypt(ctx, cfg, e, todo)
			if err != nil {
				return err
			}
			after, err := p.sealing(ctx, cfg, e)
			if err != nil {
				return err
			}
			return p.printResealed(f, done, after)
		})
	})
	return c
}

// reencrypt goes through the columns that have values under older keys.
func (p *program) reencrypt(ctx context.Context, c config, e *estate, todo []sealCount) ([]resealed, error) {
	out := []resealed{}
	for i, first := range todo {
		total := 0
		for _, other := range todo {
			if other.Database == first.Database && other.Table == first.Table && other.Column == first.Column {
				total += other.Values
			}
		}
		if i > 0 && todo[i-1].Database == first.Database && todo[i-1].Table == first.Table && todo[i-1].Column == first.Column {
			continue // under yet another key
		}
		done, err := p.reencryptColumn(ctx, c, e, first, total)
		if err != nil && done.Failed == 0 {
			for _, r := range append(out, done) {
				p.complain(fmt.Sprintf("until then: %s of %s.%s in %s", plural(r.Values, "value"), r.Table, r.Column, r.Database))
			}
			return nil, err
		}
		if err != nil {
			p.complain(message(err))
		}
		out = append(out, done)
	}
	return out, nil
}

func (p *program) reencryptColumn(ctx context.Context, c config, e *estate, at sealCount, total int) (resealed, error) {
	out := resealed{Database: at.Database, Table: at.Table, Column: at.Column}
	one, err := e.of(c, at.Database)
	if err != nil {
		return out, err
	}
	for _, schema := range one.Schemas() {
		if schema.Table != at.Table {
			continue
		}
		bar := p.bar()
		done, err := schema.Reseal(ctx, one.db, at.Column, func(r data.Resealed) {
			n := r.Values + r.Overtaken + r.Failed
			bar.step(transfer.Step{Table: at.Table + "." + at.Column, Rows: int64(n), Share: min(1, float64(n)/float64(total))})
		})
		bar.end()
		out.Values, out.Overtaken, out.Failed = done.Values, done.Overtaken, done.Failed
		return out, err
	}
	return out, nil
}

func (p *program) printPlan(f *format, s *sealing, todo []sealCount) error {
	err := p.print(f, some(todo), func(w io.Writer) {
		for _, c := range todo {
			fmt.Fprintf(w, "would reencrypt\t%s.%s\tin %s\t%s under %s\n", c.Table, c.Column, c.Database, plural(c.Values, "value"), c.Key)
		}
		if len(todo) == 0 {
			fmt.Fprintln(w, "all values are under the current key")
		}
	})
	if n := s.missing(); err == nil && n > 0 {
		return p.unopened(n, s.KeyFile)
	}
	return err
}

func (p *program) printResealed(f *format, done []resealed, after *sealing) error {
	failed, left := 0, 0
	for _, r := range done {
		failed += r.Failed
	}
	for _, c := range after.stale() {
		left += c.Values
	}
	err := p.print(f, struct {
		Columns []resealed `json:"columns"`
		After   *sealing   `json:"after"`
	}{done, after}, func(w io.Writer) {
		for _, r := range done {
			fmt.Fprintf(w, "reencrypted\t%s.%s\tin %s\t%s", r.Table, r.Column, r.Database, plural(r.Values, "value"))
			if r.Overtaken > 0 {
				fmt.Fprintf(w, ", %d written by others meanwhile", r.Overtaken)
			}
			if r.Failed > 0 {
				fmt.Fprintf(w, ", %d COULD NOT BE OPENED", r.Failed)
			}
			fmt.Fprintln(w)
		}
		if left == 0 {
			fmt.Fprintf(w, "all values are under the key %s\n", after.Keys[0].ID)
		}
	})
	switch {
	case err != nil:
		return err
	case failed > 0:
		return fault.Errorf(fault.Conflict, "%s could not be opened, and are as they were: %s secrets status says under which keys", plural(failed, "value"), p.name)
	case left > 0:
		return fault.Errorf(fault.Conflict, "%s under an older key still: a server writes with it; restart it and run this again", plural(left, "value"))
	}
	return nil
}
