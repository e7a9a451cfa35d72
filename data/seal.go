package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
	"unsafe"

	sqldriver "database/sql/driver"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A field of type secret.Text is a sealed column. What is stored is what
// secret.Cipher makes of the text: the cipher's use is TABLE.COLUMN, so that
// each column has a key of its own, and the value is bound to the column and to
// the primary key of its row. A value that was copied to another row, column or
// table does not open.
//
// Sealing and opening happen where statements are handed to the driver, see
// sealedConn: there the keys are known, and there no statement of this package
// can forget it. Until then a value to be sealed is an unsealed, which no
// driver takes.

// A seal is what a sealed column knows of its place.
type seal struct {
	column string
	as     string // what the values are bound to: TABLE.COLUMN, or the option sealed
	id     *field
	offset uintptr
	null   bool
}

func (s *seal) name() string { return s.as }

func (f *field) sealAccess(as string) {
	f.indirect = true
	f.column.Kind, f.column.Null = driver.Bytes, f.typ.Kind() == reflect.Pointer
	f.seal = &seal{as: as, column: f.column.Name, offset: f.offset, null: f.column.Null}
	off, null := f.offset, f.column.Null
	f.at = func(p unsafe.Pointer) any { return &sealedCell{seal: f.seal, row: p} }
	f.value = func(p unsafe.Pointer) any {
		if !null {
			return *(*secret.Text)(unsafe.Add(p, off))
		}
		if v := *(**secret.Text)(unsafe.Add(p, off)); v != nil {
			return *v
		}
		return nil
	}
}

// checkSpecial holds columns that are not what they look like to what can be
// done with them.
func (t *Table[T]) checkSpecial() error {
	primaries := 0
	for _, f := range t.fields {
		if f.primary {
			primaries++
		}
	}
	for _, f := range t.fields {
		refuse := func(why string) error { return fmt.Errorf("column %q %s", f.column.Name, why) }
		named := f.search || f.sort || f.filter
		indexed := f.unique || f.index || f.primary || f.references != ""
		for _, set := range slices.Concat(t.uniques, t.alive, t.referring()) {
			indexed = indexed || slices.Contains(set, f.column.Name)
		}
		switch {
		case f.typ == reflect.TypeFor[secret.PasswordHash]() || f.typ == reflect.TypeFor[*secret.PasswordHash]():
			if named || indexed {
				return refuse("holds password hashes, which nobody searches, sorts or filters by, nor are they unique")
			}
		case f.seal != nil:
			if named || indexed || f.preset != "" || f.check != "" || f.enum != nil {
				return refuse("is stored encrypted: it cannot be searched, sorted, filtered, unique, indexed, checked, a reference or have a default")
			}
			// A key that the database makes is not known when the value is sealed.
			if t.id == nil || primaries > 1 || t.id.indirect || t.id.column.Kind != driver.UUID && t.id.column.Kind != driver.Text {
				return refuse("is stored encrypted and bound to its row, which needs one primary key that is known before the row is stored: a UUID or a text")
			}
			if f.seal.as == "" {
				if strings.Contains(t.name+f.column.Name, ".") {
					return refuse("is stored encrypted: neither its name nor the table's may have a point in it")
				}
				f.seal.as = t.name + "." + f.column.Name
			}
			f.seal.id = t.id
			t.sealed = true
		case f.code:
			if named || indexed || f.preset != "" || f.check != "" || f.enum != nil {
				return refuse("holds one-time codes: it cannot be searched, sorted, filtered, unique, indexed, checked, a reference or have a default")
			}
			if t.id == nil || primaries > 1 || t.id.column.Kind != driver.UUID || t.id.indirect {
				return refuse("holds one-time codes, which need a table with an ID")
			}
		case f.list:
			if named || indexed || f.enum != nil {
				return refuse("is a list: it cannot be searched, sorted, filtered by requests, unique, indexed, an enum or a reference")
			}
		}
	}
	return nil
}

// bindAt takes the value in the row at p, to be sealed for that row.
func (s *seal) bindAt(f *field, p unsafe.Pointer) (any, error) {
	v := f.value(p)
	if v == nil {
		return nil, nil
	}
	return s.bind(f, v, s.rowOf(p))
}

// bind holds v to the column's size and takes it to be sealed for a row.
func (s *seal) bind(f *field, v any, row []byte) (any, error) {
	text, ok := v.(secret.Text)
	if !ok {
		return nil, fault.Errorf(fault.Internal, "%s: a %T cannot be sealed", s.as, v)
	}
	plain := text.Reveal()
	if f.size > 0 && len(plain) > f.size && utf8.RuneCountInString(plain) > f.size {
		return nil, fault.Field(f.json, "is longer than %d characters", f.size)
	}
	if strings.IndexByte(plain, 0) >= 0 || !utf8.ValidString(plain) {
		return nil, fault.Field(f.json, "is not valid text")
	}
	return &unsealed{s, text, row}, nil
}

