package data

import (
	"cmp"
	"context"
	"errors"
	"slices"

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
	return r.t.Schema().seals(ctx, r.db, r.c)
}

// Seals counts like [Repository.Seals], for who knows a table by its schema
// alone.
func (s Schema) Seals(ctx context.Context, h Handle) ([]SealCount, error) {
	return s.seals(ctx, h.database(), h.conn())
}

func (s Schema) seals(ctx context.Context, db *DB, conn driver.Conn) ([]SealCount, error) {
	var out []SealCount
	for _, column := range s.Columns {
		if column.Sealed == "" {
			continue
		}
		r, err := s.resealing(db, column.Name)
		if err != nil {
			return nil, err
		}
		counts, err := r.count(ctx, conn)
		if err != nil {
			return nil, err
		}
		out = append(out, counts...)
	}
	return out, nil
}

// Resealed says what Reseal has done.
type Resealed struct {
	Values    int // are under the current key now
	Overtaken int // were changed by somebody else meanwhile, and left to them
	Failed    int // could not be opened, and are as they were
}

func (r *Resealed) add(more Resealed) {
	r.Values, r.Overtaken, r.Failed = r.Values+more.Values, r.Overtaken+more.Overtaken, r.Failed+more.Failed
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
	var h Handle = r.db
	if r.tx != nil {
		h = r.tx
	}
	var broken error
	for _, f := range r.t.fields {
		if f.seal == nil {
			continue
		}
		now, err := r.t.Schema().Reseal(ctx, h, f.column.Name, nil)
		done.add(now)
		if err != nil && now.Failed == 0 {
			return done, err
		}
		if broken == nil {
			broken = err
		}
	}
	return done, broken
}

// Reseal does for one column what [Repository.Reseal] does for all, for who knows
// a table by its schema alone. After each batch it says by step, unless that is
// nil, what it did until then. A column that is not encrypted is
// fault.NotFound.
func (s Schema) Reseal(ctx context.Context, h Handle, column string, step func(Resealed)) (done Resealed, err error) {
	r, err := s.resealing(h.database(), column)
	if err != nil {
		return done, err
	}
	var broken error
	var last any // the primary key that the batch before ended at
	for more := true; more; {
		batch, err := r.stale(ctx, h.conn(), last)
		if err != nil {
			return done, err
		}
		if more = len(batch) == resealBatch; len(batch) == 0 {
			break
		}
		last = batch[len(batch)-1].id
		var now Resealed
		work := func(tx *Tx) (err error) {
			now, err = r.replace(ctx, tx.conn(), batch, &broken)
			return err
		}
		if tx, ok := h.(*Tx); ok {
			err = work(tx)
		} else {
			err = r.db.Tx(ctx, work)
		}
		if err != nil {
			return done, err
		}
		if done.add(now); step != nil {
			step(done)
		}
	}
	return done, broken
}

const resealBatch = 100

// A resealer moves the values of one column to the current key.
type resealer struct {
	db     *DB
	cipher *secret.Cipher
	seal   seal
	table  string
	id     driver.Column
	column driver.Column
	known  statementCache
}

func (s Schema) resealing(db *DB, column string) (*resealer, error) {
	r := &resealer{db: db, table: s.Table}
	for _, c := range s.Columns {
		if c.Primary {
			r.id = c.Column
		}
		if c.Name == column && c.Sealed != "" {
			r.column, r.seal = c.Column, seal{column: c.Name, as: c.Sealed}
		}
	}
	if r.seal.as == "" {
		return nil, fault.Errorf(fault.NotFound, "there is no encrypted column %s in %s", column, s.Table)
	}
	k, err := db.keysFor(r.seal.as)
	if err != nil {
		return nil, err
	}
	r.cipher = k.cipher(r.seal.as)
	return r, nil
}

func (r *resealer) call(b *builder, columns ...driver.Column) driver.Call {
	return driver.Call{Statement: r.known.get(b.buf, columns), Args: b.args}
}

