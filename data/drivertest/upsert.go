package drivertest

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A listed has only columns of types that say by themselves what they are in
// every database.
type listed struct {
	data.NanoIdentified[listed]
	Name        string               `db:"name,unique"`
	Text        string               `db:"text"`
	Short       string               `db:"short,size=10"`
	Int         int                  `db:"int"`
	Float       float64              `db:"float"`
	Bool        bool                 `db:"bool"`
	Time        time.Time            `db:"time"`
	UUID        data.ID[person]      `db:"uuid"`
	Decimal     decimal.Decimal      `db:"decimal,numeric=18.4"`
	Bytes       []byte               `db:"bytes"`
	JSON        map[string]any       `db:"json,json"`
	List        []string             `db:"list"`
	Ref         data.NanoID[listed]  `db:"ref,size=21"`
	NullText    *string              `db:"null_text"`
	NullInt     *int                 `db:"null_int"`
	NullFloat   *float64             `db:"null_float"`
	NullBool    *bool                `db:"null_bool"`
	NullTime    *time.Time           `db:"null_time"`
	NullUUID    *data.ID[person]     `db:"null_uuid"`
	NullDecimal *decimal.Decimal     `db:"null_decimal,numeric=18.4"`
	NullBytes   *[]byte              `db:"null_bytes"`
	NullRef     *data.NanoID[listed] `db:"null_ref,size=21"`
}

var listedRows = data.NewTable[listed]("listed_rows")

