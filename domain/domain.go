// Package domain describes what one business area adds to an app, and what an
// app lends to it.
//
// A [Domain] is plain data. Built-in domains such as users are written with
// the same API as yours.
package domain

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/file"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/mail"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

// An Env is what an app lends to its domains. An app sets all of it.
type Env struct {
	DB     *data.DB // the database called main, with accounts, tasks, events and mail
	Log    *slog.Logger
	Keys   *secret.Keyring // digests and signatures, each use by its label
	Hasher *secret.Hasher  // passwords
	Tasks  *task.Queue     // work that is done after a transaction
	Events *event.Bus      // facts that a transaction made true
	Mail   *mail.Outbox    // messages that leave after a transaction
	Links  web.Links       // addresses of this app for people outside
	Files  *file.Store     // files that rows refer to, by a file.Keeper
	Limits *limit.Limiter  // how often somebody may try something; nil means as often as they like

	Extends   []data.Extender     // the columns of the app's own that built-in tables have
	Domains   func() []Domain     // all that the app is made of, once it is made
	Databases map[string]*data.DB // those beside DB, by their names; domains use Database
}

// Main is the name of Env.DB. No other database is called so.
const Main = "main"

// Database returns the database of this name, which the app was configured with.
// Where there is none the app is not made: its New returns an *UnknownDatabase,
// which Database panics with. A transaction spans one database; tasks, events
// and mail are asked for in transactions of main.
func (e Env) Database(name string) *data.DB {
	if name == Main {
		return e.DB
	}
	if db := e.Databases[name]; db != nil {
		return db
	}
	panic(&UnknownDatabase{Name: name, Known: append([]string{Main}, slices.Sorted(maps.Keys(e.Databases))...)})
}

// Extended returns the table with the columns that the app has added to it, or
// the table itself. It is for built-in domains, which are made after those of
// the app. A domain of the app's has the columns that it adds from its own
// Extension.
func Extended[T any](env Env, table *data.Table[T]) *data.Table[T] {
	for _, x := range env.Extends {
		if x, ok := x.(interface{ Table() *data.Table[T] }); ok && x.Table().Name() == table.Name() {
			return x.Table()
		}
	}
	return table
}

// An UnknownDatabase says that a domain asked for a database that the app does
// not have.
type UnknownDatabase struct {
	Name  string
	Known []string // those it has
}

// Error names both.
func (e *UnknownDatabase) Error() string {
	return fmt.Sprintf("database %s, and there is only %s", e.Name, strings.Join(e.Known, ", "))
}

// A Func makes a domain for an app. It only builds values: it neither touches
// the database nor starts anything.
type Func func(Env) Domain

// A Domain is what one business area adds to an app. Only Name is required.
type Domain struct {
	Name        string            // the table, the route and the CLI noun: "products"
	Migrations  fs.FS             // its revisions, as package migrate reads them
	Database    string            // the name of the database that has its tables and revisions; "" means main
	Schemas     []data.Schema     // its tables, which the revisions must agree with
	Extends     []data.Extender   // columns that it adds to users and roles, by users.Extend and roles.Extend; its revisions make them
	Permissions []string          // permissions that a role may grant: "products:write"
	Schemes     []auth.Scheme     // credentials that it recognises
	Mount       func(*web.Router) // its routes
	Handlers    []event.Handler   // events that it reacts to
	Workers     []task.Worker     // tasks that it does
	Schedules   []task.Schedule   // tasks that come round

	// Export returns what the domain holds about somebody, as JSON, for the person
	// to take away; nil if there is nothing.
	Export func(ctx context.Context, who auth.Subject) (any, error)

	// Erase removes what the domain holds about somebody, or makes it nobody's, in
	// the transaction of main that then removes their account. Rows that refer to
	// users with ondelete=cascade or ondelete=null go, or become nobody's, without.
	// An error leaves the account, to be erased another time.
	Erase func(ctx context.Context, tx *data.Tx, who auth.Subject) error

	// Unaudited are tables, as "counters", and columns, as "users.last_login",
	// whose changes are no actions that the audit has to tell of.
	Unaudited []string

	// Run works in the background of every instance until ctx ends, and then
	// finishes what it holds.
	Run func(ctx context.Context) error
}
