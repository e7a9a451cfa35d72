package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

func (p *program) sessionsCommand() *cobra.Command {
	return group("sessions", "Who is signed in where", p.listSessionsCommand(), p.revokeSessionsCommand())
}

func (p *program) listSessionsCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "list [IDENTIFIER]", Short: "List sessions, of everybody or of one account, those used last first", Args: cobra.MaximumNArgs(1),
	})
	state := c.Flags().String("state", string(sessions.Live), "`which`: live, ended or all")
	kind := c.Flags().String("kind", "", "only those carried by a `cookie or token`")
	limit := c.Flags().Int("limit", 50, "at most so many")
	offset := c.Flags().Int("offset", 0, "leave out so many before")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		if *limit < 1 || *offset < 0 {
			return misused("--limit must be at least 1, and --offset at least 0")
		}
		return p.with(ctx, toUse, func(e *estate) error {
			q := sessions.Query{State: sessions.State(*state), Kind: sessions.Kind(*kind), Limit: *limit, Offset: *offset}
			if len(args) > 0 {
				u, err := e.find(ctx, args[0])
				if err != nil {
					return err
				}
				q.User = u.ID
			}
			found, total, err := e.Accounts().Sessions().Find(ctx, q)
			if fault.KindOf(err) == fault.Invalid {
				return misused("%s", message(err))
			}
			if err != nil {
				return err
			}
			return p.print(f, some(found), func(w io.Writer) { printSessions(w, found, total) })
		})
	})
	return c
}

func printSessions(w io.Writer, found []sessions.Found, total int) {
	fmt.Fprint(w, "ID\tUSER\tKIND\tSTATE\tBEGAN\tLAST SEEN\tENDS\tNETWORK\tPROGRAM\n")
	for i := range found {
		s, state := &found[i], sessions.Ended
		if s.Live {
			state = sessions.Live
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.UserID, s.Kind, state,
			when(s.CreatedAt), when(s.LastSeenAt), when(s.ExpiresAt), cell(s.IPPrefix), cell(s.UserAgent))
	}
	fmt.Fprintf(w, "%d of %d\n", len(found), total)
}

func (p *program) revokeSessionsCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "revoke IDENTIFIER (ID… | --all)", Short: "End sessions of an account, on every instance at once", Args: cobra.MinimumNArgs(1),
	})
	all := c.Flags().Bool("all", false, "end everything that is signed in as this account")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		if *all == (len(args) > 1) {
			return misused("name the sessions, or say --all")
		}
		var ids []sessions.ID
		for _, text := range args[1:] {
			id, err := data.ParseID[sessions.Session](text)
			if err != nil {
				return misused("%q is not the id of a session: sessions list shows them", text)
			}
			ids = append(ids, id)
		}
		return p.with(ctx, toUse, func(e *estate) error {
			u, err := e.find(ctx, args[0])
			if err != nil {
				return err
			}
			n, err := e.revoke(ctx, &u, ids)
			if err != nil {
				return err
			}
			return p.print(f, sessions.Revoked{Revoked: n}, func(w io.Writer) {
				fmt.Fprintf(w, "ended %s of %s\n", plural(n, "session"), cell(u.Email))
			})
		})
	})
	return c
}

// revoke ends the named sessions of an account, or all if none is named.
func (e *estate) revoke(ctx context.Context, u *users.User, ids []sessions.ID) (n int, err error) {
	service := e.Accounts().Sessions()
	var missing []string
	for _, id := range ids {
		err := service.Revoke(ctx, u.ID, id)
		if fault.KindOf(err) == fault.NotFound {
			missing = append(missing, id.String())
			continue
		}
		if err != nil {
			return n, err
		}
		n++
	}
	if missing != nil {
		return n, fault.Errorf(fault.NotFound, "%s has no live session %s", cell(u.Email), strings.Join(missing, ", "))
	}
	if ids != nil {
		return n, nil
	}
	if n, err = service.RevokeOthers(ctx, u.ID, sessions.ID{}); err != nil {
		return n, err
	}
	// And whatever is about to begin by what was proved before.
	return n, e.db.Tx(ctx, func(tx *data.Tx) error {
		_, err := e.Users().EndSessions(ctx, tx, u.ID)
		return err
	})
}
