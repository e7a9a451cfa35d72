package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts/memberships"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/patch"
)

func (p *program) membershipsCommand() *cobra.Command {
	return group("memberships", "People's standing with the organisation",
		listCommand(p, lister[memberships.Membership]{
			short: "List memberships, the newest first",
			table: func(e *estate) *data.Table[memberships.Membership] { return e.Memberships().Table },
			picks: []pick{
				{"type", "membership_type", "only of this `type`: basic, supporting, sponsor, managing, contributing, fellow"},
				{"votes", "votes", "only those that vote, or do not: `true` or false"},
				{"country", "country", "only from this `country`"},
			},
			header: "USER\tTYPE\tVOTES\tAFFIRMED\tNAME\tCOUNTRY\tCREATED",
			row: func(m *memberships.Membership) []any {
				return []any{m.UserID, m.Type, yes(m.Votes), affirmed(m), m.LegalName, m.Country, when(m.CreatedAt)}
			},
		}),
		p.showMembershipCommand(), p.createMembershipCommand(), p.setMembershipCommand(), p.deleteMembershipCommand())
}

// affirmed says when a member last affirmed that they go on voting.
func affirmed(m *memberships.Membership) string {
	if m.LastVoteAffirmation == nil {
		return "never"
	}
	return string(*m.LastVoteAffirmation)
}

// withMember runs fn with somebody and their membership.
func (p *program) withMember(ctx context.Context, identifier string, fn func(ctx context.Context, e *estate, u users.User, m memberships.Membership) error) error {
	return p.with(ctx, toUse, func(e *estate) error {
		u, err := e.find(ctx, identifier)
		if err != nil {
			return err
		}
		ctx := operator(ctx)
		m, err := e.Memberships().GetByUser(ctx, u.ID)
		if err != nil {
			return named(err, "membership of", u.Email)
		}
		return fn(ctx, e, u, m)
	})
}

func (p *program) showMembershipCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "show IDENTIFIER", Short: "Show somebody's membership", Args: cobra.ExactArgs(1)})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.withMember(ctx, args[0], func(ctx context.Context, e *estate, u users.User, m memberships.Membership) error {
			return p.print(f, e.Memberships().View(ctx, &m), func(w io.Writer) {
				fields(w, "user", u.Email, "type", m.Type, "higher level", yes(m.HigherLevel()), "votes", yes(m.Votes),
					"affirmed", affirmed(&m), "must affirm", yes(m.NeedsVoteAffirmation(e.db.Now())),
					"legal name", m.LegalName, "preferred name", m.PreferredName, "e-mail", m.EmailAddress,
					"place", m.PostalCode+" "+m.City, "region", m.Region, "country", m.Country,
					"code of conduct", yes(m.CodeOfConduct), "announcements", yes(m.Announcements), "created", when(m.CreatedAt))
			})
		})
	})
	return c
}

func (p *program) createMembershipCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "create IDENTIFIER", Short: "Make somebody a member", Args: cobra.ExactArgs(1)})
	var in memberships.Create
	kind := c.Flags().String("type", string(memberships.Basic), "the `type`: basic, supporting, sponsor, managing, contributing, fellow")
	c.Flags().BoolVar(&in.Votes, "votes", false, "the member votes")
	c.Flags().StringVar(&in.LegalName, "legal-name", "", "the `name` in papers")
	c.Flags().StringVar(&in.Country, "country", "", "the `country`")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			u, err := e.find(ctx, args[0])
			if err != nil {
				return err
			}
			in.UserID, in.Type = u.ID, memberships.Type(*kind)
			m, err := e.Memberships().Create(operator(ctx), in)
			if err != nil {
				return err
			}
			return p.print(f, m, func(w io.Writer) { fmt.Fprintf(w, "%s has a membership of the type %s\n", cell(u.Email), m.Type) })
		})
	})
	return c
}

func (p *program) setMembershipCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "set IDENTIFIER", Short: "Change somebody's membership", Args: cobra.ExactArgs(1)})
	kind := c.Flags().String("type", "", "the `type`: basic, supporting, sponsor, managing, contributing, fellow")
	votes := c.Flags().Bool("votes", false, "the member votes; --votes=false if not")
	day := c.Flags().String("affirmed", "", "the `day` of the last affirmation to vote, as 2026-01-31, or never")
	country := c.Flags().String("country", "", "the `country`")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		var in memberships.Update
		if c.Flags().Changed("type") {
			in.Type = patch.Of(memberships.Type(*kind))
		}
		if c.Flags().Changed("votes") {
			in.Votes = patch.Of(*votes)
		}
		if c.Flags().Changed("country") {
			in.Country = patch.Of(*country)
		}
		switch {
		case *day == "never":
			in.LastVoteAffirmation = patch.Null[data.Date]()
		case c.Flags().Changed("affirmed"):
			in.LastVoteAffirmation = patch.Of(data.Date(*day))
		}
		return p.withMember(ctx, args[0], func(ctx context.Context, e *estate, u users.User, m memberships.Membership) error {
			m, err := e.Memberships().Update(ctx, m.ID, in, m.Version())
			if err != nil {
				return err
			}
			return p.print(f, m, func(w io.Writer) { fmt.Fprintf(w, "changed the membership of %s\n", cell(u.Email)) })
		})
	})
	return c
}

func (p *program) deleteMembershipCommand() *cobra.Command {
	c := &cobra.Command{Use: "delete IDENTIFIER", Short: "End somebody's membership", Args: cobra.ExactArgs(1)}
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.withMember(ctx, args[0], func(ctx context.Context, e *estate, u users.User, m memberships.Membership) error {
			if err := e.Memberships().Delete(ctx, m.ID); err != nil {
				return err
			}
			fmt.Fprintf(p.Stdout, "ended the membership of %s\n", cell(u.Email))
			return nil
		})
	})
	return c
}
