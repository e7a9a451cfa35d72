package manortest

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	filedriver "github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/secret"
)

// An App is a running app and the server in front of it.
type App struct {
	*manor.App
	URL     string // of the server: http://127.0.0.1:port
	DB      *data.DB
	Clock   *Clock
	Files   filedriver.Bucket // where its files are, in memory unless Config says otherwise
	counter *datatest.Counter
	commits *datatest.FailCommits
	log     *logbook
	idle    bool // nobody works on tasks
}

// config returns the configuration of an app over db. Passwords are hashed as
// cheaply as can be.
func (o *options) config(db *data.DB, log *slog.Logger) manor.Config {
	c := manor.Config{
		DB: db, Keys: o.keys, Domains: o.domains, Log: log, Files: o.files,
		Hasher: &secret.Hasher{Params: secret.Params{Memory: 8, Time: 1, Parallelism: 1}, Queue: 1000},
	}
	c.Limits = limit.Config{Off: !o.limited, Clock: o.clock.still(time.Now())}
	for _, change := range o.configure {
		change(&c)
	}
	return c
}

// start runs an app over db until the test ends.
func (o *options) start(t *testing.T, db *data.DB) *App {
	t.Helper()
	a := &App{Clock: o.clock, log: new(logbook), idle: o.idle}
	a.commits = datatest.NewFailCommits(db.Driver())
	a.counter = datatest.NewCounter(a.commits)
	a.DB = data.New(a.counter, o.clock.Now)
	log := slog.New(slog.NewTextHandler(a.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := o.config(a.DB, log)
	a.Files = c.Files
	app, err := manor.New(c)
	if err != nil {
		t.Fatalf("manortest: %v", err)
	}
	a.App = app
	handler, err := app.Handler()
	if err != nil {
		t.Fatalf("manortest: %v", err)
	}
	if !o.idle {
		if err := app.Start(t.Context()); err != nil {
			t.Fatalf("manortest: start: %v", err)
		}
	}
	server := httptest.NewServer(handler)
	a.URL = server.URL
	t.Cleanup(func() {
		server.Close()
		a.commits.Fail(false)
		if err := app.Close(context.Background()); err != nil {
			t.Errorf("manortest: close: %v", err)
		}
		if t.Failed() {
			a.log.show(t)
		}
	})
	return a
}

// FailCommits says whether nothing can be committed from now on.
func (a *App) FailCommits(fail bool) { a.commits.Fail(fail) }

// Statements returns the SQL that fn makes the app run through its data layer.
// Commits, and what the queue of tasks and the chain of the audit do for
// themselves, do not count. Other work in the background does: see Idle.
func (a *App) Statements(fn func()) []string {
	a.counter.Reset()
	fn()
	return slices.DeleteFunc(a.counter.Statements(), isChaining)
}

// isChaining reports whether a statement gives entries of the audit their places.
func isChaining(sql string) bool {
	return slices.ContainsFunc([]string{`"audit_heads"`, `"audit_checkpoints"`, `UPDATE "audit" SET "seq"`, `FROM "audit" WHERE "seq" IS NULL`},
		func(part string) bool { return strings.Contains(sql, part) })
}

// Log returns what the app has logged so far, as text.
func (a *App) Log() string {
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	return a.log.text.String()
}

// A logbook keeps what is logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// show logs what explains a failure.
func (l *logbook) show(t *testing.T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
