package drivertest

import (
	"fmt"
	"slices"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

var addTests = []test{
	{"fills in", func(s suite) {
		at := time.Date(2026, 5, 1, 10, 0, 0, 123456000, time.UTC)
		db := s.dbAt(at, lamps.Schema())
		v := lamp{Name: "one"}
		s.ok(lamps.On(db).Add(s.ctx, &v))
		if v.ID.IsZero() || v.CreatedAt != at || v.UpdatedAt != at {
			s.Errorf("id %v, created %v, updated %v", v.ID, v.CreatedAt, v.UpdatedAt)
		}
		own := lamp{Name: "two"}
		own.ID, own.CreatedAt, own.UpdatedAt = data.ID[lamp]{9}, at.Add(-time.Hour), at.Add(-time.Minute)
		want := own
		s.ok(lamps.On(db).Add(s.ctx, &own))
		got, err := lamps.On(db).Get(s.ctx, data.ID[lamp]{9})
		s.ok(err)
		s.same("what was given", got, want)
	}},
	{"many", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, nil))
		count(s, db, lamps, 0)
		total := 0
		// The last is more parameters than any one statement may have.
		for _, n := range []int{1, 2, 63, 64, 65, 1000, 8000} {
			rows := newLamps(n)
			for i := range rows {
				rows[i].Name = fmt.Sprintf("%d of %d", i, n)
			}
			s.ok(lamps.On(db).AddAll(s.ctx, rows))
			page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Where: lampID.Ge(rows[0].ID), Limit: -1})
			s.ok(err)
			if !slices.Equal(names(page.Items), names(rows)) {
				s.Errorf("%d rows came back in another order, or others", n)
			}
			total += n
			count(s, db, lamps, total)
		}
	}},
	{"many or none", func(s suite) {
		db := s.db(lamps.Schema())
		for _, n := range []int{2, 100, 3000} {
			taken, long := newLamps(n), newLamps(n)
			taken[n-1].Name = taken[0].Name
			err := lamps.On(db).AddAll(s.ctx, taken)
			s.is(err, fault.Conflict)
			if !data.Taken(err, "name") {
				s.Errorf("%v is not said to be about the name", err)
			}
			long[n-1].Name = string(make([]rune, 256))
			s.is(lamps.On(db).AddAll(s.ctx, long), fault.Invalid)
			low := newLamps(n)
			low[n-1].Rank = -1
			s.is(lamps.On(db).AddAll(s.ctx, low), fault.Invalid)
			count(s, db, lamps, 0)
		}
	}},
	{"many in a transaction", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			first := lamp{Name: "first"}
			if err := lamps.On(tx).Add(s.ctx, &first); err != nil {
				return err
			}
			if err := lamps.On(tx).AddAll(s.ctx, newLamps(500)); err != nil {
				return err
			}
			count(s, tx, lamps, 501)
			return nil
		}))
		count(s, db, lamps, 501)
		err := db.Tx(s.ctx, func(tx *data.Tx) error {
			more := lamp{Name: "more"}
			if err := lamps.On(tx).Add(s.ctx, &more); err != nil {
				return err
			}
			return lamps.On(tx).AddAll(s.ctx, newLamps(500))
		})
		s.is(err, fault.Conflict)
		count(s, db, lamps, 501)
	}},
	{"new", func(s suite) {
		db := s.db(lamps.Schema())
		first := lamp{Name: "a", Rank: 1}
		added, err := lamps.On(db).AddNew(s.ctx, &first, "name")
		s.ok(err)
		again := lamp{Name: "a", Rank: 2}
		twice, err := lamps.On(db).AddNew(s.ctx, &again, "name")
		s.ok(err)
		if !added || twice {
			s.Errorf("added %v, then %v", added, twice)
		}
		got, err := lamps.On(db).GetBy(s.ctx, lampName.Eq("a"))
		s.ok(err)
		s.same("the row", got, first)
		// A taken value of other columns is an error like any.
		clash := lamp{Name: "a"}
		_, err = lamps.On(db).AddNew(s.ctx, &clash, "id")
		s.is(err, fault.Conflict)
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error { // and it does not fail a transaction
			if added, err := lamps.On(tx).AddNew(s.ctx, &lamp{Name: "a"}, "name"); err != nil || added {
				return fmt.Errorf("added %v, %w", added, err)
			}
			return lamps.On(tx).Add(s.ctx, &lamp{Name: "b"})
		}))
		count(s, db, lamps, 2)
	}},
}
