package drivertest

import (
	"fmt"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

var updateTests = []test{
	{"one", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, []lamp{{Name: "a", Note: ptr("x")}, {Name: "b"}}))
		a, err := lamps.On(db).GetBy(s.ctx, lampName.Eq("a"))
		s.ok(err)
		got, err := lamps.On(db).Update(s.ctx, a.ID, lampRank.Set(7), lampNote.SetNull(), lampSold.Set(a.CreatedAt))
		s.ok(err)
		want := a
		want.Rank, want.Note, want.Sold, want.UpdatedAt = 7, nil, &a.CreatedAt, got.UpdatedAt
		s.same("returned", got, want)
		stored, err := lamps.On(db).Get(s.ctx, a.ID)
		s.ok(err)
		s.same("stored", stored, got)
		other, err := lamps.On(db).GetBy(s.ctx, lampName.Eq("b"))
		s.ok(err)
		s.same("the other's rank", other.Rank, 0)

		_, err = lamps.On(db).Update(s.ctx, data.ID[lamp]{1}, lampRank.Set(7))
		s.is(err, fault.NotFound)
		_, err = lamps.On(db).UpdateOne(s.ctx, data.All(lampName.Eq("b"), lampActive.Eq(true)), lampRank.Set(7))
		s.is(err, fault.NotFound)
		same, err := lamps.On(db).Update(s.ctx, a.ID, lampRank.Patch(patch.Field[int]{}))
		s.ok(err)
		s.same("without changes", same, got)
		_, err = lamps.On(db).Update(s.ctx, a.ID, lampName.Set("b"))
		s.is(err, fault.Conflict)
		s.mentions(err, "name")
	}},
	{"many", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(10)))
		n, err := lamps.On(db).UpdateWhere(s.ctx, lampRank.Lt(4), lampActive.Set(true))
		s.ok(err)
		s.same("changed", n, 4)
		active, err := lamps.On(db).Count(s.ctx, lampActive.Eq(true))
		s.ok(err)
		s.same("active", active, 4)
		n, err = lamps.On(db).UpdateWhere(s.ctx, data.Everything[lamp](), lampActive.Set(false))
		s.ok(err)
		s.same("changed on purpose", n, 10)
		n, err = lamps.On(db).UpdateWhere(s.ctx, data.Nothing[lamp](), lampActive.Set(true))
		s.ok(err)
		s.same("changed by nothing", n, 0)
	}},
	{"needs a filter", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(2)))
		_, err := lamps.On(db).UpdateWhere(s.ctx, data.Filter[lamp]{}, lampRank.Set(5))
		s.is(err, fault.Internal)
		_, err = lamps.On(db).UpdateWhere(s.ctx, data.All[lamp](), lampRank.Set(5))
		s.is(err, fault.Internal)
		_, err = lamps.On(db).UpdateOne(s.ctx, data.Filter[lamp]{}, lampRank.Set(5))
		s.is(err, fault.Internal)
		n, err := lamps.On(db).Count(s.ctx, lampRank.Eq(5))
		s.ok(err)
		s.same("changed", n, 0)
	}},
	{"refuses null", func(s suite) {
		db := s.db(lamps.Schema())
		v := lamp{Name: "a"}
		s.ok(lamps.On(db).Add(s.ctx, &v))
		_, err := lamps.On(db).Update(s.ctx, v.ID, lampName.SetNull())
		s.is(err, fault.Invalid)
		s.mentions(err, "name")
		_, err = lamps.On(db).Update(s.ctx, v.ID, lampRank.Patch(patch.Null[int]()))
		s.is(err, fault.Invalid)
		s.mentions(err, "rank")
	}},
	{"moves updated_at on", func(s suite) {
		at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
		db := s.dbAt(at, lamps.Schema())
		v := lamp{Name: "a"}
		s.ok(lamps.On(db).Add(s.ctx, &v))
		last := v.UpdatedAt
		for i := range 5 {
			got, err := lamps.On(db).Update(s.ctx, v.ID, lampRank.Set(i+1))
			s.ok(err)
			if want := last.Add(time.Microsecond); got.UpdatedAt != want {
				s.Errorf("the clock stands still: updated_at is %v after %v", got.UpdatedAt, last)
			}
			last = got.UpdatedAt
		}
		later := data.New(db.Driver(), func() time.Time { return at.Add(time.Hour) })
		got, err := lamps.On(later).Update(s.ctx, v.ID, lampRank.Set(9))
		s.ok(err)
		if got.UpdatedAt != at.Add(time.Hour) || got.CreatedAt != at {
			s.Errorf("an hour later: updated_at %v, created_at %v", got.UpdatedAt, got.CreatedAt)
		}
		earlier := data.New(db.Driver(), func() time.Time { return at.Add(-time.Hour) })
		_, err = lamps.On(earlier).UpdateWhere(s.ctx, data.Everything[lamp](), lampRank.Set(8))
		s.ok(err)
		got, err = lamps.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		if !got.UpdatedAt.After(at.Add(time.Hour)) {
			s.Errorf("the clock went back: updated_at is %v", got.UpdatedAt)
		}
		set, err := lamps.On(db).Update(s.ctx, v.ID, lampSince.Set(at))
		s.ok(err)
		s.same("set on purpose", set.UpdatedAt, at)
	}},
}

var deleteTests = []test{
	{"one", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(3)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		s.ok(lamps.On(db).Delete(s.ctx, rows[0].ID))
		s.is(lamps.On(db).Delete(s.ctx, rows[0].ID), fault.NotFound)
		got, err := lamps.On(db).DeleteOne(s.ctx, lampName.Eq(rows[1].Name))
		s.ok(err)
		s.same("as it was", got.ID, rows[1].ID)
		_, err = lamps.On(db).DeleteOne(s.ctx, lampName.Eq(rows[1].Name))
		s.is(err, fault.NotFound)
		count(s, db, lamps, 1)
	}},
	{"many", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(10)))
		n, err := lamps.On(db).DeleteWhere(s.ctx, lampRank.Ge(6))
		s.ok(err)
		s.same("deleted", n, 4)
		count(s, db, lamps, 6)
		_, err = lamps.On(db).DeleteWhere(s.ctx, data.Filter[lamp]{})
		s.is(err, fault.Internal)
		_, err = lamps.On(db).DeleteOne(s.ctx, data.All[lamp]())
		s.is(err, fault.Internal)
		count(s, db, lamps, 6)
		n, err = lamps.On(db).DeleteWhere(s.ctx, data.Everything[lamp]())
		s.ok(err)
		s.same("deleted on purpose", n, 6)
	}},
	{"and what refers to it", func(s suite) {
		db := s.db(parents.Schema(), stricts.Schema(), cascades.Schema())
		rows := make([]parent, 3)
		s.ok(parents.On(db).AddAll(s.ctx, rows))
		s.ok(stricts.On(db).Add(s.ctx, &strict{Parent: rows[0].ID}))
		s.ok(cascades.On(db).AddAll(s.ctx, []cascading{{Parent: rows[1].ID}, {Parent: rows[1].ID}, {Parent: rows[2].ID}}))
		err := parents.On(db).Delete(s.ctx, rows[0].ID)
		s.is(err, fault.Conflict)
		s.same("code", faultCode(err), "REFERENCE")
		s.ok(parents.On(db).Delete(s.ctx, rows[1].ID))
		count(s, db, parents, 2)
		count(s, db, cascades, 1)
	}},
}

func faultCode(err error) string {
	if e, ok := asFault(err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}
