package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/patch"
)

func (p *program) rolesCommand() *cobra.Command {
	return group("roles", "Named sets of permissions, and who holds them",
		listCommand(p, lister[roles.Role]{
			short: "List roles, the newest first", table: func(e *estate) *data.Table[roles.Role] { return e.Roles().Table },
			header: "NAME\tSYSTEM\tPERMISSIONS\tDESCRIPTION",
			row: func(r *roles.Role) []any {
				return []any{r.Name, yes(r.System), strings.Join(r.Permissions, " "), r.Description}
			},
		}),
		p.showRoleCommand(), p.createRoleCommand(), p.setRoleCommand(), p.deleteRoleCommand(),
		p.roleCommand("grant", "Give somebody a role, such as staff or superuser"),
		p.roleCommand("revoke", "Take a role from somebody"), p.explainCommand())
}

// A shownRole is a role and who holds it.
type shownRole struct {
	roles.Role
	Holders []holder `json:"holders"`
	Total   int      `json:"total"` // of holders
}

type holder struct {
	ID       users.ID `json:"id"`
	Username string   `json:"username"`
	Email    string   `json:"email"`
}

func (p *program) showRoleCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "show ROLE", Short: "Show a role and who holds it", Args: cobra.ExactArgs(1)})
	limit := c.Flags().Int("limit", 50, "at most so many holders")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		if *limit < 1 {
			return misused("--limit must be at least 1")
		}
		return p.with(ctx, toUse, func(e *estate) error {
			r, err := e.Roles().ByName(ctx, args[0])
			if err != nil {
				return named(err, "role", args[0])
			}
			page, err := e.Users().Table.On(e.db).List(ctx, data.Query[users.User]{Where: users.WithRole(r.Name), Limit: *limit, Count: true})
			if err != nil {
				return err
			}
			shown := shownRole{Role: r, Holders: []holder{}, Total: page.Total}
			for _, u := range page.Items {
				shown.Holders = append(shown.Holders, holder{u.ID, u.Username, u.Email})
			}
			table := e.Roles().Table
			return p.print(f, table.Beside(shown, r.Extra, table.Members()), func(w io.Writer) {
				fields(w, "name", r.Name, "description", r.Description, "system", yes(r.System),
					"permissions", strings.Join(r.Permissions, " "), "created", when(r.CreatedAt), "changed", when(r.UpdatedAt),
					"holders", fmt.Sprintf("%d of %d", len(shown.Holders), shown.Total))
				printExtra(w, table, r.Extra)
				for _, h := range shown.Holders {
					fields(w, "", h.Email+" ("+h.Username+")")
				}
			})
		})
	})
	return c
}

func (p *program) createRoleCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "create ROLE", Short: "Make a role", Args: cobra.ExactArgs(1)})
	var in roles.Create
	c.Flags().StringVar(&in.Description, "description", "", "what it is for")
	c.Flags().StringSliceVar(&in.Permissions, "permission", nil, "what it permits: `resource:action`, or resource:* for every action; may be repeated")
	set := withSet(c)
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		in.Name = args[0]
		return p.with(ctx, toUse, func(e *estate) (err error) {
			if in.Extra, err = extraOf(e.Roles().Table, *set); err != nil {
				return err
			}
			r, err := e.Roles().Create(operator(ctx), in)
			if err != nil {
				return err
			}
			return p.print(f, e.Roles().Table.Whole(&r), func(w io.Writer) { fmt.Fprintf(w, "created the role %s\n", r.Name) })
		})
	})
	return c
}

func (p *program) setRoleCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "set ROLE", Short: "Change a role, for all who hold it, from their next request on", Args: cobra.ExactArgs(1),
	})
	name := c.Flags().String("name", "", "a new `name`")
	description := c.Flags().String("description", "", "what it is for")
	list := c.Flags().StringSlice("permission", nil, "what it permits, in place of all before; may be repeated")
	more := c.Flags().StringSlice("add", nil, "a `permission` that it gets; may be repeated")
	less := c.Flags().StringSlice("remove", nil, "a `permission` that it loses; may be repeated")
	set := withSet(c)
	c.MarkFlagsMutuallyExclusive("permission", "add")
	c.MarkFlagsMutuallyExclusive("permission", "remove")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		var in roles.Update
		if c.Flags().Changed("name") {
			in.Name = patch.Of(*name)
		}
		if c.Flags().Changed("description") {
			in.Description = patch.Of(*description)
		}
		if c.Flags().Changed("permission") {
			in.Permissions = patch.Of(*list)
		}
		return p.with(ctx, toUse, func(e *estate) error {
			r, err := e.Roles().ByName(ctx, args[0])
			if err != nil {
				return named(err, "role", args[0])
			}
			if in.Extra, err = changesOf(e.Roles().Table, *set); err != nil {
				return err
			}
			if len(*more)+len(*less) > 0 {
				gone := auth.NormalNames(*less)
				kept := slices.DeleteFunc(auth.NormalNames(append(*more, r.Permissions...)), func(s string) bool { return slices.Contains(gone, s) })
				in.Permissions = patch.Of(kept)
			}
			r, err = e.Roles().Update(operator(ctx), r.Name, in, r.Version()) // nobody's change in between is lost
			if err != nil {
				return err
			}
			return p.print(f, e.Roles().Table.Whole(&r), func(w io.Writer) { fmt.Fprintf(w, "changed the role %s\n", r.Name) })
		})
	})
	return c
}

func (p *program) deleteRoleCommand() *cobra.Command {
	c := &cobra.Command{Use: "delete ROLE", Short: "Remove a role that nobody holds", Args: cobra.ExactArgs(1)}
	force := c.Flags().Bool("force", false, "take it from everybody who holds it")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			if err := e.Roles().Delete(operator(ctx), args[0], *force); err != nil {
				return named(err, "role", args[0])
			}
			fmt.Fprintf(p.Stdout, "removed the role %s\n", roles.NormalName(args[0]))
			return nil
		})
	})
	return c
}

func (p *program) explainCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "explain IDENTIFIER PERMISSION", Short: "Say why somebody may do something, or why not", Args: cobra.ExactArgs(2),
	})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			u, err := e.find(ctx, args[0])
			if err != nil {
				return err
			}
			x, err := e.Roles().Explain(operator(ctx), u.ID, args[1])
			if err != nil {
				return err
			}
			return p.print(f, x, func(w io.Writer) { printExplanation(w, &u, &x) })
		})
	})
	return c
}

func printExplanation(w io.Writer, u *users.User, x *roles.Explanation) {
	who := cell(u.Email)
	if x.Allowed {
		fmt.Fprintf(w, "%s may %s\n", who, x.Permission)
	} else {
		fmt.Fprintf(w, "%s may not %s\n", who, x.Permission)
	}
	for _, r := range x.Because {
		line := fmt.Sprintf("the role %s permits %s", r.Role, r.Grant)
		if r.Grant == x.Permission {
			line = "the role " + r.Role + " permits it"
		}
		if r.Flag != "" {
			line += ", and " + r.Flag + " of the account says that they hold it"
		}
		fmt.Fprintln(w, line)
	}
	for _, b := range x.Blocked {
		fmt.Fprintf(w, "the account is %s, so nobody can sign in as it\n", b)
	}
	if len(x.Because) == 0 {
		fmt.Fprintf(w, "no role that they hold permits it; %s would\n", strings.Join(x.Would, ", "))
	}
}
