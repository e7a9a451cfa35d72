package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func (p *program) doctorCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "doctor", Short: "Check the settings, the key, the databases, the files and what they reach", Args: cobra.NoArgs,
		Long: "Check the settings, the key file, each database, where files are kept and the server for mail.\n" +
			"Changes nothing, but that a small file is stored among the files and removed again. Ends with 1\nif a check fails.",
	})
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		e := p.examine(ctx)
		err := p.print(f, e.findings, func(w io.Writer) {
			for _, line := range e.findings {
				fmt.Fprintf(w, "%s\t%s\t%s\n", line.Status, line.Check, line.Detail)
			}
		})
		if n := e.count(failed); err == nil && n > 0 {
			return fault.Errorf(fault.Invalid, "%s failed", plural(n, "check"))
		}
		return err
	})
	return c
}

// A verdict says how a check came out.
type verdict string

const (
	fine   verdict = "ok"
	doubt  verdict = "warn" // it works, but perhaps not as meant
	failed verdict = "fail"
)

// A finding is the outcome of one check.
type finding struct {
	Check  string  `json:"check"`
	Status verdict `json:"status"`
	Detail string  `json:"detail"`
}

// An examination collects findings.
type examination struct {
	*program
	config   config
	keys     *secret.Keyring // nil if there is no key file that can be used
	findings []finding
}

func (e *examination) note(check string, v verdict, format string, args ...any) {
	text := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	e.findings = append(e.findings, finding{check, v, text})
}

// fails notes an error, and reports whether there is one.
func (e *examination) fails(check string, err error) bool {
	if err != nil {
		e.note(check, failed, "%s", message(err))
	}
	return err != nil
}

func (e *examination) count(v verdict) (n int) {
	for _, f := range e.findings {
		if f.Status == v {
			n++
		}
	}
	return n
}

// examineTimeout bounds what is asked of one database, or of the files.
const examineTimeout = 20 * time.Second

// examine makes all checks that make sense.
func (p *program) examine(ctx context.Context) *examination {
	e := &examination{program: p}
	e.checkSettings()
	e.checkMail(ctx)
	e.checkTemplates()
	for _, name := range e.config.names() {
		if !e.config.at(name).isZero() { // otherwise settings have told
			e.within(ctx, func(ctx context.Context) { e.checkDatabase(ctx, name) })
		}
	}
	e.within(ctx, e.checkFiles)
	return e
}

func (e *examination) within(ctx context.Context, check func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	check(ctx)
}

func (e *examination) checkSettings() {
	var err error
	e.config, err = e.program.config()
	lacks := e.config.missing(e.config.names()[1:]...)
	if wrong, ok := errors.AsType[*misuse](err); ok {
		lacks = append(wrong.complaints, lacks...)
	}
	for _, line := range lacks {
		e.note("settings", failed, "%s", line)
	}
	if lacks == nil {
		e.note("settings", fine, "can be used")
	}
	for _, name := range e.unknown() {
		e.note("settings", doubt, "there is no setting %s; is it misspelt?", name)
	}
	c := &e.config
	switch err := c.checkExposure(); {
	case c.addr == "" || err != nil && c.publicURL != nil:
	case err != nil:
		e.note("address", failed, "%s", err)
	case c.publicURL == nil:
		e.note("address", fine, "only this machine reaches %s", c.addr)
	case c.publicURL.Scheme == "https" && len(c.trustedProxies) == 0:
		e.note("address", doubt, "people reach %s at %s, but MANOR_TRUSTED_PROXIES names no proxy: all callers seem to have its address", c.addr, c.publicURL)
	default:
		e.note("address", fine, "people reach %s at %s", c.addr, c.publicURL)
	}
	switch {
	case c.limits.Off:
		e.note("limits", doubt, "MANOR_LIMITS is off: anybody may guess and ask as often as they like")
	case c.limits.Scale > 0:
		e.note("limits", fine, "%v times those that routes declare", c.limits.Scale)
	default:
		e.note("limits", fine, "as routes declare them")
	}
}

