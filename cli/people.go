package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

func (p *program) inviteCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "invite ADDRESS", Short: "Mail somebody a link to make an account", Args: cobra.ExactArgs(1),
		Long: "Mail somebody a link to make an account, whoever may register otherwise. It ends\nearlier invitations of the same address.",
	})
	var in accounts.Inviting
	c.Flags().StringVar(&in.Role, "role", "", "`name` of a role that they will hold")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		in.Email = args[0]
		return p.with(ctx, toUse, func(e *estate) error {
			out, err := e.Accounts().SendInvitation(ctx, in)
			if err != nil {
				return err
			}
			return p.print(f, out, func(w io.Writer) {
				fmt.Fprintf(w, "invited %s, until %s (%s)\n", cell(out.Email), when(out.ExpiresAt), out.ID)
			})
		})
	})
	return c
}

const maxInvitations = 1000

func (p *program) invitationsCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "invitations", Short: "List the invitations that are open, the newest first", Args: cobra.NoArgs})
	revoke := c.Flags().String("revoke", "", "take the one with this `id` back, and list nothing")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			if *revoke != "" {
				id, err := data.ParseID[tokens.Token](*revoke)
				if err == nil {
					err = e.Accounts().RevokeInvitation(ctx, id)
				}
				if k := fault.KindOf(err); k == fault.NotFound || k == fault.Malformed || k == fault.Invalid {
					return fault.Errorf(fault.NotFound, "there is no open invitation %s", cell(*revoke))
				}
				return err
			}
			list, err := e.Accounts().Invitations(ctx, maxInvitations)
			if err != nil {
				return err
			}
			return p.print(f, some(list), func(w io.Writer) {
				fmt.Fprint(w, "ID\tEMAIL\tROLE\tUNTIL\n")
				for _, i := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", i.ID, cell(i.Email), cell(i.Role), when(i.ExpiresAt))
				}
			})
		})
	})
	return c
}

func (p *program) deleteUserCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "delete IDENTIFIER", Short: "Delete an account, which can be restored for a time", Args: cobra.ExactArgs(1),
		Long: "Delete an account. It is gone for everybody at once, and erased with all that is\nheld about the person after MANOR_DELETION_GRACE. Until then it can be restored.",
	}
	now := c.Flags().Bool("now", false, "erase it at once, for good")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			u, err := e.find(ctx, args[0])
			if err != nil {
				return err
			}
			if err := e.Users().Delete(operator(ctx), u.ID); err != nil {
				return err
			}
			done := "deleted"
			if *now {
				if err := e.Accounts().Erase(ctx, u.ID); err != nil {
					return err
				}
				done = "erased"
			}
			fmt.Fprintf(p.Stdout, "%s %s\n", done, cell(u.Email))
			return nil
		})
	})
	return c
}

func (p *program) restoreUserCommand() *cobra.Command {
	c := &cobra.Command{Use: "restore ADDRESS", Short: "Undo the deletion of an account that is not erased yet", Args: cobra.ExactArgs(1)}
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			err := e.db.Tx(ctx, func(tx *data.Tx) error {
				u, err := e.Users().LockDeleted(ctx, tx, users.NormalEmail(args[0]))
				if err != nil {
					return err
				}
				_, err = e.Users().Return(ctx, tx, u.ID)
				return err
			})
			if fault.KindOf(err) == fault.NotFound {
				return fault.Errorf(fault.NotFound, "no deleted account has the address %s", cell(args[0]))
			}
			if err == nil {
				fmt.Fprintf(p.Stdout, "restored %s\n", cell(args[0]))
			}
			return err
		})
	})
	return c
}
