package drivertest

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

var listTests = []test{
	{"pages", func(s suite) {
		db := s.db(lamps.Schema())
		all := newLamps(45)
		s.ok(lamps.On(db).AddAll(s.ctx, all))
		for _, c := range []struct {
			q           data.Query[lamp]
			first, size int
			total       int
		}{
			{data.Query[lamp]{}, 0, 20, 0},
			{data.Query[lamp]{Count: true}, 0, 20, 45},
			{data.Query[lamp]{Limit: 7, Offset: 14, Count: true}, 14, 7, 45},
			{data.Query[lamp]{Limit: 20, Offset: 40, Count: true}, 40, 5, 45},
			{data.Query[lamp]{Limit: 20, Offset: 45, Count: true}, 0, 0, 45},
			{data.Query[lamp]{Limit: 20, Offset: 1 << 40, Count: true}, 0, 0, 45},
			{data.Query[lamp]{Limit: 1 << 40}, 0, 45, 0},
			{data.Query[lamp]{Limit: -1}, 0, 45, 0},
			{data.Query[lamp]{Limit: -1, Offset: 40}, 40, 5, 0},
			{data.Query[lamp]{Where: lampRank.Lt(10), Offset: 5, Count: true}, 5, 5, 10},
		} {
			page, err := lamps.On(db).List(s.ctx, c.q)
			s.ok(err)
			s.same(fmt.Sprintf("limit %d, offset %d", c.q.Limit, c.q.Offset), names(page.Items), names(all[c.first:c.first+c.size]))
			s.same("total", page.Total, c.total)
			s.same("offset", page.Offset, c.q.Offset)
		}
	}},
	{"no rows", func(s suite) {
		db := s.db(lamps.Schema())
		page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Count: true})
		s.ok(err)
		if page.Items == nil || len(page.Items) != 0 || page.Total != 0 {
			s.Errorf("an empty table lists %#v of %d, want an empty slice", page.Items, page.Total)
		}
	}},
	{"order", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, []lamp{
			{Name: "b", Rank: 1}, {Name: "B", Rank: 1}, {Name: "a", Rank: 2}, {Name: "Z", Rank: 2}, {Name: "é", Rank: 3}, {Name: "z", Rank: 3}, {Name: "_", Rank: 3},
			{Name: "😀", Rank: 3}, {Name: "\uffff", Rank: 3},
		}))
		list := func(orders ...data.Order[lamp]) []string {
			page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Order: orders})
			s.ok(err)
			return names(page.Items)
		}
		bytes := []string{"B", "Z", "_", "a", "b", "z", "é", "\uffff", "😀"}
		s.same("by bytes", list(lampName.Asc()), bytes)
		slices.Reverse(bytes)
		s.same("by bytes, descending", list(lampName.Desc()), bytes)
		s.same("by two", list(lampRank.Desc(), lampName.Asc()), []string{"_", "z", "é", "\uffff", "😀", "Z", "a", "B", "b"})
		s.same("equal ones by id", list(lampRank.Asc()), []string{"b", "B", "a", "Z", "é", "z", "_", "😀", "\uffff"})
		s.same("equal ones by id, descending", list(lampRank.Desc()), []string{"\uffff", "😀", "_", "z", "é", "Z", "a", "B", "b"})
		s.same("by id", list(), []string{"b", "B", "a", "Z", "é", "z", "_", "😀", "\uffff"})
		o, ok := lamps.Sorting("name", true)
		s.same("by request", list(o), bytes)
		if _, known := lamps.Sorting("price", false); !ok || known {
			s.Error("Sorting does not keep to the columns marked sort")
		}
	}},
	{"order of numbers", func(s suite) {
		db := s.db(lamps.Schema())
		var want []string
		for i, p := range []string{"-100", "-9.99", "-9.9", "0", "0.01", "9.9", "10", "99999999.99"} {
			v := lamp{Name: fmt.Sprint(i), Price: decimal.RequireFromString(p)}
			s.ok(lamps.On(db).Add(s.ctx, &v))
			want = append(want, v.Name)
		}
		page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Order: data.By(lampPrice.Asc())})
		s.ok(err)
		s.same("by price", names(page.Items), want)
	}},
	{"each", func(s suite) {
		db := s.db(lamps.Schema())
		all := newLamps(300)
		s.ok(lamps.On(db).AddAll(s.ctx, all))
		var got []string
		for v, err := range lamps.On(db).Each(s.ctx, data.Query[lamp]{}) {
			s.ok(err)
			got = append(got, v.Name)
		}
		s.same("all rows", got, names(all))
		for i := range 100 { // a loop that is left early gives its connection back
			for v, err := range lamps.On(db).Each(s.ctx, data.Query[lamp]{Where: lampRank.Ge(i)}) {
				s.ok(err)
				if v.Rank != i {
					s.Fatalf("the first row has rank %d, want %d", v.Rank, i)
				}
				break
			}
		}
		count(s, db, lamps, 300)
	}},
	{"each in a transaction is alone", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(3)))
		err := db.Tx(s.ctx, func(tx *data.Tx) error {
			for v, err := range lamps.On(tx).Each(s.ctx, data.Query[lamp]{}) {
				if err != nil {
					return err
				}
				_, err = lamps.On(tx).Update(s.ctx, v.ID, lampRank.Set(9))
				s.is(err, fault.Internal)
			}
			return lamps.On(tx).Delete(s.ctx, data.ID[lamp]{1})
		})
		s.is(err, fault.NotFound)
	}},
}
