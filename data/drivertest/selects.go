package drivertest

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

type summary struct {
	Owner  data.ID[person]  `db:"owner_id"`
	Name   string           `db:"name"`
	Lamps  int              `db:"lamps"`
	Best   *decimal.Decimal `db:"best,numeric=10.2"`
	Latest *time.Time       `db:"latest"`
}

var (
	summaries = data.NewSelect[summary](`SELECT p.id, p.name, count(l.id), max(l.price), max(l.created_at)
FROM people p LEFT JOIN lamps l ON l.owner_id = p.id WHERE p.name <> ? AND p.id <> ?
GROUP BY p.id, p.name ORDER BY p.name`, "")
	renaming = data.NewSelect[person](`UPDATE people SET name = ? WHERE name = ? RETURNING id, name`, "")
)

var selectTests = []test{
	{"join", func(s suite) {
		db := s.db(lamps.Schema(), people.Schema())
		folk := []person{{Name: "ann"}, {Name: "bob"}, {Name: "eve"}}
		s.ok(people.On(db).AddAll(s.ctx, folk))
		rows := newLamps(4)
		for i := range rows {
			rows[i].Owner = folk[0].ID
		}
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		want := []summary{
			{folk[0].ID, "ann", 4, ptr(rows[3].Price), &rows[3].CreatedAt},
			{folk[1].ID, "bob", 0, nil, nil},
		}
		got, err := summaries.All(s.ctx, db, "eve", data.ID[person]{1})
		s.ok(err)
		s.same("all", got, want)
		one, err := summaries.One(s.ctx, db, "eve", folk[0].ID)
		s.ok(err)
		s.same("one", one, want[1])
		s.exec(db, "DELETE FROM people")
		_, err = summaries.One(s.ctx, db, "", folk[0].ID)
		s.is(err, fault.NotFound)
		none, err := summaries.All(s.ctx, db, "", folk[0].ID)
		s.ok(err)
		s.same("none", len(none), 0)
	}},
	{"that writes", func(s suite) {
		db := s.db(people.Schema())
		s.ok(people.On(db).AddAll(s.ctx, []person{{Name: "ann"}, {Name: "bob"}}))
		got, err := renaming.One(s.ctx, db, "amy", "ann")
		s.ok(err)
		s.same("returned", got.Name, "amy")
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			_, err := renaming.One(s.ctx, tx, "ben", "bob")
			return err
		}))
		n, err := people.On(db).Count(s.ctx, data.TextCol(people, "name").In("amy", "ben"))
		s.ok(err)
		s.same("renamed", n, 2)
	}},
	{"range", func(s suite) {
		db := s.db(lamps.Schema())
		_, _, ok, err := data.Range(s.ctx, lamps.On(db), lampRank)
		if err != nil || ok {
			s.Errorf("the range of no rows: %v, %v", ok, err)
		}
		rows := newLamps(10)
		rows[3].Offer, rows[4].Offer = ptr(decimal.New(50, -1)), ptr(decimal.New(125, -2))
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		lo, hi, ok, err := data.Range(s.ctx, lamps.On(db), lampRank, lampRank.Gt(2))
		if err != nil || !ok || lo != 3 || hi != 9 {
			s.Errorf("ranks %v to %v, %v, %v", lo, hi, ok, err)
		}
		low, high, ok, err := data.Range(s.ctx, lamps.On(db), lampOffer)
		if err != nil || !ok || !low.Equal(*rows[4].Offer) || !high.Equal(*rows[3].Offer) {
			s.Errorf("offers %v to %v, %v, %v", low, high, ok, err)
		}
		a, z, ok, err := data.Range(s.ctx, lamps.On(db), lampName.Column)
		if err != nil || !ok || a != rows[0].Name || z != rows[9].Name {
			s.Errorf("names %v to %v, %v, %v", a, z, ok, err)
		}
		from, to, ok, err := data.Range(s.ctx, lamps.On(db), lampSince)
		if err != nil || !ok || from != rows[0].UpdatedAt || to != rows[9].UpdatedAt {
			s.Errorf("times %v to %v, %v, %v", from, to, ok, err)
		}
	}},
}
