package data

import (
	"context"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// listEstimated reads a page and guesses how many rows there are.
func (r Repository[T]) listEstimated(ctx context.Context, q Query[T], sel driver.Call, page Page[T]) (Page[T], error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	guess, err := r.estimate(b, q.Where)
	if err != nil {
		return page, err
	}
	err = r.c.Batch(ctx, []driver.Call{sel, guess}, func(i int, rows driver.Rows) (err error) {
		if i == 0 {
			page.Items, err = r.t.collect(rows, q.Limit)
			return err
		}
		page.Total, page.Estimated, err = readEstimate(rows, r.db.dialect)
		return err
	})
	if err != nil {
		return page, classify(err, r.t)
	}
	page.correct(q)
	return page, nil
}

// estimate asks the planner, or counts no further than to EstimateAbove.
func (r Repository[T]) estimate(b *builder, where Filter[T]) (driver.Call, error) {
	if b.d.Explain != "" {
		b.text(b.d.Explain).text("SELECT 1 FROM ").text(r.p.table)
		err := b.where(r.scoped(where))
		return r.call(b, planColumns), err
	}
	b.text("SELECT count(*) FROM (SELECT 1 FROM ").text(r.p.table)
	if err := b.where(r.scoped(where)); err != nil {
		return driver.Call{}, err
	}
	b.text(" LIMIT ")
	b.param(int64(EstimateAbove + 1))
	b.text(")")
	return r.call(b, countColumns), nil
}

var planColumns = []driver.Column{{Name: "plan", Kind: driver.Text}}

func readEstimate(rows driver.Rows, d *driver.Dialect) (n int, estimated bool, err error) {
	if d.Explain != "" {
		n, err = readPlan(rows)
		return n, true, err
	}
	for rows.Next() {
		if err := rows.Scan([]any{&n}); err != nil {
			return 0, false, err
		}
	}
	if n > EstimateAbove {
		n, estimated = EstimateAbove, true
	}
	return n, estimated, rows.Err()
}

func readPlan(rows driver.Rows) (int, error) {
	var text string
	for rows.Next() {
		if err := rows.Scan([]any{&text}); err != nil {
			return 0, err
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	n, err := driver.PlannedRows(text)
	if err != nil {
		return 0, fault.Wrap(fault.Internal, err, "data: the planner's answer cannot be read")
	}
	return n, nil
}

// correct holds a guess to what the page shows. A page that is not full is the
// last one, so it tells the total exactly; one past the end tells the most it
// can be.
func (p *Page[T]) correct(q Query[T]) {
	if !p.Estimated {
		return
	}
	seen := len(p.Items)
	if q.After != "" { // there are rows before the cursor, nobody knows how many
		p.Total = max(p.Total, seen)
		return
	}
	full := q.Limit > 0 && seen >= q.Limit
	switch {
	case full:
		p.Total = max(p.Total, q.Offset+seen)
	case seen > 0 || q.Offset <= 0:
		p.Total, p.Estimated = max(q.Offset, 0)+seen, false
	default:
		p.Total = min(p.Total, q.Offset)
	}
}
