package drivertest

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A way is one column to sort by, and how Go would.
type way struct {
	name    string
	asc     data.Order[lamp]
	desc    data.Order[lamp]
	compare func(a, b lamp) int
}

func nullable[V any](get func(lamp) *V, compare func(a, b V) int) func(a, b lamp) int {
	return func(a, b lamp) int {
		x, y := get(a), get(b)
		switch {
		case x == nil && y == nil:
			return 0
		case x == nil:
			return 1 // after every value
		case y == nil:
			return -1
		}
		return compare(*x, *y)
	}
}

var ways = []way{
	{"name", lampName.Asc(), lampName.Desc(), func(a, b lamp) int { return strings.Compare(a.Name, b.Name) }},
	{"rank", lampRank.Asc(), lampRank.Desc(), func(a, b lamp) int { return cmp.Compare(a.Rank, b.Rank) }},
	{"price", lampPrice.Asc(), lampPrice.Desc(), func(a, b lamp) int { return a.Price.Cmp(b.Price) }},
	{"active", lampActive.Asc(), lampActive.Desc(), func(a, b lamp) int {
		return cmp.Compare(fmt.Sprint(a.Active), fmt.Sprint(b.Active)) // false is before true
	}},
	{"owner", lampOwner.Asc(), lampOwner.Desc(), func(a, b lamp) int { return bytes.Compare(a.Owner[:], b.Owner[:]) }},
	{"since", lampSince.Asc(), lampSince.Desc(), func(a, b lamp) int { return a.UpdatedAt.Compare(b.UpdatedAt) }},
	{"note", lampNote.Asc(), lampNote.Desc(), nullable(func(v lamp) *string { return v.Note }, strings.Compare)},
	{"offer", lampOffer.Asc(), lampOffer.Desc(), nullable(func(v lamp) *decimal.Decimal { return v.Offer }, decimal.Decimal.Cmp)},
	{"sold", lampSold.Asc(), lampSold.Desc(), nullable(func(v lamp) *time.Time { return v.Sold }, time.Time.Compare)},
	{"id", lampID.Asc(), lampID.Desc(), func(a, b lamp) int { return bytes.Compare(a.ID[:], b.ID[:]) }},
}

// mixedLamps returns n lamps of which many are equal in every way but the name.
func mixedLamps(n int, r *rand.Rand) []lamp {
	rows := newLamps(n)
	at := time.Date(2026, 1, 1, 0, 0, 0, 1000, time.UTC)
	for i := range rows {
		v := &rows[i]
		v.Rank, v.Active, v.Owner[0] = r.IntN(3), r.IntN(2) == 0, byte(r.IntN(3)*100)
		v.Price = decimal.New(int64(r.IntN(3)-1), -2)
		v.CreatedAt = at
		v.UpdatedAt = at.Add(time.Duration(r.IntN(3)) * time.Microsecond)
		if r.IntN(2) == 0 {
			v.Note = ptr([]string{"", "é", "'\n"}[r.IntN(3)])
		}
		if r.IntN(2) == 0 {
			v.Offer = ptr(decimal.New(int64(r.IntN(3)), 0))
		}
		if r.IntN(2) == 0 {
			v.Sold = ptr(at.Add(time.Duration(r.IntN(2)) * time.Hour))
		}
	}
	return rows
}

