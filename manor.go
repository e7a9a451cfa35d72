// Package manor is accounts, keys and domains for a Go program: people who
// register and sign in, what they may do, and your own business areas with
// their tables, rules, routes and events, on SQLite or PostgreSQL.
//
// Open a database, make an [App] of it and mount its handlers in your own
// server:
//
//	db, err := sqlite.Open(ctx, "shop.db", sqlite.Options{})
//	app, err := manor.New(manor.Config{DB: db, Keys: keys, Domains: []domain.Func{products.Domain}})
//	err = app.Start(ctx)
//	mux.Handle("/api/", app.API())
//
// The manor command is the same as a program of its own.
package manor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/groups"
	"github.com/manorgo/manor/accounts/identities"
	"github.com/manorgo/manor/accounts/memberships"
	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/audit"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/file"
	filedriver "github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/mail"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

// A Config says what an App is made of. DB and Keys are required.
type Config struct {
	DB      *data.DB
	Keys    *secret.Keyring // also of encrypted columns, unless the DB has keys of its own by then
	Domains []domain.Func   // your own, which may refer to the built-in ones

	// Databases are lent to domains beside DB, by names such as "reports": up to
	// 31 of a-z, 0-9, _ and -, a letter first. DB is main. Each has the revisions
	// of the domains that name it as theirs.
	Databases map[string]*data.DB

	// PublicURL is where people reach the app: scheme and host. Links in mails
	// start with it and requests for any other host are refused, but for checks
	// of health. nil means http://localhost:8080. If its host is loopback, all
	// names of loopback are served, and no other.
	PublicURL *url.URL

	// TrustedProxies are believed about whom they forward for. None by default.
	TrustedProxies []netip.Prefix

	// Files is where the bytes of file columns are kept, and of this database
	// alone: what no row refers to is removed from it. nil means that domains
	// with file columns panic.
	Files filedriver.Bucket

	// Limits says how requests and attempts to sign in are held back. The zero
	// Config does so, with the limits that routes declare.
	Limits limit.Config

	// Checkpoints is called with each new checkpoint of the audit, to keep it where
	// those who can change the database cannot: see audit.Config.
	Checkpoints func(audit.Checkpoint) error

	Accounts accounts.Config
	APIKeys  apikeys.Config // Prove is set by the app
	Mail     MailConfig
	Hasher   *secret.Hasher // passwords; nil means the zero Hasher
	Log      *slog.Logger   // nil means slog.Default()
	Title    string         // of the API's description; "" means Manor
	Version  string         // of the program, for the same place
}

// A MailConfig says how messages leave. Without SMTP they are kept in the
// database and printed.
type MailConfig struct {
	SMTP    secret.Text // smtp://user:password@host:587?from=… or smtps://…, see mail.Config
	From    string      // the sender; "" means what SMTP says, or manor@ and the public host
	ReplyTo string      // who answers go to; "" means the sender
	Print   io.Writer   // where messages are printed if there is no SMTP; nil means nowhere
}

