package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts/imports"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func (p *program) importCommand() *cobra.Command {
	return group("import", "Bring people and their API keys from other programs", p.importUsersCommand(), p.importKeysCommand())
}

// firebaseKey is of a variable that is no setting: the signer key of a Firebase
// project.
const firebaseKey = "FIREBASE_SIGNER_KEY"

func (p *program) importUsersCommand() *cobra.Command {
	var names []string
	for _, s := range imports.Sources() {
		names = append(names, string(s))
	}
	c, f := withOutput(&cobra.Command{
		Use: "users FILE --from SOURCE", Short: "Bring people with their passwords from " + strings.Join(names, ", "), Args: cobra.ExactArgs(1),
		Long: "Bring people with their passwords from the export of another program: FILE.json, .ndjson or .csv,\n" +
			"alone or with .gz or .zip. They sign in with the password they have.\n" +
			"People who are there, by their e-mail address, stay as they are. Nobody is mailed. Rows that\n" +
			"cannot be imported are told, and the others are; then the command ends with 1. When it was\n" +
			"interrupted, the same command goes on. docs/importing.md says what each source is exported by.",
	})
	var o imports.Options
	from := c.Flags().String("from", "", "`source`: "+strings.Join(names, ", "))
	refused := c.Flags().String("refused", "", "`file` for the rows that were not imported, with the reasons, a line of JSON for each")
	c.Flags().BoolVar(&o.Update, "update", false, "change people who are there to what the file says")
	c.Flags().BoolVar(&o.Strict, "strict-usernames", false, "refuse people whose username is taken or not allowed, and give them no other")
	c.Flags().BoolVar(&o.Ranks, "ranks", false, "make staff and superusers of those who were")
	c.Flags().BoolVar(&o.Roles, "roles", false, "grant the roles that the column roles names, which must be there")
	c.Flags().BoolVar(&o.Verified, "verified", false, "count addresses as verified of which the file does not say")
	c.Flags().BoolVar(&o.Passwordless, "without-bad-passwords", false, "import people whose hash cannot be used without a password")
	c.Flags().StringVar(&o.Model, "model", "", "Django's `name` of its users, such as people.member")
	c.Flags().StringVar(&o.Firebase.SaltSeparator, "firebase-salt-separator", "Bw==", "base64_salt_separator of Firebase; base64_signer_key is in MANOR_FIREBASE_SIGNER_KEY")
	c.Flags().IntVar(&o.Firebase.Rounds, "firebase-rounds", 8, "rounds of Firebase")
	c.Flags().IntVar(&o.Firebase.MemoryCost, "firebase-mem-cost", 14, "mem_cost of Firebase")
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "do everything, and undo it")
	c.Flags().BoolVar(&o.Restart, "restart", false, "forget how far an earlier import of this file came")
	c.Flags().IntVar(&o.Batch, "batch", 20_000, "`people` that are stored together")
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		o.From = imports.Source(*from)
		switch {
		case !slices.Contains(imports.Sources(), o.From):
			return misused("--from must be one of %s", strings.Join(names, ", "))
		case o.Batch < 1:
			return misused("--batch must be at least 1")
		}
		key, by, err := p.lookup(firebaseKey)
		if err != nil {
			return misused("%s %s", by, err)
		}
		o.Firebase.SignerKey = secret.NewText(key)
		p.cache = 128 << 10 // so that the indexes of a million people are written once a batch
		return p.with(ctx, toUse, func(e *estate) error { return p.importUsers(ctx, e, f, args[0], *refused, o) })
	})
	return c
}

// importUsers imports one file, and reports.
func (p *program) importUsers(ctx context.Context, e *estate, f *format, path, refused string, o imports.Options) (err error) {
	if _, err := os.Stat(path); err != nil {
		return fault.Errorf(fault.NotFound, "%s does not exist", path)
	}
	file, err := transfer.OpenFile(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	if err != nil {
		return err
	}
	defer file.Close() // it was only read
	report := &refusals{p: p}
	if refused != "" {
		out, err := os.OpenFile(refused, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // it names people
		if err != nil {
			return fault.Wrap(fault.Internal, err, "the report %s cannot be written", refused)
		}
		defer func() { err = errors.Join(err, out.Close()) }()
		report.out = out
	}
	bar := p.bar()
	o.Progress, o.Refused = bar.step, report.add
	sum, err := imports.New(e.db, e.Users(), e.Roles()).Run(ctx, file, o)
	bar.end()
	if err != nil {
		return err
	}
	err = p.print(f, sum, func(w io.Writer) {
		for _, line := range []struct {
			n    int64
			what string
		}{
			{sum.Created, "created"}, {sum.Updated, "updated"}, {sum.Present, "there already"},
			{sum.Refused, "refused"}, {sum.Skipped, "not of people"}, {sum.Found, "done before"},
		} {
			if line.n > 0 || line.what == "created" {
				fmt.Fprintf(w, "%d\t%s\n", line.n, line.what)
			}
		}
		if o.DryRun {
			fmt.Fprintln(w, "and all of it undone")
		}
	})
	if err == nil && sum.Refused > 0 {
		err = fault.Errorf(fault.Invalid, "%s could not be imported", plural(int(sum.Refused), "row"))
	}
	return err
}

// refusals reports rows that are not imported: to a file, or the first of them to
// the terminal.
type refusals struct {
	p   *program
	out io.Writer // nil means the terminal
	n   int
}

func (r *refusals) add(x imports.Refusal) error {
	r.n++
	if r.out != nil {
		return json.NewEncoder(r.out).Encode(x)
	}
	const most = 20
	switch {
	case r.n <= most:
		r.p.complain(fmt.Sprintf("line %d, %s: %s", x.Line, cell(x.Email), cell(x.Reason)))
	case r.n == most+1:
		r.p.complain("there are more: --refused FILE has them all")
	}
	return nil
}
