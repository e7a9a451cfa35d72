package drivertest

import (
	"context"
	"errors"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

var readTests = []test{
	{"sees one state", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(3)))
		s.ok(db.Read(s.ctx, func(r *data.Reads) error {
			if r.DB() != db {
				s.Error("the unit does not know its database")
			}
			count(s, r, lamps, 3)
			s.ok(lamps.On(db).AddAll(s.ctx, newLamps(5)[3:]))
			count(s, db, lamps, 5)
			page, err := lamps.On(r).List(s.ctx, data.Query[lamp]{Count: true, Limit: 2})
			s.ok(err)
			s.same("rows and total of a page in the unit", []int{len(page.Items), page.Total}, []int{2, 3})
			n := 0
			for _, err := range lamps.On(r).Each(s.ctx, data.Query[lamp]{}) {
				s.ok(err)
				n++
			}
			s.same("rows of Each in the unit", n, 3)
			return nil
		}))
		s.ok(db.Read(s.ctx, func(r *data.Reads) error { count(s, r, lamps, 5); return nil }))
	}},
	{"cannot write", func(s suite) {
		db := s.db(people.Schema())
		s.ok(people.On(db).Add(s.ctx, &person{Name: "Ada"}))
		for what, write := range map[string]func(data.Repository[person]) error{
			"Add":    func(r data.Repository[person]) error { return r.Add(s.ctx, &person{Name: "no"}) },
			"AddAll": func(r data.Repository[person]) error { return r.AddAll(s.ctx, make([]person, 600)) },
			"DeleteWhere": func(r data.Repository[person]) error {
				_, err := r.DeleteWhere(s.ctx, data.Everything[person]())
				return err
			},
		} {
			err := db.Read(s.ctx, func(r *data.Reads) error { return write(people.On(r)) })
			s.is(err, fault.Internal)
			if e, ok := errors.AsType[*driver.Error](err); !ok || e.Class != driver.ReadOnly {
				s.Errorf("%s in a unit of reads is %v, want class ReadOnly", what, err)
			}
		}
		err := db.Read(s.ctx, func(r *data.Reads) error { _, err := renaming.All(s.ctx, r, "Eve", "Ada"); return err })
		if e, ok := errors.AsType[*driver.Error](err); !ok || e.Class != driver.ReadOnly {
			s.Errorf("UPDATE … RETURNING in a unit of reads is %v, want class ReadOnly", err)
		}
		count(s, db, people, 1)
	}},
	{"one result at a time", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(3)))
		s.ok(db.Read(s.ctx, func(r *data.Reads) error {
			for _, err := range lamps.On(r).Each(s.ctx, data.Query[lamp]{}) {
				s.ok(err)
				if _, err := lamps.On(r).Count(s.ctx); err == nil {
					s.Error("a read while another's result is being read")
				}
				break
			}
			return nil
		}))
	}},
	{"is over afterwards", func(s suite) {
		db := s.db(lamps.Schema())
		failure := errors.New("failure")
		var kept *data.Reads
		if err := db.Read(s.ctx, func(r *data.Reads) error { kept = r; count(s, r, lamps, 0); return failure }); err != failure {
			s.Errorf("Read returned %v, not what its function did", err)
		}
		if _, err := lamps.On(kept).Count(s.ctx); err == nil {
			s.Error("a unit of reads goes on after its end")
		}
		func() {
			defer func() { _ = recover() }()
			_ = db.Read(s.ctx, func(r *data.Reads) error { count(s, r, lamps, 0); panic("no") })
		}()
		for range 40 { // would run out of connections if any were kept
			s.ok(db.Read(s.ctx, func(r *data.Reads) error { count(s, r, lamps, 0); return nil }))
		}
	}},
	{"gives up with its context", func(s suite) {
		db := s.db(lamps.Schema())
		ctx, cancel := context.WithCancel(s.ctx)
		err := db.Read(ctx, func(r *data.Reads) error {
			count(s, r, lamps, 0)
			cancel()
			_, err := lamps.On(r).Count(ctx)
			return err
		})
		s.is(err, fault.Unavailable)
		s.ok(db.Read(s.ctx, func(r *data.Reads) error { count(s, r, lamps, 0); return nil }))
	}},
	{"units without replicas", func(s suite) {
		db := s.db(lamps.Schema())
		unit := &data.Unit{Replicas: true, After: "nonsense"}
		ctx := data.WithUnit(s.ctx, unit)
		s.ok(lamps.On(db).AddAll(ctx, newLamps(2)))
		n, err := lamps.On(db).Count(ctx)
		s.ok(err)
		s.same("rows seen after a write in the unit", n, 2)
		token, err := unit.Token(s.ctx)
		s.ok(err)
		s.same("token", token, data.Token(""))
		s.ok(db.ReadWith(data.WithPrimary(ctx), data.ReadOptions{After: "x"}, func(r *data.Reads) error {
			count(s, r, lamps, 2)
			return nil
		}))
	}},
	{"are counted", func(s suite) {
		db, counter := datatest.Count(s.db(lamps.Schema()))
		s.ok(db.Read(s.ctx, func(r *data.Reads) error { count(s, r, lamps, 0); return nil }))
		s.same("statements", len(counter.Statements()), 1)
	}},
}
