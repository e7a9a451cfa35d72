package drivertest

import (
	"fmt"
	"slices"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// scopeTests hold every method to the scope of its repository.
var scopeTests = []test{
	{"reads", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(10)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		low := lamps.On(db).Where(lampRank.Lt(5)).Where(lampRank.Ge(1), lampRank.Ne(2)) // 1, 3 and 4
		want := []string{rows[1].Name, rows[3].Name, rows[4].Name}

		got, err := low.Get(s.ctx, rows[3].ID)
		s.ok(err)
		s.same("in scope", got, rows[3])
		for _, i := range []int{0, 2, 5, 9} {
			_, err = low.Get(s.ctx, rows[i].ID)
			s.is(err, fault.NotFound)
			_, err = low.GetBy(s.ctx, lampName.Eq(rows[i].Name))
			s.is(err, fault.NotFound)
			_, err = low.Lock(s.ctx, lampName.Eq(rows[i].Name))
			s.is(err, fault.NotFound)
			_, found, err := low.Find(s.ctx, lampID.Eq(rows[i].ID))
			s.ok(err)
			s.same("found", found, false)
			exists, err := low.Exists(s.ctx, lampID.Eq(rows[i].ID))
			s.ok(err)
			s.same("exists", exists, false)
		}
		n, err := low.Count(s.ctx)
		s.ok(err)
		s.same("count", n, 3)
		n, err = low.Count(s.ctx, data.Any(lampRank.Eq(9), lampRank.Eq(4)))
		s.ok(err)
		s.same("an OR does not get around the scope", n, 1)
		page, err := low.List(s.ctx, data.Query[lamp]{Where: data.Any(lampRank.Ge(0), lampActive.Eq(true)), Count: true, Limit: 2})
		s.ok(err)
		s.same("total", page.Total, 3)
		s.same("page", names(page.Items), want[:2])
		page, err = low.List(s.ctx, data.Query[lamp]{Keyset: true, Limit: 2})
		s.ok(err)
		page, err = low.List(s.ctx, data.Query[lamp]{After: page.Next, Limit: 2})
		s.ok(err)
		s.same("after the cursor", names(page.Items), want[2:])
		var each []string
		for v, err := range low.Each(s.ctx, data.Query[lamp]{}) {
			s.ok(err)
			each = append(each, v.Name)
		}
		s.same("each", each, want)
		lo, hi, ok, err := data.Range(s.ctx, low, lampRank)
		s.ok(err)
		if lo != 1 || hi != 4 || !ok {
			s.Errorf("the range is %d to %d, %v", lo, hi, ok)
		}
		n, err = lamps.On(db).Count(s.ctx)
		s.ok(err)
		s.same("the repository it came from", n, 10)
	}},
	{"updates", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(4)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		low := lamps.On(db).Where(lampRank.Lt(2))
		_, err := low.Update(s.ctx, rows[1].ID, lampNote.Set("x"))
		s.ok(err)
		_, err = low.Update(s.ctx, rows[2].ID, lampNote.Set("x"))
		s.is(err, fault.NotFound)
		_, err = low.Update(s.ctx, rows[2].ID) // nothing is a read
		s.is(err, fault.NotFound)
		_, err = low.UpdateOne(s.ctx, lampName.Eq(rows[2].Name), lampNote.Set("x"))
		s.is(err, fault.NotFound)
		_, _, err = low.GetAndUpdate(s.ctx, lampName.Eq(rows[2].Name), lampNote.Set("x"))
		s.is(err, fault.NotFound)
		n, err := low.UpdateWhere(s.ctx, data.Any(lampRank.Eq(3), lampRank.Eq(0)), lampNote.Set("x"))
		s.ok(err)
		s.same("updated", n, 1)
		sent := slices.Clone(rows[:2])
		sent[0].Note, sent[1].Note = ptr("y"), ptr("y")
		_, err = low.UpdateAll(s.ctx, sent, "note")
		s.ok(err)
		_, err = low.UpdateAll(s.ctx, rows[1:3], "note")
		s.is(err, fault.NotFound)
		got, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Where: lampRank.Ge(2)})
		s.ok(err)
		s.same("out of scope", got.Items, rows[2:])
		n, err = lamps.On(db).Count(s.ctx, data.SQL("note = ?", lampNote, "y"))
		s.ok(err)
		s.same("in scope", n, 2)
	}},
	{"deletes", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(12)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		low := lamps.On(db).Where(lampRank.Lt(6))
		s.is(low.Delete(s.ctx, rows[6].ID), fault.NotFound)
		s.ok(low.Delete(s.ctx, rows[0].ID))
		_, err := low.DeleteOne(s.ctx, lampName.Eq(rows[7].Name))
		s.is(err, fault.NotFound)
		_, err = low.DeleteOne(s.ctx, lampName.Eq(rows[1].Name))
		s.ok(err)
		n, err := low.DeleteAll(s.ctx, rows[2].ID, rows[8].ID)
		s.ok(err)
		s.same("by their keys", n, 1)
		gone, err := low.DeleteReturning(s.ctx, data.Any(lampRank.Eq(3), lampRank.Eq(9)))
		s.ok(err)
		s.same("returned", gone, rows[3:4])
		n, err = low.DeleteWhere(s.ctx, data.Everything[lamp]())
		s.ok(err)
		s.same("all that are in scope", n, 2)
		page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{})
		s.ok(err)
		s.same("out of scope", page.Items, rows[6:])
	}},
	{"upserts", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(4)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		for what, low := range map[string]data.Repository[lamp]{
			"columns": lamps.On(db).Where(lampRank.Lt(2)),
			"text":    lamps.On(db).Where(data.SQL("rank < ? AND lamps.rank >= 0", lampRank, 2)), // its columns are the row's, not those of what is sent
		} {
			for _, chosen := range []bool{false, true} {
				out := lamp{Name: rows[2].Name, Rank: 1, Note: ptr("x")}
				if chosen {
					out.ID = data.ID[lamp]{9}
				}
				_, err := low.Upsert(s.ctx, &out, "name")
				s.is(err, fault.Conflict)
				s.mentions(err, "name")
				if !data.Taken(err, "name") {
					s.Errorf("%v is not about the name", err)
				}
				_, err = low.GetOrAdd(s.ctx, &lamp{Name: rows[2].Name}, "name")
				s.is(err, fault.Conflict)
				_, err = low.UpsertAll(s.ctx, []lamp{{Name: rows[0].Name, Note: ptr("x")}, {Name: "new"}, {Name: rows[3].Name}}, "name")
				s.is(err, fault.Conflict)
				in := rows[1]
				in.Note, in.Rank = ptr(what), 7 // and so out of scope, from now on
				if chosen {
					in.ID = data.ID[lamp]{9}
				}
				created, err := low.Upsert(s.ctx, &in, "name")
				s.ok(err)
				s.same("created", created, false)
				s.same("the row", []any{in.ID, in.Rank}, []any{rows[1].ID, 7})
				_, err = lamps.On(db).Update(s.ctx, rows[1].ID, lampRank.Set(1))
				s.ok(err)
			}
			v := lamp{Name: "new", Rank: 5}
			v.ID = data.ID[lamp]{8}
			created, err := low.Upsert(s.ctx, &v, "name")
			s.ok(err)
			s.same("created", created, true)
			s.ok(lamps.On(db).Delete(s.ctx, v.ID))
		}
		added, err := lamps.On(db).Where(lampRank.Lt(2)).AddNew(s.ctx, &lamp{Name: rows[3].Name}, "name")
		s.ok(err)
		s.same("added", added, false)
		page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Where: lampRank.Ne(1)})
		s.ok(err)
		s.same("the others", page.Items, []lamp{rows[0], rows[2], rows[3]})
	}},
	{"that does not decide", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(2)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		r := lamps.On(db).Where(data.Filter[lamp]{})
		for name, run := range map[string]func() error{
			"get":    func() error { _, err := r.Get(s.ctx, rows[0].ID); return err },
			"list":   func() error { _, err := r.List(s.ctx, data.Query[lamp]{}); return err },
			"count":  func() error { _, err := r.Count(s.ctx); return err },
			"update": func() error { _, err := r.Update(s.ctx, rows[0].ID, lampRank.Set(9)); return err },
			"upsert": func() error { _, err := r.Upsert(s.ctx, &lamp{Name: rows[0].Name}, "name"); return err },
			"delete": func() error { return r.Delete(s.ctx, rows[0].ID) },
			"all":    func() error { _, err := r.UpdateAll(s.ctx, rows, "rank"); return err },
			"where":  func() error { _, err := r.DeleteWhere(s.ctx, data.Everything[lamp]()); return err },
		} {
			if err := run(); fault.KindOf(err) != fault.Internal {
				s.Errorf("%s: %v, want %s", name, err, fault.Internal)
			}
		}
		n, err := lamps.On(db).Where(data.Everything[lamp]()).Count(s.ctx)
		s.ok(err)
		s.same("everything", n, 2)
	}},
	{"one of several", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(3)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		_, err := lamps.On(db).UpdateOne(s.ctx, lampRank.Ge(1), lampNote.Set("x"))
		s.is(err, fault.Conflict)
		_, _, err = lamps.On(db).GetAndUpdate(s.ctx, lampRank.Ge(1), lampNote.Set("x"))
		s.is(err, fault.Conflict)
		_, err = lamps.On(db).DeleteOne(s.ctx, lampRank.Ge(1))
		s.is(err, fault.Conflict)
		page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{})
		s.ok(err)
		s.same("none has changed", page.Items, rows)
	}},
}

