package datatest

import (
	"slices"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

var deleteRowsTests = []test{
	{"rows as they were", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(5)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		got, err := lamps.On(db).DeleteRows(s.ctx, lampName.In(rows[1].Name, rows[3].Name, "none"))
		s.ok(err)
		slices.SortFunc(got, func(a, b lamp) int { return a.Rank - b.Rank })
		s.same("deleted", got, []lamp{rows[1], rows[3]})
		n, err := lamps.On(db).Count(s.ctx)
		s.ok(err)
		s.same("left", n, 3)
	}},
	{"none, and without a filter", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(2)))
		got, err := lamps.On(db).DeleteRows(s.ctx, data.Nothing[lamp]())
		s.ok(err)
		s.same("deleted", len(got), 0)
		_, err = lamps.On(db).DeleteRows(s.ctx, data.Filter[lamp]{})
		s.is(err, fault.Internal)
		n, err := lamps.On(db).Count(s.ctx)
		s.ok(err)
		s.same("left", n, 2)
	}},
	{"undone with its transaction", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(2)))
		s.is(db.Tx(s.ctx, func(tx *data.Tx) error {
			got, err := lamps.On(tx).DeleteRows(s.ctx, data.Everything[lamp]())
			s.ok(err)
			s.same("deleted", len(got), 2)
			return fault.Errorf(fault.Conflict, "no")
		}), fault.Conflict)
		n, err := lamps.On(db).Count(s.ctx)
		s.ok(err)
		s.same("left", n, 2)
	}},
}
