package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// A store does the benchmark's work with one library, whose rows are Ts.
type store[T any] interface {
	// get reads one row.
	get(ctx context.Context, id uuid.UUID) (T, error)
	// update changes a row's name and price, moves its time of change, and
	// returns the row as it is then.
	update(ctx context.Context, id uuid.UUID, name string, price decimal.Decimal) (T, error)
	// insert gives the row an identity and times, and stores it.
	insert(ctx context.Context, v *T) error
	// page reads the newest active rows below a price.
	page(ctx context.Context, below decimal.Decimal) ([]T, error)
	// list is page with the number of all such rows.
	list(ctx context.Context, below decimal.Decimal) ([]T, int, error)
	// bulk is insert for many rows: all or none.
	bulk(ctx context.Context, vs []T) error

	from(p product) T
	plain(v *T) product
	close() error
}

// bulkSize is how many rows one bulk insert stores.
const bulkSize = 1000

// A contestant is a store whose row type nobody needs to know any more.
type contestant struct {
	name  string
	tasks map[string]task
	close func() error
	// same does each kind of work once and reports what came out.
	same func(ctx context.Context, id uuid.UUID) (outcome, error)
}

// A task is one kind of work.
type task struct {
	prepare func(n int)                            // makes the input of n runs
	run     func(ctx context.Context, i int) error // does the work with input i
	writes  bool
}

// works are the kinds of work, in the order of the report.
var works = []string{"get", "update", "insert", "list", "page", "bulk"}

func enter[T any](name string, s store[T]) contestant {
	c := contestant{name: name, tasks: make(map[string]task), close: s.close}
	c.same = func(ctx context.Context, id uuid.UUID) (outcome, error) { return outcomeOf(ctx, s, id) }

	r := rand.New(rand.NewPCG(7, 7))
	var ids []uuid.UUID
	pick := func(n int) {
		ids = make([]uuid.UUID, n)
		for i := range ids {
			ids[i] = seededID(r.IntN(size))
		}
	}
	var news [][]T
	grow := func(groups, n int) {
		news = make([][]T, groups)
		for i := range news {
			news[i] = make([]T, n)
			for j := range n {
				news[i][j] = s.from(fresh(r, j))
			}
		}
	}
	nothing := func(int) {}

	c.tasks["get"] = task{pick, func(ctx context.Context, i int) error {
		_, err := s.get(ctx, ids[i])
		return err
	}, false}
	c.tasks["update"] = task{pick, func(ctx context.Context, i int) error {
		_, err := s.update(ctx, ids[i], words[i%len(words)], decimal.New(int64(100+i%90_000), -2))
		return err
	}, true}
	c.tasks["insert"] = task{func(n int) { grow(1, n) }, func(ctx context.Context, i int) error {
		return s.insert(ctx, &news[0][i])
	}, true}
	c.tasks["list"] = task{nothing, func(ctx context.Context, i int) error {
		got, _, err := s.list(ctx, dearest)
		return full(got, err)
	}, false}
	c.tasks["page"] = task{nothing, func(ctx context.Context, i int) error {
		got, err := s.page(ctx, dearest)
		return full(got, err)
	}, false}
	c.tasks["bulk"] = task{func(n int) { grow(n, bulkSize) }, func(ctx context.Context, i int) error {
		return s.bulk(ctx, news[i])
	}, true}
	return c
}

func full[T any](got []T, err error) error {
	if err == nil && len(got) != pageSize {
		return fmt.Errorf("a page of %d rows", len(got))
	}
	return err
}

// An outcome is what each kind of work returned.
type outcome struct {
	got, updated, reread, inserted product
	listed, paged                  []product
	total                          int
	bulk                           []product
}

func outcomeOf[T any](ctx context.Context, s store[T], id uuid.UUID) (o outcome, err error) {
	one := func(v T, failed error) product {
		if err == nil {
			err = failed
		}
		return s.plain(&v)
	}
	all := func(vs []T, failed error) (out []product) {
		for i := range vs {
			out = append(out, s.plain(&vs[i]))
		}
		if err == nil {
			err = failed
		}
		return out
	}
	o.got = one(s.get(ctx, id))
	o.updated = one(s.update(ctx, id, "renamed", decimal.New(12345, -2)))
	o.reread = one(s.get(ctx, id))

	r := rand.New(rand.NewPCG(3, 3))
	added := s.from(fresh(r, 1))
	failed := s.insert(ctx, &added)
	o.inserted = one(added, failed)

	many := []T{s.from(fresh(r, 2)), s.from(fresh(r, 3)), s.from(fresh(r, 4))}
	failed = s.bulk(ctx, many)
	o.bulk = all(many, failed)

	vs, total, failed := s.list(ctx, dearest)
	o.listed, o.total = all(vs, failed), total
	o.paged = all(s.page(ctx, dearest))
	return o, err
}
