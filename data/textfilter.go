package data

import (
	"strings"
	"unicode/utf8"

	"github.com/manorgo/manor/fault"
)

// HasPrefixFold is HasPrefix without regard to the case of the letters A to Z.
func (c Text[T]) HasPrefixFold(s string) Filter[T] { return c.compare(opPrefixFold, s) }

// HasSuffix holds for rows whose text ends with s, exactly.
func (c Text[T]) HasSuffix(s string) Filter[T] { return c.compare(opSuffix, s) }

// HasSuffixFold is HasSuffix without regard to the case of the letters A to Z.
func (c Text[T]) HasSuffixFold(s string) Filter[T] { return c.compare(opSuffixFold, s) }

// maxPattern is the length of the longest pattern, in bytes.
const maxPattern = 4096

// Like holds for rows whose text matches a pattern as a whole, exactly: % is any
// text, _ any one character, and \ comes before a character that means itself. A
// pattern that ends in a \ which nothing follows, or is longer than 4096 bytes,
// is fault.Invalid.
func (c Text[T]) Like(pattern string) Filter[T] { return c.compare(opLike, pattern) }

// LikeFold is Like without regard to the case of the letters A to Z.
func (c Text[T]) LikeFold(pattern string) Filter[T] { return c.compare(opLikeFold, pattern) }

// Lacks holds for rows without s in their text. A NULL lacks every text, "" too,
// while Not(Contains(s)) does not hold for it.
func (c Text[T]) Lacks(s string) Filter[T] { return lacking(c.Contains(s)) }

// LacksFold is Lacks without regard to the case of the letters A to Z.
func (c Text[T]) LacksFold(s string) Filter[T] { return lacking(c.ContainsFold(s)) }

// LacksPrefix holds for rows whose text does not start with s, or is NULL.
func (c Text[T]) LacksPrefix(s string) Filter[T] { return lacking(c.HasPrefix(s)) }

// LacksPrefixFold is LacksPrefix without regard to the case of the letters A to
// Z.
func (c Text[T]) LacksPrefixFold(s string) Filter[T] { return lacking(c.HasPrefixFold(s)) }

// LacksSuffix holds for rows whose text does not end with s, or is NULL.
func (c Text[T]) LacksSuffix(s string) Filter[T] { return lacking(c.HasSuffix(s)) }

// LacksSuffixFold is LacksSuffix without regard to the case of the letters A to
// Z.
func (c Text[T]) LacksSuffixFold(s string) Filter[T] { return lacking(c.HasSuffixFold(s)) }

func lacking[T any](f Filter[T]) Filter[T] {
	return Filter[T]{&node{op: opLacks, kids: []*node{f.n}}}
}

// Lacking returns the filter for rows without text in every column marked
// search, the opposite of Searching: a NULL lacks every text. A table without
// such columns gives Everything.
func (t *Table[T]) Lacking(text string, fold bool) Filter[T] {
	o := opHas
	if fold {
		o = opHasFold
	}
	return lackingIn[T](o, t.searched(), text)
}

func (t *Table[T]) searched() (out []*field) {
	for _, f := range t.fields {
		if f.search {
			out = append(out, f)
		}
	}
	return out
}

func lackingIn[T any](o op, fields []*field, text string) Filter[T] {
	all := []Filter[T]{}
	for _, f := range fields {
		all = append(all, lacking(Filter[T]{&node{op: o, f: f, v: text}}))
	}
	if len(all) == 0 {
		return Everything[T]()
	}
	return All(all...)
}

// textFormat is the dialect's condition of a text operation.
func (b *builder) textFormat(o op) string {
	switch o {
	case opHas:
		return b.d.Has
	case opHasFold:
		return b.d.HasFold
	case opPrefix:
		return b.d.Prefix
	case opPrefixFold:
		return b.d.PrefixFold
	case opSuffix:
		return b.d.Suffix
	}
	return b.d.SuffixFold
}

func (b *builder) lacks(n *node) error {
	b.text("(NOT (")
	err := b.condition(n)
	b.text(")")
	b.orNull(n.f).text(")")
	return err
}

func (b *builder) like(n *node) error {
	pattern, _ := n.v.(string)
	if why := badPattern(pattern); why != "" {
		return fault.Field(n.f.json, "%s", why)
	}
	if b.d.Pattern != nil {
		pattern = b.d.Pattern(pattern)
	}
	if n.op == opLike {
		return b.format(b.d.Like, n.f, pattern)
	}
	return b.format(b.d.LikeFold, n.f, pattern)
}

// badPattern returns what is wrong with a pattern, or "".
func badPattern(pattern string) string {
	rest := strings.TrimRight(pattern, `\`)
	switch {
	case (len(pattern)-len(rest))%2 == 1:
		return `ends in a \ that nothing follows`
	case len(pattern) > maxPattern:
		return "is too long for a pattern"
	case !validText(pattern):
		return notText
	}
	return ""
}

// part binds a part of a text. It need not be a value that the column could
// have, such as one of its choices, nor fit its size: then no row has it.
func (b *builder) part(f *field, v any) error {
	if s, ok := v.(string); ok && !validText(s) {
		return fault.Field(f.json, notText)
	}
	v, err := f.encode(b.d, v)
	if err != nil {
		return err
	}
	b.param(v)
	return nil
}

const notText = "is not valid text"

// validText reports whether a database can hold s.
func validText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
