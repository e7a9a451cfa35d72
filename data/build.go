package data

import (
	"strconv"
	"strings"
	"sync"

	"github.com/manorgo/manor/data/driver"
)

// A builder writes one statement and gathers its parameters.
type builder struct {
	d    *driver.Dialect
	buf  []byte
	args []any

	alias   string // of the table whose columns are written, if they need it
	aliases int    // how many there are

	hits hits // what an index knows of a search
}

var builders = sync.Pool{New: func() any { return &builder{buf: make([]byte, 0, 512)} }}

func newBuilder(d *driver.Dialect) *builder {
	b := builders.Get().(*builder)
	b.d, b.buf, b.args = d, b.buf[:0], make([]any, 0, 8)
	b.alias, b.aliases, b.hits = "", 0, hits{}
	return b
}

// release gives the builder back. Its arguments live on in the call.
func (b *builder) release() {
	b.args = nil
	builders.Put(b)
}

func (b *builder) text(s string) *builder {
	b.buf = append(b.buf, s...)
	return b
}

func (b *builder) name(f *field) *builder {
	if b.alias != "" {
		b.text(b.alias).text(".")
	}
	b.buf = append(b.buf, '"')
	b.buf = append(b.buf, f.column.Name...)
	b.buf = append(b.buf, '"')
	return b
}

// arg binds v as a value of f and writes its parameter.
func (b *builder) arg(f *field, v any) error {
	v, err := f.bind(b.d, v)
	if err != nil {
		return err
	}
	b.param(v)
	return nil
}

// flag writes a constant.
func (b *builder) flag(v bool) {
	if v {
		b.text(b.d.True)
		return
	}
	b.text(b.d.False)
}

func (b *builder) param(v any) {
	b.args = append(b.args, v)
	if b.d.Numbered {
		b.buf = append(b.buf, '$')
		b.buf = strconv.AppendInt(b.buf, int64(len(b.args)), 10)
		return
	}
	b.buf = append(b.buf, '?')
}

// again writes the parameter that was the n-th, from 1.
func (b *builder) again(n int) {
	if b.d.Numbered {
		b.buf = append(b.buf, '$')
	} else {
		b.buf = append(b.buf, '?')
	}
	b.buf = strconv.AppendInt(b.buf, int64(n), 10)
}

// againAs is again for a value of a table's column. PostgreSQL wants a parameter
// to have one type, and takes that of a text beside it for another than that of
// a varchar(20) that it is stored in.
func (b *builder) againAs(n int, table string, f *field) {
	if b.d.TypeOf == "" {
		b.again(n)
		return
	}
	b.text("coalesce(").again(n)
	b.text(", ").typeOf(table, f).text(")")
}

// typeOf writes a NULL with the type of a table's column.
func (b *builder) typeOf(table string, f *field) *builder {
	head, rest, _ := strings.Cut(b.d.TypeOf, "%s")
	mid, tail, _ := strings.Cut(rest, "%s")
	return b.text(head).text(table).text(mid).text(quote(f.column.Name)).text(tail)
}

// A statementCache gives the same text the same *driver.Statement, so that a
// driver can keep what it prepared. It forgets everything when it is full:
// texts are few unless filters are very varied.
type statementCache struct {
	mu    sync.RWMutex
	known map[string]*driver.Statement
}

const maxStatements = 1000

func (c *statementCache) get(text []byte, columns []driver.Column) *driver.Statement {
	c.mu.RLock()
	s := c.known[string(text)]
	c.mu.RUnlock()
	if s != nil {
		return s
	}
	s = newStatement(string(text), columns)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= maxStatements {
		c.known = make(map[string]*driver.Statement)
	}
	c.known[s.SQL] = s
	return s
}
