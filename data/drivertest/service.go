package drivertest

import (
	"context"
	"errors"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

type lampService = data.Service[lamp, newLamp, lampPatch]

// rule returns a row rule that always gives f.
func rule(f data.Filter[lamp]) func(context.Context) (data.Filter[lamp], error) {
	return func(context.Context) (data.Filter[lamp], error) { return f, nil }
}

var serviceTests = []test{
	{"without rules", func(s suite) {
		db := s.db(lamps.Schema())
		service := lampService{DB: db, Table: lamps}
		v, err := service.Create(s.ctx, newLamp{Name: "a", Rank: 1})
		s.ok(err)
		got, err := service.Get(s.ctx, v.ID)
		s.ok(err)
		s.same("created", got, v)
		got, err = service.Update(s.ctx, v.ID, lampPatch{Rank: patch.Of(2)}, v.Version())
		s.ok(err)
		s.same("rank", got.Rank, 2)
		page, err := service.List(s.ctx, data.Query[lamp]{Count: true})
		s.ok(err)
		s.same("total", page.Total, 1)
		s.ok(service.Delete(s.ctx, v.ID, got.Version()))
		_, err = service.Get(s.ctx, v.ID)
		s.is(err, fault.NotFound)
	}},
	{"rows out of sight", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(10)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		service := lampService{DB: db, Table: lamps, Visible: rule(lampRank.Lt(5)), Editable: rule(lampRank.Lt(2))}
		page, err := service.List(s.ctx, data.Query[lamp]{Count: true})
		s.ok(err)
		s.same("visible", len(page.Items), 5)
		s.same("counted", page.Total, 5)
		page, err = service.List(s.ctx, data.Query[lamp]{Where: data.Any(lampRank.Eq(9), lampRank.Eq(1)), Count: true})
		s.ok(err)
		s.same("an OR does not get around the rule", page.Total, 1)
		_, err = service.Get(s.ctx, rows[4].ID)
		s.ok(err)
		_, err = service.Get(s.ctx, rows[5].ID)
		s.is(err, fault.NotFound)
		_, err = service.Update(s.ctx, rows[1].ID, lampPatch{Note: patch.Of("x")})
		s.ok(err)
		for _, i := range []int{2, 5} {
			_, err = service.Update(s.ctx, rows[i].ID, lampPatch{Note: patch.Of("x")})
			s.is(err, fault.NotFound)
			_, err = service.Update(s.ctx, rows[i].ID, lampPatch{Note: patch.Of("x")}, rows[i].Version())
			s.is(err, fault.NotFound)
			s.is(service.Delete(s.ctx, rows[i].ID), fault.NotFound)
		}
		changed, err := lamps.On(db).Count(s.ctx, lampNote.NotNull())
		s.ok(err)
		s.same("changed", changed, 1)
		service.Editable = nil // what may be read may be changed
		_, err = service.Update(s.ctx, rows[4].ID, lampPatch{Note: patch.Of("x")})
		s.ok(err)
		_, err = service.Update(s.ctx, rows[5].ID, lampPatch{Note: patch.Of("x")})
		s.is(err, fault.NotFound)
		service.Visible = rule(data.Nothing[lamp]())
		page, err = service.List(s.ctx, data.Query[lamp]{Count: true})
		s.ok(err)
		s.same("nothing is visible", page.Total, 0)
	}},
	{"a rule that does not decide", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(1)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		refused := errors.New("refused")
		for _, c := range []struct {
			visible func(context.Context) (data.Filter[lamp], error)
			kind    fault.Kind
		}{
			{rule(data.Filter[lamp]{}), fault.Internal},
			{func(context.Context) (data.Filter[lamp], error) { return data.Everything[lamp](), refused }, fault.Internal},
			{func(context.Context) (data.Filter[lamp], error) {
				return data.Filter[lamp]{}, fault.Errorf(fault.Forbidden, "no")
			}, fault.Forbidden},
		} {
			service := lampService{DB: db, Table: lamps, Visible: c.visible}
			_, err := service.Get(s.ctx, rows[0].ID)
			s.is(err, c.kind)
			_, err = service.List(s.ctx, data.Query[lamp]{})
			s.is(err, c.kind)
			_, err = service.Update(s.ctx, rows[0].ID, lampPatch{Rank: patch.Of(5)})
			s.is(err, c.kind)
			s.is(service.Delete(s.ctx, rows[0].ID), c.kind)
		}
		count(s, db, lamps, 1)
	}},
	{"stale", func(s suite) {
		db := s.db(lamps.Schema())
		service := lampService{DB: db, Table: lamps}
		v, err := service.Create(s.ctx, newLamp{Name: "a"})
		s.ok(err)
		second, err := service.Update(s.ctx, v.ID, lampPatch{Rank: patch.Of(1)}, v.Version())
		s.ok(err)
		_, err = service.Update(s.ctx, v.ID, lampPatch{Rank: patch.Of(2)}, v.Version())
		s.is(err, fault.Stale)
		s.is(service.Delete(s.ctx, v.ID, v.Version()), fault.Stale)
		got, err := service.Get(s.ctx, v.ID)
		s.ok(err)
		s.same("untouched", got, second)
		s.ok(service.Delete(s.ctx, v.ID, second.Version()))
		s.is(service.Delete(s.ctx, v.ID, second.Version()), fault.NotFound)
	}},
	{"consequences share the transaction", func(s suite) {
		db := s.db(lamps.Schema(), people.Schema())
		var fail error
		note := func(ctx context.Context, tx *data.Tx, v *lamp) error {
			if err := people.On(tx).Add(ctx, &person{Name: v.Name}); err != nil {
				return err
			}
			return fail
		}
		service := lampService{
			DB: db, Table: lamps, Created: note, Updated: note, Deleted: note,
			Fill: func(_ context.Context, v *lamp) error { v.Owner = data.ID[person]{7}; return nil },
		}
		v, err := service.Create(s.ctx, newLamp{Name: "a"})
		s.ok(err)
		s.same("filled in", v.Owner, data.ID[person]{7})
		count(s, db, people, 1)
		fail = fault.Errorf(fault.Forbidden, "no")
		_, err = service.Create(s.ctx, newLamp{Name: "b"})
		s.is(err, fault.Forbidden)
		_, err = service.Update(s.ctx, v.ID, lampPatch{Rank: patch.Of(3)})
		s.is(err, fault.Forbidden)
		s.is(service.Delete(s.ctx, v.ID), fault.Forbidden)
		count(s, db, people, 1)
		got, err := service.Get(s.ctx, v.ID)
		s.ok(err)
		s.same("undone", got, v)
		fail = nil
		s.ok(service.Delete(s.ctx, v.ID))
		count(s, db, people, 2)
	}},
	{"as part of a transaction", func(s suite) {
		// A guard, a service, its consequences and whatever else there is see what
		// the others did, and end together.
		db := s.db(lamps.Schema(), people.Schema())
		rows := newLamps(3)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		note := func(ctx context.Context, tx *data.Tx, v *lamp) error {
			return people.On(tx).Add(ctx, &person{Name: v.Name})
		}
		counted, counter := datatest.Count(db)
		service := lampService{DB: counted, Table: lamps, Updated: note, Deleted: note, Editable: rule(lampRank.Lt(2))}
		s.same("made of a database, it asks nothing", len(counter.Statements()), 0)
		failure := errors.New("failure")
		for _, want := range []error{failure, nil} {
			err := db.Tx(s.ctx, func(tx *data.Tx) error {
				mine, err := lamps.On(tx).Exists(s.ctx, lampName.Eq("mine"))
				s.ok(err)
				s.same("there before", mine, false)
				v, err := service.UpdateIn(s.ctx, tx, rows[0].ID, lampPatch{Name: patch.Of("mine")}, rows[0].Version())
				s.ok(err)
				mine, err = lamps.On(tx).Exists(s.ctx, lampName.Eq("mine"))
				s.ok(err)
				s.same("seen by the others", mine, true)
				_, err = service.UpdateIn(s.ctx, tx, rows[0].ID, lampPatch{Name: patch.Of("late")}, rows[0].Version())
				s.is(err, fault.Stale)
				_, err = service.UpdateIn(s.ctx, tx, rows[2].ID, lampPatch{Name: patch.Of("late")})
				s.is(err, fault.NotFound)
				_, err = service.DeleteIn(s.ctx, tx, rows[2].ID)
				s.is(err, fault.NotFound)
				gone, err := service.DeleteIn(s.ctx, tx, v.ID, v.Version())
				s.ok(err)
				s.same("as it was", gone, v)
				count(s, tx, lamps, 2)
				count(s, tx, people, 2)
				count(s, db, people, 0) // nobody else sees it
				return want
			})
			s.same("what came of it", err == want, true)
			if want != nil {
				count(s, db, lamps, 3)
				count(s, db, people, 0)
			}
		}
		count(s, db, lamps, 2)
		count(s, db, people, 2)
	}},
	{"validation", func(s suite) {
		db := s.db(lamps.Schema())
		service := lampService{DB: db, Table: lamps}
		_, err := service.Create(s.ctx, newLamp{Name: "forbidden"})
		s.is(err, fault.Invalid)
		count(s, db, lamps, 0)
		v, err := service.Create(s.ctx, newLamp{Name: "a"})
		s.ok(err)
		_, err = service.Update(s.ctx, v.ID, lampPatch{Name: patch.Of("forbidden")})
		s.is(err, fault.Invalid)
		_, err = service.Update(s.ctx, v.ID, lampPatch{Name: patch.Null[string]()})
		s.is(err, fault.Invalid)
		got, err := service.Get(s.ctx, v.ID)
		s.ok(err)
		s.same("untouched", got, v)
	}},
	{"statements", func(s suite) {
		counted, counter := datatest.Count(s.db(lamps.Schema()))
		service := lampService{DB: counted, Table: lamps, Visible: rule(lampRank.Ge(0))}
		v, err := service.Create(s.ctx, newLamp{Name: "a"})
		s.ok(err)
		for _, c := range []struct {
			name string
			run  func() error
			want int
		}{
			{"create", func() error { _, err := service.Create(s.ctx, newLamp{Name: "b"}); return err }, 1},
			{"get", func() error { _, err := service.Get(s.ctx, v.ID); return err }, 1},
			{"list", func() error { _, err := service.List(s.ctx, data.Query[lamp]{}); return err }, 1},
			{"list and count", func() error { _, err := service.List(s.ctx, data.Query[lamp]{Count: true}); return err }, 2},
			{"update", func() error { _, err := service.Update(s.ctx, v.ID, lampPatch{Rank: patch.Of(3)}); return err }, 1},
			{"add all", func() error { return lamps.On(counted).AddAll(s.ctx, newLamps(100)) }, 1},
			{"delete", func() error { return service.Delete(s.ctx, v.ID) }, 1},
		} {
			counter.Reset()
			s.ok(c.run())
			if got := counter.Statements(); len(got) != c.want {
				s.Errorf("%s takes %d statements, want %d: %q", c.name, len(got), c.want, got)
			}
		}
	}},
}
