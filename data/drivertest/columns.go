package drivertest

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A money is cents, and knows itself how it is stored.
type money struct{ cents int64 }

// Scan reads the stored number.
func (m *money) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("money is not a %T", src)
	}
	m.cents = n
	return nil
}

// Value returns the stored number.
func (m money) Value() (driver.Value, error) { return m.cents, nil }

// A stage is a number in Go and a word in the database.
type stage int

var stages = []string{"new", "paid", "sent"}

// Scan reads the stored word.
func (g *stage) Scan(src any) error {
	for i, s := range stages {
		if s == src {
			*g = stage(i)
			return nil
		}
	}
	return fmt.Errorf("%v is no stage", src)
}

// Value returns the stored word.
func (g stage) Value() (driver.Value, error) {
	if g < 0 || int(g) >= len(stages) {
		return nil, fmt.Errorf("there is no stage %d", g)
	}
	return stages[g], nil
}

// A wrapped is one value of any stored kind, or NULL.
type wrapped[V any] struct {
	v  V
	ok bool
}

// Scan takes what package database/sql would give.
func (w *wrapped[V]) Scan(src any) error {
	w.v, w.ok = src.(V)
	if !w.ok && src != nil {
		return fmt.Errorf("got a %T", src)
	}
	return nil
}

// Value returns the value.
func (w wrapped[V]) Value() (driver.Value, error) {
	if !w.ok {
		return nil, nil
	}
	return w.v, nil
}

type tag string

// An item has columns of types that say themselves how they are stored, and of
// lists.
type item struct {
	data.Audited[item]
	Price  money       `json:"price" db:"price,type=int,sort,filter"`
	Offer  *money      `json:"offer" db:"offer,type=int,sort"`
	Stage  stage       `json:"stage" db:"stage,type=text,size=4,filter"`
	Host   netip.Addr  `json:"host" db:"host,size=45,sort,filter,unique"`
	Before *netip.Addr `json:"before" db:"before"`
	Plain  *celsius    `json:"plain" db:"plain"`

	Text    wrapped[string]    `db:"w_text,type=text,null"`
	Float   wrapped[float64]   `db:"w_float,type=float,null"`
	Bool    wrapped[bool]      `db:"w_bool,type=bool,null"`
	Time    wrapped[time.Time] `db:"w_time,type=time,null"`
	Bytes   wrapped[[]byte]    `db:"w_bytes,type=bytes,null"`
	JSON    wrapped[[]byte]    `db:"w_json,type=json,null"`
	Decimal wrapped[string]    `db:"w_decimal,type=decimal,numeric=10.2,null"`

	Tags  []string        `json:"tags" db:"tags,size=5"`
	Value *[]tag          `json:"value" db:"value"`
	Map   map[string]int  `json:"map" db:"map,json"`
	Null  *map[string]int `json:"null" db:"nothing,json"`
}

var (
	items      = data.NewTable[item]("items")
	itemPrice  = data.Col[money](items, "price")
	itemOffer  = data.Col[money](items, "offer")
	itemStage  = data.Col[stage](items, "stage")
	itemHost   = data.Col[netip.Addr](items, "host")
	itemBefore = data.Col[netip.Addr](items, "before")
	itemTags   = data.ListCol[string](items, "tags")
	itemValue  = data.ListCol[tag](items, "value")
)

func newItems(n int) []item {
	out := make([]item, n)
	for i := range out {
		out[i] = item{Price: money{int64(i) * 100}, Stage: stage(i % 3), Host: netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})}
		if i%2 == 1 {
			before := netip.MustParseAddr("::1")
			out[i].Offer, out[i].Before, out[i].Plain = &money{int64(i)}, &before, &celsius{i}
			out[i].Text, out[i].Float, out[i].Bool = wrapped[string]{"", true}, wrapped[float64]{2, true}, wrapped[bool]{false, true}
			out[i].Time = wrapped[time.Time]{time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), true}
			out[i].Bytes, out[i].JSON = wrapped[[]byte]{[]byte{0, 255}, true}, wrapped[[]byte]{[]byte(`[1]`), true}
			out[i].Decimal = wrapped[string]{"1.5", true}
		}
	}
	return out
}

