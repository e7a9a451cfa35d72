// Package manortest runs whole apps in tests: real servers over real databases,
// each test with its own.
//
//	func TestOrders(t *testing.T) {
//		manortest.Each(t, func(t *testing.T, app *manortest.App) {
//			ann := app.User(t, "ann")
//			ann.Post("/orders", map[string]any{"product": "lamp"}).Want(201)
//		}, manortest.Domains(orders.Domain))
//	}
//
// Every answer of the API is held to the app's OpenAPI document: one that the
// document does not describe fails the test.
package manortest

import (
	"crypto/rand"
	"testing"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/file/memory"
	"github.com/manorgo/manor/secret"
)

// An Option says more about the apps that a test runs.
type Option func(*options)

type options struct {
	domains   []domain.Func
	configure []func(*manor.Config)
	idle      bool
	limited   bool
	keys      *secret.Keyring
	clock     *Clock
	files     *memory.Bucket
}

// Domains adds domains to the built-in ones.
func Domains(fs ...domain.Func) Option {
	return func(o *options) { o.domains = append(o.domains, fs...) }
}

// Config changes the configuration of each app before it is made. The database
// must stay.
func Config(change func(*manor.Config)) Option {
	return func(o *options) { o.configure = append(o.configure, change) }
}

// Idle leaves tasks and other background work undone, so that nothing happens
// but what the test asks for. Such an app is not ready, and serves all the same.
func Idle() Option { return func(o *options) { o.idle = true } }

// Limited holds requests and attempts to sign in back as a server does, by a
// clock that stands still but when App.Clock is advanced. Without it nothing is limited, so that tests may ask as often as
// they like.
func Limited() Option { return func(o *options) { o.limited = true } }

func gather(opts []Option) *options {
	master := make([]byte, secret.KeySize)
	_, _ = rand.Read(master) // never fails
	keys, err := secret.NewKeyring(master)
	if err != nil {
		panic(err) // the key is as it must be
	}
	o := &options{keys: keys, clock: new(Clock)}
	o.files = memory.New(o.clock.Now)
	for _, opt := range opts {
		opt(o)
	}
	return o
}

// Each calls run with a running app on SQLite and with one on PostgreSQL, in
// parallel subtests of these names. Each app has a new database with all
// revisions and no rows; all of it goes when the test ends. Without PostgreSQL
// that half is skipped, unless MANOR_TEST_REQUIRE asks for it.
func Each(t *testing.T, run func(t *testing.T, app *App), opts ...Option) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		o := gather(opts)
		run(t, o.start(t, o.setup(t).SQLite(t)))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		o := gather(opts)
		run(t, o.start(t, o.setup(t).Postgres(t)))
	})
}

// Two calls run with two instances of an app on one PostgreSQL database, with
// the same keys and the same clock, as behind a load balancer.
func Two(t *testing.T, run func(t *testing.T, a, b *App), opts ...Option) {
	t.Helper()
	o := gather(opts)
	url := o.setup(t).PostgresURL(t)
	run(t, o.start(t, o.openPostgres(t, url)), o.start(t, o.openPostgres(t, url)))
}
