package data

import (
	"context"

	"github.com/manorgo/manor/fault"
)

// A Creator is a request that becomes a new T.
type Creator[T any] interface{ New() T }

// A Patcher is a request that changes an existing T.
type Patcher[T any] interface{ Changes() []Change[T] }

// A Service is a Repository with rules: what a valid T is, who may see it, who
// may change it, and what else happens when it changes. Every write and its
// consequences share one transaction. DB and Table are required, the functions
// may be nil.
//
// A rule that returns the zero filter is an error: it must say Everything or
// Nothing.
//
// A T with a method Validate() error is asked before it is created and after it
// was changed; an error undoes the change. To customise more, embed the Service
// and declare a method of the same name.
type Service[T any, C Creator[T], U Patcher[T]] struct {
	DB    *DB
	Table *Table[T]

	Fill     func(ctx context.Context, v *T) error         // completes a new row: owner, slug
	Visible  func(ctx context.Context) (Filter[T], error)  // rows the caller may read; nil means all
	Editable func(ctx context.Context) (Filter[T], error)  // rows the caller may change; nil means those it may read
	Created  func(ctx context.Context, tx *Tx, v *T) error // consequences of Create, for every new row once
	Updated  func(ctx context.Context, tx *Tx, v *T) error // consequences of Update, for every row once
	Deleted  func(ctx context.Context, tx *Tx, v *T) error // consequences of Delete, for every row once

	Match []string  // the columns of a unique constraint that Upsert and GetOrCreate match by; nil means the primary key
	Load  []Load[T] // relations that come with what Get and List return; see ToMany.Visible for whose rows
}

// Get returns one visible row. Any other is fault.NotFound.
func (s *Service[T, C, U]) Get(ctx context.Context, key Key[T]) (T, error) {
	if s.Visible == nil {
		return s.Table.On(s.DB).With(s.Load...).Get(ctx, key)
	}
	where, err := scope(ctx, s.Visible, byKey(s.Table, key))
	if err != nil {
		var zero T
		return zero, err
	}
	return s.Table.On(s.DB).With(s.Load...).GetBy(ctx, where)
}

// List returns the visible rows that q picks.
func (s *Service[T, C, U]) List(ctx context.Context, q Query[T]) (page Page[T], err error) {
	if q.Where, err = scope(ctx, s.Visible, q.Where); err != nil {
		return page, err
	}
	return s.Table.On(s.DB).With(s.Load...).List(ctx, q)
}

// Create stores a new row. Bad values are fault.Invalid, a taken unique value
// is fault.Conflict.
func (s *Service[T, C, U]) Create(ctx context.Context, in C) (v T, err error) {
	v = in.New()
	if s.Fill != nil {
		if err := s.Fill(ctx, &v); err != nil {
			return v, err
		}
	}
	if err := validate(&v); err != nil {
		return v, err
	}
	err = s.DB.Tx(ctx, func(tx *Tx) error {
		if err := s.Table.On(tx).Add(ctx, &v); err != nil {
			return err
		}
		return consequence(ctx, tx, s.Created, &v)
	})
	return v, err
}

// Update changes what in says of one editable row; any other is
// fault.NotFound. If a version is given, the row must still be in that state,
// or the error is fault.Stale.
//
// One statement reads and writes. The row is validated as it came out of that
// statement, before the commit.
func (s *Service[T, C, U]) Update(ctx context.Context, key Key[T], in U, version ...Version) (v T, err error) {
	err = s.DB.Tx(ctx, func(tx *Tx) error {
		v, err = s.UpdateIn(ctx, tx, key, in, version...)
		return err
	})
	return v, err
}

// UpdateIn is Update as part of a transaction.
func (s *Service[T, C, U]) UpdateIn(ctx context.Context, tx *Tx, key Key[T], in U, version ...Version) (v T, err error) {
	where, err := scope(ctx, s.editable(), byKey(s.Table, key))
	if err != nil {
		return v, err
	}
	rows := s.Table.On(tx)
	v, err = rows.UpdateOne(ctx, versioned(s.Table, where, given(version)), in.Changes()...)
	if err != nil {
		return v, rows.stale(ctx, err, where, version)
	}
	if err := validate(&v); err != nil {
		return v, err
	}
	return v, consequence(ctx, tx, s.Updated, &v)
}

// Delete removes one editable row; any other is fault.NotFound. A version
// works as with Update.
func (s *Service[T, C, U]) Delete(ctx context.Context, key Key[T], version ...Version) error {
	return s.DB.Tx(ctx, func(tx *Tx) error {
		_, err := s.DeleteIn(ctx, tx, key, version...)
		return err
	})
}

// DeleteIn is Delete as part of a transaction. It returns the row as it was.
func (s *Service[T, C, U]) DeleteIn(ctx context.Context, tx *Tx, key Key[T], version ...Version) (v T, err error) {
	where, err := scope(ctx, s.editable(), byKey(s.Table, key))
	if err != nil {
		return v, err
	}
	rows := s.Table.On(tx)
	v, err = rows.DeleteOne(ctx, versioned(s.Table, where, given(version)))
	if err != nil {
		return v, rows.stale(ctx, err, where, version)
	}
	return v, consequence(ctx, tx, s.Deleted, &v)
}

func (s *Service[T, C, U]) editable() func(context.Context) (Filter[T], error) {
	if s.Editable == nil {
		return s.Visible
	}
	return s.Editable
}

// stale turns the NotFound of a row that exists in another version into Stale.
func (r Repository[T]) stale(ctx context.Context, err error, where Filter[T], version []Version) error {
	if given(version).IsZero() || fault.KindOf(err) != fault.NotFound {
		return err
	}
	exists, xerr := r.Exists(ctx, where)
	if xerr != nil {
		return xerr
	}
	if exists {
		return fault.Errorf(fault.Stale, "%s: it has changed since you read it", r.t.name)
	}
	return err
}

func given(version []Version) Version {
	if len(version) == 0 {
		return 0
	}
	return version[0]
}

func scope[T any](ctx context.Context, rule func(context.Context) (Filter[T], error), where Filter[T]) (Filter[T], error) {
	if rule == nil {
		return where, nil
	}
	allowed, err := rule(ctx)
	if err == nil && allowed.IsZero() {
		// A rule that forgot to decide must not let everything through.
		err = fault.Errorf(fault.Internal, "a row rule returned no filter: say Everything or Nothing")
	}
	return All(where, allowed), err
}

func validate[T any](v *T) error {
	if x, ok := any(v).(interface{ Validate() error }); ok {
		return x.Validate()
	}
	return nil
}

func consequence[T any](ctx context.Context, tx *Tx, fn func(context.Context, *Tx, *T) error, v *T) error {
	if fn == nil {
		return nil
	}
	return fn(ctx, tx, v)
}

// Related reports whether Get and List load relations.
func (s *Service[T, C, U]) Related() bool { return len(s.Load) > 0 }

// Model returns the table whose rows the service serves.
func (s *Service[T, C, U]) Model() *Table[T] { return s.Table }
