package data

import "strconv"

// Where holds for rows that have a related row which holds to every filter. In
// SQL it is EXISTS, so it multiplies no rows.
func (r ToOne[P, C]) Where(where ...Filter[C]) Filter[P] { return r.x.exists(opSome, where) }

// None holds for rows that have no related row, or none that holds to every
// filter.
func (r ToOne[P, C]) None(where ...Filter[C]) Filter[P] { return r.x.exists(opNone, where) }

// Some holds for rows of whose related rows at least one holds to every filter:
// without filters, for rows that have any. In SQL it is EXISTS, so it
// multiplies no rows.
func (r ToMany[P, C]) Some(where ...Filter[C]) Filter[P] { return r.x.exists(opSome, where) }

// None holds for rows of whose related rows none holds to every filter: without
// filters, for rows that have none.
func (r ToMany[P, C]) None(where ...Filter[C]) Filter[P] { return r.x.exists(opNone, where) }

// Every holds for rows all of whose related rows hold to every filter, and so
// for rows that have none. A filter that compares with a NULL does not hold.
func (r ToMany[P, C]) Every(where ...Filter[C]) Filter[P] { return r.x.exists(opEvery, where) }

func (x *relation[P, C]) exists(o op, where []Filter[C]) Filter[P] {
	n := &node{op: o, link: x.link, kids: []*node{x.only.n, All(where...).n}}
	return Filter[P]{n}
}

// related writes a condition on related rows. Each table in it has a name of
// its own, by which all columns are called: so the columns of one never mean
// those of another, nor of the same table outside.
func (b *builder) related(n *node) error {
	l, outer := n.link, b.alias
	if outer == "" {
		outer = l.table
	}
	inner := b.newAlias()
	if n.op != opSome {
		b.text("NOT ")
	}
	b.text("EXISTS (SELECT 1 FROM ").text(l.related).text(" AS ").text(inner)
	theirs, their := inner, l.their
	if v := l.via; v != nil {
		theirs, their = b.newAlias(), v.own
		b.text(" JOIN ").text(v.table).text(" AS ").text(theirs).text(" ON ")
		b.equal(theirs, v.their, inner, l.their)
	}
	b.text(" WHERE ").equal(theirs, their, outer, l.own)
	before := b.alias
	b.alias = inner
	defer func() { b.alias = before }()
	if only := n.kids[0]; only != nil {
		b.text(" AND ")
		if err := b.condition(only); err != nil {
			return err
		}
	}
	where := n.kids[1]
	if n.op == opEvery && where == nil {
		where = &node{op: opAlways}
	}
	if where != nil {
		b.text(" AND (")
		if err := b.condition(where); err != nil {
			return err
		}
		b.text(")")
		if n.op == opEvery {
			b.text(" IS NOT TRUE")
		}
	}
	b.text(")")
	return nil
}

// newAlias returns a name for a table within the statement. No table is called
// so.
func (b *builder) newAlias() string {
	b.aliases++
	return `"related ` + strconv.Itoa(b.aliases) + `"`
}

func (b *builder) qualified(table string, f *field) *builder {
	return b.text(table).text(`."`).text(f.column.Name).text(`"`)
}

// equal writes that each of fs is equal to that of gs in its place.
func (b *builder) equal(table string, fs []*field, other string, gs []*field) *builder {
	for i, f := range fs {
		if i > 0 {
			b.text(" AND ")
		}
		b.qualified(table, f).text(" = ").qualified(other, gs[i])
	}
	return b
}
