package data

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
)

// A field is one column of a table and the place of its value in the struct.
type field struct {
	column driver.Column
	json   string // the name the caller knows
	typ    reflect.Type
	offset uintptr
	size   int // code points, for text; 0 means no limit
	digits int // all digits, for decimals
	array  int // length, for arrays of bytes
	date   bool
	nano   bool
	narrow bool // a whole number of 32 bits

	// indirect says that the value in the struct is not laid out as the kind's
	// own Go type: it is read by value and written through at, nothing else.
	indirect bool
	own      *own  // the type says itself how it is stored
	list     bool  // a list of texts
	seal     *seal // it is stored encrypted
	code     bool  // the state of a one-time code

	primary, unique, index      bool
	references, target          string // the table and column referred to
	ondelete, preset            string
	check                       string
	enum                        []string
	as                          typing
	search, sort, filter, quiet bool

	// reach returns where the struct that has the value is, for a column that
	// extends the table: it is not the row, but what the row's Extra holds. It is
	// nil for all others.
	reach func(row unsafe.Pointer) unsafe.Pointer

	// at returns the address of the value in the struct at p, as a pointer of
	// the kind's own Go type, so that named strings and IDs cost a driver
	// nothing.
	at func(p unsafe.Pointer) any
	// value returns the value in the struct at p, to be bound.
	value func(p unsafe.Pointer) any
}

func parseFields(table string, t reflect.Type, base uintptr) (out []*field) {
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, tagged := sf.Tag.Lookup("db")
		switch {
		case sf.Anonymous && !tagged && sf.Type.Kind() == reflect.Struct:
			out = append(out, parseFields(table, sf.Type, base+sf.Offset)...)
		case tagged && tag != "-":
			f := &field{typ: sf.Type, offset: base + sf.Offset}
			f.json, _, _ = strings.Cut(sf.Tag.Get("json"), ",")
			if err := f.parseTag(tag); err != nil {
				panic(fmt.Sprintf("data: table %s: field %s: %v", table, sf.Name, err))
			}
			if f.json == "" || f.json == "-" {
				f.json = f.column.Name
			}
			out = append(out, f)
		}
	}
	return out
}

func (f *field) parseTag(tag string) error {
	tag, f.check, _ = strings.Cut(tag, ",check=")
	name, rest, _ := strings.Cut(tag, ",")
	if name == "" {
		return fmt.Errorf("the db tag names no column")
	}
	f.column.Name = name
	isJSON := false
	var as typing
	for rest != "" {
		var opt string
		opt, rest, _ = strings.Cut(rest, ",")
		key, val, _ := strings.Cut(opt, "=")
		var err error
		switch key {
		case "primary":
			f.primary = true
		case "unique":
			f.unique = true
		case "index":
			f.index = true
		case "search":
			f.search = true
		case "sort":
			f.sort = true
		case "filter":
			f.filter = true
		case "quiet":
			f.quiet = true
		case "json":
			isJSON = true
		case "type":
			as.name = val
		case "null":
			as.null = true
		case "sealed":
			if as.sealed = val; val == "" {
				err = fmt.Errorf("it names no TABLE.COLUMN")
			}
		case "size":
			f.size, err = strconv.Atoi(val)
		case "numeric":
			p, s, _ := strings.Cut(val, ".")
			if f.digits, err = strconv.Atoi(p); err == nil {
				f.column.Scale, err = strconv.Atoi(s)
			}
		case "references":
			err = f.refersTo(val)
		case "ondelete":
			f.ondelete = val
		case "default":
			f.preset = val
		case "enum":
			f.enum = strings.Split(val, "|")
		case "for":
			f.json = val
		default:
			return fmt.Errorf("unknown option %q in the db tag", key)
		}
		if err != nil {
			return fmt.Errorf("option %q in the db tag: %w", opt, err)
		}
	}
	f.as = as
	return f.setKind(isJSON, as)
}