var lockTests = []test{
	{"a locked row", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(3)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		alone := db.Driver().Dialect().Lock == "" // then a writer has the database to itself
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			first, err := lamps.On(tx).Lock(s.ctx, lampRank.Eq(0))
			s.ok(err)
			s.same("locked", first, rows[0])
			other := tx // on SQLite another transaction would wait for this one
			work := func(other *data.Tx) error {
				r := lamps.On(other)
				queue, err := r.Locking(data.Locking{SkipLocked: true}).List(s.ctx, data.Query[lamp]{Limit: 1})
				s.ok(err)
				_, err = r.Locking(data.Locking{SkipLocked: true}).Lock(s.ctx, lampRank.Eq(0))
				if alone {
					s.ok(err)
					s.same("nothing is skipped by the only writer", names(queue.Items), names(rows[:1]))
					_, err = r.Locking(data.Locking{NoWait: true, Share: true, Key: true}).Get(s.ctx, rows[0].ID)
					s.ok(err)
					return nil
				}
				s.is(err, fault.NotFound)
				s.same("the first that is free", names(queue.Items), names(rows[1:2]))
				for _, l := range []data.Locking{{NoWait: true, Share: true}, {NoWait: true, Key: true}, {NoWait: true, Share: true, Key: true}, {NoWait: true}} {
					err := other.Nested(s.ctx, func(tx *data.Tx) error {
						_, err := lamps.On(tx).Locking(l).Get(s.ctx, rows[0].ID)
						return err
					})
					s.is(err, fault.Unavailable)
				}
				return nil
			}
			if alone {
				return work(other)
			}
			return db.Tx(s.ctx, work)
		}))
	}},
	{"shared", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(1)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		if db.Driver().Dialect().Lock == "" {
			counted, counter := datatest.Count(db)
			_, err := lamps.On(counted).Locking(data.Locking{Share: true}).GetBy(s.ctx, lampRank.Eq(0))
			s.ok(err)
			s.same("a plain read", len(counter.Statements()), 1)
			return
		}
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			_, err := lamps.On(tx).Locking(data.Locking{Share: true}).Get(s.ctx, rows[0].ID)
			s.ok(err)
			return db.Tx(s.ctx, func(other *data.Tx) error {
				_, err := lamps.On(other).Locking(data.Locking{Share: true, NoWait: true}).Lock(s.ctx, lampID.Eq(rows[0].ID))
				s.ok(err)
				s.is(other.Nested(s.ctx, func(tx *data.Tx) error {
					_, err := lamps.On(tx).Locking(data.Locking{Key: true, NoWait: true}).Get(s.ctx, rows[0].ID)
					return err
				}), fault.Unavailable)
				return nil
			})
		}))
	}},
}

