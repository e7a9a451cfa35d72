package drivertest

import (
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
)

// A guest is the row of a table that others add columns to.
type guest struct {
	data.Audited[guest]
	Name  string     `json:"name" db:"name,size=40,unique"`
	Extra data.Extra `json:"-"`
}

// A stay is what one of them adds, of each kind.
type stay struct {
	Nights int             `db:"nights,default=1,filter,sort"`
	Small  int32           `db:"small,default=-3"`
	Level  string          `db:"level,size=9,enum=low|high,default='low'"`
	Tags   []string        `db:"tags,size=9,default='[\"a\"]'"`
	Notes  map[string]int  `db:"notes,json,default='{}'"`
	Price  decimal.Decimal `db:"price,numeric=9.2,default=1.50"`
	Rate   float64         `db:"rate,default=0.5"`
	Paid   bool            `db:"paid,default=true"`
	Degree *celsius        `db:"degree,type=text"`
	Room   *string         `db:"room,size=9,unique"`
	Left   *time.Time      `db:"left_at"`
	Host   *data.ID[guest] `db:"host_id,references=guests"`
}

var (
	guests      = data.NewTable[guest]("guests")
	stays       = data.Extend[stay](guests)
	guestName   = data.TextCol(guests, "name")
	guestNights = data.Col[int](stays.Table(), "nights")
	guestRoom   = data.Col[string](stays.Table(), "room")
)

// fresh is what a new guest has.
func fresh() stay {
	return stay{
		Nights: 1, Small: -3, Level: "low", Tags: []string{"a"}, Notes: map[string]int{},
		Price: decimal.RequireFromString("1.50"), Rate: 0.5, Paid: true,
	}
}

func (s suite) stay(of *guest, want stay) {
	s.Helper()
	got := stays.Of(of)
	if !got.Price.Equal(want.Price) {
		s.Errorf("the price is %s, not %s", got.Price, want.Price)
	}
	got.Price = want.Price
	if !reflect.DeepEqual(got, want) {
		s.Errorf("the columns are\n%+v, not\n%+v", got, want)
	}
}

