package data

import (
	"strconv"
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
}

var builders = sync.Pool{New: func() any { return &builder{buf: make([]byte, 0, 512)} }}

func newBuilder(d *driver.Dialect) *builder {
	b := builders.Get().(*builder)
	b.d, b.buf, b.args = d, b.buf[:0], make([]any, 0, 8)
	b.alias, b.aliases = "", 0
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
