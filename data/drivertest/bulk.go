package drivertest

import (
	"errors"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

var bulkTests = []test{
	{"update", func(s suite) {
		at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
		db := s.dbAt(at, lamps.Schema())
		later := data.New(db.Driver(), func() time.Time { return at.Add(time.Hour) })
		for _, n := range []int{1, 2, 251, 1000} {
			s.exec(db, "DELETE FROM lamps")
			rows := newLamps(n)
			s.ok(lamps.On(db).AddAll(s.ctx, rows))
			want := slices.Clone(rows)
			slices.Reverse(want)
			sent := slices.Clone(want)
			for i := range want {
				sent[i].Name, sent[i].Note = "not to be stored", ptr("new") // the name is not named
				sent[i].Price, want[i].Price = decimal.New(5, 0), decimal.New(5, 0)
				want[i].Note, want[i].UpdatedAt = ptr("new"), at.Add(time.Hour)
			}
			got, err := lamps.On(later).UpdateAll(s.ctx, sent, "note", "price")
			s.ok(err)
			s.same("in order", got, want)
			again, err := lamps.On(db).UpdateAll(s.ctx, sent, "note", "price")
			s.ok(err)
			s.same("without a change", again, want)
			page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Order: data.By(lampName.Desc()), Limit: -1})
			s.ok(err)
			s.same("stored", page.Items, want)
		}
	}},
	{"update whole rows", func(s suite) {
		at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
		db := s.dbAt(at, lamps.Schema())
		rows := newLamps(2)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		sent := slices.Clone(rows)
		sent[0].Name, sent[0].CreatedAt, sent[0].UpdatedAt = "new", at.Add(-time.Hour), at.Add(time.Hour)
		got, err := lamps.On(db).UpdateAll(s.ctx, sent)
		s.ok(err)
		want := slices.Clone(rows)
		want[0].Name, want[0].UpdatedAt = "new", at.Add(time.Microsecond) // only the row that changed
		s.same("the rows", got, want)
		got, err = lamps.On(db).UpdateAll(s.ctx, sent[:1], "updated_at", "created_at")
		s.ok(err)
		s.same("set on purpose", []time.Time{got[0].CreatedAt, got[0].UpdatedAt}, []time.Time{at.Add(-time.Hour), at.Add(time.Hour)})
	}},
	{"update all or none", func(s suite) {
		db := s.db(lamps.Schema())
		none, err := lamps.On(db).UpdateAll(s.ctx, nil, "rank")
		s.ok(err)
		s.same("of none", len(none), 0)
		rows := newLamps(400)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		for i := range rows {
			rows[i].Rank = 7000
		}
		unknown, twice, low, taken := slices.Clone(rows), slices.Clone(rows), slices.Clone(rows), slices.Clone(rows)
		unknown[399].ID = data.ID[lamp]{1}
		twice[399].ID = twice[0].ID
		low[399].Rank = -1
		taken[399].Name = taken[398].Name
		for _, c := range []struct {
			rows []lamp
			kind fault.Kind
		}{{unknown, fault.NotFound}, {twice, fault.Invalid}, {low, fault.Invalid}, {taken, fault.Conflict}} {
			_, err := lamps.On(db).UpdateAll(s.ctx, c.rows)
			s.is(err, c.kind)
		}
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error { // nor if the caller goes on
			_, err := lamps.On(tx).UpdateAll(s.ctx, unknown, "rank")
			s.is(err, fault.NotFound)
			_, err = lamps.On(tx).UpdateAll(s.ctx, twice, "rank")
			s.is(err, fault.Invalid)
			return nil
		}))
		n, err := lamps.On(db).Count(s.ctx, lampRank.Eq(7000))
		s.ok(err)
		s.same("changed", n, 0)
	}},
	{"update at once", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(50)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		s.all(16, func(i int) error { // half of them the other way round
			mine := slices.Clone(rows)
			for k := range mine {
				mine[k].Rank = i
			}
			if i%2 == 0 {
				slices.Reverse(mine)
			}
			got, err := lamps.On(db).UpdateAll(s.ctx, mine, "rank")
			if err == nil && (got[0].Rank != i || got[49].ID != mine[49].ID) {
				err = errors.New("other rows came back")
			}
			return err
		})
		page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Limit: -1})
		s.ok(err)
		for _, v := range page.Items {
			s.same("rank", v.Rank, page.Items[0].Rank)
		}
	}},
	{"delete", func(s suite) {
		db := s.db(lamps.Schema(), parents.Schema(), stricts.Schema())
		n, err := lamps.On(db).DeleteAll(s.ctx)
		s.ok(err)
		s.same("of none", n, 0)
		rows := newLamps(3000)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		n, err = lamps.On(db).DeleteAll(s.ctx, rows[0].ID, data.ID[lamp]{1}, rows[0].ID, rows[1].ID, data.ID[lamp]{})
		s.ok(err)
		s.same("deleted", n, 2)
		// More than any one statement may have parameters, the last of them rows.
		ids := make([]data.ID[lamp], db.Driver().Dialect().MaxParams)
		for i := range ids {
			ids[i] = data.ID[lamp]{0, byte(i >> 16), byte(i >> 8), byte(i)}
		}
		for _, v := range rows[:2999] {
			ids = append(ids, v.ID)
		}
		n, err = lamps.On(db).DeleteAll(s.ctx, data.Keys(ids...)...)
		s.ok(err)
		s.same("deleted of many", n, 2997)
		count(s, db, lamps, 1)

		ps := make([]parent, 3)
		s.ok(parents.On(db).AddAll(s.ctx, ps))
		s.ok(stricts.On(db).Add(s.ctx, &strict{Parent: ps[2].ID}))
		last := make([]data.ID[parent], len(ids)) // the last of them is referred to
		last[0], last[1], last[len(ids)-1] = ps[0].ID, ps[1].ID, ps[2].ID
		n, err = parents.On(db).DeleteAll(s.ctx, data.Keys(last...)...)
		s.is(err, fault.Conflict)
		s.same("deleted", n, 0)
		count(s, db, parents, 3)
	}},
}