var keysetTests = []test{
	{"walks in every order", func(s suite) {
		r := rand.New(rand.NewPCG(1, 2))
		db := s.db(lamps.Schema())
		rows := mixedLamps(60, r)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		for range 120 {
			var orders []data.Order[lamp]
			var compare []func(a, b lamp) int
			var said []string
			last := 1
			for _, i := range r.Perm(len(ways))[:r.IntN(4)] {
				w := ways[i]
				if r.IntN(2) == 0 {
					orders, last = append(orders, w.asc), 1
				} else {
					orders, last = append(orders, w.desc), -1
				}
				sign := last
				said = append(said, fmt.Sprint(w.name, " ", sign))
				compare = append(compare, func(a, b lamp) int { return sign * w.compare(a, b) })
			}
			want := slices.SortedFunc(slices.Values(rows), func(a, b lamp) int {
				for _, c := range compare {
					if x := c(a, b); x != 0 {
						return x
					}
				}
				return last * bytes.Compare(a.ID[:], b.ID[:])
			})
			what := strings.Join(said, ", ")
			var got []lamp
			q := data.Query[lamp]{Order: orders, Limit: 1 + r.IntN(25), Keyset: true}
			for pages := 0; pages == 0 || q.After != ""; pages++ {
				page, err := lamps.On(db).List(s.ctx, q)
				s.ok(err)
				got = append(got, page.Items...)
				if more := len(got) < len(rows); more != (page.Next != "") || pages > 60 || more && len(page.Items) != q.Limit {
					s.Fatalf("by %s: after %d rows the next page is at %x", what, len(got), page.Next)
				}
				q.After = page.Next
			}
			s.same("walked by "+what, names(got), names(want))
			page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Order: orders, Limit: 100})
			s.ok(err)
			s.same("listed by "+what, names(page.Items), names(want))
		}
	}},
	{"rows that come and go", func(s suite) {
		r := rand.New(rand.NewPCG(3, 4))
		db := s.db(lamps.Schema())
		rows := mixedLamps(1000, r)
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		for _, order := range [][]data.Order[lamp]{nil, data.By(lampRank.Desc()), data.By(lampNote.Desc(), lampPrice.Asc()), data.By(lampSold.Asc())} {
			stays := make(map[data.ID[lamp]]bool)
			page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Limit: -1})
			s.ok(err)
			for _, v := range page.Items {
				stays[v.ID] = true
			}
			all := page.Items
			seen := make(map[data.ID[lamp]]int)
			q := data.Query[lamp]{Order: order, Limit: 37, Keyset: true, Count: true}
			for {
				page, err := lamps.On(db).List(s.ctx, q)
				s.ok(err)
				for _, v := range page.Items {
					seen[v.ID]++
				}
				if page.Next == "" {
					break
				}
				q.After = page.Next
				// The last row of the page goes, another one, and two come.
				for _, v := range []lamp{page.Items[len(page.Items)-1], all[r.IntN(len(all))]} {
					if _, err := lamps.On(db).DeleteWhere(s.ctx, lampID.Eq(v.ID)); err != nil {
						s.Fatal(err)
					}
					delete(stays, v.ID)
				}
				fresh := mixedLamps(2, r)
				for i := range fresh {
					fresh[i].Name = fmt.Sprintf("new %d %d", r.Int64(), i)
				}
				s.ok(lamps.On(db).AddAll(s.ctx, fresh))
			}
			for id, n := range seen {
				if n > 1 {
					s.Errorf("%s was listed %d times", id, n)
				}
			}
			for id := range stays {
				if seen[id] == 0 {
					s.Errorf("%s was not listed", id)
				}
			}
		}
	}},
	{"filters and totals", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(10)))
		q := data.Query[lamp]{Where: lampRank.Ge(4), Limit: 3, Keyset: true, Count: true}
		page, err := lamps.On(db).List(s.ctx, q)
		s.ok(err)
		s.same("total", page.Total, 6)
		q.After = page.Next
		page, err = lamps.On(db).List(s.ctx, q)
		s.ok(err)
		s.same("second page", page.Items[0].Rank, 7)
		s.same("limit", page.Limit, 3)
		s.same("total of the second", page.Total, 6)
		s.same("its end", page.Next, data.Cursor(""))
		n := 0
		for _, err := range lamps.On(db).Each(s.ctx, q) {
			s.ok(err)
			n++
		}
		s.same("the rest", n, 3)
		page, err = lamps.On(db).List(s.ctx, data.Query[lamp]{Limit: 3})
		s.ok(err)
		s.same("without being asked", page.Next, data.Cursor(""))
	}},
	{"refuses what is no cursor of it", func(s suite) {
		db := s.db(lamps.Schema(), people.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, mixedLamps(5, rand.New(rand.NewPCG(5, 6)))))
		order := data.By(lampNote.Asc(), lampOffer.Desc(), lampSince.Asc(), lampRank.Asc(), lampActive.Asc())
		page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Limit: 2, Keyset: true, Order: order})
		s.ok(err)
		for _, other := range [][]data.Order[lamp]{nil, order[1:], order[:4], data.By(lampNote.Desc(), lampOffer.Desc())} {
			_, err = lamps.On(db).List(s.ctx, data.Query[lamp]{After: page.Next, Order: other})
			s.is(err, fault.Malformed)
		}
		_, err = people.On(db).List(s.ctx, data.Query[person]{After: page.Next})
		s.is(err, fault.Malformed)
		for i := range page.Next {
			_, err = lamps.On(db).List(s.ctx, data.Query[lamp]{After: page.Next[:i+1] + "\x07", Order: order})
			if err != nil && fault.KindOf(err) != fault.Malformed {
				s.Errorf("a broken cursor is %v", err)
			}
		}
		_, err = lamps.On(db).List(s.ctx, data.Query[lamp]{After: page.Next + "x", Order: order})
		s.is(err, fault.Malformed)
	}},
}
