package audit

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/task"
)

type renamed struct {
	ThingID data.ID[thing] `json:"thing_id"`
	Secret  string         `json:"secret"`
}

func (renamed) Kind() string { return "things.renamed" }

type seen struct {
	UserID data.ID[Entry] `json:"user_id"`
}

func (seen) Kind() string { return "visits.seen" }

// A glanced is an event that the audit does not tell of.
type glanced struct{}

func (glanced) Kind() string { return "visits.glanced" }
func (glanced) Unaudited()   {}

// TestWitness does what a domain can do to a table, and reads what the audit
// says of it.
func TestWitness(t *testing.T) {
	each(t, func(t *testing.T, l *Log, _ *clock) {
		db, bus := l.c.DB, event.NewBus(task.New(l.c.DB, task.Config{}))
		ctx := auth.NewContext(t.Context(), &auth.Principal{Subject: "ann", Scheme: "session"})
		one, two := thing{ID: data.NewID[thing](db), Name: "one"}, thing{ID: data.NewID[thing](db), Name: "two"}
		in := func(fn func(tx *data.Tx) error) { t.Helper(); must(t, db.Tx(ctx, fn)) }
		undone := errors.New("undone")
		var got []string
		note := func(what string, want ...string) {
			t.Helper()
			all := all(t, l)
			var now []string
			for _, e := range all[len(got):] {
				id := strings.NewReplacer(one.ID.String(), "one", two.ID.String(), "two").Replace(e.ObjectID)
				now = append(now, fmt.Sprintf("%s %s %s %d [%s]", e.Actor, e.Action, id, e.Count, e.Columns))
				got = append(got, e.Action)
			}
			if diff := cmp.Diff(want, now); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}

		must(t, things.On(db).Add(ctx, &one))
		note("add", "ann things.created one 1 []")
		in(func(tx *data.Tx) error { return things.On(tx).Add(ctx, &two) })
		note("add in a transaction", "ann things.created two 1 []")
		_, err := things.On(db).Update(ctx, one.ID, thingName.Set("first"))
		must(t, err)
		note("update", "ann things.updated one 1 [name]")
		_, err = things.On(db).UpdateWhere(ctx, thingID.Eq(two.ID), thingName.Set("second"), thingSeen.Set(1))
		must(t, err)
		note("update of one", "ann things.updated two 1 [name,seen]")
		_, err = things.On(db).UpdateWhere(ctx, data.Everything[thing](), thingName.Set("both"))
		must(t, err)
		note("update of all", "ann things.updated  2 [name]")
		_, err = things.On(db).UpdateWhere(ctx, data.Everything[thing](), thingSeen.Set(2))
		must(t, err)
		note("what is left out")
		_, err = things.On(db).UpdateWhere(ctx, thingName.Eq("nobody"), thingName.Set("x"))
		must(t, err)
		note("no row")

		in(func(tx *data.Tx) error {
			if err := tx.Nested(ctx, func(tx *data.Tx) error {
				_, err := things.On(tx).Update(ctx, one.ID, thingName.Set("undone"))
				return errors.Join(err, bus.Emit(ctx, tx, renamed{ThingID: one.ID}), undone)
			}); !errors.Is(err, undone) {
				return err
			}
			if _, err := things.On(tx).Update(ctx, one.ID, thingName.Set("one")); err != nil {
				return err
			}
			if err := bus.Emit(ctx, tx, seen{UserID: data.ID[Entry](two.ID)}); err != nil {
				return err
			}
			return errors.Join(bus.Emit(ctx, tx, glanced{}), bus.Emit(ctx, tx, renamed{ThingID: one.ID, Secret: "canary"}))
		})
		note("events", "ann visits.seen two 1 []", "ann things.renamed one 1 [name]")

		if err := db.Tx(ctx, func(tx *data.Tx) error {
			_, err := things.On(tx).Update(ctx, one.ID, thingName.Set("undone"))
			return errors.Join(err, undone)
		}); !errors.Is(err, undone) {
			t.Error(err)
		}
		note("what was not committed")

		many := make([]thing, 300)
		must(t, things.On(db).AddAll(ctx, many))
		note("many", "ann things.created  300 []")
		in(func(tx *data.Tx) error {
			for i := range many {
				if err := things.On(tx).Delete(ctx, many[i].ID); err != nil {
					return err
				}
			}
			return nil
		})
		if n := len(all(t, l)) - len(got); n != most {
			t.Errorf("300 deletions have %d entries, want %d", n, most)
		}
		got = make([]string, len(all(t, l)))
		_, err = things.On(db).DeleteOne(OnBehalfOf(WithActor(ctx, Actor{Kind: CLI, Name: "root", Via: "manor"}), "bob"), thingID.Eq(two.ID))
		must(t, err)
		note("delete", "root things.deleted two 1 []")
		last := all(t, l)[len(got)-1]
		if last.OnBehalfOf != "bob" || last.Via != "manor" || last.ActorKind != CLI {
			t.Errorf("%+v", last)
		}
		if _, err = things.On(db).Update(ctx, two.ID, thingName.Set("x")); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		must(t, l.Chain(ctx))
		holds(t, l, int64(len(got)))
		for _, e := range all(t, l) {
			if strings.Contains(fmt.Sprint(e), "canary") {
				t.Errorf("a value of an event is in %+v", e)
			}
		}
	})
}

// TestNoChangeWithoutEntry has the audit fail.
func TestNoChangeWithoutEntry(t *testing.T) {
	each(t, func(t *testing.T, l *Log, _ *clock) {
		ctx, db := t.Context(), l.c.DB
		must(t, things.On(db).Add(ctx, &thing{Name: "one"}))
		must(t, run(ctx, db, `ALTER TABLE audit RENAME TO elsewhere`))
		for what, do := range map[string]func() error{
			"add": func() error { return things.On(db).Add(ctx, &thing{Name: "two"}) },
			"add in a transaction": func() error {
				return db.Tx(ctx, func(tx *data.Tx) error { return things.On(tx).Add(ctx, &thing{Name: "two"}) })
			},
			"update": func() error {
				_, err := things.On(db).UpdateOne(ctx, thingName.Eq("one"), thingName.Set("two"))
				return err
			},
			"delete": func() error {
				_, err := things.On(db).DeleteWhere(ctx, data.Everything[thing]())
				return err
			},
			"many": func() error { return things.On(db).AddAll(ctx, make([]thing, 3)) },
		} {
			if err := do(); err == nil {
				t.Errorf("%s succeeds", what)
			}
		}
		page, err := things.On(db).List(ctx, data.Query[thing]{})
		if err != nil || len(page.Items) != 1 || page.Items[0].Name != "one" {
			t.Errorf("the table has %v, %v", page.Items, err)
		}
	})
}
