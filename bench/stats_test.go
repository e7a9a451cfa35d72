package main

import (
	"math"
	"slices"
	"testing"
)

func samplesOf(heats ...[]float64) (out []sample) {
	for heat, some := range heats {
		for round, x := range some {
			out = append(out, sample{heat: heat, round: round, wall: x})
		}
	}
	return out
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestCompare(t *testing.T) {
	base := samplesOf([]float64{1, 1, 10}, []float64{1, 2, 4})
	own := samplesOf([]float64{2, 2, 20}, []float64{4, 8, 16})
	got := compare(own, base, wall)
	if !near(got.low, 2) || !near(got.high, 4) || !near(got.is, math.Sqrt(8)) {
		t.Errorf("the ratio is %+v", got)
	}
	if back := compare(base, own, wall); !near(back.is*got.is, 1) {
		t.Errorf("the ratio is %v, and the other way round %v", got.is, back.is)
	}
	if !got.doubtful(3) || got.doubtful(1.9) || got.doubtful(4.1) {
		t.Errorf("%+v is doubtful about the wrong goals", got)
	}
	// Turns belong together by their numbers, in whatever order they are.
	slices.Reverse(base)
	if again := compare(own, base, wall); again != got {
		t.Errorf("the ratio is %+v, and in another order %+v", got, again)
	}
	// One busy moment is left out.
	own[4].wall *= 1000
	if got := compare(own, base, wall); got.is > 4 {
		t.Errorf("a turn moved the ratio to %v", got.is)
	}
	late := []sample{{heat: alone, wall: 6}, {heat: alone, wall: 9}, {heat: alone, wall: 1}}
	if got := compare(late, base, wall); !near(got.is, 6/1.5) || got.high != 0 {
		t.Errorf("beside one who takes no turns the ratio is %+v", got)
	}
	if got := compare(nil, base, wall); !math.IsNaN(got.is) {
		t.Errorf("beside nobody the ratio is %v", got.is)
	}
}

func TestMiddleHalf(t *testing.T) {
	for _, c := range []struct {
		all  []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{1, 3}, 2}, {[]float64{100, 1, 2}, 2}, {[]float64{100, 1, 3, 2}, 2.5}, {[]float64{5, 1, 2, 3, 100, 4, 0, 3}, 3}} {
		if got := middleHalf(c.all); got != c.want {
			t.Errorf("the middle half of %v is %v, want %v", c.all, got, c.want)
		}
	}
}

func TestFamilies(t *testing.T) {
	got := families([]string{"get", "upsert-plain", "upsert-1000", "keyset-first", "keyset-deep", "stream"})
	want := [][]string{{"get"}, {"upsert-plain", "upsert-1000"}, {"keyset-first", "keyset-deep"}, {"stream"}}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("families are %q", got)
	}
}