// rowOf returns the primary key of the row at p.
func (s *seal) rowOf(p unsafe.Pointer) []byte { return s.keyOf(s.id.value(p)) }

// keyOf returns a value of the primary key as the cipher is told it.
func (s *seal) keyOf(id any) []byte {
	switch x := id.(type) {
	case [16]byte:
		return append([]byte{'u'}, x[:]...)
	case string:
		return append([]byte{'t'}, x...)
	}
	return nil
}

// bound is what a value is bound to: column and row. The length in front keeps
// the two apart.
func (s *seal) bound(row []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(s.as)))
	return append(append(out, s.as...), row...)
}

// An unsealed is a value on its way to be sealed. Its Value fails, so that what
// is not sealed does not reach a database.
type unsealed struct {
	*seal
	text secret.Text
	row  []byte
}

// Value fails.
func (u *unsealed) Value() (sqldriver.Value, error) {
	return nil, errors.New("a value of " + u.as + " was not sealed")
}

// A sealedCell reads the stored value. It opens it once the whole row has been
// read, and so the primary key.
type sealedCell struct {
	*seal
	row    unsafe.Pointer
	ready  bool // somebody will open it
	null   bool
	stored []byte
}

// Scan keeps the stored value.
func (c *sealedCell) Scan(src any) error {
	if !c.ready {
		return errors.New("a value of " + c.as + " can only be read by its table")
	}
	c.null, c.stored = src == nil, nil
	if src == nil {
		if !c.seal.null {
			return errors.New("a sealed value is missing")
		}
		return nil
	}
	b, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("a sealed value is a %T", src)
	}
	c.stored = append(c.stored, b...)
	return nil
}

// open puts the text into the row.
func (c *sealedCell) open(db *DB) error {
	at := unsafe.Add(c.row, c.offset)
	if c.null {
		*(**secret.Text)(at) = nil
		return nil
	}
	text, err := db.open(c.seal, c.rowOf(c.row), c.stored)
	if err != nil {
		return err
	}
	if c.seal.null {
		*(**secret.Text)(at) = &text
	} else {
		*(*secret.Text)(at) = text
	}
	return nil
}

// keys are what a DB seals with.
type keys struct {
	ring    *secret.Keyring
	ciphers sync.Map // string → *secret.Cipher
}

func (k *keys) cipher(use string) *secret.Cipher {
	if c, ok := k.ciphers.Load(use); ok {
		return c.(*secret.Cipher)
	}
	c, _ := k.ciphers.LoadOrStore(use, k.ring.Cipher(secret.LabelColumn, use))
	return c.(*secret.Cipher)
}

// SetKeys gives db the keys of its encrypted columns and one-time codes, in
// place of any it had. Without keys, writing or reading such a value is
// fault.Internal. Nil takes them away. An app gives its database the keys that
// it has itself, unless the database has keys already.
func (db *DB) SetKeys(k *secret.Keyring) {
	if k == nil {
		db.keys.Store(nil)
		return
	}
	db.keys.Store(&keys{ring: k})
}

// HasKeys reports whether SetKeys was called.
func (db *DB) HasKeys() bool { return db.keys.Load() != nil }

func (db *DB) keysFor(what string) (*keys, error) {
	k := db.keys.Load()
	if k == nil {
		return nil, fault.Errorf(fault.Internal, "%s needs keys, and the database has none: call DB.SetKeys", what)
	}
	return k, nil
}

func (db *DB) sealFor(s *seal, row []byte, text secret.Text) ([]byte, error) {
	k, err := db.keysFor(s.as)
	if err != nil {
		return nil, err
	}
	return k.cipher(s.as).Seal([]byte(text.Reveal()), s.bound(row)), nil
}

func (db *DB) open(s *seal, row, stored []byte) (secret.Text, error) {
	k, err := db.keysFor(s.as)
	if err != nil {
		return secret.Text{}, err
	}
	plain, err := k.cipher(s.as).Open(stored, s.bound(row))
	if err != nil {
		return secret.Text{}, fault.Wrap(fault.Internal, err, "%s cannot be opened", s.as)
	}
	return secret.NewText(string(plain)), nil
}

// sealChange binds the new value of a sealed column. The filter must name the
// row by its primary key, since the value is sealed for that one row.
func (t *Table[T]) sealChange(b *builder, where *node, f *field, v any) error {
	id := named(where, t.id)
	if id == nil {
		return fault.Errorf(fault.Internal, "%s is sealed for one row: change it by the row's primary key, such as with Update", f.seal.as)
	}
	sealed, err := f.seal.bind(f, v, f.seal.keyOf(id))
	if err != nil {
		return err
	}
	b.param(sealed)
	return nil
}

// named returns the one value that a filter allows f to have, or nil.
func named(n *node, f *field) any {
	switch {
	case n.op == opEq && n.f == f:
		return n.v
	case n.op == opIn && n.f == f && len(n.vs) == 1:
		return n.vs[0]
	case n.op == opAnd:
		for _, k := range n.kids {
			if v := named(k, f); v != nil {
				return v
			}
		}
	}
	return nil
}
