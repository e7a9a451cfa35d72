package data

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/text/unicode/norm"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// Slugged gives a model a slug: a short text that names the row in addresses.
// Embed it beside Audited. The table option SlugFrom has it made from another
// column.
//
// A slug is unique and stays: UpdateAll, Upsert and UpsertAll leave it as it is
// unless they name it, and a changed title does not change it.
type Slugged struct {
	Slug string `json:"slug" db:"slug,size=100,unique,filter"`
}

// MaxSlug is how many code points a slug has at most.
const MaxSlug = 100

// SlugFrom says that a new row without a slug gets one made from the named
// column of text by Slugify. If it is taken, it gets a random ending; a text
// without any letter or digit gives a random slug. It is the insert that finds
// out, so that any number of callers may add the same title at once and each
// gets a slug of its own. A slug that the caller chose is stored as it is, and
// is fault.Conflict if it is taken.
//
// T must embed Slugged.
func SlugFrom(column string) TableOption {
	return func(o *tableOptions) { o.titled = column }
}

// Slugify returns text as a slug: its letters and digits of any script, in lower
// case and normal form (NFKC), a hyphen for whatever is between them, and at
// most MaxSlug code points, cut between words where that can be. An apostrophe
// joins, and ß becomes ss. A text without letters and digits gives "".
func Slugify(text string) string { return slugify(text, MaxSlug) }

func slugify(text string, longest int) string {
	var b strings.Builder
	gap := false
	for _, c := range norm.NFKC.String(strings.ToLower(norm.NFKC.String(text))) {
		switch {
		case c == 'ß':
			c = 's'
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteByte('s')
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
		case unicode.IsMark(c) && b.Len() > 0 && !gap:
		case c == '\'' || c == '’':
			continue
		default:
			gap = true
			continue
		}
		b.WriteRune(c)
	}
	return cutSlug(b.String(), longest)
}

// cutSlug cuts a slug to so many code points, between words if it can and never
// between a letter and its marks.
func cutSlug(slug string, longest int) string {
	if utf8.RuneCountInString(slug) <= longest {
		return slug
	}
	runes := []rune(slug)
	end := longest
	if runes[end] != '-' {
		if i := slices.Index(runes, '-'); i >= 0 && i < end {
			for runes[end] != '-' {
				end--
			}
		}
		for end > 1 && unicode.IsMark(runes[end]) {
			end--
		}
	}
	return strings.Trim(string(runes[:end]), "-")
}

// slugTries is how often a slug that is taken gets another ending. The endings
// grow, so that the last is never taken.
const slugTries = 8

// slugOf returns where v keeps its slug.
func (t *Table[T]) slugOf(v *T) *string {
	return (*string)(unsafe.Add(unsafe.Pointer(v), t.slug.offset))
}

// slugless reports whether v needs a slug made for it.
func (t *Table[T]) slugless(v *T) bool { return t.titled != nil && *t.slugOf(v) == "" }

// newSlug gives v a slug: the plain one first, others at later tries.
func (t *Table[T]) newSlug(v *T, try int) {
	title, _ := t.titled.value(unsafe.Pointer(v)).(string)
	random := strings.ToLower(rand.Text())
	slug := Slugify(title)
	switch {
	case slug == "":
		slug = random[:12]
	case try > 0:
		ending := "-" + random[:min(2+2*try, len(random))]
		slug = slugify(title, MaxSlug-len(ending)) + ending
	}
	*t.slugOf(v) = slug
}

// addSlugged adds vs, which need slugs and are filled in otherwise. On failure
// they have none again.
func (r Repository[T]) addSlugged(ctx context.Context, vs []*T) (err error) {
	defer func() {
		for _, v := range vs {
			if err != nil {
				*r.t.slugOf(v) = ""
			}
		}
	}()
	used := make(map[string]bool, len(vs))
	left := vs
	for try := 0; len(left) > 0; try++ {
		if try > slugTries {
			return fault.Errorf(fault.Conflict, "%s: no slug is free", r.t.name)
		}
		for _, v := range left {
			r.t.newSlug(v, try)
			for again := 1; used[*r.t.slugOf(v)]; again++ {
				r.t.newSlug(v, again)
			}
			used[*r.t.slugOf(v)] = true
		}
		added := make(map[string]bool, len(left))
		err := chunks(len(left), r.perStatement(len(r.t.fields)), func(i, n int) error {
			return r.insertFree(ctx, left[i:i+n], added)
		})
		if err != nil {
			return err
		}
		left = slices.DeleteFunc(slices.Clone(left), func(v *T) bool { return added[*r.t.slugOf(v)] })
	}
	return nil
}

// addSome adds vs, some of which need slugs: last, since others chose theirs.
func (r Repository[T]) addSome(ctx context.Context, vs []T, slugless []*T) error {
	return r.together(ctx, func(r Repository[T]) error {
		chosen := make([]*T, 0, len(vs)-len(slugless))
		for i := range vs {
			if !r.t.slugless(&vs[i]) {
				chosen = append(chosen, &vs[i])
			}
		}
		if len(chosen) > 0 {
			err := r.c.Load(ctx, r.t.name, r.p.columns, len(chosen), func(i int, args []any) error {
				return r.t.values(r.db.dialect, chosen[i], args)
			})
			if err != nil {
				return classify(err, r.t)
			}
		}
		return r.addSlugged(ctx, slugless)
	})
}

// insertFree inserts those of vs whose slugs are free, and notes which.
func (r Repository[T]) insertFree(ctx context.Context, vs []*T, added map[string]bool) error {
	width := len(r.t.fields)
	args := make([]any, len(vs)*width)
	for i, v := range vs {
		if err := r.t.values(r.db.dialect, v, args[i*width:(i+1)*width]); err != nil {
			return err
		}
	}
	b := newBuilder(r.db.dialect)
	defer b.release()
	b.text("INSERT INTO ").text(r.p.table).text(" (").text(r.p.list).text(") VALUES ").tuples(args, width)
	b.text(" ON CONFLICT (").name(r.t.slug).text(") DO NOTHING RETURNING ").name(r.t.slug)
	rows, err := r.c.Query(ctx, r.call(b, []driver.Column{r.t.slug.column}))
	if err != nil {
		return classify(err, r.t)
	}
	defer rows.Close()
	for rows.Next() {
		var slug string
		if err := rows.Scan([]any{&slug}); err != nil {
			return classify(err, r.t)
		}
		added[slug] = true
	}
	if err := rows.Err(); err != nil {
		return classify(err, r.t)
	}
	return classify(rows.Close(), r.t)
}

// retrySlug runs fn, and again with other slugs for those of vs that got one
// from here as long as theirs is taken. In a transaction each time is a
// savepoint, so that it can go on.
func (r Repository[T]) retrySlug(ctx context.Context, vs []*T, fn func(r Repository[T]) error) error {
	if len(vs) == 0 {
		return fn(r)
	}
	var err error
	for try := range slugTries {
		for _, v := range vs {
			r.t.newSlug(v, try)
		}
		if r.tx == nil {
			err = fn(r)
		} else {
			err = r.tx.Nested(ctx, func(in *Tx) error { return fn(r.in(in)) })
		}
		if !Taken(err, r.t.slug.column.Name) {
			break
		}
	}
	if err != nil {
		for _, v := range vs {
			*r.t.slugOf(v) = ""
		}
	}
	return err
}
