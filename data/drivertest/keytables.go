package drivertest

import (
	"fmt"

	"github.com/manorgo/manor/data"
)

// One table for each kind of key. They have the rest in common.
type (
	randomRow struct {
		data.Identified[randomRow]
		data.Times
		Named
	}
	timedRow struct {
		data.Identified[timedRow]
		data.Times
		Named
	}
	plainRow struct {
		data.Audited[plainRow]
		Named
	}
	nanoRow struct {
		data.NanoIdentified[nanoRow]
		data.Times
		Named
	}
	serialRow struct {
		data.Numbered[serialRow]
		data.Times
		Named
	}
	codeRow struct {
		Code string `json:"code" db:"code,primary,size=9"`
		data.Times
		Named
	}
	seatRow struct {
		Place string          `json:"place" db:"place,primary,size=9"`
		Hall  data.ID[person] `json:"hall" db:"hall_id,primary"`
		Row   int             `json:"row" db:"row,primary"`
		data.Times
		Named
	}
)

// Named is what the rows have in common.
type Named struct {
	Name string `json:"name" db:"name,unique,sort"`
	Rank int    `json:"rank" db:"rank,sort"`
}

// The keys that the package has no type for.
type (
	codeKey struct {
		data.Composite[codeRow]
		Code string `db:"code"`
	}
	seatKey struct {
		data.Composite[seatRow]
		Hall  data.ID[person] `db:"hall_id"` // in another order than the columns
		Row   int             `db:"row"`
		Place string          `db:"place"`
	}
)

var (
	randomRows = data.NewTable[randomRow]("random_rows", data.IDs(data.UUIDv4))
	timedRows  = data.NewTable[timedRow]("timed_rows", data.IDs(data.UUIDv6))
	plainRows  = data.NewTable[plainRow]("plain_rows", data.IDs(data.UUIDv7))
	nanoRows   = data.NewTable[nanoRow]("nano_rows")
	serialRows = data.NewTable[serialRow]("serial_rows")
	codeRows   = data.NewTable[codeRow]("code_rows")
	seatRows   = data.NewTable[seatRow]("seat_rows")

	serialName = data.TextCol(serialRows, "name")
)

// A keyed says how the rows of one kind of key are made and told apart.
type keyed[T any] struct {
	table  *data.Table[T]
	row    func(i int, v Named) T // with the key of the i-th row, if the database or Add makes none
	parts  func(v *T) *Named
	key    func(v *T) data.Key[T] // as a program that knows the type says it
	clear  func(v *T)             // the key that Add made
	absent data.Key[T]
	zero   data.Key[T]
	wrong  []data.Key[T]
}

// names returns n rows with names in order.
func (k keyed[T]) rows(from, n int) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = k.row(from+i, Named{Name: fmt.Sprintf("row %06d", from+i), Rank: from + i})
	}
	return out
}

func (k keyed[T]) keys(rows []T) []data.Key[T] {
	out := make([]data.Key[T], len(rows))
	for i := range rows {
		out[i] = k.key(&rows[i])
		if i%2 == 0 { // both ways mean the same
			out[i] = k.table.KeyOf(&rows[i])
		}
	}
	return out
}

// kinds of keys

func randomKeys() keyed[randomRow] {
	return keyed[randomRow]{
		table: randomRows, row: func(_ int, v Named) randomRow { return randomRow{Named: v} },
		parts: func(v *randomRow) *Named { return &v.Named }, key: func(v *randomRow) data.Key[randomRow] { return v.ID },
		clear:  func(v *randomRow) { v.ID = data.ID[randomRow]{} },
		absent: data.ID[randomRow]{1}, zero: data.ID[randomRow]{},
		wrong: []data.Key[randomRow]{data.Serial[randomRow](1), data.NanoID[randomRow]("x"), data.Composite[randomRow]{}},
	}
}

