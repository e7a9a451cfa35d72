package transfer

import (
	"context"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A Bookmark notes how far work on the rows of a file came, in the transactions
// that do the work, so that it goes on from there whenever it was interrupted: it
// is what [Load] does for rows that are stored as they are. Its note is in the
// table manor_loads until Close.
type Bookmark struct {
	l     *loading
	t     *table
	f     *Fixture
	chain chain
	found marker // where an earlier run came to
	noted marker
	read  int64
}

// OpenBookmark finds how far work of this name on the file came, or begins it. It
// begins anew if restart says so.
func OpenBookmark(ctx context.Context, db *data.DB, name string, f *Fixture, restart bool) (*Bookmark, error) {
	b := &Bookmark{t: &table{name: name}, f: f, chain: newChain()}
	b.l = &loading{db: db, opts: LoadOptions{Restart: restart, reached: func(string) {}}, files: map[*table][]*Fixture{b.t: {f}}}
	err := b.l.prepare(ctx)
	if err == nil {
		b.found, err = b.l.marker(ctx, b.t, f)
		b.noted = b.found
	}
	return b, failed(ctx, err, "the place in %s cannot be noted", f.file)
}

// Found returns how many rows an earlier run did.
func (b *Bookmark) Found() int64 { return b.found.rows }

// Read counts a row, each in its turn, and reports whether an earlier run did it.
// If the rows before that run's end are not the same any more, it is
// fault.Conflict.
func (b *Bookmark) Read(r Record) (done bool, err error) {
	b.chain.add(r)
	b.read++
	if b.read == b.found.rows && b.chain.String() != b.found.digest {
		return false, fault.Errorf(fault.Conflict, "%s: the first %d rows, which were done before, are not the same any more: start again", b.f.file, b.read)
	}
	return b.read <= b.found.rows, nil
}

var noting = data.NewSelect[struct {
	Rows int64 `db:"rows"`
}](`UPDATE manor_loads SET "rows" = ?, "digest" = ? WHERE "name" = ? AND "file" = ? AND "rows" = ? AND "digest" = ? RETURNING "rows"`, "")

// A Place is one in a file.
type Place struct{ m marker }

// Here returns where Read came to.
func (b *Bookmark) Here() Place { return Place{marker{b.read, b.chain.String()}} }

// Note notes, in the transaction of the work, that all rows up to p are done. If
// somebody else works on the file, too, it is fault.Conflict. Call Noted when the
// transaction has committed.
func (b *Bookmark) Note(ctx context.Context, tx *data.Tx, p Place) error {
	done, err := noting.All(ctx, tx, int(p.m.rows), p.m.digest, b.t.name, b.f.file, int(b.noted.rows), b.noted.digest)
	if err == nil && len(done) != 1 {
		err = fault.Wrap(fault.Conflict, errMarker, "%s is being worked on by somebody else, too", b.f.file)
	}
	return err
}

// Noted says that what Note noted is committed.
func (b *Bookmark) Noted(p Place) { b.noted = p.m }

// Close forgets the work, which is done. Without it, the next run goes on.
func (b *Bookmark) Close(ctx context.Context) error {
	if b.read < b.found.rows {
		return fault.Errorf(fault.Conflict, "%s: has %d rows, and %d were done before: start again", b.f.file, b.read, b.found.rows)
	}
	return failed(ctx, b.l.tidy(ctx), "the place in %s cannot be forgotten", b.f.file)
}

// Share returns how much of the file was read, from 0 to 1; negative if nobody
// knows.
func (f *Fixture) Share() float64 { return f.share() }

// Within has Records yield the rows of a list that stands in an object under one
// of these names, such as {"items": […]}, if the file begins with one. Call it
// before Records. It is for files of JSON.
func (f *Fixture) Within(names ...string) error {
	const most = 512
	if f.format != formatJSON {
		return nil
	}
	head, _ := f.r.Peek(most) // a short file is all of it
	text := strings.TrimLeft(string(head), " \t\r\n")
	inner, object := strings.CutPrefix(text, "{")
	if !object {
		return nil
	}
	for _, name := range names {
		_, after, ok := strings.Cut(inner, `"`+name+`"`)
		if !ok {
			continue
		}
		after = strings.TrimLeft(after, " \t\r\n")
		after, colon := strings.CutPrefix(after, ":")
		after = strings.TrimLeft(after, " \t\r\n")
		if !colon || !strings.HasPrefix(after, "[") {
			continue
		}
		skipped := string(head[:len(head)-len(after)])
		f.line += strings.Count(skipped, "\n")
		f.state.within = true
		_, err := f.r.Discard(len(skipped))
		return err
	}
	return nil
}
