package data

import (
	"context"

	"github.com/manorgo/manor/data/driver"
)

// SearchIndex says that a revision keeps an index for [Table.Searching], made of
// the statements of migrate.SearchIndex. T must have a primary key of one column,
// and columns marked search. List and Count then find a text that few rows have
// without reading the others; what they return is the same.
//
// Before they do, they ask the index how rare the text is, which is a further
// statement or two. A text that very many rows have is looked for row by row, as
// without an index: the first page is found soon, and an exact count reads all.
func SearchIndex() TableOption { return func(o *tableOptions) { o.search = true } }

// searching returns the filter for rows that have text in one of the columns
// marked search, which an index may know.
func (t *Table[T]) searching(exact Filter[T], text string) Filter[T] {
	if t.index == nil || text == "" {
		return exact
	}
	return Filter[T]{&node{op: opSearch, kids: []*node{exact.n}, v: text}}
}

// setSearch completes the index that the option asks for, and reports what is
// wrong with that, or "".
func (t *Table[T]) setSearch() string {
	columns := t.searched()
	if t.id == nil || len(columns) == 0 {
		return "the option SearchIndex is for tables with a primary key of one column, and columns marked search"
	}
	t.index = &driver.SearchIndex{Table: t.name, Key: t.id.column.Name}
	for _, f := range columns {
		if f.seal != nil || f.column.Kind != driver.Text {
			return f.column.Name + " cannot be searched by an index"
		}
		t.index.Columns = append(t.index.Columns, f.column)
	}
	return ""
}

// hits are what an index knows of the search in a filter.
type hits struct {
	search *node
	driver.Found
}

// Rows that an index may name for a page to be read by it, and for a count. They
// are sorted for a page, where it is soon found by reading rows in its order if
// many of them will do.
const (
	fewFound  = 2_000
	manyFound = 20_000
)

// look asks the index of the table, if it has one, how to find the rows of the
// one search that where demands, to count them or for a page only.
func (r Repository[T]) look(ctx context.Context, where Filter[T], count bool) (f hits, err error) {
	if r.t.index == nil || r.db.dialect.Search == nil {
		return f, nil
	}
	if f.search = demanded(r.scoped(where)); f.search == nil {
		return f, nil
	}
	text := f.search.v.(string)
	if !validText(text) {
		return f, nil // the filter says so
	}
	most := fewFound
	if count {
		most = manyFound
	}
	f.Found, err = r.db.dialect.Search(ctx, r.c, *r.t.index, text, most)
	return f, classify(err, r.t)
}

// demanded returns a search that every row of a filter holds to, or nil.
func demanded(n *node) *node {
	if n == nil || n.op == opSearch {
		return n
	}
	if n.op == opAnd {
		for _, k := range n.kids {
			if s := demanded(k); s != nil {
				return s
			}
		}
	}
	return nil
}

// search writes the condition of a search, and what the index knows of it.
func (b *builder) search(n *node) error {
	if b.hits.search != n || b.hits.Head == "" || b.alias != "" {
		return b.condition(n.kids[0])
	}
	b.text("(").text(b.hits.Head)
	b.param(b.hits.Arg)
	b.text(b.hits.Tail).text(" AND ")
	err := b.condition(n.kids[0])
	b.text(")")
	return err
}

// manyAdded is how many rows are worth it to be taken into an index together.
const manyAdded = 100

// indexing runs load, which adds n rows.
func (r Repository[T]) indexing(ctx context.Context, n int, load func(Repository[T]) error) error {
	if r.t.index == nil || n < manyAdded || r.db.dialect.Together == nil {
		return load(r)
	}
	before, after := r.db.dialect.Together(*r.t.index)
	return r.together(ctx, func(r Repository[T]) error {
		_, err := r.c.Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: before}})
		if err == nil {
			err = load(r)
		}
		for _, sql := range after {
			if err == nil {
				_, err = r.c.Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: sql}})
			}
		}
		return err
	})
}