func timedKeys() keyed[timedRow] {
	return keyed[timedRow]{
		table: timedRows, row: func(_ int, v Named) timedRow { return timedRow{Named: v} },
		parts: func(v *timedRow) *Named { return &v.Named }, key: func(v *timedRow) data.Key[timedRow] { return v.ID },
		clear:  func(v *timedRow) { v.ID = data.ID[timedRow]{} },
		absent: data.ID[timedRow]{1}, zero: data.ID[timedRow]{},
	}
}

func plainKeys() keyed[plainRow] {
	return keyed[plainRow]{
		table: plainRows, row: func(_ int, v Named) plainRow { return plainRow{Named: v} },
		parts: func(v *plainRow) *Named { return &v.Named }, key: func(v *plainRow) data.Key[plainRow] { return v.ID },
		clear:  func(v *plainRow) { v.ID = data.ID[plainRow]{} },
		absent: data.ID[plainRow]{1}, zero: data.ID[plainRow]{},
	}
}

func nanoKeys() keyed[nanoRow] {
	return keyed[nanoRow]{
		table: nanoRows, row: func(_ int, v Named) nanoRow { return nanoRow{Named: v} },
		parts: func(v *nanoRow) *Named { return &v.Named }, key: func(v *nanoRow) data.Key[nanoRow] { return v.ID },
		clear:  func(v *nanoRow) { v.ID = "" },
		absent: data.NanoID[nanoRow]("abcdefghijklmnopqrstu"), zero: data.NanoID[nanoRow](""),
		wrong: []data.Key[nanoRow]{data.ID[nanoRow]{1}, data.Serial[nanoRow](1), data.Composite[nanoRow]{}},
	}
}

func serialKeys() keyed[serialRow] {
	return keyed[serialRow]{
		table: serialRows, row: func(_ int, v Named) serialRow { return serialRow{Named: v} },
		parts: func(v *serialRow) *Named { return &v.Named }, key: func(v *serialRow) data.Key[serialRow] { return v.ID },
		clear:  func(v *serialRow) { v.ID = 0 },
		absent: data.Serial[serialRow](1 << 40), zero: data.Serial[serialRow](0),
		wrong: []data.Key[serialRow]{data.ID[serialRow]{1}, data.NanoID[serialRow]("x"), data.Composite[serialRow]{}},
	}
}

func codeKeys() keyed[codeRow] {
	return keyed[codeRow]{
		table: codeRows, row: func(i int, v Named) codeRow { return codeRow{Code: fmt.Sprint("c", i), Named: v} },
		parts: func(v *codeRow) *Named { return &v.Named }, key: func(v *codeRow) data.Key[codeRow] { return codeKey{Code: v.Code} },
		absent: codeKey{Code: "nowhere"}, zero: codeKey{},
		wrong: []data.Key[codeRow]{data.ID[codeRow]{1}, data.Serial[codeRow](1), data.NanoID[codeRow]("x"), (*codeKey)(nil)},
	}
}

func seatKeys() keyed[seatRow] {
	return keyed[seatRow]{
		table: seatRows,
		row: func(i int, v Named) seatRow {
			return seatRow{Hall: data.ID[person]{byte(i % 3)}, Row: i / 7, Place: fmt.Sprint(i), Named: v}
		},
		parts:  func(v *seatRow) *Named { return &v.Named },
		key:    func(v *seatRow) data.Key[seatRow] { return &seatKey{Hall: v.Hall, Row: v.Row, Place: v.Place} },
		absent: seatKey{Hall: data.ID[person]{1}, Row: 1, Place: "x"}, zero: seatKey{},
		wrong: []data.Key[seatRow]{
			data.ID[seatRow]{1}, data.Composite[seatRow]{},
			struct {
				data.Composite[seatRow]
				Hall data.ID[person] `db:"hall_id"`
			}{},
			struct {
				seatKey
				More int `db:"rank"`
			}{},
			struct {
				seatKey
				Again int `db:"row"`
			}{},
			struct {
				data.Composite[seatRow]
				Hall  data.ID[person] `db:"hall_id"`
				Row   int64           `db:"row"`
				Place string          `db:"place"`
			}{},
		},
	}
}
