package drivertest

import (
	"context"
	"slices"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

// A witness of a service writes down its hooks.
type witness struct {
	service lampService
	said    []string
	fail    error
}

func newWitness(db *data.DB) *witness {
	w := &witness{}
	hook := func(what string) func(context.Context, *data.Tx, *lamp) error {
		return func(ctx context.Context, tx *data.Tx, v *lamp) error {
			w.said = append(w.said, what+" "+v.Name)
			if err := people.On(tx).Add(ctx, &person{Name: v.Name}); err != nil {
				return err
			}
			return w.fail
		}
	}
	w.service = lampService{
		DB: db, Table: lamps, Match: []string{"name"}, Visible: rule(lampRank.Lt(9)), Editable: rule(lampRank.Lt(5)),
		Fill: func(_ context.Context, v *lamp) error {
			w.said = append(w.said, "fill "+v.Name)
			v.Owner = data.ID[person]{7}
			return nil
		},
		Created: hook("created"), Updated: hook("updated"), Deleted: hook("deleted"),
	}
	return w
}

func (w *witness) take() []string {
	said := w.said
	w.said = nil
	return said
}

// serviceManyTests hold every kind of input to the rules, and each row to its
// hook once.
var serviceManyTests = []test{
	{"create", func(s suite) {
		db := s.db(lamps.Schema(), people.Schema())
		w := newWitness(db)
		vs, err := w.service.CreateAll(s.ctx, []newLamp{{Name: "a", Rank: 1}, {Name: "b", Rank: 2}})
		s.ok(err)
		s.same("rows", names(vs), []string{"a", "b"})
		s.same("filled in", vs[1].Owner, data.ID[person]{7})
		s.same("hooks", w.take(), []string{"fill a", "fill b", "created a", "created b"})
		for _, ins := range [][]newLamp{{{Name: "c"}, {Name: "forbidden"}}, {{Name: "c"}, {Name: "d", Rank: -1}}} {
			_, err = w.service.CreateAll(s.ctx, ins)
			s.is(err, fault.Invalid)
		}
		_, err = w.service.CreateAll(s.ctx, []newLamp{{Name: "c"}, {Name: "a"}})
		s.is(err, fault.Conflict)
		w.fail = fault.Errorf(fault.Forbidden, "no")
		_, err = w.service.CreateAll(s.ctx, []newLamp{{Name: "c"}, {Name: "d"}})
		s.is(err, fault.Forbidden)
		count(s, db, lamps, 2)
		count(s, db, people, 2)
		none, err := w.service.CreateAll(s.ctx, nil)
		s.ok(err)
		s.same("none", len(none), 0)
	}},
	{"update", func(s suite) {
		db := s.db(lamps.Schema(), people.Schema())
		w := newWitness(db)
		rows := newLamps(8)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		type edit = data.Edit[lamp, lampPatch]
		vs, err := w.service.UpdateAll(s.ctx, []edit{
			{ID: rows[2].ID, Changes: lampPatch{Note: patch.Of("x")}, Version: rows[2].Version()},
			{ID: rows[0].ID, Changes: lampPatch{Rank: patch.Of(3), Note: patch.Null[string]()}},
		})
		s.ok(err)
		s.same("rows", []any{names(vs), *vs[0].Note, vs[1].Rank}, []any{[]string{rows[2].Name, rows[0].Name}, "x", 3})
		s.same("hooks", w.take(), []string{"updated " + rows[2].Name, "updated " + rows[0].Name})
		for _, c := range []struct {
			edit edit
			kind fault.Kind
		}{
			{edit{ID: rows[6].ID, Changes: lampPatch{Note: patch.Of("y")}}, fault.NotFound}, // not editable
			{edit{ID: rows[2].ID, Changes: lampPatch{Note: patch.Of("y")}, Version: rows[2].Version()}, fault.Stale},
			{edit{ID: rows[3].ID, Changes: lampPatch{Name: patch.Of("forbidden")}}, fault.Invalid},
			{edit{ID: data.ID[lamp]{1}, Changes: lampPatch{Note: patch.Of("y")}}, fault.NotFound},
			{edit{Changes: lampPatch{Note: patch.Of("y")}}, fault.NotFound}, // without an id
		} {
			_, err := w.service.UpdateAll(s.ctx, []edit{{ID: rows[1].ID, Changes: lampPatch{Note: patch.Of("y")}}, c.edit})
			s.is(err, c.kind)
		}
		n, err := lamps.On(db).Count(s.ctx, lampNote.NotNull())
		s.ok(err)
		s.same("changed", n, 1)
	}},
	{"upsert", func(s suite) {
		db := s.db(lamps.Schema(), people.Schema())
		w := newWitness(db)
		first := []lamp{{Name: "a", Rank: 1}, {Name: "hidden", Rank: 6}}
		s.ok(lamps.On(db).AddAll(s.ctx, first))
		v, created, err := w.service.Upsert(s.ctx, newLamp{Name: "a", Rank: 2})
		s.ok(err)
		s.same("there", []any{v.ID, v.Rank, created}, []any{first[0].ID, 2, false})
		v, created, err = w.service.Upsert(s.ctx, newLamp{Name: "b", Rank: 2})
		s.ok(err)
		s.same("new", []any{v.Name, v.Owner, created}, []any{"b", data.ID[person]{7}, true})
		vs, news, err := w.service.UpsertAll(s.ctx, []newLamp{{Name: "c"}, {Name: "a"}})
		s.ok(err)
		s.same("many", []any{names(vs), news}, []any{[]string{"c", "a"}, []bool{true, false}})
		s.same("hooks", w.take(), []string{"fill a", "updated a", "fill b", "created b", "fill c", "fill a", "created c", "updated a"})
		_, _, err = w.service.UpsertAll(s.ctx, []newLamp{{Name: "d"}, {Name: "hidden"}})
		s.is(err, fault.Conflict)
		_, _, err = w.service.Upsert(s.ctx, newLamp{Name: "forbidden"})
		s.is(err, fault.Invalid)
		w.fail = fault.Errorf(fault.Forbidden, "no")
		_, _, err = w.service.UpsertAll(s.ctx, []newLamp{{Name: "a", Rank: 4}, {Name: "d"}})
		s.is(err, fault.Forbidden)
		got, err := lamps.On(db).GetBy(s.ctx, lampName.Eq("a"))
		s.ok(err)
		s.same("undone", got.Rank, 0)
		count(s, db, lamps, 4)
		count(s, db, people, 4)
	}},
	{"get or create", func(s suite) {
		db := s.db(lamps.Schema(), people.Schema())
		w := newWitness(db)
		first := []lamp{{Name: "a", Rank: 6}, {Name: "unseen", Rank: 10}}
		s.ok(lamps.On(db).AddAll(s.ctx, first))
		v, created, err := w.service.GetOrCreate(s.ctx, newLamp{Name: "a", Rank: 1})
		s.ok(err)
		s.same("there", []any{v, created}, []any{first[0], false})
		v, created, err = w.service.GetOrCreate(s.ctx, newLamp{Name: "b", Rank: 1})
		s.ok(err)
		s.same("new", []any{v.Name, v.Rank, created}, []any{"b", 1, true})
		_, _, err = w.service.GetOrCreate(s.ctx, newLamp{Name: "unseen"})
		s.is(err, fault.Conflict)
		s.same("hooks", w.take(), []string{"fill a", "fill b", "created b", "fill unseen"})
	}},
	{"delete", func(s suite) {
		db := s.db(lamps.Schema(), people.Schema())
		w := newWitness(db)
		rows := newLamps(8)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		gone, err := w.service.DeleteAll(s.ctx, rows[0].ID, rows[6].ID, data.ID[lamp]{1}, rows[1].ID, rows[0].ID)
		s.ok(err)
		slices.SortFunc(gone, func(a, b lamp) int { return a.Rank - b.Rank })
		s.same("gone", gone, rows[:2])
		said := w.take()
		slices.Sort(said)
		s.same("hooks", said, []string{"deleted " + rows[0].Name, "deleted " + rows[1].Name})
		gone, err = w.service.DeleteWhere(s.ctx, data.Any(lampRank.Eq(2), lampRank.Eq(7)))
		s.ok(err)
		s.same("gone", names(gone), names(rows[2:3]))
		_, err = w.service.DeleteWhere(s.ctx, data.Filter[lamp]{})
		s.is(err, fault.Internal)
		w.fail = fault.Errorf(fault.Forbidden, "no")
		_, err = w.service.DeleteAll(s.ctx, rows[3].ID)
		s.is(err, fault.Forbidden)
		count(s, db, lamps, 5)
		none, err := w.service.DeleteAll(s.ctx)
		s.ok(err)
		s.same("none", len(none), 0)
	}},
	{"a rule that does not decide", func(s suite) {
		db := s.db(lamps.Schema(), people.Schema())
		rows := newLamps(1)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		w := newWitness(db)
		w.service.Visible, w.service.Editable = rule(data.Filter[lamp]{}), nil
		_, _, err := w.service.Upsert(s.ctx, newLamp{Name: "x"})
		s.is(err, fault.Internal)
		_, _, err = w.service.GetOrCreate(s.ctx, newLamp{Name: "x"})
		s.is(err, fault.Internal)
		_, err = w.service.DeleteAll(s.ctx, rows[0].ID)
		s.is(err, fault.Internal)
		_, err = w.service.UpdateAll(s.ctx, []data.Edit[lamp, lampPatch]{{ID: rows[0].ID, Changes: lampPatch{Rank: patch.Of(3)}}})
		s.is(err, fault.Internal)
		count(s, db, lamps, 1)
	}},
	{"pages of another form", func(s suite) {
		db := s.db(lamps.Schema())
		service := lampService{DB: db, Table: lamps}
		name := func(v lamp) string { return v.Name }
		page, err := service.List(s.ctx, data.Query[lamp]{Count: true, Limit: 5})
		s.ok(err)
		s.same("of no rows", data.PageOf(page, name), data.Page[string]{Items: []string{}, Limit: 5})
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(7)))
		page, err = service.List(s.ctx, data.Query[lamp]{Count: true, Limit: 2, Offset: 2})
		s.ok(err)
		s.same("of rows", data.PageOf(page, name), data.Page[string]{Items: names(newLamps(4)[2:]), Total: 7, Limit: 2, Offset: 2})
		page, err = service.List(s.ctx, data.Query[lamp]{Count: true, Limit: 2, Offset: 200})
		s.ok(err)
		s.same("past the end", data.PageOf(page, name), data.Page[string]{Items: []string{}, Total: 7, Limit: 2, Offset: 200})
		page, err = service.List(s.ctx, data.Query[lamp]{Limit: -1})
		s.ok(err)
		s.same("without a count", data.PageOf(page, name), data.Page[string]{Items: names(newLamps(7))})
		page, err = service.List(s.ctx, data.Query[lamp]{Limit: 2, Keyset: true})
		s.ok(err)
		s.same("the cursor", data.PageOf(page, name).Next, page.Next)
		guess := data.Page[lamp]{Total: 9, Estimated: true}
		s.same("a guess stays one", data.PageOf(guess, name), data.Page[string]{Items: []string{}, Total: 9, Estimated: true})
	}},
}
