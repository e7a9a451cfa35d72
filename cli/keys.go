package cli

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/fault"
)

func (p *program) keysCommand() *cobra.Command {
	return group("keys", "API keys of programs: whose they are, and what they may do",
		p.listKeysCommand(), p.showKeyCommand(), p.createKeyCommand(), p.rotateKeyCommand(), p.revokeKeysCommand(), p.unusedKeysCommand())
}

func (p *program) listKeysCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "list [IDENTIFIER]", Short: "List API keys, of everybody or of one account, the newest first", Args: cobra.MaximumNArgs(1),
	})
	state := c.Flags().String("state", "active", "`which`: active, expired, revoked or all, or several with commas")
	limit := c.Flags().Int("limit", 50, "at most so many")
	offset := c.Flags().Int("offset", 0, "leave out so many before")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		if *limit < 1 || *offset < 0 {
			return misused("--limit must be at least 1, and --offset at least 0")
		}
		q := apikeys.Query{Limit: *limit, Offset: *offset}
		if *state != "all" {
			for one := range strings.SplitSeq(*state, ",") {
				q.States = append(q.States, apikeys.State(one))
			}
		}
		return p.with(ctx, toUse, func(e *estate) error {
			if len(args) > 0 {
				u, err := e.find(ctx, args[0])
				if err != nil {
					return err
				}
				q.User = u.ID
			}
			found, total, err := e.APIKeys().Find(ctx, q)
			if fault.KindOf(err) == fault.Malformed {
				return misused("--state %s", message(err))
			}
			if err != nil {
				return err
			}
			return p.print(f, some(found), func(w io.Writer) {
				printKeys(w, found, e.db.Now())
				fmt.Fprintf(w, "%d of %d\n", len(found), total)
			})
		})
	})
	return c
}

func printKeys(w io.Writer, found []apikeys.APIKey, now time.Time) {
	fmt.Fprint(w, "KEY ID\tUSER\tNAME\tSTATE\tCREATED\tLAST USED\tEXPIRES\tSCOPES\n")
	for i := range found {
		k := &found[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.KeyID, k.UserID, cell(k.Name), k.State(now), when(k.CreatedAt), maybe(k.LastUsedAt),
			maybe(k.ExpiresAt), cell(strings.Join(k.Scopes, " ")))
	}
}

// maybe is when for a time that there may not be.
func maybe(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return when(*t)
}

func (p *program) showKeyCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{Use: "show KEY-ID", Short: "Show an API key, of which nothing that is secret", Args: cobra.ExactArgs(1)})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			k, err := e.key(ctx, args[0])
			if err != nil {
				return err
			}
			return p.print(f, k, func(w io.Writer) { printKey(w, &k, e.db.Now()) })
		})
	})
	return c
}

func printKey(w io.Writer, k *apikeys.APIKey, now time.Time) {
	line := func(name, value string) { fmt.Fprintf(w, "%s:\t%s\n", name, value) }
	line("key id", k.KeyID)
	line("begins with", k.Hint)
	line("user", k.UserID.String())
	line("name", cell(k.Name))
	line("description", cell(k.Description))
	line("state", string(k.State(now)))
	line("scopes", cell(strings.Join(k.Scopes, " ")))
	line("signing", cell(string(k.Signing)))
	line("used from", cell(strings.Join(k.AllowedIPs, " ")))
	line("created", when(k.CreatedAt)+" via "+cell(k.CreatedVia))
	line("expires", maybe(k.ExpiresAt))
	line("last used", maybe(k.LastUsedAt))
	line("revoked", maybe(k.RevokedAt))
	if k.Replaces != nil {
		line("replaces", *k.Replaces)
	}
	if k.ReplacedBy != nil {
		line("replaced by", *k.ReplacedBy)
	}
}

// key returns a key by its id. Who gives the key itself is not told what it is.
func (e *estate) key(ctx context.Context, id string) (apikeys.APIKey, error) {
	k, err := e.APIKeys().ByKeyID(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		err = fault.Errorf(fault.NotFound, "there is no API key with this id: keys list shows them")
	}
	return k, err
}

