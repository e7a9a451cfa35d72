package web

import (
	"encoding/base64"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// The types of JSON Schema, and null.
const (
	typeBoolean = huma.TypeBoolean
	typeInteger = huma.TypeInteger
	typeNumber  = huma.TypeNumber
	typeString  = huma.TypeString
	typeArray   = huma.TypeArray
	typeObject  = huma.TypeObject
	typeNull    = "null"
)

// A shape is a schema made ready for a scanner: references are followed,
// patterns compiled, names numbered.
//
// It is stricter than huma.Validate, which takes names in any case and null for
// every optional field, and it says nothing about values.
type shape struct {
	*huma.Schema
	typ      string // "" means any
	nullable bool
	pattern  *regexp.Regexp

	props  []property
	index  map[string]int
	closed bool   // other names are refused
	extra  *shape // of the values of other names; nil means any

	items  *shape
	unique bool

	choices  []*shape // of which at least one holds
	one, all bool     // exactly one holds; every one holds

	minItems, maxItems, minProps, maxProps *int
}

type property struct {
	name                          string
	shape                         *shape
	required, readOnly, writeOnly bool
}

const maxProps = 256 // that a seen has room for

// compile returns the shape of a schema. Shapes of references are shared, so a
// schema may refer to itself.
func (g *registry) compile(s *huma.Schema) *shape {
	if s == nil {
		return nil
	}
	if s.Ref != "" {
		if known := g.shapes[s.Ref]; known != nil {
			return known
		}
		out := new(shape)
		g.shapes[s.Ref] = out
		g.fill(out, g.SchemaFromRef(s.Ref))
		return out
	}
	out := new(shape)
	g.fill(out, s)
	return out
}

func (g *registry) fill(out *shape, s *huma.Schema) {
	*out = shape{
		Schema: s, typ: s.Type, nullable: s.Nullable || s.Type == "" || s.Type == typeNull,
		items: g.compile(s.Items), unique: s.UniqueItems,
		minItems: s.MinItems, maxItems: s.MaxItems, minProps: s.MinProperties, maxProps: s.MaxProperties,
	}
	if s.Pattern != "" {
		out.pattern = regexp.MustCompile(s.Pattern)
	}
	for _, group := range [][]*huma.Schema{s.OneOf, s.AnyOf, s.AllOf} {
		for _, c := range group {
			out.choices = append(out.choices, g.compile(c))
		}
	}
	out.one, out.all = s.OneOf != nil, s.AllOf != nil
	switch extra := s.AdditionalProperties.(type) {
	case bool:
		out.closed = !extra
	case *huma.Schema:
		out.extra = g.compile(extra)
	}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) > maxProps {
		panic(fmt.Sprintf("web: an object has more than %d fields", maxProps))
	}
	out.index = make(map[string]int, len(names))
	for i, name := range names {
		p := s.Properties[name]
		out.index[name] = i
		out.props = append(out.props, property{name, g.compile(p), slices.Contains(s.Required, name), p.ReadOnly, p.WriteOnly})
	}
}

var articles = map[string]string{
	typeBoolean: "must be true or false",
	typeInteger: "must be a whole number",
	typeNumber:  "must be a number",
	typeString:  "must be a string",
	typeArray:   "must be a list",
	typeObject:  "must be an object",
	typeNull:    "must be null",
}

// checkType returns what is wrong with a value of this type, or "".
func (s *shape) checkType(typ string) string {
	switch {
	case typ == typeNull && s.nullable, s.typ == "", s.typ == typ:
		return ""
	case typ == typeNull:
		return "may not be null"
	}
	return articles[s.typ]
}

