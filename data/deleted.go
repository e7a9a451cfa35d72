package data

import "context"

// DeleteRows removes all rows that where picks and returns them as they were,
// in any order, by one statement. A zero filter is refused: say Everything. It
// is for what belongs to the rows and has to go with them.
func (r Repository[T]) DeleteRows(ctx context.Context, where Filter[T]) (deleted []T, err error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	if err := r.delete(b, where); err != nil {
		return nil, err
	}
	b.text(" RETURNING ").text(r.p.list)
	rows, err := r.c.Query(ctx, r.call(b, r.p.columns))
	if err != nil {
		return nil, classify(err, r.t)
	}
	defer rows.Close()
	dest := make([]any, len(r.t.fields))
	for rows.Next() {
		var v T
		deleted = append(deleted, v)
		if err := rows.Scan(r.t.dest(dest, &deleted[len(deleted)-1])); err != nil {
			return nil, classify(err, r.t)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, classify(err, r.t)
	}
	return deleted, classify(rows.Close(), r.t) // a write may fail at its very end
}
