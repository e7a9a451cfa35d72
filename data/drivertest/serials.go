package drivertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

var serialTests = []test{
	{"from one", func(s suite) {
		db := s.db(serialRows.Schema())
		rows := serialRows.On(db)
		first := serialRow{Named: Named{Name: "a"}}
		s.ok(rows.Add(s.ctx, &first))
		s.same("the first", first.ID, data.Serial[serialRow](1))
		vs := serialKeys().rows(0, 700)
		s.ok(rows.AddAll(s.ctx, vs))
		for i, v := range vs {
			s.same("in order", v.ID, data.Serial[serialRow](i+2))
		}
		last := serialRow{Named: Named{Name: "z"}}
		s.ok(rows.Add(s.ctx, &last))
		s.same("the last", last.ID, data.Serial[serialRow](702))
		text, err := json.Marshal(last.ID)
		s.ok(err)
		s.same("JSON", string(text), "702")
	}},
	{"own numbers", func(s suite) {
		db := s.db(serialRows.Schema())
		rows := serialRows.On(db)
		own := serialRow{Named: Named{Name: "own"}}
		own.ID = 5000
		s.ok(rows.Add(s.ctx, &own))
		s.same("kept", own.ID, data.Serial[serialRow](5000))
		vs := serialKeys().rows(0, 4)
		vs[1].ID, vs[3].ID = 7000, 3
		s.ok(rows.AdvanceSerial(s.ctx))
		s.ok(rows.AddAll(s.ctx, vs))
		if vs[0].ID <= 5000 || vs[2].ID <= vs[0].ID || vs[1].ID != 7000 || vs[3].ID != 3 {
			s.Errorf("the numbers are %v, %v, %v, %v", vs[0].ID, vs[1].ID, vs[2].ID, vs[3].ID)
		}
		s.ok(rows.AdvanceSerial(s.ctx))
		next := serialRow{Named: Named{Name: "next"}}
		s.ok(rows.Add(s.ctx, &next))
		s.same("after all", next.ID, data.Serial[serialRow](7001))
		s.ok(rows.AdvanceSerial(s.ctx)) // which does not go back
		s.ok(rows.Delete(s.ctx, own.ID))
		s.ok(rows.AdvanceSerial(s.ctx))
		got, err := rows.Get(s.ctx, next.ID)
		s.ok(err)
		s.same("stored", got, next)
		s.is(randomRows.On(db).AdvanceSerial(s.ctx), fault.Internal)
	}},
	{"taken number", func(s suite) {
		db := s.db(serialRows.Schema())
		rows := serialRows.On(db)
		own := serialRow{Named: Named{Name: "own"}}
		own.ID = 1
		s.ok(rows.Add(s.ctx, &own))
		next := serialRow{Named: Named{Name: "next"}}
		err := rows.Add(s.ctx, &next)
		if db.Driver().Dialect().AdvanceSerial != "" { // never silently
			s.is(err, fault.Conflict)
			s.mentions(err, "id")
			s.same("unnumbered", next.ID.IsZero(), true)
			s.ok(rows.AdvanceSerial(s.ctx))
			err = rows.Add(s.ctx, &next)
		}
		s.ok(err)
		s.same("the next", next.ID, data.Serial[serialRow](2))
	}},
	{"nothing added", func(s suite) {
		db := s.db(serialRows.Schema())
		rows := serialRows.On(db)
		s.ok(rows.Add(s.ctx, &serialRow{Named: Named{Name: "a"}}))
		v := serialRow{Named: Named{Name: "a"}}
		s.is(rows.Add(s.ctx, &v), fault.Conflict)
		s.same("add", v.ID.IsZero(), true)
		_, err := rows.AddNew(s.ctx, &v, "name")
		s.ok(err)
		s.same("add new", v.ID.IsZero(), true)
		vs := serialKeys().rows(0, 3)
		vs[2].Name = "a"
		s.is(rows.AddAll(s.ctx, vs), fault.Conflict)
		_, err = rows.UpsertAll(s.ctx, []serialRow{vs[0], vs[0]}, "name")
		s.is(err, fault.Invalid)
		for _, v := range vs {
			s.same("add all", v.ID.IsZero(), true)
		}
		count(s, db, serialRows, 1)
		fail := errors.New("fail")
		if err := db.Tx(s.ctx, func(tx *data.Tx) error {
			s.ok(serialRows.On(tx).AddAll(s.ctx, serialKeys().rows(10, 3)))
			return fail
		}); !errors.Is(err, fail) {
			s.Error(err)
		}
		count(s, db, serialRows, 1)
	}},
	{"at once", func(s suite) {
		db := s.db(serialRows.Schema())
		var mu sync.Mutex
		seen := map[data.Serial[serialRow]]string{}
		s.all(16, func(i int) error {
			vs := make([]serialRow, 40)
			for j := range vs {
				vs[j].Name = fmt.Sprint(i, " ", j)
			}
			if err := serialRows.On(db).AddAll(s.ctx, vs[:30]); err != nil {
				return err
			}
			for j := 30; j < 35; j++ {
				if err := serialRows.On(db).Add(s.ctx, &vs[j]); err != nil {
					return err
				}
			}
			if _, err := serialRows.On(db).UpsertAll(s.ctx, vs[35:], "name"); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, v := range vs {
				if seen[v.ID] != "" || v.ID < 1 {
					return fmt.Errorf("%s and %s have the number %d", seen[v.ID], v.Name, v.ID)
				}
				seen[v.ID] = v.Name
			}
			return nil
		})
		page, err := serialRows.On(db).List(s.ctx, data.Query[serialRow]{Limit: -1})
		s.ok(err)
		s.same("rows", len(page.Items), 16*40)
		for _, v := range page.Items {
			s.same("name", v.Name, seen[v.ID])
		}
	}},
	{"upsert at once", func(s suite) {
		db := s.db(serialRows.Schema())
		var mu sync.Mutex
		new := 0
		s.all(16, func(int) error {
			v := serialRow{Named: Named{Name: "one"}}
			created, err := serialRows.On(db).Upsert(s.ctx, &v, "name")
			mu.Lock()
			defer mu.Unlock()
			if created {
				new++
			}
			return err
		})
		s.same("created", new, 1)
		one, err := serialRows.On(db).GetBy(s.ctx, serialName.Eq("one"))
		s.ok(err)
		s.same("numbered", one.ID.IsZero(), false)
	}},
}
