package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func (p *program) secretsCommand() *cobra.Command {
	c := group("secrets", "The master key, and the columns that are encrypted under it",
		p.secretsStatusCommand(), p.rotateCommand(), p.reencryptCommand(), p.retireCommand())
	c.Long = "The master key, and the columns that are encrypted under it.\n\n" +
		"To change the key: secrets rotate, restart every server, secrets reencrypt. Nothing is lost on\n" +
		"the way, since the key file keeps the older keys."
	return c
}

// A listedKey is what programs see of a key: never the key itself.
type listedKey struct {
	ID      string `json:"id"`
	Current bool   `json:"current"`
	Known   bool   `json:"known"` // it is in the key file
	Values  int    `json:"values"`
}

// A sealing says which keys there are, and what is under them.
type sealing struct {
	KeyFile string      `json:"key_file"`
	Keys    []listedKey `json:"keys"`
	Columns []sealCount `json:"columns"`
}

// missing counts the values that no key of the file opens.
func (s *sealing) missing() (n int) {
	for _, k := range s.Keys {
		if !k.Known {
			n += k.Values
		}
	}
	return n
}

// stale returns what is not under the current key.
func (s *sealing) stale() []sealCount {
	return slices.DeleteFunc(slices.Clone(s.Columns), func(c sealCount) bool { return c.Current })
}

// sealing counts the values of all encrypted columns.
func (p *program) sealing(ctx context.Context, c config, e *estate) (*sealing, error) {
	out := &sealing{KeyFile: c.keyFile, Columns: []sealCount{}}
	for i, id := range e.keys.KeyIDs() {
		out.Keys = append(out.Keys, listedKey{ID: id.String(), Current: i == 0, Known: true})
	}
	for _, name := range c.names() {
		one, err := e.of(c, name)
		if err != nil {
			return nil, err
		}
		counts, err := sealCounts(ctx, one, e.keys)
		if err != nil {
			return nil, err
		}
		out.Columns = append(out.Columns, counts...)
	}
	for _, c := range out.Columns {
		at := slices.IndexFunc(out.Keys, func(k listedKey) bool { return k.ID == c.Key })
		if at < 0 {
			at = len(out.Keys)
			out.Keys = append(out.Keys, listedKey{ID: c.Key})
		}
		out.Keys[at].Values += c.Values
	}
	return out, nil
}

// sealCounts counts the values of the encrypted columns of a database.
func sealCounts(ctx context.Context, e *estate, keys *secret.Keyring) (out []sealCount, err error) {
	known := keys.KeyIDs()
	e.db.SetKeys(keys)
	for _, schema := range e.Schemas() {
		counts, err := schema.Seals(ctx, e.db)
		if err != nil {
			return nil, err
		}
		for _, c := range counts {
			out = append(out, sealCount{e.name, schema.Table, c.Column, c.Key.String(), c.Current, slices.Contains(known, c.Key), c.Rows})
		}
	}
	return out, nil
}

// state says in a word what a key is for.
func keyState(current, known bool) string {
	switch {
	case current:
		return "current"
	case known:
		return "older"
	}
	return "missing"
}

func (s *sealing) print(w io.Writer) {
	fmt.Fprint(w, "KEY\tSTATE\tVALUES\n")
	for _, k := range s.Keys {
		fmt.Fprintf(w, "%s\t%s\t%d\n", k.ID, keyState(k.Current, k.Known), k.Values)
	}
	if len(s.Columns) == 0 {
		fmt.Fprint(w, "\nNothing is stored in encrypted columns.\n")
		return
	}
	fmt.Fprint(w, "\nDATABASE\tCOLUMN\tKEY\tSTATE\tVALUES\n")
	for _, c := range s.Columns {
		fmt.Fprintf(w, "%s\t%s.%s\t%s\t%s\t%d\n", c.Database, c.Table, c.Column, c.Key, keyState(c.Current, c.Known), c.Values)
	}
}

func (p *program) secretsStatusCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "status", Short: "Count the encrypted values under each key", Args: cobra.NoArgs,
		Long: "List the keys of the key file by their ids, and count the values of the encrypted columns, in all\n" +
			"databases, by the key that they are under. Reads those tables whole. Ends with 1 if there are values\n" +
			"under a key that is not in the key file. Keys are never printed.",
	})
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		return p.sealed(ctx, func(_ config, e *estate, s *sealing) error {
			if err := p.print(f, s, s.print); err != nil || s.missing() == 0 {
				return err
			}
			return p.unopened(s.missing(), s.KeyFile)
		})
	})
	return c
}

// sealed runs fn with what is encrypted under which key.
func (p *program) sealed(ctx context.Context, fn func(c config, e *estate, s *sealing) error) error {
	c, err := p.config()
	if err != nil {
		return err
	}
	return p.with(ctx, toUse, func(e *estate) error {
		s, err := p.sealing(ctx, c, e)
		if err != nil {
			return err
		}
		return fn(c, e, s)
	})
}

