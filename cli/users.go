package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

func (p *program) usersCommand() *cobra.Command {
	return group("users", "Accounts of people",
		p.createUserCommand(), p.listUsersCommand(), p.showUserCommand(), p.setUserCommand(), p.setPasswordCommand(),
		p.inviteCommand(), p.invitationsCommand(), p.deleteUserCommand(), p.restoreUserCommand(),
		p.roleCommand("grant", "Give somebody a role, such as staff or superuser"),
		p.roleCommand("revoke", "Take a role from somebody"))
}

func (p *program) createUserCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "create --email ADDRESS", Short: "Make an account whose address counts as verified", Args: cobra.NoArgs,
		Long: "Make an account whose address counts as verified.\n" + passwordHelp + "\n" +
			"With --service it is one of a program: it has no password, its address is NAME@service.invalid, where\n" +
			"no mail can be read, and it is used by the API keys that an operator makes for it.",
	})
	var in users.Create
	c.Flags().StringVar(&in.Email, "email", "", "e-mail `address`")
	c.Flags().StringVar(&in.Username, "username", "", "`name` to sign in with (default: made up)")
	c.Flags().StringVar(&in.FirstName, "first-name", "", "first `name`")
	c.Flags().StringVar(&in.LastName, "last-name", "", "last `name`")
	admin := c.Flags().Bool("admin", false, "make a superuser, who may do everything")
	stdin := c.Flags().Bool("password-stdin", false, "read the password from standard input")
	service := c.Flags().Bool("service", false, "make an account that nobody signs in to, called by --username")
	set := withSet(c)
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		if *service {
			if in.Email != "" || in.Username == "" || *admin || *stdin {
				return misused("--service needs --username, and goes without --email, --admin and --password-stdin")
			}
			in.Email, in.PublicProfile, in.SearchVisibility = in.Username+"@"+users.ServiceHost, new(false), users.SearchPrivate
		}
		if in.Email == "" {
			return misused("--email is required")
		}
		if err := users.CheckEmail(users.NormalEmail(in.Email)); err != nil {
			return err // before a password is asked for
		}
		return p.with(ctx, toFound, func(e *estate) (err error) {
			if in.Extra, err = extraOf(e.Users().Table, *set); err != nil {
				return err
			}
			if !*service {
				if in.Password, err = p.password(ctx, *stdin); err != nil {
					return err
				}
			}
			u, err := e.Accounts().CreateUser(ctx, in, *admin)
			if err != nil {
				return err
			}
			return p.print(f, e.Users().Table.Whole(&u), func(w io.Writer) { fmt.Fprintf(w, "created %s (%s)\n", u.Email, u.Username) })
		})
	})
	return c
}

const passwordHelp = "The password is typed on the terminal, or read from standard input with\n" +
	"--password-stdin, or taken from MANOR_PASSWORD or the file MANOR_PASSWORD_FILE."

func (p *program) listUsersCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "list", Short: "List accounts, the newest first", Args: cobra.NoArgs})
	search := c.Flags().String("search", "", "only those with this `text` in the username or a name")
	limit := c.Flags().Int("limit", 50, "at most so many")
	offset := c.Flags().Int("offset", 0, "leave out so many before")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		if *limit < 1 || *offset < 0 {
			return misused("--limit must be at least 1, and --offset at least 0")
		}
		return p.with(ctx, toUse, func(e *estate) error {
			table := e.Users().Table
			q := data.Query[users.User]{Limit: *limit, Offset: *offset, Count: true}
			if *search != "" {
				q.Where = table.Searching(*search, true)
			}
			newest, _ := table.Sorting("created_at", true)
			q.Order = []data.Order[users.User]{newest}
			page, err := table.On(e.db).List(ctx, q)
			if err != nil {
				return err
			}
			return p.print(f, wholes(table, page.Items), func(w io.Writer) {
				fmt.Fprint(w, "ID\tUSERNAME\tEMAIL\tNAME\tSTATE\tJOINED\n")
				for _, u := range page.Items {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", u.ID, cell(u.Username), cell(u.Email), cell(u.FullName()), state(&u), when(u.DateJoined))
				}
				fmt.Fprintf(w, "%d of %d\n", len(page.Items), page.Total)
			})
		})
	})
	return c
}