// checkString returns what is wrong with a string, or "". It never quotes it.
func (s *shape) checkString(v string) string {
	if msg := s.checkType(typeString); msg != "" || s.typ == "" {
		return msg
	}
	switch {
	case s.MinLength != nil && utf8.RuneCountInString(v) < *s.MinLength:
		if *s.MinLength == 1 {
			return "may not be empty"
		}
		return fmt.Sprintf("must have at least %d characters", *s.MinLength)
	case s.MaxLength != nil && len(v) > *s.MaxLength && utf8.RuneCountInString(v) > *s.MaxLength:
		return fmt.Sprintf("must have at most %d characters", *s.MaxLength)
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, any(v)):
		return "must be one of " + s.choicesText()
	case s.pattern != nil && !s.pattern.MatchString(v):
		if s.PatternDescription != "" {
			return "must be " + s.PatternDescription
		}
		return "must match " + s.Pattern
	case s.ContentEncoding == "base64" && !isBase64(v):
		return "must be base64"
	}
	return checkFormat(s.Format, v)
}

func (s *shape) choicesText() string {
	var texts []string
	for _, v := range s.Enum {
		if v != nil {
			texts = append(texts, fmt.Sprint(v))
		}
	}
	return strings.Join(texts, ", ")
}

func isBase64(s string) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

const notATime = "is not a time with zone, such as 2026-01-31T12:00:00Z"

// checkFormat knows the formats that our types have; it takes others as they
// are.
func checkFormat(format, v string) string {
	ok, msg := true, ""
	switch format {
	case "uuid":
		ok, msg = uuidForm.MatchString(v), "is not a UUID"
	case "date-time":
		_, err := time.Parse(time.RFC3339, v)
		ok, msg = err == nil, notATime
	case "date":
		_, err := time.Parse(time.DateOnly, v)
		ok, msg = err == nil, "is not a date, such as 2026-01-31"
	case "email":
		a, err := mail.ParseAddress(v)
		ok, msg = err == nil && a.Name == "" && a.Address == v, "is not an e-mail address"
	case "uri":
		u, err := url.Parse(v)
		ok, msg = err == nil && u.Scheme != "", "is not an address with scheme, such as https://example.com"
	case "ip", "ipv4", "ipv6":
		a, err := netip.ParseAddr(v)
		ok = err == nil && (format != "ipv4" || a.Is4()) && (format != "ipv6" || a.Is6())
		msg = "is not an IP address"
	}
	if ok {
		return ""
	}
	return msg
}

// checkNumber returns what is wrong with a number, or "".
func (s *shape) checkNumber(lit string) string {
	if s.typ != typeInteger && s.typ != typeNumber {
		return s.checkType(typeNumber)
	}
	if s.typ == typeInteger {
		if strings.ContainsAny(lit, ".eE") {
			return articles[typeInteger]
		}
		bits := 64
		if s.Format == "int32" {
			bits = 32
		}
		if _, err := strconv.ParseInt(lit, 10, bits); err != nil {
			return "is out of range"
		}
	}
	f, err := strconv.ParseFloat(lit, 64)
	switch {
	case err != nil:
		return "is out of range"
	case s.Minimum != nil && f < *s.Minimum:
		return "must be at least " + plain(*s.Minimum)
	case s.Maximum != nil && f > *s.Maximum:
		return "must be at most " + plain(*s.Maximum)
	case s.ExclusiveMinimum != nil && f <= *s.ExclusiveMinimum:
		return "must be more than " + plain(*s.ExclusiveMinimum)
	case s.ExclusiveMaximum != nil && f >= *s.ExclusiveMaximum:
		return "must be less than " + plain(*s.ExclusiveMaximum)
	case s.MultipleOf != nil && f != 0 && !isMultiple(f, *s.MultipleOf):
		return "must be a multiple of " + plain(*s.MultipleOf)
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, any(f)):
		return "must be one of " + s.choicesText()
	}
	return ""
}

// plain writes a limit without an exponent.
func plain(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func isMultiple(f, of float64) bool {
	n := f / of
	return n == float64(int64(n))
}

// checkCount returns what is wrong with the number of entries, or "".
func (s *shape) checkCount(n int, what string, least, most *int) string {
	switch {
	case least != nil && n < *least:
		return fmt.Sprintf("must have at least %d %s", *least, what)
	case most != nil && n > *most:
		return fmt.Sprintf("must have at most %d %s", *most, what)
	}
	return ""
}