var ownTests = []test{
	{"round trip", func(s suite) {
		db := s.db(items.Schema())
		want := newItems(4)
		s.ok(items.On(db).AddAll(s.ctx, want[:2]))
		s.ok(items.On(db).Add(s.ctx, &want[2]))
		_, err := items.On(db).Upsert(s.ctx, &want[3], "host")
		s.ok(err)
		for _, w := range want {
			got, err := items.On(db).Get(s.ctx, w.ID)
			s.ok(err)
			got.Decimal.v, w.Decimal.v = strings.TrimSuffix(got.Decimal.v, "0"), strings.TrimSuffix(w.Decimal.v, "0")
			if g, w := fmt.Sprintf("%+v", plainItem(got)), fmt.Sprintf("%+v", plainItem(w)); g != w {
				s.Errorf("got\n%s, want\n%s", g, w)
			}
		}
	}},
	{"in filters and changes", func(s suite) {
		db := s.db(items.Schema())
		all := newItems(4)
		s.ok(items.On(db).AddAll(s.ctx, all))
		for name, c := range map[string]struct {
			f    data.Filter[item]
			want int
		}{
			"eq": {itemPrice.Eq(money{200}), 1}, "gt": {itemPrice.Gt(money{100}), 2}, "in": {itemStage.In(0, 1), 3}, "not in": {itemStage.NotIn(0), 2},
			"null": {itemOffer.IsNull(), 2}, "of pointer": {itemOffer.Eq(money{3}), 1}, "text": {itemHost.Eq(all[2].Host), 1},
			"text of pointer": {itemBefore.In(netip.MustParseAddr("::1"), all[0].Host), 2}, "range": {itemHost.Ge(all[1].Host), 3},
		} {
			n, err := items.On(db).Count(s.ctx, c.f)
			s.ok(err)
			s.same(name, n, c.want)
		}
		got, err := items.On(db).Update(s.ctx, all[0].ID, itemPrice.Set(money{7}), itemOffer.Set(money{8}), itemBefore.Set(all[3].Host), itemStage.Set(2))
		s.ok(err)
		s.same("changed", fmt.Sprint(got.Price, *got.Offer, *got.Before, got.Stage), fmt.Sprint(money{7}, money{8}, all[3].Host, stage(2)))
		got, err = items.On(db).Update(s.ctx, all[0].ID, itemOffer.SetNull(), itemBefore.SetNull())
		s.ok(err)
		if got.Offer != nil || got.Before != nil {
			s.Errorf("not NULL: %v %v", got.Offer, got.Before)
		}
		all[1].Price, all[2].Price = money{11}, money{12}
		rows, err := items.On(db).UpdateAll(s.ctx, all[1:3], "price")
		s.ok(err)
		s.same("many", fmt.Sprint(rows[0].Price, rows[1].Price), "{11} {12}")
		lo, hi, ok, err := data.Range(s.ctx, items.On(db), itemPrice)
		s.ok(err)
		s.same("range", fmt.Sprint(lo, hi, ok), "{7} {300} true")
	}},
	{"what does not fit", func(s suite) {
		db := s.db(items.Schema())
		_, err := items.On(db).Exists(s.ctx, itemStage.Eq(9))
		s.is(err, fault.Invalid)
		err = items.On(db).Add(s.ctx, &item{Stage: -1})
		s.is(err, fault.Invalid)
		s.mentions(err, "stage")
		s.is(items.On(db).Add(s.ctx, &item{Decimal: wrapped[string]{"x", true}}), fault.Internal)
		s.is(items.On(db).Add(s.ctx, &item{Decimal: wrapped[string]{"1.234", true}}), fault.Invalid)
		s.is(items.On(db).Add(s.ctx, &item{JSON: wrapped[[]byte]{[]byte("{"), true}}), fault.Invalid)
		count(s, db, items, 0)
	}},
	{"upsert and cursors", func(s suite) {
		db := s.db(items.Schema())
		all := newItems(5)
		created, err := items.On(db).UpsertAll(s.ctx, all, "host")
		s.ok(err)
		s.same("created", created, []bool{true, true, true, true, true})
		again := newItems(6)[3:]
		created, err = items.On(db).UpsertAll(s.ctx, again, "host")
		s.ok(err)
		s.same("created again", created, []bool{false, false, true})
		for _, order := range [][]data.Order[item]{data.By(itemHost.Desc()), data.By(itemPrice.Desc()), data.By(itemOffer.Asc(), itemPrice.Asc())} {
			q := data.Query[item]{Order: order, Limit: -1}
			want, err := items.On(db).List(s.ctx, q)
			s.ok(err)
			q.Limit, q.Keyset = 2, true
			var got []data.ID[item]
			for {
				page, err := items.On(db).List(s.ctx, q)
				s.ok(err)
				for _, v := range page.Items {
					got = append(got, v.ID)
				}
				if q.After = page.Next; q.After == "" {
					break
				}
			}
			var ids []data.ID[item]
			for _, v := range want.Items {
				ids = append(ids, v.ID)
			}
			s.same("pages", got, ids)
		}
	}},
	{"from text", func(s suite) {
		db := s.db(items.Schema())
		s.ok(items.On(db).AddAll(s.ctx, newItems(4)))
		for column, text := range map[string]string{"host": "10.0.0.2", "price": "200", "stage": "sent"} {
			f, err := items.Matching(column, data.OneOf, text)
			s.ok(err)
			n, err := items.On(db).Count(s.ctx, f)
			s.ok(err)
			s.same(column, n, 1)
		}
	}},
}

