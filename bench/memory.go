package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
)

// memoryGoal is how much more memory a stream may need that is ten times as
// long.
const memoryGoal = 8 << 20

// streamMemory streams a tenth of n rows and all of them, and tells how much
// memory the process had at most, beyond what it had before.
func (f field) streamMemory(ctx context.Context, db string, n int, j *judge) {
	table := newTable(j.out)
	fmt.Fprintln(table, "\nstream of\twith\theap\tresident\t")
	var own *[2]int64
	for _, e := range f.entries {
		heaps, residents, err := streamPeaks(ctx, e, n)
		if errors.Is(err, errNoStream) {
			continue
		}
		if err != nil {
			j.fail(db+" memory of a stream: "+e.name, err)
			continue
		}
		for i, rows := range []int{n / 10, n} {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t\n", rows, e.name, mebibytes(heaps[i]), mebibytes(residents[i]))
		}
		if e.name == "manor" {
			own = &heaps
		}
	}
	fmt.Fprintln(table)
	if err := table.Flush(); err != nil {
		j.fail(db+" memory of a stream", err)
	}
	if own != nil {
		grown := own[1] - own[0]
		j.say(verdict{grown <= memoryGoal, fmt.Sprintf("%s stream of %d rows: memory beside a tenth of them", db, n), mebibytes(grown) + " more", mebibytes(memoryGoal), false})
	}
}

var errNoStream = errors.New("cannot stream")

func streamPeaks(ctx context.Context, e entry, n int) (heaps, residents [2]int64, err error) {
	c, err := e.open(ctx)
	if err != nil {
		return heaps, residents, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if c.stream == nil {
		return heaps, residents, errNoStream
	}
	// What the driver keeps by itself is there after the first.
	err = c.stream(ctx, n/10, func() {})
	for i, rows := range []int{n / 10, n} {
		if err == nil {
			heaps[i], residents[i], err = peak(func(each func()) error { return c.stream(ctx, rows, each) })
		}
	}
	return heaps, residents, err
}

// peak runs stream and looks at the memory every thousand rows: the heap, and
// what the system says is resident.
func peak(stream func(each func()) error) (heap, resident int64, err error) {
	debug.FreeOSMemory()
	heap0, resident0, err := memoryNow()
	if err != nil {
		return 0, 0, err
	}
	n := 0
	var unknown error
	err = stream(func() {
		if n++; n%1000 != 0 {
			return
		}
		h, r, err := memoryNow()
		heap, resident = max(heap, h-heap0), max(resident, r-resident0)
		unknown = errors.Join(unknown, err)
	})
	return heap, resident, errors.Join(err, unknown)
}

func memoryNow() (heap, resident int64, err error) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	resident, err = statusOf("VmRSS:")
	return int64(m.HeapInuse), resident, err
}

// statusOf reads a figure of this process in bytes. Where the system has no
// such file it is 0.
func statusOf(name string) (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(text) {
		if fields := bytes.Fields(line); len(fields) > 1 && string(fields[0]) == name {
			n, err := strconv.ParseInt(string(fields[1]), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("there is no %s", name)
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
