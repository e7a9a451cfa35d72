package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

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
	// remove deletes one row.
	remove(ctx context.Context, id uuid.UUID) error
	// exists reports whether there is an active row below a price.
	exists(ctx context.Context, below decimal.Decimal) (bool, error)
	// seek returns what reads the page after row at, the one at a depth of the
	// list of all rows, newest first; at depth 0, the first page.
	seek(ctx context.Context, depth int, at product) (func(context.Context) ([]T, error), error)
	// authors reads a page of authors by name, with their books. What it
	// returns tells which.
	authors(ctx context.Context, offset int) (func() []author, error)
	// tags makes ready to store tags.
	tags(ts []tag) tagWork

	from(p product) T
	plain(v *T) product
	close() error
}

// A streamer reads the first rows by time one by one. ent has no such thing.
type streamer[T any] interface {
	stream(ctx context.Context, limit int, each func(*T)) error
}

// A tagWork stores tags as new rows, or over those that have the same names.
// Either gives them identities and times, and is all or none.
type tagWork struct{ add, upsert func(context.Context) error }

// bulkSize is how many rows one bulk insert stores.
const bulkSize = 10_000

// A contestant is a store whose row type nobody needs to know any more.
type contestant struct {
	name  string
	tasks map[string]task
	close func() error
	// same does each kind of work once and reports what came out.
	same func(ctx context.Context, id uuid.UUID) (outcome, error)
	// stream reads n rows and calls each for every one, or is nil.
	stream func(ctx context.Context, n int, each func()) error
}

// A task is one kind of work.
type task struct {
	prepare func(ctx context.Context, n int) error // makes the input of n runs
	run     func(ctx context.Context, i int) error // does the work with input i
	writes  bool
	runs    int // how often in each turn, if it takes long; 0 means as often as fits
}

// works are the kinds of work on the table of size rows, and deepWorks those on
// the larger one, in the order of the report.
var (
	works = []string{"get", "update", "insert", "delete", "list", "page", "related", "exists", "bulk",
		"upsert-plain", "upsert-1000", "upsert-2000", "upsert-4000"}
	deepWorks = []string{"keyset-first", "keyset-deep", "stream"}
)

// rowsOf is how many rows one run of a kind of work reads or writes in a table
// of n.
func rowsOf(work string, n int) float64 {
	switch work {
	case "list", "page", "keyset-first", "keyset-deep":
		return pageSize
	case "related":
		return authorsShown * (1 + booksEach)
	case "bulk":
		return bulkSize
	case "upsert-plain":
		return 4000
	case "stream":
		return float64(min(streamed, n))
	}
	if of, ok := strings.CutPrefix(work, "upsert-"); ok {
		rows, _ := strconv.Atoi(of) // as they are called above
		return float64(rows)
	}
	return 1
}

// How many rows are streamed, and how deep a deep page is.
const (
	streamed = 1_000_000
	deep     = 1_000_000
)

// enter makes a contestant of a store with n products.
func enter[T any](name string, s store[T], n int) contestant {
	c := contestant{name: name, tasks: make(map[string]task), close: s.close}
	c.same = func(ctx context.Context, id uuid.UUID) (outcome, error) { return outcomeOf(ctx, s, id, n) }
	in := &inputs[T]{s: s, size: n, r: rand.New(rand.NewPCG(7, 7))}
	nothing := func(context.Context, int) error { return nil }

	c.tasks["get"] = task{prepare: in.pick, run: func(ctx context.Context, i int) error {
		_, err := s.get(ctx, in.ids[i])
		return err
	}}
	c.tasks["update"] = task{prepare: in.pick, run: func(ctx context.Context, i int) error {
		_, err := s.update(ctx, in.ids[i], words[i%len(words)], decimal.New(int64(100+i%90_000), -2))
		return err
	}, writes: true}
	c.tasks["insert"] = task{prepare: func(_ context.Context, n int) error { return in.grow(1, n) }, run: func(ctx context.Context, i int) error {
		return s.insert(ctx, &in.news[0][i])
	}, writes: true}
	c.tasks["delete"] = task{prepare: in.add, run: func(ctx context.Context, i int) error {
		return s.remove(ctx, in.ids[i])
	}, writes: true}
	c.tasks["list"] = task{prepare: nothing, run: func(ctx context.Context, _ int) error {
		got, _, err := s.list(ctx, dearest)
		return full(got, err)
	}}
	c.tasks["page"] = task{prepare: nothing, run: func(ctx context.Context, _ int) error {
		got, err := s.page(ctx, dearest)
		return full(got, err)
	}}
	c.tasks["related"] = task{prepare: nothing, run: func(ctx context.Context, i int) error {
		_, err := s.authors(ctx, i*authorsShown%authorCount)
		return err
	}}
	c.tasks["exists"] = task{prepare: nothing, run: func(ctx context.Context, _ int) error {
		found, err := s.exists(ctx, dearest)
		if err == nil && !found {
			return errors.New("found nothing")
		}
		return err
	}}
	c.tasks["bulk"] = task{prepare: func(_ context.Context, n int) error { return in.grow(n, bulkSize) }, run: func(ctx context.Context, i int) error {
		return s.bulk(ctx, in.news[i])
	}, writes: true}
	for _, work := range works {
		if strings.HasPrefix(work, "upsert-") {
			c.tasks[work] = in.tagTask(int(rowsOf(work, n)), work != "upsert-plain")
		}
	}
	c.tasks["keyset-first"] = in.seekTask(0)
	c.tasks["keyset-deep"] = in.seekTask(min(deep, n-pageSize))
	if st, ok := s.(streamer[T]); ok {
		c.stream = func(ctx context.Context, n int, each func()) error {
			return st.stream(ctx, n, func(*T) { each() })
		}
		c.tasks["stream"] = task{prepare: nothing, runs: 1, run: func(ctx context.Context, _ int) error {
			got := 0
			err := st.stream(ctx, min(streamed, n), func(*T) { got++ })
			if err == nil && got != min(streamed, n) {
				return fmt.Errorf("a stream of %d rows", got)
			}
			return err
		}}
	}
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
	got, updated, reread, again, inserted product
	listed, paged                         []product
	total                                 int
	bulk                                  []product
	found, free                           bool // exists, of some and of none
	gone                                  string
	first, deeper                         []product
	authors                               []author
}

func outcomeOf[T any](ctx context.Context, s store[T], id uuid.UUID, size int) (o outcome, err error) {
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
	note := func(failed error) {
		if err == nil {
			err = failed
		}
	}
	for _, depth := range []int{0, size / 2} {
		page, failed := s.seek(ctx, depth, placeAt(size, depth))
		note(failed)
		if failed == nil && depth == 0 {
			o.first = all(page(ctx))
		} else if failed == nil {
			o.deeper = all(page(ctx))
		}
	}
	o.got = one(s.get(ctx, id))
	o.updated = one(s.update(ctx, id, "renamed", decimal.New(12345, -2)))
	o.reread = one(s.get(ctx, id))
	o.again = one(s.update(ctx, id, "renamed", decimal.New(12345, -2)))

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

	o.found, failed = s.exists(ctx, dearest)
	note(failed)
	o.free, failed = s.exists(ctx, decimal.Zero)
	note(failed)
	note(s.remove(ctx, o.inserted.id))
	if _, failed := s.get(ctx, o.inserted.id); failed == nil {
		o.gone = "the row is still there"
	}
	family, failed := s.authors(ctx, 2*authorsShown)
	note(failed)
	if failed == nil {
		o.authors = family()
	}
	return o, err
}
