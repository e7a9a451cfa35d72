package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// How many write at the same time, and what is to be reached: commits in a
// second beside the same writes one by one, and how long all but one of a
// hundred take at most.
const (
	writers     = 64
	crowdGoal   = 5
	crowdSlowly = 20 * time.Millisecond
)

// crowd has 64 write one row each again and again, each waiting for its commit.
// On SQLite a library commits one after another, whoever waits: that is what
// the first contestant shows. Between turns the disk is measured by itself.
func (f field) crowd(ctx context.Context, p plan, each int, dir string, j *judge) error {
	cs := make([]contestant, len(f.entries))
	failed := make([]error, len(cs))
	for i, e := range f.entries {
		cs[i], failed[i] = e.open(ctx)
	}
	got := make([][]crowding, len(cs))
	var syncs []float64
	for round := range p.heats + 1 { // the first one warms up
		some, err := syncTimes(filepath.Join(dir, "sync"))
		if err != nil {
			return err
		}
		syncs = append(syncs, some...)
		for k := range cs {
			i := (k + round) % len(cs)
			if failed[i] != nil {
				continue
			}
			var one crowding
			if one, failed[i] = f.crowdTurn(ctx, cs[i], each); failed[i] == nil && (round > 0 || p.hurry) {
				got[i] = append(got[i], one)
			}
		}
		if ctx.Err() != nil || p.hurry {
			break
		}
	}
	for i, c := range cs {
		if c.close != nil {
			failed[i] = errors.Join(failed[i], c.close())
		}
		if failed[i] != nil {
			j.fail("sqlite crowd: "+f.entries[i].name, failed[i])
			got[i] = nil
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return f.tellCrowd(got, syncs, len(got[0]), each, j)
}

// tellCrowd prints and judges. The disk's own times tell what a commit can take
// at best.
func (f field) tellCrowd(got [][]crowding, syncs []float64, turns, each int, j *judge) error {
	slices.Sort(syncs)
	disk := fmt.Sprintf("The disk by itself, appending and syncing 4 KiB %d times between the turns: median %s, p99 %s, at most %s.",
		len(syncs), duration(quantile(syncs, 0.5)), duration(quantile(syncs, 0.99)), duration(syncs[len(syncs)-1]))
	fmt.Fprintf(j.out, "\n%d writers of one row each at the same time, %d turns of %d commits\n%s\n\n", writers, turns, writers*each, disk)
	table := newTable(j.out)
	fmt.Fprintln(table, "with\tcommits/s\t÷ first\tmedian\tp99\tp99 of turns\tcpu\t")
	text := cells("64 writers, SQLite", "commits/s", "beside the first", "median", "p99", "p99 of turns") + rule(6)
	for i, turns := range got {
		if len(turns) == 0 {
			continue
		}
		of := func(figure func(crowding) float64) float64 { return medianOf(turns, figure) }
		p99 := of(func(c crowding) float64 { return float64(c.p99) })
		best, worst := turns[0].p99, turns[0].p99
		for _, c := range turns {
			best, worst = min(best, c.p99), max(worst, c.p99)
		}
		faster := rateRatio(turns, got[0])
		line := []string{f.entries[i].name, fmt.Sprintf("%.0f", of(func(c crowding) float64 { return c.rate })), times(faster),
			duration(of(func(c crowding) float64 { return float64(c.p50) })), duration(p99), duration(float64(best)) + "–" + duration(float64(worst))}
		for _, cell := range line {
			fmt.Fprint(table, cell, "\t")
		}
		fmt.Fprint(table, duration(of(func(c crowding) float64 { return c.cpu })), "\t\n")
		text += cells(line...)
		if f.entries[i].name != "manor" {
			continue
		}
		if f.entries[0].name == "bare" && len(got[0]) > 0 {
			defer j.say(verdict{faster >= crowdGoal-0.05, "64 writers, SQLite: commits/s", times(faster) + " × of one by one", strconv.Itoa(crowdGoal), false})
		}
		defer j.say(verdict{time.Duration(p99) <= crowdSlowly, "64 writers, SQLite: p99",
			fmt.Sprintf("%s, %.1f × the disk's p99 by itself", duration(p99), p99/quantile(syncs, 0.99)), crowdSlowly.String(), false})
	}
	j.sections = append(j.sections, text+"\n"+disk+"\n")
	fmt.Fprintln(table)
	return table.Flush()
}

// A crowding is what one turn of many writers cost.
type crowding struct {
	rate     float64 // commits in a second
	p50, p99 time.Duration
	cpu      float64 // nanoseconds for a commit
}

func medianOf(turns []crowding, figure func(crowding) float64) float64 {
	var all []float64
	for _, c := range turns {
		all = append(all, figure(c))
	}
	return middle(all)
}

func rateRatio(got, base []crowding) float64 {
	var all []float64
	for i := range min(len(got), len(base)) {
		all = append(all, got[i].rate/base[i].rate)
	}
	return middle(all)
}

// crowdTurn is one turn of one contestant.
func (f field) crowdTurn(ctx context.Context, c contestant, each int) (out crowding, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t := c.tasks["insert"]
	n := writers * each
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
			for range each {
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
	if err := errors.Join(append(failures, err, f.tidy(context.WithoutCancel(ctx)))...); err != nil {
		return out, err
	}
	slices.Sort(took)
	return crowding{float64(n) / wall.Seconds(), took[n/2], took[n*99/100], float64(after-before) / float64(n)}, nil
}

// syncTimes are how long the disk takes to make 4 KiB more of a file durable,
// again and again, which bounds how often one can commit by oneself.
func syncTimes(name string) (all []float64, err error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(name)) }()
	block := make([]byte, 4096)
	for began := time.Now(); len(all) < 200 && time.Since(began) < 2*time.Second; {
		start := time.Now()
		if _, err := f.Write(block); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		all = append(all, float64(time.Since(start)))
	}
	return all, nil
}
