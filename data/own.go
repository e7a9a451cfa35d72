package data

import (
	"bytes"
	"database/sql"
	sqldriver "database/sql/driver"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
	"unsafe"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A typing is what a tag says of a type that says itself how it is stored.
type typing struct {
	name   string // the option type
	null   bool   // the option null
	sealed string // the option sealed
}

// An own is a Go type that says itself how it is stored: by Value and Scan of
// package database/sql, or as text by MarshalText and UnmarshalText.
type own struct {
	typ   reflect.Type // without its pointer
	kind  driver.Kind  // how the database holds it; driver.Other if nobody said
	scale int
	text  bool // by MarshalText
}

var storedAs = map[string]driver.Kind{
	"text": driver.Text, "int": driver.Int, "float": driver.Float, "bool": driver.Bool,
	"time": driver.Time, "bytes": driver.Bytes, "json": driver.JSON, "decimal": driver.Decimal,
}

// setSpecial chooses for the types that are not stored as they lie in memory,
// and reports whether t is one.
func (f *field) setSpecial(isJSON bool, as typing) (done bool, err error) {
	t := f.typ
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	done = true
	switch {
	case isJSON:
		done = false
	case t == reflect.TypeFor[secret.Text]():
		f.sealAccess(as.sealed)
		as.sealed = ""
	case t == reflect.TypeFor[OneTimeCode]():
		err = f.codeAccess()
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		f.listAccess(t)
	case isOwn(t) && !native(t):
		err = f.ownAccess(t, as, false)
		as = typing{}
	case as.name != "" && isOwn(t):
		err = f.ownAccess(t, as, false)
		as = typing{}
	case t.Kind() == reflect.Struct && !native(t) && isText(t):
		if as.name == "" {
			as.name = "text"
		}
		err = f.ownAccess(t, as, true)
		as = typing{}
	default:
		done = false
	}
	if err == nil && as != (typing{}) {
		err = fmt.Errorf("%v has no use for the options type, null or sealed", f.typ)
	}
	return done, err
}

func isOwn(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[sql.Scanner]()) && t.Implements(reflect.TypeFor[sqldriver.Valuer]())
}

func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) && t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// native reports whether t is stored better than its methods would have it:
// times, decimals, and arrays of bytes such as UUIDs and digests.
func native(t reflect.Type) bool {
	return t == reflect.TypeFor[decimal.Decimal]() || t == reflect.TypeFor[time.Time]() || t.Kind() == reflect.Array && t.Elem().Kind() == reflect.Uint8
}

func (f *field) ownAccess(t reflect.Type, as typing, text bool) error {
	kind := driver.Other
	if as.name != "" {
		var ok bool
		if kind, ok = storedAs[as.name]; !ok {
			return fmt.Errorf("option %q in the db tag is none of text, int, float, bool, time, bytes, json and decimal", "type="+as.name)
		}
	}
	if text && kind != driver.Text {
		return fmt.Errorf("%v is stored as text, not as %s", t, as.name)
	}
	if kind == driver.Decimal && f.digits == 0 {
		return fmt.Errorf("a decimal needs numeric=PRECISION.SCALE")
	}
	pointer := f.typ.Kind() == reflect.Pointer
	f.indirect = true
	f.column.Kind, f.column.Null = kind, pointer || as.null
	f.own = &own{typ: t, kind: kind, scale: f.column.Scale, text: text}
	typ, off := f.typ, f.offset
	f.at = func(p unsafe.Pointer) any { return &ownCell{f.own, unsafe.Add(p, off), pointer} }
	f.value = func(p unsafe.Pointer) any {
		v := reflect.NewAt(typ, unsafe.Add(p, off)).Elem()
		if pointer {
			if v.IsNil() {
				return nil
			}
			return v.Elem().Interface()
		}
		if as.null && !text {
			if stored, err := v.Interface().(sqldriver.Valuer).Value(); err == nil && stored == nil {
				return nil
			}
		}
		return v.Interface()
	}
	return nil
}