var extensionTests = []test{
	{"rows keep their columns through every way to write and read", func(s suite) {
		db := s.db(stays.Schema())
		rows := stays.Table().On(db)
		a, host := guest{Name: "a"}, guest{Name: "host"}
		s.ok(rows.Add(s.ctx, &host))
		s.ok(rows.Add(s.ctx, &a)) // as new rows are
		s.stay(&a, fresh())
		a, err := rows.Get(s.ctx, a.ID)
		s.ok(err)
		s.stay(&a, fresh())

		left := time.Date(2026, 1, 2, 3, 4, 5, 6789, time.UTC)
		full := stay{
			Nights: 7, Small: 8, Level: "high", Tags: []string{"x", "y"}, Notes: map[string]int{"n": 1},
			Price: decimal.RequireFromString("12.25"), Rate: 2, Degree: new(celsius{20}), Room: new("r1"), Left: &left, Host: &host.ID,
		}
		b := guest{Name: "b"}
		stays.Put(&b, full)
		full.Left = new(left.Truncate(time.Microsecond))
		s.stay(&b, full)
		s.ok(rows.AddAll(s.ctx, []guest{b, {Name: "c"}}))
		page, err := rows.List(s.ctx, data.Query[guest]{Order: data.By(guestNights.Desc(), guestName.Asc()), Count: true})
		s.ok(err)
		s.same("listed", len(page.Items), 4)
		b = page.Items[0]
		s.stay(&b, full)
		for i := range page.Items[1:] { // each has its own
			s.stay(&page.Items[i+1], fresh())
		}
		n := 0
		for v, err := range rows.Each(s.ctx, data.Query[guest]{Where: guestRoom.Eq("r1")}) {
			s.ok(err)
			s.stay(&v, full)
			n++
		}
		s.same("found by a column", n, 1)

		was := b
		b, err = rows.Update(s.ctx, b.ID, guestNights.Plus(3), guestRoom.SetNull())
		s.ok(err)
		s.stay(&was, full)
		full.Nights, full.Room = 10, nil
		s.stay(&b, full)
		if !b.UpdatedAt.After(was.UpdatedAt) {
			s.Error("the change did not move updated_at")
		}
		same, changed, err := rows.GetAndUpdate(s.ctx, guestName.Eq("b"), guestNights.Set(10))
		s.ok(err)
		s.same("changed", changed, false)
		s.stay(&same, full)

		many := []guest{{Name: "a"}, {Name: "d"}}
		stays.Put(&many[0], full)
		_, err = rows.UpsertAll(s.ctx, many, "name")
		s.ok(err)
		s.stay(&many[0], full)
		s.stay(&many[1], fresh())
		a, err = rows.GetBy(s.ctx, guestName.Eq("a"))
		s.ok(err)
		s.stay(&a, full)
		gone, err := rows.DeleteReturning(s.ctx, guestName.In("a", "d"))
		s.ok(err)
		s.same("deleted", len(gone), 2)
	}},
	{"a table without the columns leaves them alone", func(s suite) {
		db := s.db()
		for _, sql := range migrate.DDL(db.Dialect(), stays.Schema()) {
			s.exec(db, sql)
		}
		plain := guest{Name: "plain"}
		s.ok(guests.On(db).Add(s.ctx, &plain)) // by the defaults of the database
		v, err := stays.Table().On(db).Get(s.ctx, plain.ID)
		s.ok(err)
		s.stay(&v, fresh())
		_, err = stays.Table().On(db).Update(s.ctx, plain.ID, guestNights.Set(5))
		s.ok(err)
		_, err = guests.On(db).Update(s.ctx, plain.ID, guestName.Set("other"))
		s.ok(err)
		v, err = stays.Table().On(db).Get(s.ctx, plain.ID)
		s.ok(err)
		s.same("nights", stays.Of(&v).Nights, 5)
	}},
	{"their limits hold", func(s suite) {
		db := s.db(stays.Schema())
		rows := stays.Table().On(db)
		for i, bad := range []func(*stay){
			func(v *stay) { v.Level = "middle" },
			func(v *stay) { v.Room = new("more than nine") },
			func(v *stay) { v.Tags = []string{"more than nine"} },
			func(v *stay) { v.Price = decimal.RequireFromString("0.001") },
			func(v *stay) { v.Host = new(data.ID[guest]{1}) },
		} {
			v, values := guest{Name: strconv.Itoa(i)}, fresh()
			bad(&values)
			stays.Put(&v, values)
			err := rows.Add(s.ctx, &v)
			if k := fault.KindOf(err); k != fault.Invalid && k != fault.Conflict {
				s.Errorf("%d: %v", i, err)
			}
		}
		one, other := guest{Name: "one"}, guest{Name: "other"}
		values := fresh()
		values.Room = new("r")
		stays.Put(&one, values)
		stays.Put(&other, values)
		s.ok(rows.Add(s.ctx, &one))
		err := rows.Add(s.ctx, &other)
		s.is(err, fault.Conflict)
		s.same("taken", data.Taken(err, "room"), true)
	}},
	{"nothing is lost of what many add at once", func(s suite) {
		db := s.db(stays.Schema())
		rows := stays.Table().On(db)
		v := guest{Name: "v"}
		s.ok(rows.Add(s.ctx, &v))
		const writers, times = 8, 5
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for range times {
					err := db.Tx(s.ctx, func(tx *data.Tx) error {
						_, err := stays.Table().On(tx).Update(s.ctx, v.ID, guestNights.Plus(1))
						return err
					})
					if err != nil {
						s.Error(err)
					}
				}
			})
		}
		all.Wait()
		v, err := rows.Get(s.ctx, v.ID)
		s.ok(err)
		s.same("nights", stays.Of(&v).Nights, 1+writers*times)
	}},
}
