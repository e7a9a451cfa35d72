package session_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/session"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/internal/pgtest"
)

// A lagging database has a replica to which nothing ever comes.
type lagging struct {
	driver.Driver
	replica driver.Driver
}

func (lagging) Replicas() []driver.Replica { return []driver.Replica{{Name: "lagging", Up: true}} }

func (l lagging) Reads(o driver.ReadOptions) driver.Reads {
	if o.Primary {
		return l.Driver.Reads(o)
	}
	return reads{l.replica}
}

type reads struct{ driver.Conn }

func (reads) Close() error { return nil }

// A session is read where it is written, also by a request whose other reads may
// be old: one that has just begun is known, one that has ended is not.
func TestSessionsAreReadFromThePrimary(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		var copied *data.DB
		var err error
		if db.Dialect() == "sqlite" {
			copied, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "replica.db"), sqlite.Options{})
		} else {
			copied, err = postgres.Open(t.Context(), pgtest.Database(t), postgres.Options{})
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { copied.Close() })
		newStore(t, copied, session.Config{})
		newStore(t, db, session.Config{})
		b := &browser{t: t, st: newStore(t, data.New(lagging{db.Driver(), copied.Driver()}, c.now), session.Config{})}
		b.set("k", "v")
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "https://example.com/", nil).WithContext(data.WithReplicas(t.Context()))
		r.AddCookie(b.cookie)
		b.st.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got, err := session.Get[string](session.From(r.Context()), "k"); got != "v" {
				t.Errorf("read %q, %v", got, err)
			}
		})).ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