// plainly turns a value of the field's own Go type into one of the column's
// kind. A value from a request's text or a cursor is one already.
func (f *field) plainly(v any) (any, error) {
	switch {
	case f.seal != nil:
		return nil, fault.Errorf(fault.Internal, "%s is stored encrypted: it cannot be compared, and is changed by the row's ID only", f.seal.name())
	case f.list:
		return f.texts(v)
	case f.code:
		if c, ok := v.(OneTimeCode); ok {
			return c.stored(), nil
		}
		return nil, fault.Errorf(fault.Internal, "%s: a %T is no one-time code", f.column.Name, v)
	case f.own == nil || f.own.kind == driver.Other || reflect.TypeOf(v) != f.own.typ:
		return v, nil
	}
	var stored any
	var err error
	if f.own.text {
		var b []byte
		b, err = v.(encoding.TextMarshaler).MarshalText()
		stored = string(b)
	} else {
		stored, err = v.(sqldriver.Valuer).Value()
	}
	if err != nil {
		return nil, &fault.Error{
			Kind: fault.Invalid, Msg: f.json + ": does not fit", Err: err,
			Details: []fault.Detail{{Location: "body." + f.json, Message: "does not fit"}},
		}
	}
	if stored == nil {
		if !f.column.Null {
			return nil, fault.Field(f.json, "is required")
		}
		return nil, nil
	}
	out, ok := f.own.convert(stored)
	if !ok {
		return nil, fault.Errorf(fault.Internal, "%s: the value of a %v is a %T, which the column cannot hold", f.column.Name, f.own.typ, stored)
	}
	return out, nil
}

// convert turns what Value returned into the kind's own Go type.
func (o *own) convert(x any) (any, bool) {
	switch o.kind {
	case driver.Text, driver.JSON, driver.Bytes, driver.Decimal:
		var s string
		switch v := x.(type) {
		case string:
			s = v
		case []byte:
			s = string(v)
		case int64:
			return decimal.NewFromInt(v), o.kind == driver.Decimal
		default:
			return nil, false
		}
		switch o.kind {
		case driver.Text:
			return s, true
		case driver.JSON:
			return json.RawMessage(s), true
		case driver.Bytes:
			return []byte(s), true
		}
		d, err := decimal.NewFromString(s)
		return d, err == nil
	case driver.Int:
		n, ok := x.(int64)
		return n, ok
	case driver.Float:
		if n, ok := x.(int64); ok {
			return float64(n), true
		}
		n, ok := x.(float64)
		return n, ok
	case driver.Bool:
		b, ok := x.(bool)
		return b, ok
	case driver.Time:
		t, ok := x.(time.Time)
		return t, ok
	}
	return x, true
}

// An ownCell is a sql.Scanner that hands on to the one of an own type what that
// would have got from package database/sql, whatever the database holds.
type ownCell struct {
	*own
	at      unsafe.Pointer
	pointer bool // at holds a pointer to the type
}

// Scan reads a stored value.
func (c *ownCell) Scan(src any) error {
	if src == nil && c.pointer {
		*(*unsafe.Pointer)(c.at) = nil
		return nil
	}
	into := reflect.NewAt(c.typ, c.at)
	if c.pointer {
		into = reflect.New(c.typ)
	}
	src = c.portable(src)
	if c.text {
		s, ok := src.(string)
		if !ok {
			return fmt.Errorf("a %v is stored as text, and there is a %T", c.typ, src)
		}
		if err := into.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
			return err
		}
	} else if err := into.Interface().(sql.Scanner).Scan(src); err != nil {
		return err
	}
	if c.pointer {
		*(*unsafe.Pointer)(c.at) = into.UnsafePointer()
	}
	return nil
}

// portable makes one value of what databases give for it.
func (o *own) portable(src any) any {
	switch v := src.(type) {
	case string:
		if o.kind == driver.JSON || o.kind == driver.Bytes {
			return []byte(v)
		}
	case []byte:
		switch o.kind {
		case driver.Text, driver.Decimal:
			return string(v)
		case driver.JSON, driver.Bytes:
			return bytes.Clone(v)
		}
	case int64:
		switch o.kind {
		case driver.Bool:
			return v != 0
		case driver.Time:
			return time.UnixMicro(v).UTC()
		case driver.Decimal:
			return decimal.New(v, -int32(o.scale)).String()
		case driver.Float:
			return float64(v)
		}
	case time.Time:
		return v.UTC()
	}
	return src
}
