package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// A sample is what one run of a kind of work cost, on average over a slot.
type sample struct {
	wall, cpu     float64 // nanoseconds; cpu is that of this process, user and system
	allocs, bytes float64
}

// A plan says how long to measure.
type plan struct {
	heats  int           // how often everybody starts anew
	rounds int           // in each heat
	slot   time.Duration // for each contestant in each round
}

// A result is what one kind of work cost each contestant, by name, one sample
// for each round.
type result struct {
	work    string
	samples map[string][]sample
}

// measure has all contestants do all kinds of work, in turns. Who begins
// changes from round to round.
//
// How fast a connection to SQLite is depends on what memory it happens to get,
// by more than a layer costs. So all connections are opened several times, each
// time in another order.
func (f field) measure(ctx context.Context, works []string, with []string, p plan) (out []result, order []string, err error) {
	for _, w := range works {
		out = append(out, result{w, make(map[string][]sample)})
	}
	entries := f.entries
	if with != nil {
		entries = slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return !slices.Contains(with, e.name) })
	}
	for _, e := range entries {
		order = append(order, e.name)
	}
	for heat := range p.heats {
		if err := f.heat(ctx, entries, heat, out, p); err != nil {
			return nil, nil, err
		}
	}
	return out, order, nil
}

// heat lets everybody start anew and adds to the results.
func (f field) heat(ctx context.Context, entries []entry, n int, out []result, p plan) (err error) {
	cs := make([]contestant, len(entries))
	defer func() {
		for _, c := range cs {
			if c.close != nil {
				err = errors.Join(err, c.close())
			}
		}
	}()
	for k := range entries {
		i := (k + n) % len(entries)
		if cs[i], err = entries[i].open(ctx); err != nil {
			return fmt.Errorf("%s: %w", entries[i].name, err)
		}
	}
	for _, r := range out {
		runs := make([]int, len(cs))
		for round := range p.rounds {
			for k := range cs {
				i := (k + n + round) % len(cs)
				t, can := cs[i].tasks[r.work]
				if !can {
					continue
				}
				if runs[i] = max(runs[i], t.runs); runs[i] == 0 {
					runs[i], err = f.warm(ctx, t, p.slot)
				}
				var s sample
				if err == nil {
					s, err = f.slot(ctx, t, runs[i])
				}
				if err != nil {
					return fmt.Errorf("%s: %s: %w", cs[i].name, r.work, err)
				}
				r.samples[cs[i].name] = append(r.samples[cs[i].name], s)
			}
		}
	}
	return nil
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
	warm := n / 10
	if err := t.prepare(ctx, warm+n); err != nil {
		return s, err
	}
	// A request's context can be given up, so every layer has to watch it.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
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
	s = sample{
		per(float64(wall)), per(float64(used - cpu)),
		per(float64(after.Mallocs - before.Mallocs)), per(float64(after.TotalAlloc - before.TotalAlloc)),
	}
	if t.writes {
		err = f.tidy(ctx)
	}
	return s, err
}

// processTime is what this process has used of all processors.
func processTime() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// median of one figure of all rounds.
func median(samples []sample, of func(sample) float64) float64 {
	all := make([]float64, len(samples))
	for i, s := range samples {
		all[i] = of(s)
	}
	return middle(all)
}

// ratio compares a figure with another contestant's in the same round, so that
// it does not matter when the machine was busy. It is the mean of the middle
// half of all rounds: unlike the median it does not jump when a figure has two
// usual values.
func ratio(samples, base []sample, of func(sample) float64) float64 {
	if len(samples) != len(base) { // they took no turns
		return median(samples, of) / median(base, of)
	}
	all := make([]float64, len(samples))
	for i := range samples {
		all[i] = of(samples[i]) / of(base[i])
	}
	slices.Sort(all)
	all = all[len(all)/4 : len(all)-len(all)/4]
	sum := 0.0
	for _, x := range all {
		sum += x
	}
	return sum / float64(len(all))
}

func middle(all []float64) float64 {
	slices.Sort(all)
	n := len(all)
	if n%2 == 1 {
		return all[n/2]
	}
	return (all[n/2-1] + all[n/2]) / 2
}

func wall(s sample) float64   { return s.wall }
func cpu(s sample) float64    { return s.cpu }
func allocs(s sample) float64 { return s.allocs }
func memory(s sample) float64 { return s.bytes }
