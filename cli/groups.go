package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts/groups"
	"github.com/manorgo/manor/data"
)

func (p *program) groupsCommand() *cobra.Command {
	approve := func(s *groups.Service) func(context.Context, groups.ID, bool) (groups.Group, error) { return s.Approve }
	trust := func(s *groups.Service) func(context.Context, groups.ID, bool) (groups.Group, error) { return s.Trust }
	return group("groups", "Communities that people want listed",
		listCommand(p, lister[groups.Group]{
			short: "List groups, the newest first; --approved=false --oldest is what waits for a decision",
			table: func(e *estate) *data.Table[groups.Group] { return e.Groups().Table },
			picks: []pick{
				{"approved", "approved", "only those that are listed, or wait: `true` or false"},
				{"trusted", "trusted", "only those that are trusted, or not: `true` or false"},
				{"url-type", "url_type", "only with this `type` of address: meetup, distribution_list, other"},
			},
			header: "ID\tNAME\tAPPROVED\tTRUSTED\tTYPE\tURL\tCREATED",
			row: func(g *groups.Group) []any {
				return []any{g.ID, g.Name, yes(g.Approved), yes(g.Trusted), g.URLType, g.URL, when(g.CreatedAt)}
			},
		}),
		p.showGroupCommand(),
		p.flagGroupCommand("approve", "List a group", approve, true, "%s is listed\n"),
		p.flagGroupCommand("revoke-approval", "Take a group off the list", approve, false, "%s is not listed\n"),
		p.flagGroupCommand("trust", "Trust a group", trust, true, "%s is trusted\n"),
		p.flagGroupCommand("revoke-trust", "Stop trusting a group", trust, false, "%s is not trusted\n"),
		p.deleteGroupCommand())
}

// withGroup runs fn with the group of an id.
func (p *program) withGroup(ctx context.Context, id string, fn func(ctx context.Context, e *estate, g groups.Group) error) error {
	return p.with(ctx, toUse, func(e *estate) error {
		key, err := data.ParseID[groups.Group](id)
		if err != nil {
			return misused("%q is not the id of a group", id)
		}
		ctx := operator(ctx)
		g, err := e.Groups().Get(ctx, key)
		if err != nil {
			return named(err, "group", id)
		}
		return fn(ctx, e, g)
	})
}

func (p *program) showGroupCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "show ID", Short: "Show a group", Args: cobra.ExactArgs(1)})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.withGroup(ctx, args[0], func(_ context.Context, _ *estate, g groups.Group) error {
			return p.print(f, g, func(w io.Writer) {
				by, since := "-", "-"
				if g.SubmitterID != nil {
					by = g.SubmitterID.String()
				}
				if g.StartDate != nil {
					since = string(*g.StartDate)
				}
				fields(w, "id", g.ID, "name", g.Name, "location", g.Location, "url", g.URL, "type", g.URLType, "since", since,
					"approved", yes(g.Approved), "trusted", yes(g.Trusted), "submitted by", by, "created", when(g.CreatedAt))
			})
		})
	})
	return c
}

func (p *program) flagGroupCommand(verb, short string, of func(*groups.Service) func(context.Context, groups.ID, bool) (groups.Group, error), on bool, done string) *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1)})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.withGroup(ctx, args[0], func(ctx context.Context, e *estate, g groups.Group) error {
			g, err := of(e.Groups())(ctx, g.ID, on)
			if err != nil {
				return err
			}
			return p.print(f, g, func(w io.Writer) { fmt.Fprintf(w, done, cell(g.Name)) })
		})
	})
	return c
}

func (p *program) deleteGroupCommand() *cobra.Command {
	c := &cobra.Command{Use: "delete ID", Short: "Remove a group", Args: cobra.ExactArgs(1)}
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.withGroup(ctx, args[0], func(ctx context.Context, e *estate, g groups.Group) error {
			if err := e.Groups().Delete(ctx, g.ID); err != nil {
				return err
			}
			fmt.Fprintf(p.Stdout, "removed the group %s\n", cell(g.Name))
			return nil
		})
	})
	return c
}
