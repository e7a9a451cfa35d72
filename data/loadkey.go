package data

import (
	"encoding/binary"
	"iter"
	"slices"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
)

// A groups is what is different among the keys of rows.
type groups struct {
	width int   // columns of a key
	keys  []any // their values one after another, as filters have them
	index map[key]int
	of    []int // the key of each row, -1 for NULL
}

func (g *groups) len() int { return len(g.index) }

// chunks returns the keys, as many at a time as a statement takes.
func (g *groups) chunks(db *DB) iter.Seq[[]any] {
	return slices.Chunk(g.keys, g.width*db.listSize(g.width))
}

func groupBy[P any](rows []*P, fs []*field) groups {
	g := groups{width: len(fs), index: make(map[key]int, len(rows)), of: make([]int, len(rows))}
	for i, p := range rows {
		k, ok := keyOf(fs, unsafe.Pointer(p))
		if !ok {
			g.of[i] = -1
			continue
		}
		n, known := g.index[k]
		if !known {
			n = len(g.index)
			g.index[k] = n
			for _, f := range fs {
				part, _ := f.keyAt(unsafe.Pointer(p))
				g.keys = append(g.keys, part.value(f))
			}
		}
		g.of[i] = n
	}
	return g
}

// A key is a value of a column that rows are found by, or those of several.
type key struct {
	fixed [16]byte // a UUID or a number
	text  string   // or that of several, one after another
}

// keyOf returns the key that the columns hold in the struct at p, and false if
// one is NULL.
func keyOf(fs []*field, p unsafe.Pointer) (key, bool) {
	if len(fs) == 1 {
		return fs[0].keyAt(p)
	}
	var buf [64]byte
	text := buf[:0]
	for _, f := range fs {
		k, ok := f.keyAt(p)
		if !ok {
			return k, false
		}
		text = k.appendTo(text, f.column.Kind)
	}
	return key{text: string(text)}, true
}

// appendTo makes k a part of a longer key, which no others make.
func (k key) appendTo(text []byte, kind driver.Kind) []byte {
	if kind != driver.Text {
		return append(text, k.fixed[:]...)
	}
	text = binary.AppendUvarint(text, uint64(len(k.text)))
	return append(text, k.text...)
}

// keyAt returns the key in the struct at p, and false for NULL.
func (f *field) keyAt(p unsafe.Pointer) (k key, ok bool) {
	if f.reach != nil {
		p = f.reach(p)
	}
	p = unsafe.Add(p, f.offset)
	typ := f.typ
	if f.column.Null {
		if p = *(*unsafe.Pointer)(p); p == nil {
			return k, false
		}
		typ = typ.Elem()
	}
	switch f.column.Kind {
	case driver.UUID:
		k.fixed = *(*[16]byte)(p)
	case driver.Text:
		k.text = *(*string)(p)
	case driver.Int:
		if typ.Size() == 4 {
			k = numberKey(int64(*(*int32)(p)))
		} else {
			k = numberKey(*(*int64)(p))
		}
	}
	return k, true
}

// value returns k as a value of f.
func (k key) value(f *field) any {
	switch f.column.Kind {
	case driver.UUID:
		return k.fixed
	case driver.Text:
		return k.text
	}
	return int64(binary.NativeEndian.Uint64(k.fixed[:]))
}

// keyCells are where a driver stores a key that is in no struct.
type keyCells struct {
	of    []*field
	cells []keyCell
}

func newKeyCells(of []*field) keyCells { return keyCells{of, make([]keyCell, len(of))} }

// columns returns the columns of the key, none of which is NULL.
func (c *keyCells) columns() []driver.Column {
	out := make([]driver.Column, len(c.of))
	for i, f := range c.of {
		out[i] = f.column
		out[i].Null = false
	}
	return out
}

// addresses fills the first of dest, and returns how many.
func (c *keyCells) addresses(dest []any) int {
	for i, f := range c.of {
		dest[i] = c.cells[i].at(f.column.Kind)
	}
	return len(c.of)
}

func (c *keyCells) key() key {
	switch len(c.of) {
	case 0:
		return key{}
	case 1:
		return c.cells[0].key()
	}
	var buf [64]byte
	text := buf[:0]
	for i, f := range c.of {
		text = c.cells[i].key().appendTo(text, f.column.Kind)
	}
	return key{text: string(text)}
}

// A keyCell is where a driver stores one column of a key.
type keyCell struct {
	k key
	n int64
}

func (c *keyCell) at(kind driver.Kind) any {
	switch kind {
	case driver.UUID:
		return &c.k.fixed
	case driver.Text:
		return &c.k.text
	}
	return &c.n
}

func (c *keyCell) key() key {
	if c.n != 0 {
		return numberKey(c.n)
	}
	return c.k
}

func numberKey(n int64) (k key) {
	binary.NativeEndian.PutUint64(k.fixed[:], uint64(n))
	return k
}
