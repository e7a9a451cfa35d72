package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data/revise"
)

// A merged is what merge did to a domain.
type merged struct {
	Domain string        `json:"domain"`
	Moves  []revise.Move `json:"moves"`
}

func (p *program) mergeCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "merge", Aliases: []string{"merge-migrations"}, Short: "Bring the revisions of two branches into one order", Args: cobra.NoArgs,
		Long: "Bring the revisions of two branches, which claim the same numbers, into one order by renaming files.\n" +
			"Their texts stay, so that databases which ran either branch know what they ran and run the rest. This is\n" +
			"tried in scratch databases first; nothing is renamed if it does not work.",
	})
	name, dir := domainFlags(c)
	database := withDatabase(c, "all; only domains in it")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		list, err := p.mergeAll(ctx, *database, *name, *dir)
		if err != nil {
			return err
		}
		return p.print(f, some(list), func(w io.Writer) {
			for _, m := range list {
				for _, move := range m.Moves {
					fmt.Fprintf(w, "%s: %s is now %s\n", m.Domain, move.From, move.To)
				}
			}
			if len(list) == 0 {
				fmt.Fprintln(w, "there are no branches to merge")
			}
		})
	})
	return c
}

func (p *program) mergeAll(ctx context.Context, database, name, dir string) (list []merged, err error) {
	c, err := p.config()
	if err != nil {
		return nil, err
	}
	all, err := p.areas(ctx, database)
	if err != nil {
		return nil, err
	}
	areas, err := p.chosen(all, name, dir)
	if err != nil {
		return nil, err
	}
	for _, a := range areas {
		if a.files == nil {
			continue
		}
		branches, err := revise.Branches(a.files)
		if err != nil {
			return list, err
		}
		if len(branches) == 0 {
			continue
		}
		folder, err := a.folder(dir)
		if err != nil {
			return list, err
		}
		m, err := revise.Merge(ctx, revise.Domain{Name: a.name, Folder: folder, Schemas: a.schemas, Sources: sourcesIn(a.in, all), Scratch: scratches(c.at(a.in)), Extends: a.extends})
		if err != nil || m == nil {
			return list, err
		}
		if err := m.Write(folder); err != nil {
			return list, err
		}
		list = append(list, merged{a.name, m.Moves})
	}
	return list, nil
}

// A branching is a number that several revisions of a domain claim.
type branching struct {
	Domain string `json:"domain"`
	revise.Branch
}

func (p *program) branchesCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "branches", Short: "List the numbers that several revisions of a domain claim", Args: cobra.NoArgs})
	database := withDatabase(c, "all")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		all, err := p.areas(ctx, *database)
		if err != nil {
			return err
		}
		list := []branching{}
		for _, a := range all {
			if a.files == nil {
				continue
			}
			branches, err := revise.Branches(a.files)
			if err != nil {
				return err
			}
			for _, b := range branches {
				list = append(list, branching{a.name, b})
			}
		}
		return p.print(f, list, func(w io.Writer) {
			for _, b := range list {
				fmt.Fprintf(w, "%s: %s have the number %04d\n", b.Domain, strings.Join(b.Names, " and "), b.Number)
			}
			if len(list) == 0 {
				fmt.Fprintln(w, "there are no branches")
			}
		})
	})
	return c
}
