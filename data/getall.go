package data

import (
	"context"
	"slices"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
)

// GetAll returns the rows that keys name, in the order of keys and each once. A
// key without a row is passed over. However many keys there are, all rows are
// read in as few statements as the database allows, which on SQLite see the same
// state.
func (r Repository[T]) GetAll(ctx context.Context, keys ...Key[T]) ([]T, error) {
	var calls []driver.Call
	for some := range slices.Chunk(keys, r.db.listSize(len(r.t.primary))) {
		c, err := r.selection(Query[T]{Where: keysIn(r.t, some), Limit: -1})
		if err != nil {
			return nil, err
		}
		calls = append(calls, c)
	}
	if calls == nil {
		return nil, nil
	}
	var rows []T
	err := r.c.Batch(ctx, calls, func(_ int, from driver.Rows) error {
		some, err := r.t.collect(from, len(keys))
		rows = append(rows, some...)
		return err
	})
	if err != nil {
		return nil, classify(err, r.t)
	}
	return r.inOrder(rows, keys)
}

// inOrder puts rows in the order of keys.
func (r Repository[T]) inOrder(rows []T, keys []Key[T]) ([]T, error) {
	at := make(map[string]int, len(rows))
	values, text := make([]any, len(r.t.primary)), []byte(nil)
	var err error
	for i := range rows {
		for j, f := range r.t.primary {
			values[j] = f.value(unsafe.Pointer(&rows[i]))
		}
		if text, err = appendKeys(text[:0], r.t.primary, values); err != nil {
			return nil, err
		}
		at[string(text)] = i
	}
	out := make([]T, 0, len(rows))
	for _, k := range keys {
		if err := r.t.keyValues(k, values); err != nil {
			return nil, err
		}
		if text, err = appendKeys(text[:0], r.t.primary, values); err != nil {
			return nil, err
		}
		if i, ok := at[string(text)]; ok {
			out = append(out, rows[i])
			delete(at, string(text))
		}
	}
	return out, nil
}