func (p *program) createKeyCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "create IDENTIFIER --name NAME", Short: "Make an API key of an account, which is shown this once", Args: cobra.ExactArgs(1),
		Long: "Make an API key of an account. What it may do must be within what the account may do. The key is\n" +
			"printed this once, and cannot be read again.",
	})
	var in apikeys.Create
	c.Flags().StringVar(&in.Name, "name", "", "what it is called")
	c.Flags().StringVar(&in.Description, "description", "", "what it is for")
	c.Flags().StringSliceVar(&in.Scopes, "scope", nil, "what it may do: `resource:action`, resource:* or *; may be repeated")
	c.Flags().StringSliceVar(&in.AllowedIPs, "allow", nil, "`network` or address from which it may be used; may be repeated")
	inDays := c.Flags().Int("expires-in-days", 0, "`days` until it expires; 0 means never, where that is allowed")
	c.Flags().IntVar(&in.IdleDays, "idle-days", 0, "`days` without use after which it ends")
	c.Flags().IntVar(&in.RatePerMinute, "rate", 0, "`requests` that it may send in a minute")
	signing := c.Flags().String("signing", "", "`how` requests are signed with it: hmac-sha256 or ed25519")
	public := c.Flags().String("public-key", "", "for ed25519, the public `key`: 32 bytes in base64")
	c.RunE = p.does(func(ctx context.Context, args []string) (err error) {
		if in.Name == "" {
			return misused("--name is required")
		}
		in.Signing, in.Via = apikeys.Signing(*signing), "cli"
		if c.Flags().Changed("expires-in-days") {
			in.ExpiresInDays = inDays
		}
		if in.PublicKey, err = base64.StdEncoding.DecodeString(*public); err != nil {
			return misused("--public-key must be base64")
		}
		return p.with(ctx, toUse, func(e *estate) error {
			u, err := e.find(ctx, args[0])
			if err != nil {
				return err
			}
			i, err := e.APIKeys().Create(ctx, u.ID, in)
			if err != nil {
				return err
			}
			return p.printIssued(f, i)
		})
	})
	return c
}

// printIssued prints a new key, and its secrets the only time that they are.
func (p *program) printIssued(f *format, i apikeys.Issued) error {
	return p.print(f, apikeys.Shown{APIKey: i.APIKey, Key: i.Key.Reveal(), SigningSecret: i.SigningSecret.Reveal()}, func(w io.Writer) {
		fmt.Fprintf(w, "made the API key %s, until %s\n", i.KeyID, maybe(i.ExpiresAt))
		if !i.Key.IsZero() {
			fmt.Fprintf(w, "%s\n", i.Key.Reveal())
		}
		if !i.SigningSecret.IsZero() {
			fmt.Fprintf(w, "to sign with: %s\n", i.SigningSecret.Reveal())
		}
	})
}

func (p *program) rotateKeyCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "rotate KEY-ID", Short: "Replace an API key by one with the same rights, which is shown this once", Args: cobra.ExactArgs(1),
	})
	overlap := c.Flags().Duration("overlap", 24*time.Hour, "`time` for which the key itself goes on, such as 24h; 0 ends it at once")
	public := c.Flags().String("public-key", "", "for ed25519, the public `key` of the new one: 32 bytes in base64")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		other, err := base64.StdEncoding.DecodeString(*public)
		if err != nil {
			return misused("--public-key must be base64")
		}
		return p.with(ctx, toUse, func(e *estate) error {
			k, err := e.key(ctx, args[0])
			if err != nil {
				return err
			}
			i, err := e.APIKeys().Rotate(ctx, k.UserID, k.KeyID, *overlap, other)
			if err != nil {
				return err
			}
			return p.printIssued(f, i)
		})
	})
	return c
}

func (p *program) revokeKeysCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "revoke (KEY-ID… | --all IDENTIFIER)", Short: "End API keys for good, on every instance at once", Args: cobra.ArbitraryArgs,
	})
	all := c.Flags().String("all", "", "end all keys of this `account`")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		if (*all == "") == (len(args) == 0) {
			return misused("name the keys by their ids, or an account with --all")
		}
		return p.with(ctx, toUse, func(e *estate) error {
			n, err := e.revokeKeys(ctx, *all, args)
			if err != nil {
				return err
			}
			return p.print(f, apikeys.Gone{Revoked: n}, func(w io.Writer) { fmt.Fprintf(w, "ended %s\n", plural(n, "API key")) })
		})
	})
	return c
}

// revokeKeys ends all keys of an account, or those named. Those that ended before
// are none of them.
func (e *estate) revokeKeys(ctx context.Context, all string, ids []string) (n int, err error) {
	if all != "" {
		u, err := e.find(ctx, all)
		if err != nil {
			return 0, err
		}
		return e.APIKeys().RevokeAll(ctx, u.ID)
	}
	for _, id := range ids {
		k, err := e.key(ctx, id)
		if err != nil {
			return n, err
		}
		if k.RevokedAt == nil {
			n++
		}
		if _, err := e.APIKeys().Revoke(ctx, k.UserID, k.KeyID, 0); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (p *program) unusedKeysCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "unused", Short: "List active API keys that nobody has used for a while, the oldest first", Args: cobra.NoArgs,
	})
	inDays := c.Flags().Int("days", 90, "how many `days`")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		if *inDays < 1 {
			return misused("--days must be at least 1")
		}
		return p.with(ctx, toUse, func(e *estate) error {
			found, err := e.APIKeys().Unused(ctx, *inDays)
			if err != nil {
				return err
			}
			return p.print(f, some(found), func(w io.Writer) {
				printKeys(w, found, e.db.Now())
				fmt.Fprintf(w, "%s not used for %s\n", plural(len(found), "key"), plural(*inDays, "day"))
			})
		})
	})
	return c
}