// count counts the values by their keys.
func (r *resealer) count(ctx context.Context, conn driver.Conn) (out []SealCount, err error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	column := quote(r.column.Name)
	b.text("SELECT substr(").text(column).text(", 1, 5), count(*) FROM ").text(quote(r.table)).text(" WHERE ").text(column).text(" IS NOT NULL GROUP BY 1")
	rows, err := conn.Query(ctx, r.call(b, driver.Column{Name: r.column.Name, Kind: driver.Bytes}, driver.Column{Name: "n", Kind: driver.Int}))
	if err != nil {
		return nil, classify(err, nil)
	}
	for rows.Next() {
		var head []byte
		var n int
		if err := rows.Scan([]any{&head, &n}); err != nil {
			return nil, errors.Join(classify(err, nil), rows.Close())
		}
		count := SealCount{Column: r.column.Name, Current: r.cipher.Current(head), Rows: n}
		if len(head) == len(count.Key)+1 {
			copy(count.Key[:], head[1:])
		}
		out = append(out, count)
	}
	slices.SortFunc(out, func(a, b SealCount) int { return cmp.Compare(a.Key.String(), b.Key.String()) })
	return out, classify(errors.Join(rows.Err(), rows.Close()), nil)
}

// A staleSeal is a value under an older key.
type staleSeal struct {
	id     any
	stored []byte
}

// stale returns the next values that are not under the current key.
func (r *resealer) stale(ctx context.Context, conn driver.Conn, after any) (out []staleSeal, err error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	id, column := quote(r.id.Name), quote(r.column.Name)
	b.text("SELECT ").text(id).text(", ").text(column).text(" FROM ").text(quote(r.table)).text(" WHERE substr(").text(column).text(", 1, 5) <> ")
	b.param(r.cipher.Head())
	if after != nil {
		b.text(" AND ").text(id).text(" > ")
		if err := r.bindID(b, after); err != nil {
			return nil, err
		}
	}
	b.text(" ORDER BY ").text(id).text(" LIMIT ")
	b.param(int64(resealBatch))
	stored := r.column
	stored.Null = false // the WHERE says so
	rows, err := conn.Query(ctx, r.call(b, r.id, stored))
	if err != nil {
		return nil, classify(err, nil)
	}
	defer rows.Close()
	for rows.Next() {
		var s staleSeal
		var uuid [16]byte
		var text string
		if r.id.Kind == driver.UUID {
			err = rows.Scan([]any{&uuid, &s.stored})
			s.id = uuid
		} else {
			err = rows.Scan([]any{&text, &s.stored})
			s.id = text
		}
		if err != nil {
			return nil, classify(err, nil)
		}
		s.stored = slices.Clone(s.stored)
		out = append(out, s)
	}
	return out, classify(rows.Err(), nil)
}

// bindID writes a value of the primary key.
func (r *resealer) bindID(b *builder, id any) (err error) {
	id, err = r.db.dialect.Encode(r.id, id)
	b.param(id)
	return err
}

// replace writes a batch, each value only if it is still the one that was read.
func (r *resealer) replace(ctx context.Context, conn driver.Conn, batch []staleSeal, broken *error) (done Resealed, err error) {
	for _, s := range batch {
		bound := r.seal.bound(r.seal.keyOf(s.id))
		plain, err := r.cipher.Open(s.stored, bound)
		if err != nil {
			done.Failed++
			if *broken == nil {
				*broken = fault.Wrap(fault.Internal, err, "%s cannot be opened", r.seal.as)
			}
			continue
		}
		n, err := r.swap(ctx, conn, s, r.cipher.Seal(plain, bound))
		if err != nil {
			return done, classify(err, nil)
		}
		done.Values += int(n)
		done.Overtaken += 1 - int(n)
	}
	return done, nil
}

func (r *resealer) swap(ctx context.Context, conn driver.Conn, s staleSeal, sealed []byte) (int64, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	column := quote(r.column.Name)
	b.text("UPDATE ").text(quote(r.table)).text(" SET ").text(column).text(" = ")
	b.param(sealed)
	b.text(" WHERE ").text(quote(r.id.Name)).text(" = ")
	if err := r.bindID(b, s.id); err != nil {
		return 0, err
	}
	b.text(" AND ").text(column).text(" = ")
	b.param(s.stored)
	return conn.Exec(ctx, r.call(b))
}
