package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// print writes one kind of work as lines of a table.
func (r result) print(w io.Writer, order []string) {
	base := r.samples[order[0]]
	for _, name := range order {
		s := r.samples[name]
		if s == nil {
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.2f\t%.2f\t%s\t%s\t\n", r.work, name,
			duration(median(s, wall)), duration(median(s, cpu)), ratio(s, base, wall), ratio(s, base, cpu),
			count(median(s, allocs)), count(median(s, memory)))
	}
}

func duration(ns float64) string {
	d := time.Duration(ns)
	switch {
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", ns/1e6)
	case d >= 10*time.Microsecond:
		return fmt.Sprintf("%.1f µs", ns/1e3)
	}
	return fmt.Sprintf("%.0f ns", ns)
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

const heading = "work\twith\ttime\tcpu\ttime ÷ first\tcpu ÷ first\tallocs\tbytes\t"

// goals are the most that Manor may take of what the first in the table takes.
// Work without a goal only has to be cheaper than with other libraries.
var goals = map[string]float64{
	"get": 1.10, "update": 1.10, "insert": 1.10, "delete": 1.10, "list": 1.05, "related": 1.10, "exists": 1.20,
	"bulk": 1.00, "stream": 1.20,
	"me": 1.50, "products": 1.50,
}

// allocsGoal is how much oftener Manor may allocate for each row than the first
// in the table.
const allocsGoal = 2

// A judge says whether goals were reached.
type judge struct {
	out    io.Writer
	by     func(sample) float64
	missed int
}

func (j *judge) say(ok bool, format string, args ...any) {
	word := "PASS"
	if !ok {
		word = "FAIL"
		j.missed++
	}
	fmt.Fprintf(j.out, word+"  "+format+"\n", args...)
}

// judge compares Manor with the first and with other libraries.
func (j *judge) judge(r result, on string, order []string) {
	own := r.samples["manor"]
	if own == nil {
		return
	}
	for i, name := range order {
		s := r.samples[name]
		goal, set := goals[r.work]
		switch {
		case name == "manor" || s == nil:
		case i > 0 && slices.Contains([]string{"gorm", "bun", "ent", peerName}, name):
			got := ratio(s, own, j.by)
			j.say(got > 1, "%s %s: cheaper than %s, which takes %.2f ×", on, r.work, name, got)
		case i == 0 && set:
			got := ratio(own, s, j.by)
			j.say(got <= goal+0.005, "%s %s: %.2f × %s, goal %.2f", on, r.work, got, name, goal)
		}
	}
	if base := r.samples["bare"]; base != nil {
		more := (median(own, allocs) - median(base, allocs)) / rowsOf(r.work)
		j.say(more <= allocsGoal+0.05, "%s %s: %+.2f allocations for each row beside bare, goal %+d", on, r.work, more, allocsGoal)
	}
}

// compare judges Manor's kinds of work beside each other, on PostgreSQL by the
// clock: what the server does is not the same for both.
func (j *judge) compare(results []result, on string) {
	of, by := make(map[string][]sample), j.by
	if on == "postgres" {
		by = wall
	}
	for _, r := range results {
		of[r.work] = r.samples["manor"]
	}
	for _, c := range []struct {
		work, with string
		goal, by   float64
		says       string
	}{
		{"upsert-4000", "upsert-plain", 2, 1, "%.2f × adding as many, goal %.2f"},
		{"upsert-2000", "upsert-1000", 1.25, 2, "%.2f × what a row of 1,000 costs, goal %.2f"},
		{"upsert-4000", "upsert-1000", 1.25, 4, "%.2f × what a row of 1,000 costs, goal %.2f"},
		{"keyset-deep", "keyset-first", 1.3, 1, "%.2f × the first page, goal %.2f"},
	} {
		if of[c.work] == nil || of[c.with] == nil {
			continue
		}
		got := ratio(of[c.work], of[c.with], by) / c.by
		j.say(got <= c.goal+0.005, "%s %s: "+c.says, on, c.work, got, c.goal)
	}
}