// setKind chooses how values travel, by the Go type.
func (f *field) setKind(isJSON bool, as typing) error {
	t := f.typ
	if done, err := f.setSpecial(isJSON, as); done || err != nil {
		return err
	}
	if t.Kind() == reflect.Pointer && !isJSON {
		f.column.Null, t = true, t.Elem()
	}
	switch {
	case isJSON:
		f.column.Kind = driver.JSON
		f.column.Null = t.Kind() == reflect.Pointer
		f.jsonAccess()
		return nil
	case t == reflect.TypeFor[time.Time]():
		access[time.Time](f, driver.Time)
	case t == reflect.TypeFor[decimal.Decimal]():
		if f.digits == 0 {
			return fmt.Errorf("a decimal needs numeric=PRECISION.SCALE")
		}
		access[decimal.Decimal](f, driver.Decimal)
	case t.Kind() == reflect.Array && t.Len() == 16 && t.Elem().Kind() == reflect.Uint8:
		access[[16]byte](f, driver.UUID)
	case t.Kind() == reflect.Array && t.Elem().Kind() == reflect.Uint8:
		f.arrayAccess(t)
	case t == reflect.TypeFor[Date]():
		f.size, f.date = len("2006-01-02"), true
		access[string](f, driver.Text)
	case t.Kind() == reflect.String:
		if f.nano = t.Implements(reflect.TypeFor[interface{ nano() }]()); f.nano && f.size == 0 {
			f.size = nanoSize
		}
		access[string](f, driver.Text)
	case t.Kind() == reflect.Bool:
		access[bool](f, driver.Bool)
	case t.Kind() == reflect.Int64:
		access[int64](f, driver.Int)
	case t.Kind() == reflect.Int:
		access[int](f, driver.Int)
	case t.Kind() == reflect.Int32:
		f.narrow = true
		access[int32](f, driver.Int)
	case t.Kind() == reflect.Float64:
		access[float64](f, driver.Float)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		access[[]byte](f, driver.Bytes)
	default:
		return fmt.Errorf("%v cannot be stored: use a basic type, one with Scan and Value or MarshalText and UnmarshalText, or the option json", f.typ)
	}
	return nil
}

// access reads and writes a value whose type has G as its underlying type.
func access[G any](f *field, kind driver.Kind) {
	f.column.Kind = kind
	off := f.offset
	if f.column.Null {
		f.at = func(p unsafe.Pointer) any { return (**G)(unsafe.Add(p, off)) }
		f.value = func(p unsafe.Pointer) any {
			if v := *(**G)(unsafe.Add(p, off)); v != nil {
				return *v
			}
			return nil
		}
		return
	}
	f.at = func(p unsafe.Pointer) any { return (*G)(unsafe.Add(p, off)) }
	f.value = func(p unsafe.Pointer) any { return *(*G)(unsafe.Add(p, off)) }
}

// arrayAccess stores an array of bytes, such as a digest, as bytes.
func (f *field) arrayAccess(array reflect.Type) {
	f.column.Kind, f.array = driver.Bytes, array.Len()
	n, off, null := f.array, f.offset, f.column.Null
	f.at = func(p unsafe.Pointer) any { return &arrayCell{unsafe.Add(p, off), array, null} }
	f.value = func(p unsafe.Pointer) any {
		p = unsafe.Add(p, off)
		if null {
			if p = *(*unsafe.Pointer)(p); p == nil {
				return nil
			}
		}
		return bytes.Clone(unsafe.Slice((*byte)(p), n))
	}
}

// An arrayCell is a sql.Scanner that fills an array, or a pointer to one.
type arrayCell struct {
	at    unsafe.Pointer
	array reflect.Type
	null  bool
}

// Scan reads exactly as many bytes as the array has.
func (c *arrayCell) Scan(src any) error {
	b, ok := src.([]byte)
	switch {
	case src == nil && c.null:
		*(*unsafe.Pointer)(c.at) = nil
		return nil
	case !ok || len(b) != c.array.Len():
		return fmt.Errorf("%T of %d bytes does not fit %v", src, len(b), c.array)
	case c.null:
		v := reflect.New(c.array)
		reflect.Copy(v.Elem(), reflect.ValueOf(b))
		*(*unsafe.Pointer)(c.at) = v.UnsafePointer()
		return nil
	}
	copy(unsafe.Slice((*byte)(c.at), len(b)), b)
	return nil
}

// jsonAccess encodes and decodes any type as JSON. A jsonCell decodes after
// the driver has read the bytes.
func (f *field) jsonAccess() {
	typ, off := f.typ, f.offset
	f.at = func(p unsafe.Pointer) any { return &jsonCell{into: reflect.NewAt(typ, unsafe.Add(p, off)).Interface()} }
	f.value = func(p unsafe.Pointer) any {
		v := reflect.NewAt(typ, unsafe.Add(p, off)).Elem()
		if f.column.Null && v.IsNil() {
			return nil
		}
		return v.Interface()
	}
}

// A jsonCell is a sql.Scanner that decodes JSON.
type jsonCell struct{ into any }

// Scan decodes a column's JSON.
func (c *jsonCell) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		return nil
	case []byte:
		return json.Unmarshal(v, c.into)
	case string:
		return json.Unmarshal([]byte(v), c.into)
	}
	return fmt.Errorf("a JSON column holds %T", src)
}
