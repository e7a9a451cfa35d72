package transfer

import "slices"

// A group is tables that refer to one another in a circle, or one that does
// not; or one that refers to itself.
type group struct {
	tables []*table
	circle bool
}

// inOrder returns the tables in groups, those referred to first. It is Tarjan's
// algorithm for strongly connected components.
func inOrder(tables []*table) []group {
	var out []group
	var stack []*table
	number, low := map[*table]int{}, map[*table]int{}
	open := map[*table]bool{}
	var visit func(t *table)
	visit = func(t *table) {
		number[t] = len(number) + 1
		low[t] = number[t]
		stack, open[t] = append(stack, t), true
		self := false
		for _, r := range t.refs {
			to := find(tables, r.to)
			switch {
			case to == nil:
			case to == t:
				self = true
			case number[to] == 0:
				visit(to)
				low[t] = min(low[t], low[to])
			case open[to]:
				low[t] = min(low[t], number[to])
			}
		}
		if low[t] != number[t] {
			return
		}
		i := slices.Index(stack, t)
		g := group{tables: slices.Clone(stack[i:]), circle: self || len(stack)-i > 1}
		for _, m := range g.tables {
			open[m] = false
		}
		stack = stack[:i]
		out = append(out, g)
	}
	for _, t := range tables {
		if number[t] == 0 {
			visit(t)
		}
	}
	return out
}