func (p *program) unopened(n int, file string) error {
	return fault.Errorf(fault.Conflict, "%s cannot be opened: no key of %s is theirs", plural(n, "value"), file)
}

func (p *program) rotateCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "rotate", Short: "Make a new master key, and keep the older ones", Args: cobra.NoArgs,
		Long: "Put a new master key in front of those in the key file. Servers that run must be restarted before\n" +
			"anything else is done: they cannot read what is written under a key that they do not have.\n\n" +
			"Where several servers run, let them learn the key before one of them uses it: rotate --stage, copy\n" +
			"the key file to all, restart them; then rotate --promote ID, copy, restart. The file is replaced as a\n" +
			"whole. Back it up afterwards: a backup of the older file does not open what is written from now on.",
	})
	stage := c.Flags().Bool("stage", false, "make a key that only opens, until it is promoted")
	promote := c.Flags().String("promote", "", "make the key with this `id` the current one, instead of a new one")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		if *stage && *promote != "" {
			return misused("--stage and --promote are both said: choose one")
		}
		cfg, err := p.config()
		if err != nil {
			return err
		}
		change, next := secret.RotateKeyFile, "restart every server now, then run "+p.name+" secrets reencrypt"
		switch {
		case *stage:
			change, next = secret.StageKeyFile, "restart every server with this file, then run "+p.name+" secrets rotate --promote ID"
		case *promote != "":
			change = func(path string) (*secret.Keyring, error) { return secret.PromoteKeyFile(path, *promote) }
		}
		keys, err := change(cfg.keyFile)
		if err != nil {
			return err
		}
		p.complain("back up "+cfg.keyFile+", apart from the database", next)
		return p.printKeys(f, cfg.keyFile, keys)
	})
	return c
}

// printKeys prints the ids of the keys of a file.
func (p *program) printKeys(f *format, file string, keys *secret.Keyring) error {
	type listed struct {
		ID      string `json:"id"`
		Current bool   `json:"current"`
	}
	answer := struct {
		KeyFile string   `json:"key_file"`
		Keys    []listed `json:"keys"`
	}{KeyFile: file}
	for i, id := range keys.KeyIDs() {
		answer.Keys = append(answer.Keys, listed{id.String(), i == 0})
	}
	return p.print(f, answer, func(w io.Writer) {
		fmt.Fprint(w, "KEY\tSTATE\n")
		for _, k := range answer.Keys {
			fmt.Fprintf(w, "%s\t%s\n", k.ID, keyState(k.Current, true))
		}
	})
}

func (p *program) retireCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "retire ID", Short: "Take an older key out of the key file", Args: cobra.ExactArgs(1),
		Long: "Take an older key out of the key file. Refused while an encrypted column has values under it, or the audit\n" +
			"entries, which would not verify any more. Sessions, API tokens and links in mails that were made under\n" +
			"it end, so wait until they have expired.",
	})
	despite := c.Flags().Bool("despite-audit", false, "also if entries of the audit are sealed under it")
	yes := c.Flags().Bool("yes", false, "do not ask")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		return p.sealed(ctx, func(cfg config, e *estate, s *sealing) error {
			id := strings.ToLower(args[0])
			at := slices.IndexFunc(s.Keys, func(k listedKey) bool { return k.ID == id && k.Known })
			switch {
			case at < 0:
				return fault.Errorf(fault.NotFound, "there is no key %s in %s", id, s.KeyFile)
			case s.Keys[at].Current:
				return fault.Errorf(fault.Conflict, "%s is the current key: rotate first", id)
			case s.Keys[at].Values > 0:
				return fault.Errorf(fault.Conflict, "%s still under %s: run %s secrets reencrypt", plural(s.Keys[at].Values, "value"), id, p.name)
			}
			if !*despite {
				if err := p.unsealed(ctx, e, id); err != nil {
					return err
				}
			}
			if err := p.unless(ctx, *yes, fmt.Sprintf("Take the key %s out of %s? Sessions and links made under it end, and backups from its time need it.", id, s.KeyFile)); err != nil {
				return err
			}
			keys, err := secret.RetireKeyFile(cfg.keyFile, id)
			if err != nil {
				return err
			}
			return p.printKeys(f, cfg.keyFile, keys)
		})
	})
	return c
}

// unsealed returns nil if no entry of the audit is sealed under a key.
func (p *program) unsealed(ctx context.Context, e *estate, key string) error {
	r, err := e.Audit().Verify(data.WithPrimary(ctx))
	switch n := int(r.Keys[key]); {
	case err != nil:
		return err
	case r.Broken != nil:
		return fault.Errorf(fault.Conflict, "the audit does not verify, and no key is taken away from what is evidence: %s", r.Broken)
	case n > 0:
		return fault.Errorf(fault.Conflict, "%s of the audit would not verify without %s: export and prune them by %s audit prune, or say --despite-audit",
			plural(n, "row"), key, p.name)
	}
	return nil
}
