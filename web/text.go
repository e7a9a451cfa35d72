package web

import (
	"encoding"
	"reflect"
	"strconv"
	"time"

	"github.com/manorgo/manor/fault"
)

// parserOf returns what reads a t from a parameter's text, or nil if nothing
// can.
func parserOf(t reflect.Type) func(v reflect.Value, text string) error {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return parseTime
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return func(v reflect.Value, text string) error {
			return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
		}
	}
	switch t.Kind() {
	case reflect.String:
		return func(v reflect.Value, text string) error {
			v.SetString(text)
			return nil
		}
	case reflect.Bool:
		return func(v reflect.Value, text string) error {
			v.SetBool(text == "true") // the shape lets true and false through
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(v reflect.Value, text string) error {
			n, err := strconv.ParseInt(text, 10, v.Type().Bits())
			v.SetInt(n)
			return outOfRange(err)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(v reflect.Value, text string) error {
			n, err := strconv.ParseUint(text, 10, v.Type().Bits())
			v.SetUint(n)
			return outOfRange(err)
		}
	case reflect.Float32, reflect.Float64:
		return func(v reflect.Value, text string) error {
			f, err := strconv.ParseFloat(text, v.Type().Bits())
			v.SetFloat(f)
			return outOfRange(err)
		}
	}
	return nil
}

func outOfRange(err error) error {
	if err == nil {
		return nil
	}
	return fault.Errorf(fault.Malformed, "is out of range")
}

func parseTime(v reflect.Value, text string) error {
	at, err := time.Parse(time.RFC3339, text)
	at = at.UTC()
	if err != nil || at.Year() < 1 || at.Year() > 9999 {
		return fault.Errorf(fault.Malformed, notATime)
	}
	v.Set(reflect.ValueOf(at))
	return nil
}

// checkText returns what is wrong with a parameter's text, or "".
func (s *shape) checkText(text string) string {
	switch s.typ {
	case typeBoolean:
		if text != "true" && text != "false" {
			return articles[typeBoolean]
		}
		return ""
	case typeInteger, typeNumber:
		if sc := (scanner{b: []byte(text)}); text == "" || !isDigit(text[0]) && text[0] != '-' || !sc.whole() {
			return articles[s.typ]
		}
		return s.checkNumber(text)
	case typeString:
		return s.checkString(text)
	}
	return ""
}

// whole reports whether the text is one number and nothing else.
func (sc *scanner) whole() bool {
	_, ok := sc.number()
	return ok && sc.i == len(sc.b)
}