// An App is a set of domains over one database. Its methods are safe for
// concurrent use.
type App struct {
	config    Config
	env       domain.Env
	domains   []domain.Domain
	migrators map[string]*migrate.Migrator // by database
	router    *web.Router
	gate      auth.Gate
	flows     *accounts.Service
	people    *users.Service
	linked    *identities.Service
	keys      *apikeys.Service
	roles     *roles.Service
	members   *memberships.Service
	groups    *groups.Service
	audit     *audit.Log
	metrics   *metrics

	begun    atomic.Bool
	started  atomic.Bool
	draining atomic.Bool
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// New puts an app together. It neither touches the database nor starts
// anything.
func New(c Config) (*App, error) {
	if c.DB == nil || c.Keys == nil {
		return nil, errors.New("manor: Config needs DB and Keys")
	}
	c.complete()
	if err := c.checkDatabases(); err != nil {
		return nil, err
	}
	if err := errors.Join(c.Accounts.Sessions.Check(), c.APIKeys.Check()); err != nil {
		return nil, err
	}
	for _, db := range append(slices.Collect(maps.Values(c.Databases)), c.DB) {
		if !db.HasKeys() {
			db.SetKeys(c.Keys)
		}
	}
	a := &App{config: c, metrics: newMetrics()}
	if err := a.lend(); err != nil {
		return nil, err
	}
	if err := a.build(); err != nil {
		return nil, err
	}
	if err := a.newMigrators(); err != nil {
		return nil, err
	}
	a.serve()
	if err := errors.Join(a.checkPermissions(), a.checkPeople()); err != nil {
		return nil, err
	}
	c.DB.SetWitness(a.flows.Witness(a.audit))
	return a, nil
}

func (c *Config) complete() {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Hasher == nil {
		c.Hasher = &secret.Hasher{}
	}
	if c.Limits.Log == nil {
		c.Limits.Log = c.Log
	}
	if c.Title == "" {
		c.Title = "Manor"
	}
	if c.Mail.From == "" && !saysSender(c.Mail.SMTP) {
		host := c.base().Hostname()
		if _, err := netip.ParseAddr(host); err == nil {
			host = "localhost"
		}
		c.Mail.From = "manor@" + host
	}
}

// saysSender reports whether the URL of a server for mail says who mail is from.
func saysSender(server secret.Text) bool {
	u, err := url.Parse(server.Reveal())
	return err == nil && u.Query().Get("from") != ""
}

// base returns the address that links start with.
func (c *Config) base() *url.URL {
	if c.PublicURL != nil {
		return c.PublicURL
	}
	return &url.URL{Scheme: "http", Host: "localhost:8080"}
}

// lend makes what domains borrow.
func (a *App) lend() error {
	c := a.config
	queue := task.New(c.DB, task.Config{Log: c.Log})
	outbox, err := mail.NewOutbox(c.DB, queue, mail.Config{
		SMTP: c.Mail.SMTP, From: c.Mail.From, ReplyTo: c.Mail.ReplyTo, Host: c.base().Hostname(), Print: c.Mail.Print, Log: c.Log,
	})
	if err != nil {
		return err
	}
	links := web.NewLinks(c.base())
	a.env = domain.Env{
		DB: c.DB, Log: c.Log, Keys: c.Keys, Hasher: c.Hasher, Tasks: queue, Events: event.NewBus(queue),
		Mail: outbox, Links: links, Databases: c.Databases, Domains: func() []domain.Domain { return a.domains },
		Limits: limit.New(c.DB, c.Keys, c.Limits),
		Files:  file.New(file.Config{DB: c.DB, Bucket: c.Files, Tasks: queue, Keys: c.Keys, Links: links, Path: filesPath, Log: c.Log}),
	}
	return nil
}

// build makes the domains. Those of the app are made first, since they say what
// columns built-in tables have, and come last.
func (a *App) build() error {
	own, err := a.makeOwn()
	if err != nil {
		return err
	}
	if a.flows, err = accounts.NewService(a.env, a.config.Accounts); err != nil {
		return err
	}
	a.people = users.NewService(a.env)
	a.linked = identities.NewService(a.env.DB, a.env.Events)
	a.config.APIKeys.Prove = a.flows.ProveSelf
	a.keys = apikeys.NewService(a.env, a.config.APIKeys)
	a.roles = roles.NewService(a.env, a.people, a.Permissions)
	a.members = memberships.NewService(a.env.DB, a.env.Events)
	a.groups = groups.NewService(a.env.DB, a.env.Events)
	a.audit = audit.New(audit.Config{DB: a.env.DB, Keys: a.env.Keys, Checkpoints: a.config.Checkpoints, Log: a.config.Log})
	// What is written in mails was decided by changes that have entries, and limits only count.
	a.audit.Exclude("mails", "limits")
	builtin := []domain.Func{
		func(domain.Env) domain.Domain { return a.audit.Domain() },
		users.Domain, identities.Domain, tokens.Domain, func(domain.Env) domain.Domain { return a.flows.Sessions().Domain() },
		roles.Domain(a.Permissions), func(domain.Env) domain.Domain { return a.keys.Domain() }, memberships.Domain, groups.Domain,
		func(domain.Env) domain.Domain { return a.flows.Domain() },
	}
	for _, f := range builtin {
		d, err := a.make(f)
		if err != nil {
			return err
		}
		a.domains = append(a.domains, d)
	}
	if err := checkExtended(a.domains, own); err != nil {
		return err
	}
	a.domains = append(a.domains, own...)
	for _, d := range a.domains {
		a.gate = auth.NewGate(append(a.gate, d.Schemes...)...)
		a.env.Tasks.Add(d.Workers...)
		a.env.Tasks.Plan(d.Schedules...)
		a.env.Events.Listen(d.Handlers...)
		a.audit.Exclude(d.Unaudited...)
	}
	a.env.Tasks.Add(a.env.Limits.Worker())
	a.env.Tasks.Plan(a.env.Limits.Schedule())
	if a.env.Files.Used() {
		a.env.Tasks.Add(a.env.Files.Workers()...)
		a.env.Tasks.Plan(a.env.Files.Schedules()...)
	}
	return nil
}

// Permissions returns the permissions that roles may grant, of all domains.
func (a *App) Permissions() []string {
	var out []string
	for _, d := range a.domains {
		out = append(out, d.Permissions...)
	}
	return out
}

// checkPermissions holds the permissions of domains to their form, and routes to
// permissions that a role can grant: what nobody can hold is misspelt.
func (a *App) checkPermissions() error {
	known := a.Permissions()
	for _, d := range a.domains {
		for _, p := range d.Permissions {
			if !auth.IsPermission(p) {
				return fmt.Errorf("manor: the domain %s has the permission %q, which is not resource:action in lower case", d.Name, p)
			}
		}
	}
	for _, r := range a.router.Routes() {
		for _, p := range r.Access.Permissions() {
			if !slices.Contains(known, p) {
				return fmt.Errorf("manor: %s %s asks for the permission %s, which no domain has", r.Method, r.Path, p)
			}
		}
	}
	return nil
}

// personal are words of paths below which people look after what proves who they
// are, or take away what is held about them.
var personal = []string{"auth", "sessions", "api-keys", "identities", "password-reset", "export"}

// checkPeople holds routes with such words in their paths to be for people: what an
// API key could do there would make more of it than it is.
func (a *App) checkPeople() error {
	for _, r := range a.router.Routes() {
		if r.Access.Public() || r.ForPeople || strings.HasSuffix(r.Path, "/api-keys/verify") { // which says whose a key is
			continue
		}
		for word := range strings.SplitSeq(r.Path, "/") {
			if slices.Contains(personal, word) {
				return fmt.Errorf("manor: %s %s is open to programs with an API key, and /%s/ is for people: say web.ForPeople or web.Sensitive", r.Method, r.Path, word)
			}
		}
	}
	return nil
}

// Sources returns the revisions of all domains in the main database, in the
// order in which tables refer to each other.
func (a *App) Sources() []migrate.Source { return a.SourcesOf(domain.Main) }

// Schemas returns the tables of all domains in the main database.
func (a *App) Schemas() []data.Schema { return a.SchemasOf(domain.Main) }

// Start upgrades the database and begins to work on tasks and whatever else
// domains do in the background, until Close. An app is started once.
func (a *App) Start(ctx context.Context) (err error) {
	if a.begun.Swap(true) {
		return errors.New("manor: the app was started before")
	}
	defer func() {
		if err != nil {
			a.begun.Store(false)
		}
	}()
	if _, err := a.Upgrade(ctx); err != nil {
		return err
	}
	if err := a.CheckExtends(ctx); err != nil {
		return err
	}
	if err := a.env.Tasks.Start(ctx); err != nil {
		return err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	for _, d := range a.domains {
		if d.Run == nil {
			continue
		}
		a.running.Go(func() {
			if err := d.Run(background); err != nil {
				a.config.Log.Error("background work ended", "domain", d.Name, "error", err)
			}
		})
	}
	a.started.Store(true)
	return nil
}

// Drain makes readiness fail, so that no new requests are sent here. Requests
// are still served.
func (a *App) Drain() { a.draining.Store(true) }

// closeWait is how long Close waits for running tasks.
const closeWait = 10 * time.Second

// Close ends what Start began: running tasks may finish, no new ones begin. It
// does not close the database, which the caller opened. Closing an app that was
// not started does nothing.
func (a *App) Close(ctx context.Context) error {
	a.Drain()
	if !a.started.Swap(false) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, closeWait)
	defer cancel()
	err := a.env.Tasks.Stop(ctx)
	a.stop()
	ended := make(chan struct{})
	go func() {
		a.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return err
	case <-ctx.Done():
		return errors.Join(err, errors.New("manor: background work does not end"))
	}
}

// Accounts returns the flows, for programs that drive them from Go.
func (a *App) Accounts() *accounts.Service { return a.flows }

// Users returns the accounts, for programs that look them up from Go.
func (a *App) Users() *users.Service { return a.people }

// Identities returns which accounts at other providers belong to whom, for
// programs that link them from Go.
func (a *App) Identities() *identities.Service { return a.linked }

// APIKeys returns the keys of programs, for those that issue, verify or end them
// from Go.
func (a *App) APIKeys() *apikeys.Service { return a.keys }

// Roles returns who may do what, for programs that change it from Go.
func (a *App) Roles() *roles.Service { return a.roles }

// Memberships returns who is what to the organisation, for programs that change
// it from Go.
func (a *App) Memberships() *memberships.Service { return a.members }

// Groups returns the listed communities, for programs that decide about them
// from Go.
func (a *App) Groups() *groups.Service { return a.groups }

// Limits returns what holds back who asks too much, for programs that count
// something of their own or let somebody try again.
func (a *App) Limits() *limit.Limiter { return a.env.Limits }

// Audit returns what was done and by whom.
func (a *App) Audit() *audit.Log { return a.audit }

// Mail returns the messages that were sent or kept.
func (a *App) Mail() *mail.Outbox { return a.env.Mail }

// Migrator returns what runs the revisions of the main database.
func (a *App) Migrator() *migrate.Migrator { return a.migrators[domain.Main] }

// Router returns the routes of the API.
func (a *App) Router() *web.Router { return a.router }