var findTests = []test{
	{"whether there is any", func(s suite) {
		db := s.db(lamps.Schema())
		for n, rows := range [][]lamp{nil, newLamps(3)} {
			s.ok(lamps.On(db).AddAll(s.ctx, rows))
			for what, c := range map[string]struct {
				where []data.Filter[lamp]
				want  bool
			}{
				"at all": {nil, n > 0}, "zero": {[]data.Filter[lamp]{{}}, n > 0}, "on purpose": {[]data.Filter[lamp]{data.Everything[lamp]()}, n > 0},
				"one": {[]data.Filter[lamp]{lampRank.Eq(1)}, n > 0}, "several": {[]data.Filter[lamp]{lampRank.Ge(1), lampNote.IsNull()}, n > 0},
				"not both": {[]data.Filter[lamp]{lampRank.Ge(1), lampNote.NotNull()}, false}, "none": {[]data.Filter[lamp]{lampRank.Eq(9)}, false},
			} {
				got, err := lamps.On(db).Exists(s.ctx, c.where...)
				s.ok(err)
				s.same(fmt.Sprint(what, " of ", len(rows)), got, c.want)
			}
		}
	}},
	{"one or none", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(3)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		got, found, err := lamps.On(db).Find(s.ctx, lampName.Eq(rows[1].Name))
		s.ok(err)
		s.same("found", []any{got.ID, found}, []any{rows[1].ID, true})
		_, found, err = lamps.On(db).Find(s.ctx, lampName.Eq("nobody"))
		s.ok(err)
		s.same("found", found, false)
		_, found, err = lamps.On(db).Find(s.ctx, lampRank.Ge(1))
		s.is(err, fault.Conflict)
		s.same("found", found, false)
		_, err = lamps.On(db).GetBy(s.ctx, lampRank.Ge(1))
		s.is(err, fault.Conflict)
	}},
	{"and update", func(s suite) {
		at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
		db := s.dbAt(at, lamps.Schema())
		rows := newLamps(2)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		v, changed, err := lamps.On(db).GetAndUpdate(s.ctx, lampName.Eq(rows[0].Name), lampRank.Set(5), lampNote.SetNull())
		s.ok(err)
		s.same("changed", []any{v.ID, v.Rank, changed}, []any{rows[0].ID, 5, true})
		again, changed, err := lamps.On(db).GetAndUpdate(s.ctx, lampName.Eq(rows[0].Name), lampRank.Set(5), lampNote.SetNull())
		s.ok(err)
		s.same("not changed", changed, false)
		s.same("the row", again, v)
		_, changed, err = lamps.On(db).GetAndUpdate(s.ctx, lampName.Eq(rows[0].Name), lampNote.Set("x"))
		s.ok(err)
		s.same("from NULL", changed, true)
		_, changed, err = lamps.On(db).GetAndUpdate(s.ctx, lampName.Eq(rows[0].Name), lampNote.SetNull())
		s.ok(err)
		s.same("to NULL", changed, true)
		_, changed, err = lamps.On(db).GetAndUpdate(s.ctx, lampName.Eq(rows[0].Name), lampRank.Plus(2))
		s.ok(err)
		s.same("added to", changed, true)
		_, changed, err = lamps.On(db).GetAndUpdate(s.ctx, lampName.Eq(rows[0].Name), lampRank.Plus(0))
		s.ok(err)
		s.same("nothing added", changed, false)
		_, changed, err = lamps.On(db).GetAndUpdate(s.ctx, lampName.Eq(rows[0].Name))
		s.ok(err)
		s.same("without changes", changed, false)
		_, _, err = lamps.On(db).GetAndUpdate(s.ctx, lampName.Eq("nobody"), lampRank.Set(5))
		s.is(err, fault.NotFound)
		_, _, err = lamps.On(db).GetAndUpdate(s.ctx, data.Filter[lamp]{}, lampRank.Set(5))
		s.is(err, fault.Internal)
	}},
	{"and delete", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(100)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		got, err := lamps.On(db).DeleteReturning(s.ctx, lampRank.Ge(90))
		s.ok(err)
		slices.SortFunc(got, func(a, b lamp) int { return a.Rank - b.Rank })
		s.same("as they were", got, rows[90:])
		none, err := lamps.On(db).DeleteReturning(s.ctx, lampRank.Ge(90))
		s.ok(err)
		s.same("none", len(none), 0)
		_, err = lamps.On(db).DeleteReturning(s.ctx, data.Filter[lamp]{})
		s.is(err, fault.Internal)
		many := make([]data.ID[lamp], db.Driver().Dialect().MaxParams) // more than a statement takes
		for i := range many {
			many[i] = data.ID[lamp]{byte(i >> 16), byte(i >> 8), byte(i), 1}
		}
		many[0], many[len(many)-1] = rows[0].ID, rows[1].ID
		got, err = lamps.On(db).DeleteReturning(s.ctx, lampID.In(many...))
		s.ok(err)
		s.same("by many keys", len(got), 2)
		count(s, db, lamps, 88)
	}},
	{"upsert of some columns", func(s suite) {
		db := s.db(lamps.Schema())
		first := lamp{Name: "a", Rank: 1, Note: ptr("x")}
		s.ok(lamps.On(db).Add(s.ctx, &first))
		vs := []lamp{{Name: "b", Rank: 2, Note: ptr("y")}, {Name: "a", Rank: 3, Note: ptr("z"), Active: true}}
		created, err := lamps.On(db).UpsertWith(s.ctx, vs, data.UpsertOptions{Match: []string{"name"}, Set: []string{"rank", "active"}})
		s.ok(err)
		s.same("created", created, []bool{true, false})
		s.same("the new row has all", []any{vs[0].Rank, *vs[0].Note}, []any{2, "y"})
		s.same("the old one keeps the others", []any{vs[1].ID, vs[1].Rank, *vs[1].Note, vs[1].Active}, []any{first.ID, 3, "x", true})
		if !vs[1].UpdatedAt.After(first.UpdatedAt) {
			s.Errorf("updated_at did not move")
		}
		created, err = lamps.On(db).UpsertWith(s.ctx, vs[1:], data.UpsertOptions{Match: []string{"name"}})
		s.ok(err)
		s.same("created", created, []bool{false})
		for _, o := range []data.UpsertOptions{{Set: []string{"id"}}, {Match: []string{"name"}, Set: []string{"name"}}, {Set: []string{"rank", "rank"}}, {Set: []string{"nothing"}}} {
			func() {
				defer func() {
					if recover() == nil {
						s.Errorf("%+v was taken", o)
					}
				}()
				lamps.On(db).UpsertWith(s.ctx, vs, o)
			}()
		}
	}},
}

