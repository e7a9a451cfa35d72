package web

import (
	"path"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// componentName returns what a struct is called in OpenAPI. The arguments of a
// generic type come first: Page[Product] is ProductPage. A name of one word
// that would mean nothing outside its package has the package's noun before it:
// products.Create is ProductCreate, and products.Product stays Product. A type
// without a name is called hint.
func componentName(t reflect.Type, hint string) string {
	if t.Name() == "" {
		return hint
	}
	return qualified(t.PkgPath(), t.Name())
}

func qualified(pkg, name string) string {
	base, args, generic := strings.Cut(name, "[")
	base = local(base)
	if generic {
		var b strings.Builder
		for _, arg := range splitArgs(strings.TrimSuffix(args, "]")) {
			b.WriteString(argName(arg))
		}
		return b.String() + base
	}
	noun := packageNoun(pkg)
	if noun == "" || strings.Contains(base, noun) || words(base) > 1 {
		return base
	}
	return noun + base
}

// argName names a type argument, which reflection writes with the whole path
// of its package.
func argName(arg string) string {
	arg = strings.TrimLeft(arg, "*")
	if elem, ok := strings.CutPrefix(arg, "[]"); ok {
		return argName(elem) + "List"
	}
	head, _, _ := strings.Cut(arg, "[")
	dot := strings.LastIndexByte(head, '.')
	if dot < 0 {
		return title(arg)
	}
	return qualified(arg[:dot], arg[dot+1:])
}

// local drops the suffix that reflection gives to types declared in functions.
func local(name string) string {
	name, _, _ = strings.Cut(name, "·")
	return title(name)
}

// splitArgs splits at the commas that are outside of brackets.
func splitArgs(s string) (out []string) {
	depth, start := 0, 0
	for i, c := range s {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		case ',':
			if depth == 0 {
				out, start = append(out, s[start:i]), i+1
			}
		}
	}
	return append(out, s[start:])
}

// packageNoun returns the noun that a package is about: Product for products.
// Programs and this package have none.
func packageNoun(pkg string) string {
	name := strings.TrimSuffix(path.Base(pkg), "_test")
	if name == "main" || name == "." || name == "web" {
		return ""
	}
	return title(singular(strings.ReplaceAll(name, "-", "")))
}

// singular returns the singular of a plural noun, by the rules of spelling.
func singular(s string) string {
	switch {
	case strings.HasSuffix(s, "ies") && len(s) > 4:
		return s[:len(s)-3] + "y"
	case strings.HasSuffix(s, "sses"), strings.HasSuffix(s, "xes"), strings.HasSuffix(s, "ches"), strings.HasSuffix(s, "shes"):
		return s[:len(s)-2]
	case strings.HasSuffix(s, "ss"), strings.HasSuffix(s, "us"), strings.HasSuffix(s, "is"):
		return s
	}
	return strings.TrimSuffix(s, "s")
}

func title(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// words counts the words of a name such as PublicUser.
func words(name string) int {
	n, upper := 0, false
	for _, r := range name {
		if unicode.IsUpper(r) && !upper {
			n++
		}
		upper = unicode.IsUpper(r)
	}
	return n
}

// camel returns the camelCase of a name in snake_case: created_at is
// createdAt.
func camel(s string) string {
	head, rest, _ := strings.Cut(s, "_")
	for rest != "" {
		var word string
		word, rest, _ = strings.Cut(rest, "_")
		head += title(word)
	}
	return head
}