// checkOf returns what a check of a database is called.
func checkOf(what, database string) string {
	if database == domain.Main {
		return what
	}
	return what + " " + database
}

// checkDatabase looks at a database and, with main, at the key file, which
// belongs to it. A missing database is none of the things that can go wrong.
func (e *examination) checkDatabase(ctx context.Context, name string) {
	at, check := e.config.at(name), checkOf("database", name)
	at.log = slog.New(slog.DiscardHandler) // findings say it
	db, err := openDatabase(ctx, at, false, e.name)
	if fault.KindOf(err) == fault.NotFound {
		e.note(check, fine, "%s is not there yet: serve makes it", at)
		e.checkKey(name, true)
		return
	}
	if e.fails(check, err) {
		e.checkKey(name, false)
		return
	}
	defer db.Close()
	server, err := askServer(ctx, db)
	if !e.fails(check, err) {
		e.note(check, fine, "%s, %s", at, server.Version)
		e.checkClock(checkOf("clock", name), db, server)
	}
	for _, r := range db.Replicas() {
		if r.Reason != "" {
			e.note(checkOf("replica", name), failed, "%s is not read: %s", r.Name, r.Reason)
			continue
		}
		e.note(checkOf("replica", name), fine, "%s is at most %v behind", r.Name, r.Behind.Round(time.Millisecond))
	}
	fresh, err := isNew(ctx, db)
	if e.fails(checkOf("revisions", name), err) {
		return
	}
	e.checkKey(name, fresh)
	e.checkTables(ctx, name, at, db, fresh)
}

// checkKey looks at the key file, once.
func (e *examination) checkKey(database string, fresh bool) {
	if database != domain.Main {
		return
	}
	path := e.config.keyFile
	keys, err := secret.OpenKeyFile(path)
	switch {
	case err == nil:
		e.keys = keys
		e.note("key file", fine, "%s, fingerprint %s", path, keys.Fingerprint())
	case errors.Is(err, fs.ErrNotExist) && fresh:
		e.note("key file", fine, "%s is not there yet: serve makes it", path)
	default:
		e.fails("key file", err)
	}
}

// checkTables compares a database with what the program expects.
func (e *examination) checkTables(ctx context.Context, name string, at location, db *data.DB, fresh bool) {
	revisions, tables := checkOf("revisions", name), checkOf("tables", name)
	if fresh {
		e.note(revisions, fine, "none ran yet: serve runs them")
		return
	}
	open, err := e.around(e.config, name, at, db, quiet)
	if e.fails(revisions, err) {
		return
	}
	report, err := check(ctx, open)
	if e.fails(revisions, err) {
		return
	}
	switch {
	case len(report.Unknown) > 0:
		e.note(revisions, failed, "%s is newer than this program, which does not know %s", called(name), report.Unknown[0])
	case len(report.Pending) > 0:
		e.note(revisions, doubt, "%s pending: serve runs them when it starts, or %s database upgrade now", plural(len(report.Pending), "revision"), e.name)
	case len(report.Changed) > 0:
		e.note(revisions, doubt, "the file of %s changed after it ran", report.Changed[0])
	default:
		e.note(revisions, fine, "none is pending")
	}
	for _, line := range report.Drift {
		e.note(tables, failed, "%s", line)
	}
	if len(report.Pending)+len(report.Unknown) > 0 {
		return
	}
	if len(report.Drift) == 0 {
		e.note(tables, fine, "are as this program expects them")
	}
	e.checkSeals(ctx, open)
	if name == domain.Main {
		e.checkAdministrator(ctx, open)
	}
}

func (e *examination) checkAdministrator(ctx context.Context, open *estate) {
	switch exists, err := open.Users().HasSuperuser(ctx, open.db); {
	case err != nil:
		e.fails("administrator", err)
	case exists:
		e.note("administrator", fine, "there is one")
	default:
		e.note("administrator", doubt, "there is none: %s users create --admin --email ADDRESS makes one", e.name)
	}
}
