package drivertest

import (
	"fmt"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
)

var estimateTests = []test{
	{"small lists are exact", func(s suite) {
		db := s.db(lamps.Schema())
		all := newLamps(45)
		s.ok(lamps.On(db).AddAll(s.ctx, all))
		for _, c := range []struct {
			q    data.Query[lamp]
			rows int
		}{
			{data.Query[lamp]{Limit: 100}, 45},
			{data.Query[lamp]{Limit: -1}, 45},
			{data.Query[lamp]{Limit: 20, Offset: 40}, 5},
			{data.Query[lamp]{Where: lampRank.Lt(45), Limit: 46}, 45},
			{data.Query[lamp]{Where: lampRank.Lt(45), Limit: 46, Keyset: true}, 45},
		} {
			c.q.Count, c.q.Estimate = true, true
			page, err := lamps.On(db).List(s.ctx, c.q)
			s.ok(err)
			if page.Total != 45 || page.Estimated || len(page.Items) != c.rows {
				s.Errorf("limit %d, offset %d: %d rows, total %d, estimated %v", c.q.Limit, c.q.Offset, len(page.Items), page.Total, page.Estimated)
			}
		}
		page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Where: lampRank.Gt(99), Count: true, Estimate: true})
		s.ok(err)
		s.same("total of nothing", page.Total, 0)
		page, err = lamps.On(db).List(s.ctx, data.Query[lamp]{Estimate: true})
		s.ok(err)
		s.same("total that was not asked for", page.Total, 0)
	}},
	{"large lists", func(s suite) {
		db, counter := datatest.Count(s.db(lamps.Schema()))
		const n = data.EstimateAbove * 3 / 2
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(n)))
		s.exec(db, "ANALYZE")
		counter.Reset()
		list := func(q data.Query[lamp]) data.Page[lamp] {
			q.Count, q.Estimate = true, true
			page, err := lamps.On(db).List(s.ctx, q)
			s.ok(err)
			return page
		}
		near := func(what string, p data.Page[lamp], rows int) {
			s.Helper()
			least, most := rows*9/10, rows*11/10
			if db.Dialect() == "sqlite" {
				least, most = min(rows, data.EstimateAbove), min(rows, data.EstimateAbove)
			}
			if p.Total < least || p.Total > most || p.Estimated != (db.Dialect() != "sqlite" || rows > data.EstimateAbove) {
				s.Errorf("%s: total %d, estimated %v, want about %d", what, p.Total, p.Estimated, rows)
			}
		}
		near("all", list(data.Query[lamp]{}), n)
		near("half", list(data.Query[lamp]{Where: lampRank.Lt(n / 2)}), n/2)
		near("after a cursor", list(data.Query[lamp]{Where: lampRank.Lt(n / 2), After: list(data.Query[lamp]{Keyset: true}).Next}), n/2)
		if p := list(data.Query[lamp]{Offset: n - 20}); p.Total < n || len(p.Items) != 20 {
			s.Errorf("the last page, which is full, is of %d", p.Total)
		}
		if p := list(data.Query[lamp]{Offset: n - 7}); p.Total != n || p.Estimated {
			s.Errorf("the last page is of %d, estimated %v", p.Total, p.Estimated)
		}
		if p := list(data.Query[lamp]{Offset: n * 2}); p.Total > n*11/10 || p.Total < data.EstimateAbove || len(p.Items) != 0 || !p.Estimated {
			s.Errorf("past the end the total is %d, estimated %v", p.Total, p.Estimated)
		}
		for _, sql := range counter.Statements() {
			if strings.HasPrefix(sql, `SELECT count(*) FROM "lamps"`) {
				s.Error("all rows were counted: " + fmt.Sprint(sql))
			}
		}
	}},
}
