package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
)

// memoryGoal is how much more memory a stream may need that is ten times as
// long.
const memoryGoal = 8 << 20

// streamMemory streams a tenth of the rows and all of them, and tells how much
// memory the process had at most, beyond what it had before.
func (f field) streamMemory(ctx context.Context, db string, with []string, n int, j *judge) error {
	table := newTable(os.Stdout)
	fmt.Fprintln(table, "stream of\twith\theap\tresident\t")
	for _, e := range f.entries {
		if with != nil && !slices.Contains(with, e.name) {
			continue
		}
		c, err := e.open(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		if c.stream == nil {
			if err := c.close(); err != nil {
				return err
			}
			continue
		}
		var heaps [2]int64
		// What the driver keeps by itself is there after the first.
		err = c.stream(ctx, n/10, func() {})
		for i, rows := range []int{n / 10, n} {
			if err != nil {
				break
			}
			var resident int64
			heaps[i], resident, err = peak(func(each func()) error { return c.stream(ctx, rows, each) })
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t\n", rows, e.name, mebibytes(heaps[i]), mebibytes(resident))
		}
		if err := errors.Join(err, c.close()); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		if e.name == "manor" {
			grown := heaps[1] - heaps[0]
			j.say(grown <= memoryGoal, "%s stream: ten times the rows take %s more memory at most, goal %s", db, mebibytes(grown), mebibytes(memoryGoal))
		}
	}
	fmt.Fprintln(table)
	return table.Flush()
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
	err = errors.Join(stream(func() {
		if n++; n%1000 != 0 {
			return
		}
		h, r, failed := memoryNow()
		heap, resident = max(heap, h-heap0), max(resident, r-resident0)
		err = errors.Join(err, failed)
	}), err)
	return heap, resident, err
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
