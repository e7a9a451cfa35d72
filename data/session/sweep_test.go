package session_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/session"
	"github.com/manorgo/manor/fault"
)

// A heard is a log that hands its records over.
type heard struct {
	slog.Handler
	records chan slog.Record
}

func (h heard) Enabled(context.Context, slog.Level) bool { return true }
func (h heard) Handle(ctx context.Context, r slog.Record) error {
	select {
	case h.records <- r:
	case <-ctx.Done():
	}
	return nil
}

func TestSweeper(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		newStore(t, db, session.Config{})
		db, failing := datatest.Failing(db)
		log := heard{slog.DiscardHandler, make(chan slog.Record)}
		st := newStore(t, db, session.Config{SweepEvery: time.Millisecond, Log: slog.New(log)})
		(&browser{t: t, st: st}).set("k", "old")
		if err := st.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := st.Start(t.Context()); fault.KindOf(err) != fault.Conflict {
			t.Errorf("started twice: %v", err)
		}
		next := func() slog.Record {
			select {
			case r := <-log.records:
				return r
			case <-time.After(30 * time.Second):
				t.Fatal("the sweeper does nothing")
			}
			return slog.Record{}
		}
		next() // at once
		if n := len(dump(t, db)); n != 1 {
			t.Errorf("%d rows while it lives", n)
		}
		failing.Fail(true)
		c.advance(15 * day)
		for next().Level != slog.LevelWarn {
		}
		failing.Fail(false)
		for len(dump(t, db)) > 0 {
			next()
		}
		for range 2 {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		}
		select {
		case r := <-log.records:
			t.Errorf("after Close: %s", r.Message)
		default:
		}
		if err := st.Start(t.Context()); err != nil {
			t.Errorf("started after Close: %v", err)
		}
		st.Close()
	})
}
