package data

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A SealCount says how many values of an encrypted column are sealed with a
// key.
type SealCount struct {
	Column  string
	Key     secret.KeyID
	Current bool // it is the key that new values are sealed with
	Rows    int
}

// Seals counts the values of the table's encrypted columns by the key they are
// sealed with, in the order of columns. It reads the whole table. A key may
// leave the keyring once nothing is sealed with it.
func (r Repository[T]) Seals(ctx context.Context) ([]SealCount, error) {
	var out []SealCount
	for _, f := range r.t.fields {
		if f.seal == nil {
			continue
		}
		c, err := r.db.cipherOf(f)
		if err != nil {
			return nil, err
		}
		first := len(out)
		b := newBuilder(r.db.dialect)
		defer b.release()
		b.text("SELECT substr(").name(f).text(", 1, 5), count(*) FROM ").text(r.p.table).text(" WHERE ").name(f).text(" IS NOT NULL GROUP BY 1")
		rows, err := r.c.Query(ctx, r.call(b, []driver.Column{{Name: f.column.Name, Kind: driver.Bytes}, {Name: "n", Kind: driver.Int}}))
		if err != nil {
			return nil, classify(err, r.t)
		}
		for rows.Next() {
			var head []byte
			var n int
			if err := rows.Scan([]any{&head, &n}); err != nil {
				return nil, errors.Join(classify(err, r.t), rows.Close())
			}
			count := SealCount{Column: f.column.Name, Current: c.Current(head), Rows: n}
			if len(head) == len(count.Key)+1 {
				copy(count.Key[:], head[1:])
			}
			out = append(out, count)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, classify(err, r.t)
		}
		slices.SortFunc(out[first:], func(a, b SealCount) int { return cmp.Compare(a.Key.String(), b.Key.String()) })
	}
	return out, nil
}

// Resealed says what Reseal has done.
type Resealed struct {
	Values    int // are under the current key now
	Overtaken int // were changed by somebody else meanwhile, and left to them
	Failed    int // could not be opened, and are as they were
}

// Reseal seals the values of the table's encrypted columns that are under an
// older key with the current one. Rows are neither locked for long nor changed
// in any other way: UpdatedAt stays, and a value that somebody writes meanwhile
// wins. It works in batches, each a transaction unless r is in one, so that it
// can be interrupted and called again, and says what it did until then.
//
// A value that cannot be opened is passed over; the error of the first is
// returned in the end. All instances of a program must have the new key before
// one of them reseals.
func (r Repository[T]) Reseal(ctx context.Context) (done Resealed, err error) {
	var broken error
	for _, f := range r.t.fields {
		if f.seal == nil {
			continue
		}
		c, err := r.db.cipherOf(f)
		if err != nil {
			return done, err
		}
		var last any // the primary key that the batch before ended at
		for more := true; more; {
			var batch []staleSeal
			if batch, err = r.staleSeals(ctx, f, c, last); err != nil {
				return done, err
			}
			if more = len(batch) == resealBatch; len(batch) == 0 {
				break
			}
			last = batch[len(batch)-1].id
			var now Resealed
			err := r.together(ctx, func(r Repository[T]) (err error) {
				now, err = r.resealAll(ctx, f, c, batch, &broken)
				return err
			})
			if err != nil {
				return done, err
			}
			done.Values, done.Overtaken, done.Failed = done.Values+now.Values, done.Overtaken+now.Overtaken, done.Failed+now.Failed
		}
	}
	return done, broken
}

const resealBatch = 100

// A staleSeal is a value under an older key.
type staleSeal struct {
	id     any
	stored []byte
}

// staleSeals returns the next values that are not under the current key.
func (r Repository[T]) staleSeals(ctx context.Context, f *field, c *secret.Cipher, after any) ([]staleSeal, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	b.text("SELECT ").name(r.t.id).text(", ").name(f).text(" FROM ").text(r.p.table).text(" WHERE substr(").name(f).text(", 1, 5) <> ")
	b.param(c.Head())
	if after != nil {
		b.text(" AND ").name(r.t.id).text(" > ")
		if err := b.arg(r.t.id, after); err != nil {
			return nil, err
		}
	}
	b.text(" ORDER BY ").name(r.t.id).text(" LIMIT ")
	b.param(int64(resealBatch))
	rows, err := r.c.Query(ctx, r.call(b, []driver.Column{r.t.id.column, f.column}))
	if err != nil {
		return nil, classify(err, r.t)
	}
	defer rows.Close()
	var out []staleSeal
	for rows.Next() {
		var v T // its primary key is read as always, the value as it is stored
		var s staleSeal
		if err := rows.Scan([]any{r.t.id.at(unsafe.Pointer(&v)), &s.stored}); err != nil {
			return nil, classify(err, r.t)
		}
		s.id = r.t.id.value(unsafe.Pointer(&v))
		out = append(out, s)
	}
	return out, classify(rows.Err(), r.t)
}

// resealAll writes a batch, each value only if it is still the one that was
// read.
func (r Repository[T]) resealAll(ctx context.Context, f *field, c *secret.Cipher, batch []staleSeal, broken *error) (done Resealed, err error) {
	for _, s := range batch {
		bound := f.seal.bound(f.seal.keyOf(s.id))
		plain, err := c.Open(s.stored, bound)
		if err != nil {
			done.Failed++
			if *broken == nil {
				*broken = fault.Wrap(fault.Internal, err, "%s cannot be opened", f.seal.as)
			}
			continue
		}
		b := newBuilder(r.db.dialect)
		defer b.release()
		b.text("UPDATE ").text(r.p.table).text(" SET ").name(f).text(" = ")
		b.param(c.Seal(plain, bound))
		b.text(" WHERE ").name(r.t.id).text(" = ")
		if err := b.arg(r.t.id, s.id); err != nil {
			return done, err
		}
		b.text(" AND ").name(f).text(" = ")
		b.param(s.stored)
		n, err := r.c.Exec(ctx, r.call(b, nil))
		if err != nil {
			return done, classify(err, r.t)
		}
		done.Values += int(n)
		done.Overtaken += 1 - int(n)
	}
	return done, nil
}

func (db *DB) cipherOf(f *field) (*secret.Cipher, error) {
	k, err := db.keysFor(f.seal.as)
	if err != nil {
		return nil, err
	}
	return k.cipher(f.seal.as), nil
}
