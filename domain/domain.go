// Package domain describes what one business area adds to an app, and what an
// app lends to it.
//
// A [Domain] is plain data. Built-in domains such as users are written with
// the same API as yours.
package domain

import (
	"context"
	"io/fs"
	"log/slog"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/file"
	"github.com/manorgo/manor/mail"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

// An Env is what an app lends to its domains. An app sets all of it.
type Env struct {
	DB     *data.DB
	Log    *slog.Logger
	Keys   *secret.Keyring // digests and signatures, each use by its label
	Hasher *secret.Hasher  // passwords
	Tasks  *task.Queue     // work that is done after a transaction
	Events *event.Bus      // facts that a transaction made true
	Mail   *mail.Outbox    // messages that leave after a transaction
	Links  web.Links       // addresses of this app for people outside
	Files  *file.Store     // files that rows refer to, by a file.Keeper
}

// A Func makes a domain for an app. It only builds values: it neither touches
// the database nor starts anything.
type Func func(Env) Domain

// A Domain is what one business area adds to an app. Only Name is required.
type Domain struct {
	Name        string            // the table, the route and the CLI noun: "products"
	Migrations  fs.FS             // its revisions, as package migrate reads them
	Schemas     []data.Schema     // its tables, which the revisions must agree with
	Permissions []string          // permissions that a role may grant: "products:write"
	Schemes     []auth.Scheme     // credentials that it recognises
	Mount       func(*web.Router) // its routes
	Handlers    []event.Handler   // events that it reacts to
	Workers     []task.Worker     // tasks that it does
	Schedules   []task.Schedule   // tasks that come round

	// Run works in the background of every instance until ctx ends, and then
	// finishes what it holds.
	Run func(ctx context.Context) error
}
