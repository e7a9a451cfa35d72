package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// conclude prints everything once more, for a README, and what went wrong.
func (j *judge) conclude(how string) {
	fmt.Fprintf(j.out, "\n%s, %s on %d processors, %s.\n", time.Now().Format("2 January 2006"), runtime.Version(), runtime.NumCPU(), how)
	for _, order := range [][]string{contestants, servers} {
		var some []tabled
		for _, t := range j.measured {
			if slices.Equal(t.order, order) {
				some = append(some, t)
			}
		}
		if len(some) > 0 {
			fmt.Fprintf(j.out, "\n%s", j.markdown(some, order))
		}
	}
	for _, s := range j.sections {
		fmt.Fprintf(j.out, "\n%s", s)
	}
	var beside strings.Builder
	for _, v := range j.verdicts {
		if !v.tabled {
			beside.WriteString(cells(v.what, v.goal, v.got, map[bool]string{true: "", false: "missed"}[v.ok]))
		}
	}
	if beside.Len() > 0 {
		fmt.Fprintf(j.out, "\n%s%s%s", cells("", "goal", "reached", ""), rule(4), beside.String())
	}
	if missed := j.missedVerdicts(); len(missed) > 0 {
		fmt.Fprintf(j.out, "\n%d of %d goals were missed:\n\n", len(missed), len(j.verdicts))
		for _, v := range missed {
			fmt.Fprintf(j.out, "- %s: %s, goal %s\n", v.what, v.got, v.goal)
		}
	}
	if len(j.failures) > 0 {
		fmt.Fprintf(j.out, "\n%d failed:\n\n", len(j.failures))
		for _, text := range j.failures {
			fmt.Fprintf(j.out, "- %s\n", strings.ReplaceAll(text, "\n", " "))
		}
	}
}

// markdown is a table of results, with a column for each who took part.
func (j *judge) markdown(some []tabled, order []string) string {
	order = slices.DeleteFunc(slices.Clone(order), func(name string) bool {
		return !slices.ContainsFunc(some, func(t tabled) bool { return t.samples[name] != nil || t.failed[name] != nil })
	})
	allocations := slices.ContainsFunc(some, func(t tabled) bool { return t.more() != "" })
	head := append([]string{""}, order...)
	head = append(head, "goal", "by the clock")
	if allocations {
		head = append(head, "allocations")
	}
	var b strings.Builder
	b.WriteString(cells(head...) + rule(len(head)))
	for _, t := range some {
		first := t.first(order)
		base := t.samples[first]
		line := []string{t.on + " " + t.work}
		for _, name := range order {
			s := t.samples[name]
			switch r := compare(s, base, j.by); {
			case t.failed[name] != nil:
				line = append(line, "failed")
			case s == nil:
				line = append(line, "")
			case name == first:
				line = append(line, "1 ("+duration(median(s, j.by))+")")
			case name == "manor" && r.high > 0:
				line = append(line, times(r.is)+" ("+r.between()+")")
			default:
				line = append(line, times(r.is))
			}
		}
		goal, clock := "", ""
		if g, ok := goals[t.work]; ok {
			goal = times(g)
		}
		if s := t.samples["manor"]; s != nil && first != "manor" {
			clock = times(compare(s, base, wall).is)
		}
		line = append(line, goal, clock)
		if allocations {
			line = append(line, t.more())
		}
		b.WriteString(cells(line...))
	}
	return b.String()
}

// more is how much oftener Manor allocates for each row, if both were counted.
func (t tabled) more() string {
	own, base := t.samples["manor"], t.samples[t.order[0]]
	if own == nil || base == nil || median(base, allocs) == 0 {
		return ""
	}
	return fmt.Sprintf("%+.1f", (median(own, allocs)-median(base, allocs))/t.rows)
}

// cells is one line of a table in Markdown, and rule the one below its head.
func cells(texts ...string) string { return "| " + strings.Join(texts, " | ") + " |\n" }
func rule(n int) string            { return strings.Repeat("|---", n) + "|\n" }