var upsertTests = []test{
	{"one", func(s suite) {
		at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
		db := s.dbAt(at, lamps.Schema())
		v := lamp{Name: "a", Note: ptr("x"), Rank: 1}
		created, err := lamps.On(db).Upsert(s.ctx, &v, "name")
		s.ok(err)
		s.same("created", created, true)
		if v.ID.IsZero() || v.CreatedAt != at || v.UpdatedAt != at {
			s.Errorf("id %v, created %v, updated %v", v.ID, v.CreatedAt, v.UpdatedAt)
		}
		first := v

		later := data.New(db.Driver(), func() time.Time { return at.Add(time.Hour) })
		v = lamp{Name: "a", Rank: 2}
		v.CreatedAt, v.UpdatedAt = at.Add(5*time.Hour), at.Add(5*time.Hour) // of no effect
		created, err = lamps.On(later).Upsert(s.ctx, &v, "name")
		s.ok(err)
		s.same("created again", created, false)
		want := first
		want.Note, want.Rank, want.UpdatedAt = nil, 2, at.Add(time.Hour)
		s.same("the row", v, want)
		stored, err := lamps.On(db).Get(s.ctx, first.ID)
		s.ok(err)
		s.same("stored", stored, want)

		v = lamp{Name: "a", Rank: 2}
		latest := data.New(db.Driver(), func() time.Time { return at.Add(2 * time.Hour) })
		created, err = lamps.On(latest).Upsert(s.ctx, &v, "name")
		s.ok(err)
		s.same("created by no change", created, false)
		s.same("without a change", v, want)
		_, err = lamps.On(db).Upsert(s.ctx, &lamp{Name: "a", Rank: 3}, "name") // its clock is behind
		s.ok(err)
		stored, err = lamps.On(db).Get(s.ctx, first.ID)
		s.ok(err)
		s.same("behind the clock", stored.UpdatedAt, at.Add(time.Hour+time.Microsecond))
		count(s, db, lamps, 1)
	}},
	{"with a chosen id", func(s suite) {
		// The clock stands still, so that no time tells what happened.
		db := s.dbAt(time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC), lamps.Schema())
		own := data.ID[lamp]{9}
		for _, c := range []struct {
			id      data.ID[lamp]
			name    string
			rank    int
			match   []string
			created bool
			is      data.ID[lamp]
		}{
			{own, "a", 1, []string{"name"}, true, own},
			{own, "a", 1, []string{"name"}, false, own}, // the same row, and nothing changes
			{own, "a", 2, []string{"name"}, false, own},
			{data.ID[lamp]{8}, "a", 3, []string{"name"}, false, own},
			{own, "b", 4, nil, false, own}, // by its primary key
			{own, "b", 4, []string{"id"}, false, own},
			{data.ID[lamp]{8}, "a", 5, nil, true, data.ID[lamp]{8}},
		} {
			v := lamp{Name: c.name, Rank: c.rank}
			v.ID = c.id
			created, err := lamps.On(db).Upsert(s.ctx, &v, c.match...)
			s.ok(err)
			s.same(fmt.Sprint(c.name, c.rank, c.match, ": created"), created, c.created)
			s.same(fmt.Sprint(c.name, c.rank, c.match, ": id"), v.ID, c.is)
			got, err := lamps.On(db).Get(s.ctx, c.is)
			s.ok(err)
			s.same("stored", got, v)
		}
		clash := lamp{Name: "a"}
		clash.ID = own
		_, err := lamps.On(db).Upsert(s.ctx, &clash) // the name is another row's
		s.is(err, fault.Conflict)
		s.mentions(err, "name")
		count(s, db, lamps, 2)
	}},
	{"never widens", func(s suite) {
		db := s.db(parents.Schema(), bares.Schema())
		only := bare{Name: ptr("x"), A: 1}
		s.ok(bares.On(db).Add(s.ctx, &only))
		for name, run := range map[string]func(v *bare) error{
			"upsert": func(v *bare) error { _, err := bares.On(db).Upsert(s.ctx, v, "name"); return err },
			"upsert all": func(v *bare) error {
				_, err := bares.On(db).UpsertAll(s.ctx, []bare{{Name: ptr("y")}, *v}, "name")
				return err
			},
			"get or add": func(v *bare) error { _, err := bares.On(db).GetOrAdd(s.ctx, v, "name"); return err },
		} {
			v := bare{A: 2}
			err := run(&v)
			s.is(err, fault.Invalid)
			s.mentions(err, "title")
			if v.ID != only.ID && !v.ID.IsZero() {
				s.Errorf("%s: the row got the ID %v", name, v.ID)
			}
		}
		got, err := bares.On(db).Get(s.ctx, only.ID)
		s.ok(err)
		s.same("the only row", got, only)
		count(s, db, bares, 1)
		zero := bare{Name: ptr("")} // which is a value
		created, err := bares.On(db).Upsert(s.ctx, &zero, "name")
		s.ok(err)
		s.same("created", created, true)
		count(s, db, bares, 2)
	}},
	{"by several columns", func(s suite) {
		db := s.db(parents.Schema(), bares.Schema(), visits.Schema())
		vs := []bare{{Name: ptr("1"), A: 1, B: 1}, {Name: ptr("2"), A: 1, B: 11}, {Name: ptr("3"), A: 11, B: 1}}
		_, err := bares.On(db).UpsertAll(s.ctx, vs, "b", "a")
		s.ok(err)
		again := []bare{{Name: ptr("4"), A: 11, B: 1}, {Name: ptr("5"), A: 2, B: 2}}
		created, err := bares.On(db).UpsertAll(s.ctx, again, "a", "b")
		s.ok(err)
		s.same("created", created, []bool{false, true})
		s.same("the id", again[0].ID, vs[2].ID)
		count(s, db, bares, 4)

		for _, want := range []bool{true, false} { // there is nothing but what matches
			created, err := visits.On(db).Upsert(s.ctx, &visit{"/", 1}, "page", "day")
			s.ok(err)
			s.same("created", created, want)
		}
		created, err = visits.On(db).UpsertAll(s.ctx, []visit{{"/", 2}, {"/", 1}, {"/x", 1}}, "page", "day")
		s.ok(err)
		s.same("created", created, []bool{true, false, true})
		count(s, db, visits, 3)
	}},
	{"of every kind", func(s suite) {
		db := s.dbAt(time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC), samples.Schema())
		var all []sample
		for name, v := range sampleValues() {
			base := sample{Bytes: []byte{}}
			s.ok(samples.On(db).Add(s.ctx, &base))
			v.ID = base.ID
			for range 2 {
				got := v
				created, err := samples.On(db).Upsert(s.ctx, &got)
				s.ok(err)
				s.same(name+" is created", created, false)
				s.same(name, got, v)
			}
			all = append(all, v)
		}
		created, err := samples.On(db).UpsertAll(s.ctx, all)
		s.ok(err)
		s.same("created", created, make([]bool, len(all)))
		got, err := samples.On(db).UpdateAll(s.ctx, all)
		s.ok(err)
		s.same("updated", got, all)
	}},
	{"of plain types", func(s suite) {
		// PostgreSQL gets the columns of many such rows as lists.
		db := s.db(listedRows.Schema())
		at, id := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), data.ID[person]{15: 7}
		const friendID = data.NanoID[listed]("abcdefghijklmnopqrst_")
		full := listed{
			Text: `{"a",NULL,\}`, Int: -1 << 62, Float: math.Inf(-1), Bool: true, Time: at, UUID: id, Decimal: decimal.RequireFromString("-12345.6789"), Bytes: []byte{0, '"', 255},
			JSON: map[string]any{"a": "☃", "b": nil}, List: []string{"", "x,y"}, Ref: friendID,
			NullText: ptr(""), NullInt: ptr(0), NullFloat: ptr(0.0), NullBool: ptr(false), NullTime: &at, NullUUID: &id, NullDecimal: ptr(decimal.New(1, -4)), NullBytes: &[]byte{}, NullRef: ptr(friendID),
		}
		empty := listed{Ref: friendID, Bytes: []byte{}, List: []string{}, Time: time.Time{}.AddDate(1, 0, 0)}
		rows := []listed{full, empty, full, empty, full}
		for i := range rows {
			rows[i].Name = fmt.Sprint("name ", i)
		}
		created, err := listedRows.On(db).UpsertAll(s.ctx, rows, "name")
		s.ok(err)
		s.same("created", created, []bool{true, true, true, true, true})
		for range 2 {
			want := slices.Clone(rows)
			for i := range rows { // full ones become empty, empty ones full, and back
				kept := rows[i]
				rows[i] = []listed{full, empty}[(i+1)%2]
				want[i] = rows[i]
				rows[i].Name, want[i].Name, want[i].ID = kept.Name, kept.Name, kept.ID
			}
			created, err = listedRows.On(db).UpsertAll(s.ctx, rows, "name")
			s.ok(err)
			s.same("created", created, make([]bool, 5))
			s.same("rows", rows, want)
			for _, v := range want {
				got, err := listedRows.On(db).Get(s.ctx, v.ID)
				s.ok(err)
				s.same("row", got, v)
			}
		}
		bad := []listed{full, full}
		bad[0].Name, bad[1].Name, bad[1].Short = "x", "y", "more than ten"
		_, err = listedRows.On(db).UpsertAll(s.ctx, bad, "name")
		s.is(err, fault.Invalid)
		count(s, db, listedRows, 5)
	}},
	{"many", func(s suite) {
		db := s.db(lamps.Schema())
		for _, n := range []int{1, 2, 249, 250, 251, 600, 4000} {
			s.exec(db, "DELETE FROM lamps")
			rows := newLamps(n)
			var old []lamp // every third, in another order
			for i := n - 1; i >= 0; i-- {
				if i%3 == 0 {
					old = append(old, lamp{Name: rows[i].Name, Note: ptr("old")})
				}
			}
			s.ok(lamps.On(db).AddAll(s.ctx, old))
			ids := map[string]data.ID[lamp]{}
			for _, v := range old {
				ids[v.Name] = v.ID
			}
			for i := range rows {
				if i%2 == 0 { // whose ID somebody chose
					rows[i].ID = data.ID[lamp]{byte(i >> 8), byte(i), 1}
				}
			}
			created, err := lamps.On(db).UpsertAll(s.ctx, rows, "name")
			s.ok(err)
			for i, v := range rows {
				if created[i] != (i%3 != 0) || v.Rank != i || v.Note != nil || i%3 == 0 && v.ID != ids[v.Name] || v.ID.IsZero() {
					s.Fatalf("%d rows: row %d is %+v, created %v", n, i, v, created[i])
				}
			}
			page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Order: data.By(lampName.Asc()), Limit: -1})
			s.ok(err)
			s.same(fmt.Sprint(n, " stored"), page.Items, rows)
		}
	}},
	{"many or none", func(s suite) {
		db := s.db(lamps.Schema())
		created, err := lamps.On(db).UpsertAll(s.ctx, nil, "name")
		s.ok(err)
		s.same("of none", len(created), 0)
		for _, n := range []int{2, 300} {
			twice, long, low, clash := newLamps(n), newLamps(n), newLamps(n), newLamps(n)
			twice[n-1].Name = twice[0].Name
			_, err = lamps.On(db).UpsertAll(s.ctx, twice, "name")
			s.is(err, fault.Invalid)
			s.mentions(err, "name")
			long[n-1].Name = string(make([]rune, 256))
			_, err = lamps.On(db).UpsertAll(s.ctx, long, "name")
			s.is(err, fault.Invalid)
			low[n-1].Rank = -1
			_, err = lamps.On(db).UpsertAll(s.ctx, low, "name")
			s.is(err, fault.Invalid)
			clash[0].ID, clash[n-1].ID = data.ID[lamp]{1}, data.ID[lamp]{1}
			_, err = lamps.On(db).UpsertAll(s.ctx, clash, "name")
			s.is(err, fault.Conflict)
			count(s, db, lamps, 0)
		}
	}},
	{"get or add", func(s suite) {
		db := s.db(lamps.Schema())
		first := lamp{Name: "a", Rank: 1}
		created, err := lamps.On(db).GetOrAdd(s.ctx, &first, "name")
		s.ok(err)
		s.same("created", created, true)
		again := lamp{Name: "a", Rank: 2, Note: ptr("x")}
		created, err = lamps.On(db).GetOrAdd(s.ctx, &again, "name")
		s.ok(err)
		s.same("created again", created, false)
		s.same("the row", again, first)
		byID := lamp{Name: "b"}
		byID.ID = first.ID
		created, err = lamps.On(db).GetOrAdd(s.ctx, &byID)
		s.ok(err)
		s.same("created by id", created, false)
		s.same("the row by id", byID, first)
		count(s, db, lamps, 1)
	}},
	{"in a transaction", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			for _, want := range []bool{true, false, false} { // of one's own, too
				v := lamp{Name: "a"}
				created, err := lamps.On(tx).Upsert(s.ctx, &v, "name")
				s.ok(err)
				s.same("created", created, want)
			}
			rows := newLamps(300)
			rows[299].Name = "a"
			created, err := lamps.On(tx).UpsertAll(s.ctx, rows, "name")
			s.ok(err)
			s.same("first and last", []bool{created[0], created[299]}, []bool{true, false})
			return nil
		}))
		count(s, db, lamps, 300)
	}},
}
