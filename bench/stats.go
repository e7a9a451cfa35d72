package main

import (
	"math"
	"slices"
)

// A sample is what one run of a kind of work cost, on average over a turn.
type sample struct {
	heat, round   int     // of the turn; heat is alone for those who take none
	wall, cpu     float64 // nanoseconds; cpu is that of this process, user and system
	allocs, bytes float64
}

// alone is the heat of somebody who works when the others are done.
const alone = -1

func wall(s sample) float64   { return s.wall }
func cpu(s sample) float64    { return s.cpu }
func allocs(s sample) float64 { return s.allocs }
func memory(s sample) float64 { return s.bytes }

// median of one figure of all turns.
func median(samples []sample, of func(sample) float64) float64 {
	all := make([]float64, len(samples))
	for i, s := range samples {
		all[i] = of(s)
	}
	return middle(all)
}

// middle returns the median, and sorts.
func middle(all []float64) float64 {
	slices.Sort(all)
	n := len(all)
	switch {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return all[n/2]
	}
	return (all[n/2-1] + all[n/2]) / 2
}

// quantile returns what a part of the values, which are sorted, is not above.
func quantile(sorted []float64, part float64) float64 {
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}

// A ratio is how one figure stands to another.
type ratio struct {
	is        float64
	low, high float64 // the heats lie between these; 0 if there were fewer than two
}

// compare relates a figure to another contestant's in the same turns, so that it
// does not matter when the machine was busy. Ratios are averaged by their
// logarithms, for which it is all the same who is divided by whom, and only the
// middle half of the turns counts: unlike the median that does not jump when a
// figure has two usual values.
//
// Turns of one heat resemble each other, as they share connections. How sure
// the ratio is therefore shows in how far whole heats are apart.
func compare(samples, base []sample, of func(sample) float64) ratio {
	type turn struct{ heat, round int }
	at := make(map[turn]sample, len(base))
	for _, s := range base {
		at[turn{s.heat, s.round}] = s
	}
	var all []float64
	byHeat := make(map[int][]float64)
	for _, s := range samples {
		other, ok := at[turn{s.heat, s.round}]
		if !ok || s.heat == alone {
			return ratio{is: median(samples, of) / median(base, of)}
		}
		one := math.Log(of(s) / of(other))
		all = append(all, one)
		byHeat[s.heat] = append(byHeat[s.heat], one)
	}
	out := ratio{is: math.Exp(middleHalf(all))}
	if len(byHeat) < 2 {
		return out
	}
	out.low = math.Inf(1)
	for _, some := range byHeat {
		r := math.Exp(middleHalf(some))
		out.low, out.high = min(out.low, r), max(out.high, r)
	}
	return out
}

// over divides by a number of rows.
func (r ratio) over(n float64) ratio { return ratio{r.is / n, r.low / n, r.high / n} }

// doubtful reports whether some heats are on either side of a goal.
func (r ratio) doubtful(goal float64) bool { return r.high > 0 && r.low <= goal && r.high > goal }

// middleHalf returns the mean of the values without a quarter on either side,
// and the median of up to three. It sorts.
func middleHalf(all []float64) float64 {
	if len(all) < 4 {
		return middle(all)
	}
	slices.Sort(all)
	all = all[len(all)/4 : len(all)-len(all)/4]
	sum := 0.0
	for _, x := range all {
		sum += x
	}
	return sum / float64(len(all))
}
