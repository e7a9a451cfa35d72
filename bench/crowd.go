package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// How many write at the same time, how often each does in a turn, and what is
// to be reached: commits in a second beside the same writes one by one, and how
// long all but one of a hundred take at most.
const (
	writers     = 64
	writesEach  = 40
	crowdGoal   = 5
	crowdSlowly = 20 * time.Millisecond
)

// A crowding is what one turn of many writers cost.
type crowding struct {
	rate     float64 // commits in a second
	p50, p99 time.Duration
	cpu      float64 // nanoseconds for a commit
}

// crowd has 64 write one row each again and again, each waiting for its commit.
// On SQLite a library commits one after another, whoever waits: that is what
// the first contestant shows.
func (f field) crowd(ctx context.Context, with []string, rounds int, dir string, j *judge) (err error) {
	var names []string
	var cs []contestant
	defer func() {
		for _, c := range cs {
			err = errors.Join(err, c.close())
		}
	}()
	for _, e := range f.entries {
		if with != nil && !slices.Contains(with, e.name) {
			continue
		}
		c, err := e.open(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		names, cs = append(names, e.name), append(cs, c)
	}
	got := make(map[string][]crowding)
	for round := range rounds + 1 { // the first one warms up
		for k := range cs {
			i := (k + round) % len(cs)
			one, err := f.crowdTurn(ctx, cs[i])
			if err != nil {
				return fmt.Errorf("%s: %w", names[i], err)
			}
			if round > 0 {
				got[names[i]] = append(got[names[i]], one)
			}
		}
	}
	sync, err := syncTime(dir)
	if err != nil {
		return err
	}
	fmt.Printf("%d writers of one row each at the same time, %d turns of %d commits; writing and syncing 4 KiB of a file takes %v\n\n", writers, rounds, writers*writesEach, sync)
	table := newTable(os.Stdout)
	fmt.Fprintln(table, "with\tcommits/s\t÷ first\tmedian\tp99\tcpu\t")
	base := got[names[0]]
	for _, name := range names {
		of := func(figure func(crowding) float64) float64 {
			var all []float64
			for _, c := range got[name] {
				all = append(all, figure(c))
			}
			return middle(all)
		}
		p99 := of(func(c crowding) float64 { return float64(c.p99) })
		faster := rateRatio(got[name], base)
		fmt.Fprintf(table, "%s\t%.0f\t%.2f\t%s\t%s\t%s\t\n", name, of(func(c crowding) float64 { return c.rate }), faster,
			duration(of(func(c crowding) float64 { return float64(c.p50) })), duration(p99), duration(of(func(c crowding) float64 { return c.cpu })))
		if name == "manor" && names[0] == "bare" {
			j.say(faster >= crowdGoal-0.05, "sqlite crowd: %.2f × the commits of one by one, goal %d", faster, crowdGoal)
			j.say(time.Duration(p99) <= crowdSlowly, "sqlite crowd: all but one of a hundred take at most %s, goal %v", duration(p99), crowdSlowly)
		}
	}
	fmt.Fprintln(table)
	return table.Flush()
}

func rateRatio(got, base []crowding) float64 {
	all := make([]float64, len(got))
	for i := range got {
		all[i] = got[i].rate / base[i].rate
	}
	return middle(all)
}

// crowdTurn is one turn of one contestant.
func (f field) crowdTurn(ctx context.Context, c contestant) (out crowding, err error) {
	t := c.tasks["insert"]
	const n = writers * writesEach
	if err := t.prepare(ctx, n); err != nil {
		return out, err
	}
	took, failures := make([]time.Duration, n), make([]error, writers)
	var next atomic.Int64
	var all sync.WaitGroup
	before, err := processTime()
	if err != nil {
		return out, err
	}
	start := time.Now()
	for w := range writers {
		all.Go(func() {
			for range writesEach {
				i := int(next.Add(1)) - 1
				began := time.Now()
				if failures[w] = t.run(ctx, i); failures[w] != nil {
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	wall := time.Since(start)
	after, err := processTime()
	if err := errors.Join(append(failures, err, f.tidy(ctx))...); err != nil {
		return out, err
	}
	slices.Sort(took)
	return crowding{n / wall.Seconds(), took[n/2], took[n*99/100], float64(after-before) / n}, nil
}

// syncTime is how long the disk takes to make 4 KiB durable, which bounds how
// often one can commit by oneself.
func syncTime(dir string) (time.Duration, error) {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	all := make([]float64, 100)
	block := make([]byte, 4096)
	for i := range all {
		start := time.Now()
		if _, err := f.WriteAt(block, int64(i)*4096); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		all[i] = float64(time.Since(start))
	}
	return time.Duration(middle(all)).Round(time.Microsecond), nil
}