// A tool is worded, a bolt is not, although they are alike.
type (
	tool struct {
		data.Identified[tool]
		Name string `json:"title" db:"name,unique"`
		Size int    `json:"size" db:"size,check=size > 0"`
		A    int    `json:"a" db:"a"`
		B    int    `json:"b" db:"b"`
	}
	bolt struct {
		data.Identified[bolt]
		Name string `json:"title" db:"name,unique"`
		Size int    `json:"size" db:"size,check=size > 0"`
	}
)

var (
	tools = data.NewTable[tool]("tools", data.UniqueOn("a", "b"),
		data.Worded("there is a tool of that name", "name"), data.Worded("a tool has a size", "size"), data.Worded("that place is full", "b", "a"))
	bolts = data.NewTable[bolt]("bolts")
)

var wordTests = []test{
	{"of a table's own", func(s suite) {
		db := s.db(tools.Schema(), bolts.Schema())
		s.ok(tools.On(db).Add(s.ctx, &tool{Name: "a", Size: 1, A: 1, B: 1}))
		s.ok(bolts.On(db).Add(s.ctx, &bolt{Name: "a", Size: 1}))
		for _, c := range []struct {
			row   tool
			kind  fault.Kind
			field string
			class driver.Class
			says  string
		}{
			{tool{Name: "a", Size: 1}, fault.Conflict, "title", driver.Unique, "there is a tool of that name"},
			{tool{Name: "b", Size: 0}, fault.Invalid, "size", driver.Check, "a tool has a size"},
			{tool{Name: "b", Size: 1, A: 1, B: 1}, fault.Conflict, "a", driver.Unique, "that place is full"},
		} {
			err := tools.On(db).Add(s.ctx, &c.row)
			s.is(err, c.kind)
			s.mentions(err, c.field)
			e, _ := asFault(err)
			s.same("says", []string{e.Msg, e.Details[0].Message}, []string{c.says, c.says})
		}
		err := bolts.On(db).Add(s.ctx, &bolt{Name: "a", Size: 1})
		s.is(err, fault.Conflict)
		e, _ := asFault(err)
		s.same("another table says", e.Msg, "title is already taken")
		err = bolts.On(db).Add(s.ctx, &bolt{Name: "b"})
		s.is(err, fault.Invalid)
		e, _ = asFault(err)
		s.same("another table says", e.Msg, "size breaks a rule")
	}},
}