// plainItem is v without what tells nothing.
func plainItem(v item) any {
	text := func(x any) string { b, _ := json.Marshal(x); return string(b) }
	offer, plain := "", ""
	if v.Offer != nil {
		offer = strconv.Itoa(int(v.Offer.cents))
	}
	if v.Plain != nil {
		plain = strconv.Itoa(v.Plain.Degrees)
	}
	return []any{v.ID, v.Price, offer, v.Stage, v.Host, text(v.Before), plain, v.Text, v.Float, v.Bool, v.Time, v.Bytes, v.JSON, v.Decimal, v.Tags, text(v.Value)}
}

var textListTests = []test{
	{"round trip", func(s suite) {
		db := s.db(items.Schema())
		all := newItems(4)
		all[1].Tags, all[1].Value = []string{}, &[]tag{}
		all[2].Tags, all[2].Value = []string{"a", "", "ß<'\""}, &[]tag{"x", "x"}
		var none []tag
		all[3].Value = &none
		s.ok(items.On(db).AddAll(s.ctx, all))
		for i, tags := range []string{`[]`, `[]`, `["a","","ß<'\""]`, `[]`} {
			got, err := items.On(db).Get(s.ctx, all[i].ID)
			s.ok(err)
			for name, v := range map[string]any{"written": all[i].Tags, "read": got.Tags} {
				var b strings.Builder
				e := json.NewEncoder(&b)
				e.SetEscapeHTML(false)
				s.ok(e.Encode(v))
				s.same(name, strings.TrimSpace(b.String()), tags) // nil would be null
			}
		}
		got, err := items.On(db).Get(s.ctx, all[0].ID)
		s.ok(err)
		if got.Value != nil {
			s.Errorf("NULL became %v", got.Value)
		}
		got, err = items.On(db).Get(s.ctx, all[3].ID)
		s.ok(err)
		if got.Value == nil || len(*got.Value) != 0 {
			s.Errorf("an empty list became %v", got.Value)
		}
		got, err = items.On(db).Update(s.ctx, all[3].ID, itemTags.Set(nil), itemValue.Set([]tag{"z"}))
		s.ok(err)
		s.same("changed", fmt.Sprint(got.Tags == nil, len(got.Tags), *got.Value), "false 0 [z]")
	}},
	{"members", func(s suite) {
		db := s.db(items.Schema())
		all := newItems(4)
		all[1].Tags, all[1].Value = []string{"a", "b"}, &[]tag{"1"}
		all[2].Tags, all[2].Value = []string{"b", "c'\"?"}, &[]tag{}
		all[3].Tags, all[3].Value = []string{"ab", "A"}, &[]tag{"a", "$.x"}
		s.ok(items.On(db).AddAll(s.ctx, all))
		for name, c := range map[string]struct {
			f    data.Filter[item]
			want string
		}{
			"has": {itemTags.Has("a"), "1"}, "several": {itemTags.Has("b"), "12"}, "none": {itemTags.Has("x"), ""}, "hostile": {itemTags.Has("c'\"?"), "2"},
			"any": {itemTags.HasAny("a", "A"), "13"}, "any of none": {itemTags.HasAny(), ""}, "all": {itemTags.HasAll("a", "b"), "1"},
			"all of none": {itemTags.HasAll(), "0123"}, "nullable": {itemValue.Has("1"), "1"}, "not": {data.Not(itemTags.Has("b")), "03"},
			"NULL neither has nor lacks": {data.Not(itemValue.Has("1")), "23"}, "a number is no text": {itemValue.Has("$.x"), "3"},
			"together": {data.All(itemTags.Has("b"), itemPrice.Gt(money{100}), itemTags.Has("c'\"?")), "2"},
		} {
			page, err := items.On(db).List(s.ctx, data.Query[item]{Where: c.f, Order: data.By(itemPrice.Asc())})
			s.ok(err)
			got := ""
			for _, v := range page.Items {
				got += strconv.Itoa(int(v.Price.cents / 100))
			}
			s.same(name, got, c.want)
		}
	}},
	{"what does not fit", func(s suite) {
		db := s.db(items.Schema())
		for _, bad := range []string{"123456", "a\x00", "\xff"} {
			err := items.On(db).Add(s.ctx, &item{Tags: []string{"ok", bad}})
			s.is(err, fault.Invalid)
			s.mentions(err, "tags[1]")
		}
		s.ok(items.On(db).Add(s.ctx, &item{Tags: []string{"ßßßßß"}}))
	}},
	{"JSON null is not NULL", func(s suite) {
		db := s.db(items.Schema())
		v := newItems(1)[0]
		var none map[string]int
		v.Null = &none // a value, which is JSON's null
		s.ok(items.On(db).Add(s.ctx, &v))
		w := newItems(2)[1] // and Null is nil: NULL
		s.ok(items.On(db).Add(s.ctx, &w))
		n, err := items.On(db).Count(s.ctx, data.Col[map[string]int](items, "nothing").IsNull())
		s.ok(err)
		s.same("NULL", n, 1)
		got, err := items.On(db).Get(s.ctx, w.ID)
		s.ok(err)
		if got.Null != nil {
			s.Error("NULL is not nil")
		}
	}},
}
