package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"
)

// A plan says how long to measure.
type plan struct {
	heats  int           // how often everybody starts anew
	rounds int           // in each heat
	slot   time.Duration // for each contestant in each round
	hurry  bool          // a single run is enough
}

// patience is how long a turn may take before it has failed.
const patience = 5 * time.Minute

// A result is what one kind of work cost each contestant, by name, one sample
// for each turn. Who could not do it is not among the samples.
type result struct {
	work    string
	rows    float64 // that one run reads or writes
	samples map[string][]sample
	failed  map[string]error
}

func newResult(work string, rows float64) result {
	return result{work, rows, make(map[string][]sample), make(map[string]error)}
}

func (r result) add(name string, s sample) { r.samples[name] = append(r.samples[name], s) }

// fail forgets what a contestant has done: figures of half the turns would be
// compared with those of all.
func (r result) fail(name string, err error) {
	r.failed[name] = err
	delete(r.samples, name)
}

// measure has all contestants do all kinds of work, in turns, on a table of n
// rows. Who begins changes from round to round. Only the end of ctx is an error.
//
// How fast a connection to SQLite is depends on what memory it happens to get,
// by more than a layer costs. So all connections are opened several times, each
// time in another order.
func (f field) measure(ctx context.Context, works []string, n int, p plan) (out []result, err error) {
	for _, w := range works {
		out = append(out, newResult(w, rowsOf(w, n)))
	}
	for heat := range p.heats {
		if err := f.heat(ctx, heat, out, p); err != nil {
			return out, err
		}
	}
	return out, nil
}

// heat lets everybody start anew and adds to the results.
func (f field) heat(ctx context.Context, n int, out []result, p plan) error {
	cs := make([]contestant, len(f.entries))
	defer func() {
		for i, c := range cs {
			if c.close == nil {
				continue
			}
			if err := c.close(); err != nil {
				for _, r := range out {
					r.fail(f.entries[i].name, err)
				}
			}
		}
	}()
	for k := range cs {
		i := (k + n) % len(cs)
		var err error
		if cs[i], err = f.entries[i].open(ctx); err != nil {
			for _, r := range out {
				r.fail(f.entries[i].name, err)
			}
		}
	}
	for _, r := range out {
		runs := make([]int, len(cs))
		for round := range p.rounds {
			for k := range cs {
				i := (k + n + round) % len(cs)
				name := f.entries[i].name
				t, can := cs[i].tasks[r.work]
				if !can || r.failed[name] != nil {
					continue
				}
				s, err := f.turn(ctx, t, &runs[i], p)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					r.fail(name, err)
					continue
				}
				s.heat, s.round = n, round
				r.add(name, s)
			}
		}
	}
	return nil
}

// turn is one of one contestant, after finding out how often the work fits in.
func (f field) turn(ctx context.Context, t task, runs *int, p plan) (s sample, err error) {
	if *runs = max(*runs, t.runs); *runs == 0 && !p.hurry {
		if *runs, err = f.warm(ctx, t, p.slot); err != nil {
			return s, err
		}
	}
	*runs = max(*runs, 1)
	return f.slot(ctx, t, *runs)
}

// warm does work for a while and returns how often it fits into a slot.
func (f field) warm(ctx context.Context, t task, slot time.Duration) (int, error) {
	s, err := f.slot(ctx, t, 3)
	if err == nil {
		s, err = f.slot(ctx, t, fit(s, slot/5))
	}
	return fit(s, slot), err
}

// fit is how often work fits into a time of this process, which may wait for a
// database server three times as long.
func fit(s sample, slot time.Duration) int {
	n := float64(slot) / max(s.cpu, s.wall/4, 100)
	return min(max(3, int(n)), 100_000)
}

// slot measures n runs.
func (f field) slot(ctx context.Context, t task, n int) (s sample, err error) {
	// A request's context can be given up, so every layer has to watch it.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(patience, func() { cancel(fmt.Errorf("it took more than %v", patience)) })
	defer late.Stop()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
		if err != nil {
			err = errors.Join(err, context.Cause(ctx))
		}
		if t.writes {
			err = errors.Join(err, f.tidy(context.WithoutCancel(ctx)))
		}
		// What was the input is not to be in the memory that others collect.
		err = errors.Join(err, t.prepare(ctx, 0))
	}()
	warm := n / 10
	if err := t.prepare(ctx, warm+n); err != nil {
		return s, err
	}
	for i := range warm {
		if err := t.run(ctx, i); err != nil {
			return s, err
		}
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, err := processTime()
	if err != nil {
		return s, err
	}
	start := time.Now()
	for i := range n {
		if err := t.run(ctx, warm+i); err != nil {
			return s, err
		}
	}
	wall := time.Since(start)
	used, err := processTime()
	if err != nil {
		return s, err
	}
	runtime.ReadMemStats(&after)
	per := func(x float64) float64 { return x / float64(n) }
	return sample{
		wall: per(float64(wall)), cpu: per(float64(used - cpu)),
		allocs: per(float64(after.Mallocs - before.Mallocs)), bytes: per(float64(after.TotalAlloc - before.TotalAlloc)),
	}, nil
}

// processTime is what this process has used of all processors.
func processTime() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}
