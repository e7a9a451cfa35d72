package data

import (
	"context"

	"github.com/manorgo/manor/fault"
)

// An Edit is one of many updates.
type Edit[T, U any] struct {
	ID      ID[T]
	Changes U
	Version Version // the state that it changes, as with Update; zero means any
}

// CreateAll is Create of each of ins, all or none.
func (s *Service[T, C, U]) CreateAll(ctx context.Context, ins []C) (vs []T, err error) {
	if vs, err = s.fill(ctx, ins); err != nil || len(vs) == 0 {
		return nil, err
	}
	err = s.DB.Tx(ctx, func(tx *Tx) error {
		if err := s.Table.On(tx).AddAll(ctx, vs); err != nil {
			return err
		}
		return each(vs, func(_ int, v *T) error { return consequence(ctx, tx, s.Created, v) })
	})
	if err != nil {
		return nil, err
	}
	return vs, nil
}

// UpdateAll is Update of each of edits, all or none, in their order. It returns
// the rows in that order.
func (s *Service[T, C, U]) UpdateAll(ctx context.Context, edits []Edit[T, U]) (vs []T, err error) {
	vs = make([]T, len(edits))
	err = s.DB.Tx(ctx, func(tx *Tx) error {
		return each(vs, func(i int, v *T) (err error) {
			*v, err = s.UpdateIn(ctx, tx, edits[i].ID, edits[i].Changes, edits[i].Version)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return vs, nil
}

// Upsert creates a row, or changes the one that has the same values in the
// columns of Match, and reports whether it is new. What in does not say takes
// the value that New and Fill give it, also in a row that is there: see
// Repository.Upsert. A row that the caller may not change is fault.Conflict.
//
// The new row is validated before it is written, and the stored one after it.
// Created or Updated is called, whichever happened.
func (s *Service[T, C, U]) Upsert(ctx context.Context, in C) (v T, created bool, err error) {
	vs, news, err := s.UpsertAll(ctx, []C{in})
	if err != nil {
		return v, false, err
	}
	return vs[0], news[0], nil
}

// UpsertAll is Upsert of each of ins, all or none.
func (s *Service[T, C, U]) UpsertAll(ctx context.Context, ins []C) (vs []T, created []bool, err error) {
	if vs, err = s.fill(ctx, ins); err != nil || len(vs) == 0 {
		return nil, nil, err
	}
	where, err := scope(ctx, s.editable(), Everything[T]())
	if err != nil {
		return nil, nil, err
	}
	err = s.DB.Tx(ctx, func(tx *Tx) (err error) {
		if created, err = s.Table.On(tx).Where(where).UpsertAll(ctx, vs, s.Match...); err != nil {
			return err
		}
		return each(vs, func(i int, v *T) error {
			if created[i] {
				return consequence(ctx, tx, s.Created, v)
			}
			if err := validate(v); err != nil {
				return err
			}
			return consequence(ctx, tx, s.Updated, v)
		})
	})
	if err != nil {
		return nil, nil, err
	}
	return vs, created, nil
}

// GetOrCreate returns the visible row that has the same values in the columns of
// Match as the one that in would create, or creates that, and reports whether it
// did. It changes no row. A row that the caller may not see is fault.Conflict.
func (s *Service[T, C, U]) GetOrCreate(ctx context.Context, in C) (v T, created bool, err error) {
	vs, err := s.fill(ctx, []C{in})
	if err != nil {
		return v, false, err
	}
	where, err := scope(ctx, s.Visible, Everything[T]())
	if err != nil {
		return v, false, err
	}
	err = s.DB.Tx(ctx, func(tx *Tx) (err error) {
		if created, err = s.Table.On(tx).Where(where).GetOrAdd(ctx, &vs[0], s.Match...); err != nil || !created {
			return err
		}
		return consequence(ctx, tx, s.Created, &vs[0])
	})
	if err != nil {
		return v, false, err
	}
	return vs[0], created, nil
}

// DeleteAll is Delete of each of the rows with these IDs, all or none, and
// returns them in no particular order. An ID without an editable row is passed
// over.
func (s *Service[T, C, U]) DeleteAll(ctx context.Context, ids ...ID[T]) ([]T, error) {
	n := &node{op: opIn, f: s.Table.idField(), vs: make([]any, len(ids))}
	for i, id := range ids {
		n.vs[i] = [16]byte(id)
	}
	return s.DeleteWhere(ctx, Filter[T]{n})
}

// DeleteWhere is Delete of the editable rows that where picks, all or none, and
// returns them in no particular order. A zero filter is refused.
func (s *Service[T, C, U]) DeleteWhere(ctx context.Context, where Filter[T]) (vs []T, err error) {
	if where.IsZero() {
		return nil, fault.Errorf(fault.Internal, "%s: a delete without a filter", s.Table.name)
	}
	allowed, err := scope(ctx, s.editable(), Everything[T]())
	if err != nil {
		return nil, err
	}
	err = s.DB.Tx(ctx, func(tx *Tx) (err error) {
		if vs, err = s.Table.On(tx).Where(allowed).DeleteReturning(ctx, where); err != nil {
			return err
		}
		return each(vs, func(_ int, v *T) error { return consequence(ctx, tx, s.Deleted, v) })
	})
	if err != nil {
		return nil, err
	}
	return vs, nil
}

// fill returns the rows that ins become, complete and valid.
func (s *Service[T, C, U]) fill(ctx context.Context, ins []C) ([]T, error) {
	vs := make([]T, len(ins))
	err := each(vs, func(i int, v *T) error {
		*v = ins[i].New()
		if s.Fill != nil {
			if err := s.Fill(ctx, v); err != nil {
				return err
			}
		}
		return validate(v)
	})
	return vs, err
}

// each calls fn for every row until it fails.
func each[T any](vs []T, fn func(i int, v *T) error) error {
	for i := range vs {
		if err := fn(i, &vs[i]); err != nil {
			return err
		}
	}
	return nil
}

// PageOf returns the page with every item in the form that callers get. The
// total, the limits and the cursor stay what they are, zero included.
func PageOf[T, Out any](p Page[T], form func(T) Out) Page[Out] {
	out := Page[Out]{
		Items: make([]Out, len(p.Items)), Total: p.Total, Limit: p.Limit, Offset: p.Offset, Next: p.Next, Estimated: p.Estimated,
	}
	for i, v := range p.Items {
		out.Items[i] = form(v)
	}
	return out
}
