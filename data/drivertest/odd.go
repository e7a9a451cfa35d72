package drivertest

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// oddTests ask for what no program should, and hold both databases to one
// answer, which leaves no row that cannot be read.
var oddTests = []test{
	{"sums that do not fit", func(s suite) {
		db := s.db(samples.Schema())
		v := sample{Bytes: []byte{}, Int: math.MaxInt64, Small: math.MaxInt32, NullSmall: ptr(int32(math.MinInt32)), Decimal: decimal.RequireFromString("99999999999999.9999")}
		s.ok(samples.On(db).Add(s.ctx, &v))
		whole, small, less := data.Col[int](samples, "int"), data.Col[int32](samples, "small"), data.Col[int32](samples, "null_small")
		dec, text, null := data.Col[decimal.Decimal](samples, "decimal"), data.Col[string](samples, "text"), data.Col[int](samples, "null_int")
		for what, c := range map[string]data.Change[sample]{
			"64 bits": whole.Plus(1), "32 bits": small.Plus(1), "32 bits, below": less.Plus(-1), "digits": dec.Plus(decimal.NewFromInt(1)),
		} {
			_, err := samples.On(db).Update(s.ctx, v.ID, c)
			if fault.KindOf(err) != fault.Invalid {
				s.Errorf("%s: %v, want %s", what, err, fault.Invalid)
			}
			_, err = samples.On(db).UpdateWhere(s.ctx, data.Everything[sample](), c)
			s.is(err, fault.Invalid)
			_, _, err = samples.On(db).GetAndUpdate(s.ctx, whole.Eq(v.Int), c)
			s.is(err, fault.Invalid)
		}
		_, err := samples.On(db).Update(s.ctx, v.ID, text.Plus("x"))
		s.is(err, fault.Internal)
		got, err := samples.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		s.same("untouched", got, v)
		got, err = samples.On(db).Update(s.ctx, v.ID, whole.Plus(-1), small.Plus(-2), less.Plus(3), null.Plus(1))
		s.ok(err)
		v.Int, v.Small, v.NullSmall = v.Int-1, v.Small-2, ptr(int32(math.MinInt32+3))
		s.same("what fits, and NULL", got, v)
	}},
	{"a column changed twice", func(s suite) {
		db := s.db(lamps.Schema())
		v := lamp{Name: "a", Rank: 1}
		s.ok(lamps.On(db).Add(s.ctx, &v))
		_, err := lamps.On(db).Update(s.ctx, v.ID, lampRank.Set(2), lampRank.Set(3))
		s.is(err, fault.Internal)
		_, err = lamps.On(db).UpdateWhere(s.ctx, lampRank.Eq(1), lampRank.Set(2), lampNote.Set("x"), lampRank.Plus(1))
		s.is(err, fault.Internal)
		got, err := lamps.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		s.same("untouched", got, v)
	}},
	{"times that cannot be told", func(s suite) {
		db := s.db(samples.Schema())
		at, sold := data.Col[time.Time](samples, "time"), data.Col[time.Time](samples, "null_time")
		v := sample{Bytes: []byte{}, Time: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)}
		s.ok(samples.On(db).Add(s.ctx, &v))
		for _, odd := range []time.Time{
			time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(math.MaxInt64, 0), time.Unix(math.MinInt64, 0),
			time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600)), // the next year in UTC
		} {
			for _, c := range []struct {
				field string
				run   func() error
			}{
				{"time", func() error { return samples.On(db).Add(s.ctx, &sample{Time: odd}) }},
				{"null_time", func() error { return samples.On(db).AddAll(s.ctx, []sample{{}, {NullTime: &odd}}) }},
				{"time", func() error { _, err := samples.On(db).Update(s.ctx, v.ID, at.Set(odd)); return err }},
				{"null_time", func() error { _, err := samples.On(db).Count(s.ctx, sold.Lt(odd)); return err }},
			} {
				err := c.run()
				s.is(err, fault.Invalid)
				s.mentions(err, c.field)
			}
			_, err := data.NewSelect[person]("SELECT id, name FROM samples WHERE time < ?", "").All(s.ctx, db, odd)
			s.is(err, fault.Invalid)
		}
		got, err := samples.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		s.same("the first year", got, v)
		count(s, db, samples, 1)
	}},
	{"times that may be NULL are cut, too", func(s suite) {
		db := s.db(samples.Schema())
		mine := time.Date(2026, 3, 29, 1, 59, 59, 123456789, time.FixedZone("", 7200))
		was := mine
		one, all := sample{Bytes: []byte{}, NullTime: &mine}, []sample{{Bytes: []byte{}, NullTime: &mine}}
		s.ok(samples.On(db).Add(s.ctx, &one))
		s.ok(samples.On(db).AddAll(s.ctx, all))
		got, err := samples.On(db).GetAll(s.ctx, one.ID, all[0].ID)
		s.ok(err)
		s.same("as a read returns it", []sample{one, all[0]}, got)
		if mine != was {
			s.Errorf("a time of somebody else became %v", mine)
		}
	}},
	{"pages that are not there", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(3)))
		for _, q := range []data.Query[lamp]{
			{Offset: -5}, {Offset: math.MinInt, Limit: 3}, {Offset: -1, Limit: -1}, {Offset: -1, Limit: math.MaxInt}, {Offset: -1, Limit: math.MaxInt, Keyset: true},
		} {
			q.Count = true
			page, err := lamps.On(db).List(s.ctx, q)
			s.ok(err)
			s.same("a page before the first is the first", []int{len(page.Items), page.Offset, page.Total}, []int{3, 0, 3})
		}
		for _, q := range []data.Query[lamp]{{Offset: 3}, {Offset: 4, Limit: -1}, {Offset: math.MaxInt, Limit: math.MaxInt}} {
			q.Count = true
			page, err := lamps.On(db).List(s.ctx, q)
			s.ok(err)
			s.same("past the last page the total stays", []int{len(page.Items), page.Offset, page.Total}, []int{0, q.Offset, 3})
			n := 0
			for _, err := range lamps.On(db).Each(s.ctx, q) {
				s.ok(err)
				n++
			}
			s.same("past the end", n, 0)
		}
	}},
	{"lists longer than a statement", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(3)))
		many := make([]int, db.Driver().Dialect().MaxParams+1)
		for what, run := range map[string]func(data.Handle) error{
			"count": func(h data.Handle) error { _, err := lamps.On(h).Count(s.ctx, lampRank.In(many...)); return err },
			"list": func(h data.Handle) error {
				_, err := lamps.On(h).List(s.ctx, data.Query[lamp]{Where: lampRank.NotIn(many...), Count: true})
				return err
			},
			"delete": func(h data.Handle) error {
				_, err := lamps.On(h).DeleteWhere(s.ctx, data.Not(lampRank.In(many...)))
				return err
			},
		} {
			if err := run(db); fault.KindOf(err) != fault.Internal {
				s.Errorf("%s: %v, want %s", what, err, fault.Internal)
			}
			err := db.Tx(s.ctx, func(tx *data.Tx) error { return run(tx) })
			s.is(err, fault.Internal)
		}
		n, err := lamps.On(db).Count(s.ctx, lampRank.In(many[:len(many)-1]...))
		s.ok(err)
		s.same("as long as it may be", n, 1)
		count(s, db, lamps, 3)
	}},
	{"results that are left", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(300)))
		each := func(ctx context.Context, h data.Handle, do func()) {
			for _, err := range lamps.On(h).Each(ctx, data.Query[lamp]{}) {
				s.ok(err)
				do()
				break
			}
		}
		panics := func(run func()) {
			defer func() { s.same("recovered", recover(), "on purpose") }()
			run()
		}
		for range 30 { // more often than there are connections
			each(s.ctx, db, func() {})
			panics(func() { each(s.ctx, db, func() { panic("on purpose") }) })
			ctx, cancel := context.WithCancel(s.ctx)
			each(ctx, db, cancel)
			panics(func() {
				_ = db.Tx(s.ctx, func(tx *data.Tx) error {
					each(s.ctx, tx, func() { panic("on purpose") })
					return nil
				})
			})
			failure := errors.New("failure")
			err := db.Tx(s.ctx, func(tx *data.Tx) error {
				for range lamps.On(tx).Each(s.ctx, data.Query[lamp]{}) {
					return failure
				}
				return nil
			})
			s.same("failed", err == failure, true)
			_, err = lamps.On(db).UpdateOne(s.ctx, lampRank.Ge(0), lampNote.Set("x"))
			s.is(err, fault.Conflict)
		}
		n, err := lamps.On(db).Count(s.ctx, lampNote.IsNull())
		s.ok(err)
		s.same("untouched", n, 300)
	}},
	{"numbers without a value", func(s suite) {
		db := s.db(samples.Schema())
		float := data.Col[float64](samples, "float")
		v := sample{Bytes: []byte{}, Float: math.Inf(1), NullFloat: ptr(math.Inf(-1))}
		s.ok(samples.On(db).Add(s.ctx, &v))
		got, err := samples.On(db).GetBy(s.ctx, float.Gt(math.MaxFloat64))
		s.ok(err)
		s.same("infinite", got, v)
		_, err = samples.On(db).Update(s.ctx, v.ID, float.Set(math.NaN()))
		s.is(err, fault.Invalid)
		_, err = samples.On(db).Count(s.ctx, float.Ne(math.NaN()))
		s.is(err, fault.Invalid)
		got, err = samples.On(db).Update(s.ctx, v.ID, float.Set(math.Copysign(0, -1)))
		s.ok(err)
		n, err := samples.On(db).Count(s.ctx, float.Eq(0))
		s.ok(err)
		s.same("less than nothing is nothing", []any{n, got.Float == 0}, []any{1, true})
	}},
	{"JSON with half a letter", func(s suite) {
		db := s.db(samples.Schema())
		raw := func(text string) sample {
			return sample{Bytes: []byte{}, JSON: settings{More: map[string]any{"a": json.RawMessage(text)}}}
		}
		for _, text := range []string{`"\u0000"`, `"\ud800"`, `"\ud83d x"`, `"\ud83d\u0041"`, `"\ude00\ud83d"`, `"\ude00"`, `{"\\\udfff":1}`} {
			v := raw(text)
			err := samples.On(db).Add(s.ctx, &v)
			if fault.KindOf(err) != fault.Invalid {
				s.Errorf("%s: %v, want %s", text, err, fault.Invalid)
			}
			s.mentions(err, "json")
		}
		for text, want := range map[string]string{
			`"\ud83d\ude00\u00e9"`: "😀é", `"\\u0000\\ud800"`: `\u0000\ud800`, `"\\\\"`: `\\`, `"\n"`: "\n", `"\\u"`: `\u`,
		} {
			v := raw(text)
			s.ok(samples.On(db).Add(s.ctx, &v))
			got, err := samples.On(db).Get(s.ctx, v.ID)
			s.ok(err)
			s.same(text, got.JSON.More["a"], any(want))
		}
	}},
	{"add new by nothing", func(s suite) {
		db := s.db(lamps.Schema())
		v := lamp{Name: "a"}
		s.ok(lamps.On(db).Add(s.ctx, &v))
		again := lamp{Name: "b"}
		again.ID = v.ID
		added, err := lamps.On(db).AddNew(s.ctx, &again) // by its primary key
		s.ok(err)
		s.same("added", added, false)
		defer func() {
			if recover() == nil {
				s.Error("a column that nothing keeps unique was taken")
			}
		}()
		_, _ = lamps.On(db).AddNew(s.ctx, &lamp{Name: "c"}, "rank")
	}},
}
