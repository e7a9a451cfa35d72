package main

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/google/uuid"
)

// inputs are what the tasks of one contestant work with.
type inputs[T any] struct {
	s    store[T]
	size int // of the table
	r    *rand.Rand
	ids  []uuid.UUID
	news [][]T
	tags []tagWork
	runs int // of work on tags so far, so that each stores something new
}

// pick chooses n rows that are there.
func (in *inputs[T]) pick(_ context.Context, n int) error {
	in.ids = make([]uuid.UUID, n)
	for i := range in.ids {
		in.ids[i] = seededID(in.r.IntN(in.size))
	}
	return nil
}

// grow makes groups of n new rows each.
func (in *inputs[T]) grow(groups, n int) error {
	in.news = make([][]T, groups)
	for i := range in.news {
		in.news[i] = make([]T, n)
		for j := range n {
			in.news[i][j] = in.s.from(fresh(in.r, j))
		}
	}
	return nil
}

// add stores n new rows.
func (in *inputs[T]) add(ctx context.Context, n int) error {
	in.ids = make([]uuid.UUID, 0, n)
	if err := in.grow(1, n); err != nil {
		return err
	}
	for some := range slices.Chunk(in.news[0], 1000) {
		if err := in.s.bulk(ctx, some); err != nil {
			return err
		}
		for i := range some {
			in.ids = append(in.ids, in.s.plain(&some[i]).id)
		}
	}
	in.r.Shuffle(n, func(i, j int) { in.ids[i], in.ids[j] = in.ids[j], in.ids[i] })
	return nil
}

// tagTask stores size tags, half of them over others if upsert says so.
func (in *inputs[T]) tagTask(size int, upsert bool) task {
	return task{
		writes: true,
		prepare: func(_ context.Context, n int) error {
			in.tags = make([]tagWork, n)
			for i := range in.tags {
				in.runs++
				in.tags[i] = in.s.tags(tagsOf(in.runs, size, upsert))
			}
			return nil
		},
		run: func(ctx context.Context, i int) error {
			if upsert {
				return in.tags[i].upsert(ctx)
			}
			return in.tags[i].add(ctx)
		},
	}
}

// placeAt returns the row at a depth of the list of n rows, newest first: the
// last one before the page.
func placeAt(n, depth int) product {
	if depth == 0 {
		return product{}
	}
	return seeded(n - depth)
}

// seekTask reads one page.
func (in *inputs[T]) seekTask(depth int) task {
	var page func(context.Context) ([]T, error)
	return task{
		prepare: func(ctx context.Context, _ int) (err error) {
			if page == nil {
				page, err = in.s.seek(ctx, depth, placeAt(in.size, depth))
			}
			return err
		},
		run: func(ctx context.Context, _ int) error {
			got, err := page(ctx)
			return full(got, err)
		},
	}
}
