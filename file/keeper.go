package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	datadriver "github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A Keeper keeps the files that the rows of a table refer to. It knows the
// fields of T that are a File, a *File or a List, and it alone puts files into a
// store, so that the sweeper knows every column that may refer to one. Make one
// with Keep. It is safe for concurrent use.
type Keeper[T any] struct {
	store  *Store
	table  *data.Table[T]
	limits Limits
	fields [][]int // of T
}

// A column is where rows of a table refer to files.
type column struct {
	table, name string
	list        bool
}

// Keep returns the keeper of a table, and tells the store's sweeper of its
// columns. Limits hold for all uploads that do not say otherwise. Keep is for
// the start of a program: it panics if T refers to no files in columns of JSON,
// or if there is no bucket.
func Keep[T any](s *Store, table *data.Table[T], limits Limits) *Keeper[T] {
	k := &Keeper[T]{store: s, table: table, limits: limits}
	if s.c.Bucket == nil {
		panic(fmt.Sprintf("file: %s has files, and the store has no bucket", table.Name()))
	}
	var found []column
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		name, options, _ := strings.Cut(f.Tag.Get("db"), ",")
		list := f.Type == reflect.TypeFor[List]()
		if f.Anonymous || !list && f.Type != reflect.TypeFor[File]() && f.Type != reflect.TypeFor[*File]() {
			continue
		}
		if name == "" || name == "-" || !slices.Contains(strings.Split(options, ","), "json") {
			panic(fmt.Sprintf("file: %s: field %s needs a column of JSON: `db:\"name,json\"`", table.Name(), f.Name))
		}
		k.fields = append(k.fields, f.Index)
		found = append(found, column{table.Name(), name, list})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(found) == 0 {
		panic(fmt.Sprintf("file: %s has no fields for files", table.Name()))
	}
	for _, c := range found {
		if !slices.Contains(s.columns, c) {
			s.columns = append(s.columns, c)
		}
	}
	return k
}

// Save stores the content of r and calls fn with the File that it has become,
// for fn to store it in a row of the table. Save returns fn's error, which must
// mean that the row is not stored: the content is removed then, at once if it is
// certain that nothing was committed, else by the sweeper.
//
// Call it outside of transactions: it takes as long as the upload, and the
// transaction of fn begins when the content is there. Do not use the File but in fn, and not after the grace of the sweeper. Content
// that breaks the limits is fault.Invalid, and stops an upload as soon as it
// does. What ends before its time is the error of r.
func (k *Keeper[T]) Save(ctx context.Context, r io.Reader, o Put, fn func(File) error) error {
	f, err := k.store.put(ctx, newKey(), r, o.within(k.limits))
	if err != nil {
		return err
	}
	if err = fn(f); err != nil && neverCommitted(err) {
		k.store.discard(ctx, f.Key)
	}
	return err // if fn panics nobody knows, either
}

// discard removes what nothing refers to as well as it can now.
func (s *Store) discard(ctx context.Context, key string) {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardWait)
	defer cancel()
	if err := s.c.Bucket.Delete(late, key); err != nil {
		s.c.Log.WarnContext(ctx, "a file that was not needed is left for the sweeper", "key", key, "error", err)
	}
}

// neverCommitted reports whether err tells for sure that the transaction it
// ended has not happened. A connection that broke, or a disk that failed, may
// have done so while it was being committed.
func neverCommitted(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	e, ok := errors.AsType[*datadriver.Error](err)
	if !ok {
		return true
	}
	switch e.Class {
	case datadriver.Unique, datadriver.ForeignKey, datadriver.Check, datadriver.NotNull, datadriver.BadValue, datadriver.Retryable:
		return true
	}
	return false
}

// Update calls fn in a transaction, for it to change the one row that where
// picks and to return it as it is then. The bytes of files that the row has lost
// are removed after the commit; do not put them into a row again. It returns what
// fn does; a row that is not there is for fn to find out.
func (k *Keeper[T]) Update(ctx context.Context, where data.Filter[T], fn func(tx *data.Tx) (T, error)) (v T, err error) {
	err = k.store.c.DB.Tx(ctx, func(tx *data.Tx) error {
		before, err := k.table.On(tx).Lock(ctx, where)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		if v, err = fn(tx); err != nil {
			return err
		}
		return k.Replaced(ctx, tx, &before, &v)
	})
	return v, err
}

// Replaced asks in tx for the removal of the bytes that a row referred to before
// and does not refer to any more. Update calls it.
func (k *Keeper[T]) Replaced(ctx context.Context, tx *data.Tx, before, after *T) error {
	kept := k.keys(after)
	return k.store.removeLater(ctx, tx, slices.DeleteFunc(k.keys(before), func(key string) bool { return slices.Contains(kept, key) }))
}

// Deleted asks in tx for the removal of the bytes that a deleted row referred
// to. It fits the field Deleted of a data.Service. A row that is only marked as
// deleted keeps them: the sweeper removes them once it is purged.
func (k *Keeper[T]) Deleted(ctx context.Context, tx *data.Tx, v *T) error {
	if k.table.Marks() {
		return nil
	}
	return k.store.removeLater(ctx, tx, k.keys(v))
}

// DeleteWhere removes all rows that where picks, with the bytes that they refer
// to, and returns how many rows there were. Rows that are only marked as deleted
// keep them, as with Deleted. A zero filter is refused.
func (k *Keeper[T]) DeleteWhere(ctx context.Context, tx *data.Tx, where data.Filter[T]) (int, error) {
	rows, err := k.table.On(tx).DeleteReturning(ctx, where)
	if err != nil {
		return 0, err
	}
	var keys []string
	for i := range rows {
		if !k.table.Marks() {
			keys = append(keys, k.keys(&rows[i])...)
		}
	}
	return len(rows), k.store.removeLater(ctx, tx, keys)
}

// keys returns the keys that a row refers to.
func (k *Keeper[T]) keys(v *T) (keys []string) {
	add := func(f File) {
		if !f.IsZero() {
			keys = append(keys, f.Key)
		}
	}
	row := reflect.ValueOf(v).Elem()
	for _, index := range k.fields {
		switch x := row.FieldByIndex(index).Interface().(type) {
		case File:
			add(x)
		case *File:
			if x != nil {
				add(*x)
			}
		case List:
			for _, f := range x {
				add(f)
			}
		}
	}
	return keys
}