// state says in words what sets an account apart.
func state(u *users.User) string {
	var words []string
	for _, flag := range []struct {
		on   bool
		word string
	}{{u.Superuser, users.RoleSuperuser}, {u.Staff, users.RoleStaff}, {!u.Active, "inactive"}, {!u.EmailVerified, "unverified"}} {
		if flag.on {
			words = append(words, flag.word)
		}
	}
	if words == nil {
		return "-"
	}
	return strings.Join(words, ",")
}

// cell returns text that people chose in a form that is safe on a terminal and
// in a table.
func cell(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s
}

func (p *program) showUserCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "show IDENTIFIER", Short: "Show one account, by e-mail address, username or id", Args: cobra.ExactArgs(1),
	})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			u, err := e.find(ctx, args[0])
			if err != nil {
				return err
			}
			return p.print(f, e.Users().Table.Whole(&u), func(w io.Writer) {
				printUser(w, &u)
				printExtra(w, e.Users().Table, u.Extra)
			})
		})
	})
	return c
}

func printUser(w io.Writer, u *users.User) {
	seen := "never"
	if u.LastLogin != nil {
		seen = when(*u.LastLogin)
	}
	for _, line := range [][2]string{
		{"id", u.ID.String()}, {"username", cell(u.Username)}, {"email", cell(u.Email)}, {"name", cell(u.FullName())},
		{"state", state(u)}, {"joined", when(u.DateJoined)}, {"last signed in", seen},
		{"shown in lists", string(u.SearchVisibility)}, {"shows e-mail to", string(u.EmailPrivacy)},
	} {
		fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
	}
}

// find returns the account with an e-mail address, a username or an id.
func (e *estate) find(ctx context.Context, identifier string) (users.User, error) {
	people := e.Users()
	u, err := people.ByIdentifier(ctx, e.db, identifier)
	if !errors.Is(err, fault.NotFound) {
		return u, err
	}
	if id, perr := data.ParseID[users.User](identifier); perr == nil {
		u, err = people.Table.On(e.db).Get(ctx, id)
	}
	if errors.Is(err, fault.NotFound) {
		return u, fault.Errorf(fault.NotFound, "there is no account %s", cell(identifier))
	}
	return u, err
}

func (p *program) setPasswordCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "set-password IDENTIFIER", Short: "Give somebody a new password and end all their sessions", Args: cobra.ExactArgs(1),
		Long: "Give somebody a new password and end all their sessions.\n" + passwordHelp,
	}
	stdin := c.Flags().Bool("password-stdin", false, "read the password from standard input")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			u, err := e.find(ctx, args[0]) // before a password is asked for
			if err != nil {
				return err
			}
			password, err := p.password(ctx, *stdin)
			if err != nil {
				return err
			}
			if _, err := e.Accounts().SetPassword(ctx, u.Email, password); err != nil {
				return err
			}
			fmt.Fprintf(p.Stdout, "changed the password of %s\n", cell(u.Email))
			return nil
		})
	})
	return c
}

func (p *program) roleCommand(verb, short string) *cobra.Command {
	c := &cobra.Command{Use: verb + " IDENTIFIER ROLE", Short: short, Args: cobra.ExactArgs(2)}
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			u, err := e.find(ctx, args[0])
			if err != nil {
				return err
			}
			role, err := e.Roles().ByName(ctx, args[1])
			if errors.Is(err, fault.NotFound) {
				return fault.Errorf(fault.NotFound, "there is no role %s", cell(args[1]))
			}
			if err != nil {
				return err
			}
			change, done := e.Roles().Grant, "%s has the role %s\n"
			if verb == "revoke" {
				change, done = e.Roles().Revoke, "%s does not have the role %s\n"
			}
			err = e.db.Tx(ctx, func(tx *data.Tx) error { return change(ctx, tx, role.Name, u.ID) })
			if err != nil {
				return err
			}
			fmt.Fprintf(p.Stdout, done, cell(u.Email), role.Name)
			return nil
		})
	})
	return c
}
