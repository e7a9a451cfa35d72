package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"
)

// heading is above the lines of results, which come as they are measured and so
// have columns of a fixed width.
func (j *judge) heading() {
	fmt.Fprintf(j.out, "%13s %9s %9s %9s %12s %12s %15s %8s %10s\n", "work", "with", "time", "cpu", "time ÷ first", "cpu ÷ first", "in heats", "allocs", "bytes")
}

// report prints what was measured, and judges it.
func (j *judge) report(results []result, on string, order []string) {
	for _, r := range results {
		for _, name := range order {
			j.line(r, name, order)
		}
		for name, err := range r.failed {
			j.fail(on+" "+r.work+": "+name, err)
		}
		j.judge(r, on, order)
		j.measured = append(j.measured, tabled{r, on, order})
	}
}

// line prints what one kind of work cost one contestant.
func (j *judge) line(r result, name string, order []string) {
	s, base := r.samples[name], r.samples[r.first(order)]
	if s == nil {
		return
	}
	byTime, byCPU := compare(s, base, wall), compare(s, base, cpu)
	if name == r.first(order) {
		byCPU.high = 0 // it is 1 in any case
	}
	fmt.Fprintf(j.out, "%13s %9s %9s %9s %12s %12s %15s %8s %10s\n", r.work, name, duration(median(s, wall)), duration(median(s, cpu)),
		times(byTime.is), times(byCPU.is), byCPU.between(), count(median(s, allocs)), count(median(s, memory)))
}

// first returns with whom the others are compared: the first in the order who
// did the work.
func (r result) first(order []string) string {
	for _, name := range order {
		if r.samples[name] != nil {
			return name
		}
	}
	return ""
}

func duration(ns float64) string {
	d := time.Duration(ns)
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.1f s", ns/1e9)
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", ns/1e6)
	case d >= time.Millisecond:
		return fmt.Sprintf("%.2f ms", ns/1e6)
	case d >= 10*time.Microsecond:
		return fmt.Sprintf("%.1f µs", ns/1e3)
	}
	return fmt.Sprintf("%.0f ns", ns)
}

// times writes a ratio.
func times(x float64) string {
	switch {
	case math.IsNaN(x):
		return "-"
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// between writes how far the heats are apart.
func (r ratio) between() string {
	if r.high == 0 {
		return ""
	}
	return times(r.low) + "–" + times(r.high)
}

// String is the ratio with that.
func (r ratio) String() string {
	if r.high == 0 {
		return times(r.is) + " ×"
	}
	return times(r.is) + " × (" + r.between() + ")"
}

// count leaves out what was not counted, as that of another process.
func count(n float64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", n)
}

func newTable(out io.Writer) *tabwriter.Writer {
	return tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
}

// contestants are those who work through data layers, and servers those over
// HTTP, the one to compare with first. The last server of ours is Manor with its
// line in the log for every request, as the command serve has.
var (
	contestants = []string{"bare", "manor", "gorm", "bun", "ent", peerName}
	servers     = []string{"hand", "manor", "manor+log", peerName}
)

// others are the libraries than which Manor has to be cheaper.
func others() []string { return slices.Clone(contestants[2:]) }
