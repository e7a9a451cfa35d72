package drivertest

import (
	"context"
	"fmt"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// An explainer is a driver that asks the database, before each read, how it
// would go about it.
type explainer struct {
	driver.Driver
	plan []string // of the reads so far
}

func (e *explainer) Query(ctx context.Context, call driver.Call) (driver.Rows, error) {
	if err := e.explain(ctx, call); err != nil {
		return nil, err
	}
	return e.Driver.Query(ctx, call)
}

func (e *explainer) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	for _, call := range calls {
		if err := e.explain(ctx, call); err != nil {
			return err
		}
	}
	return e.Driver.Batch(ctx, calls, read)
}

func (e *explainer) explain(ctx context.Context, call driver.Call) error {
	var line string
	var n int
	explain, columns, dest := "EXPLAIN ", []driver.Column{{Name: "plan", Kind: driver.Text}}, []any{&line}
	if e.Dialect().Name == "sqlite" {
		number := driver.Column{Name: "n", Kind: driver.Int}
		explain, columns, dest = "EXPLAIN QUERY PLAN ", []driver.Column{number, number, number, columns[0]}, []any{&n, &n, &n, &line}
	}
	rows, err := e.Driver.Query(ctx, driver.Call{Statement: &driver.Statement{SQL: explain + call.SQL, Columns: columns}, Args: call.Args})
	if err != nil {
		return err
	}
	defer rows.Close()
	plan := call.SQL
	for rows.Next() {
		if err := rows.Scan(dest); err != nil {
			return err
		}
		plan += "\n" + line
	}
	e.plan = append(e.plan, plan)
	return rows.Err()
}

// planTests hold the statements of lists to what an index can answer. Without
// that, deep pages and looks for one row would cost more the larger the table.
var planTests = []test{
	{"indexes are walked", func(s suite) {
		plain := s.db(lamps.Schema())
		e := &explainer{Driver: plain.Driver()}
		db := data.New(e, plain.Now)
		rows := newLamps(20_000)
		for i := range rows {
			rows[i].Owner[0], rows[i].Active = byte(i%200), i%2 == 1
		}
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		s.exec(db, "CREATE INDEX by_rank ON lamps (rank, id)")
		s.exec(db, "CREATE INDEX by_state ON lamps (active, owner_id, rank, id)")
		s.exec(db, "CREATE INDEX by_lower ON lamps ("+fmt.Sprintf(e.Dialect().Fold, "name")+", id)")
		s.exec(db, "ANALYZE")
		two := data.All(lampActive.Eq(false), lampOwner.Eq(data.ID[person]{8}))
		deep := func(orders ...data.Order[lamp]) {
			page, err := lamps.On(plain).List(s.ctx, data.Query[lamp]{Order: orders, Limit: 1, Offset: 10_000, Keyset: true})
			s.ok(err)
			_, err = lamps.On(db).List(s.ctx, data.Query[lamp]{Order: orders, Limit: 50, After: page.Next})
			s.ok(err)
		}
		for _, c := range []struct {
			what, index string
			run         func()
		}{
			{"deep page", "by_rank", func() { deep(lampRank.Asc()) }},
			{"deep page, descending", "by_rank", func() { deep(lampRank.Desc()) }},
			{"deep page by text in lower case", "by_lower", func() { deep(lampName.AscFold()) }},
			{"page with two filters", "by_state", func() { // few enough rows to be sorted, if the planner likes
				_, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Where: two, Order: data.By(lampRank.Desc()), Limit: 50})
				s.ok(err)
			}},
			{"exists on a broad predicate", "lamps", func() {
				_, err := lamps.On(db).Exists(s.ctx, lampRank.Gt(-1), lampName.Ne(""))
				s.ok(err)
			}},
		} {
			e.plan = nil
			c.run()
			for _, plan := range e.plan {
				_, steps, _ := strings.Cut(plan, "\n")
				if !strings.Contains(steps, c.index) || strings.HasPrefix(c.what, "deep") && sorts(steps) {
					s.Errorf("%s does not walk %s:\n%s", c.what, c.index, plan)
				}
			}
			if len(e.plan) != 1 {
				s.Errorf("%s is %d reads", c.what, len(e.plan))
			}
		}
	}},
}

func sorts(plan string) bool {
	return strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "Sort Key")
}
