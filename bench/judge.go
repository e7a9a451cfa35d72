package main

import (
	"fmt"
	"io"
	"slices"
)

// goals are the most that Manor may take of what is written by hand. Work
// without a goal only has to be cheaper than with other libraries.
var goals = map[string]float64{
	"get": 1.10, "update": 1.10, "insert": 1.10, "delete": 1.10, "list": 1.05, "related": 1.10, "exists": 1.20,
	"bulk": 1.00, "stream": 1.20,
	"me": 1.50, "products": 1.50,
}

// allocsGoal is how much oftener Manor may allocate for each row than what is
// written by hand.
const allocsGoal = 2

// A judge says whether goals were reached, and keeps what was measured for the
// end.
type judge struct {
	out    io.Writer
	by     func(sample) float64
	silent bool // nothing is judged

	measured []tabled
	sections []string // of Markdown, beside the table of all results
	verdicts []verdict
	failures []string
}

// A tabled result is one line of the table at the end.
type tabled struct {
	result
	on    string
	order []string
}

// A verdict says what was reached of a goal.
type verdict struct {
	ok              bool
	what, got, goal string
	tabled          bool // the table of all results tells as well
}

func (v verdict) String() string {
	word := "PASS"
	if !v.ok {
		word = "FAIL"
	}
	return fmt.Sprintf("%s  %s: %s, goal %s", word, v.what, v.got, v.goal)
}

func (j *judge) say(v verdict) {
	if j.silent {
		return
	}
	fmt.Fprintln(j.out, "             ", v)
	j.verdicts = append(j.verdicts, v)
}

func (j *judge) missed() (n int) {
	for _, v := range j.verdicts {
		if !v.ok {
			n++
		}
	}
	return n
}

// fail notes that something could not be measured.
func (j *judge) fail(what string, err error) {
	j.failures = append(j.failures, fmt.Sprintf("%s: %v", what, err))
	fmt.Fprintf(j.out, "              FAILED  %s: %v\n", what, err)
}

// judge compares Manor with what is written by hand and with other libraries.
func (j *judge) judge(r result, on string, order []string) {
	own, base := r.samples["manor"], r.samples[order[0]]
	if own == nil {
		return
	}
	if goal, set := goals[r.work]; set && base != nil {
		got := compare(own, base, j.by)
		j.say(verdict{got.is <= goal+0.005, on + " " + r.work, told(got, order[0], goal), times(goal), true})
	}
	for _, name := range others() {
		j.cheaper(r, on, name)
	}
	if base != nil && median(base, allocs) > 0 {
		more := (median(own, allocs) - median(base, allocs)) / r.rows
		j.say(verdict{more <= allocsGoal+0.05, on + " " + r.work, fmt.Sprintf("%+.2f allocations for each row", more), fmt.Sprintf("%+d", allocsGoal), true})
	}
}

// cheaper compares another library with Manor.
func (j *judge) cheaper(r result, on, name string) {
	if s, own := r.samples[name], r.samples["manor"]; s != nil && own != nil {
		got := compare(s, own, j.by)
		j.say(verdict{got.is > 1, on + " " + r.work, name + " takes " + told(got, "Manor", 1), "above 1", true})
	}
}

// told is a ratio to something, and whether the goal is within what heats
// differ by.
func told(r ratio, of string, goal float64) string {
	text := times(r.is) + " × " + of
	if r.high > 0 {
		text += " (" + r.between() + ")"
	}
	if r.doubtful(goal) {
		text += ", within the noise"
	}
	return text
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
		{"upsert-4000", "upsert-plain", 2, 1, "adding as many"},
		{"upsert-2000", "upsert-1000", 1.25, 2, "what a row of 1,000 costs"},
		{"upsert-4000", "upsert-1000", 1.25, 4, "what a row of 1,000 costs"},
		{"keyset-deep", "keyset-first", 1.3, 1, "the first page"},
	} {
		if of[c.work] == nil || of[c.with] == nil {
			continue
		}
		got := compare(of[c.work], of[c.with], by).over(c.by)
		j.say(verdict{got.is <= c.goal+0.005, on + " " + c.work, told(got, c.says, c.goal), times(c.goal), false})
	}
}

// missedVerdicts are those whose goals were not reached.
func (j *judge) missedVerdicts() []verdict {
	return slices.DeleteFunc(slices.Clone(j.verdicts), func(v verdict) bool { return v.ok })
}
