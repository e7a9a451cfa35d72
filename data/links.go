package data

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unsafe"
)

// Links is a [ToMany] by way of a table between the two, each of whose rows
// links one of P, which it names by a V, with one of C, which it names by a W. It
// changes those links, too; nothing else ever does, but rows that are
// deleted, by the reference action of the table between.
type Links[P, C, V, W any] struct {
	ToMany[P, C]
	table linking[V, W]
}

// ManyToMany is the relation of the rows of t to those of others by way of
// between, whose columns own and their refer to the two, by what their tags say
// or to the primary keys. Neither may be NULL, and a constraint of between has to
// keep both together unique.
func ManyToMany[P, C, J, V, W any](t *Table[P], others *Table[C], between *Table[J], own Column[J, V], their Column[J, W], field func(*P) *[]C) Links[P, C, V, W] {
	r := ManyToManyBy(t, others, between, own, their, field)
	return Links[P, C, V, W]{ToMany: r, table: linkTable[P, J, V, W]{t, r.x.own[0], between, own, their}}
}

// ManyToManyBy is ManyToMany where several columns of between refer to one row.
// They may have columns in common, such as that of a tenant. Links are rows of
// between like others: add and delete them there.
func ManyToManyBy[P, C, J any](t *Table[P], others *Table[C], between *Table[J], own, their Reference[J], field func(*P) *[]C) ToMany[P, C] {
	l := &link{table: quote(t.name), related: quote(others.name), via: &via{table: quote(between.name)}}
	l.via.own, l.own = refer(between, t, own)
	l.via.their, l.their = refer(between, others, their)
	between.mustLink(l.via.own, l.via.their)
	return ToMany[P, C]{relation[P, C]{link: l, from: t, to: others, only: others.unmarked()}, field}
}

// mustLink panics unless rows of t can link by own and their.
func (t *Table[T]) mustLink(own, their []*field) {
	both := slices.Clone(own)
	for _, f := range their {
		if !slices.Contains(both, f) {
			both = append(both, f)
		}
	}
	null := slices.ContainsFunc(both, func(f *field) bool { return f.column.Null })
	switch columns := columnsOf(both); {
	case null || len(both) == len(own) || len(both) == len(their):
		panic(fmt.Sprintf("data: table %s: a link needs two columns that may not be NULL", t.name))
	case t.deleted != nil:
		panic(fmt.Sprintf("data: table %s: links are there or not, and cannot be marked as deleted", t.name))
	case !t.unique(columns):
		panic(fmt.Sprintf("data: table %s: nothing keeps %s together unique", t.name, strings.Join(columns, " and ")))
	}
}

// Add links the row whose key is owner with others, and returns how many of
// these links are new: one that is there stays as it is. A key without a row is
// fault.Conflict.
func (l Links[P, C, V, W]) Add(ctx context.Context, h Handle, owner V, others ...W) (int, error) {
	return l.table.add(ctx, h, owner, others)
}

// Remove removes the links between the row whose key is owner and others, and
// returns how many there were.
func (l Links[P, C, V, W]) Remove(ctx context.Context, h Handle, owner V, others ...W) (int, error) {
	return l.table.remove(ctx, h, owner, others)
}

// Set makes others all that the row whose key is owner is linked with, in one
// transaction: links to others that are there stay as they are. Of two callers
// at once one waits for the other. No such owner is fault.NotFound, another key
// without a row fault.Conflict.
func (l Links[P, C, V, W]) Set(ctx context.Context, h Handle, owner V, others ...W) error {
	return l.table.set(ctx, h, owner, others)
}

// A linking is a linkTable whose rows nobody needs to know.
type linking[V, W any] interface {
	add(ctx context.Context, h Handle, owner V, others []W) (int, error)
	remove(ctx context.Context, h Handle, owner V, others []W) (int, error)
	set(ctx context.Context, h Handle, owner V, others []W) error
}

type linkTable[P, J, V, W any] struct {
	owners *Table[P]
	named  *field // what the column own refers to
	rows   *Table[J]
	own    Column[J, V]
	their  Column[J, W]
}

func (l linkTable[P, J, V, W]) add(ctx context.Context, h Handle, owner V, others []W) (n int, err error) {
	r := l.rows.On(h)
	size := 1
	for size*2 <= maxRows && size*2*len(l.rows.fields) <= r.db.dialect.MaxParams {
		size *= 2
	}
	err = r.inChunks(ctx, len(others) > size, func(r Repository[J]) error {
		for some := range slices.Chunk(others, size) {
			added, err := l.insert(ctx, r, owner, some)
			if err != nil {
				return err
			}
			n += added
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// insert adds links in one statement. Their number is rounded up by repeating
// the last one, which is there by then, so that there are few statements.
func (l linkTable[P, J, V, W]) insert(ctx context.Context, r Repository[J], owner V, others []W) (int, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	width, now := len(r.t.fields), r.db.Now()
	args := make([]any, roundUp(len(others))*width)
	for i := range len(args) / width {
		v := new(J)
		*l.ownOf(v), *l.theirOf(v) = owner, others[min(i, len(others)-1)]
		r.stamp(v, now)
		if err := r.t.values(r.db.dialect, v, args[i*width:(i+1)*width]); err != nil {
			return 0, err
		}
	}
	b.text("INSERT INTO ").text(r.p.table).text(" (").text(r.p.list).text(") VALUES ")
	b.tuples(args, width).text(" ON CONFLICT (")
	b.name(l.own.f).text(", ").name(l.their.f).text(") DO NOTHING")
	n, err := r.c.Exec(ctx, r.call(b, nil))
	return int(n), classify(err, r.t)
}

func (l linkTable[P, J, V, W]) remove(ctx context.Context, h Handle, owner V, others []W) (n int, err error) {
	r := l.rows.On(h)
	size := r.db.listSize(1) / 2 // the owner needs a parameter, too
	err = r.inChunks(ctx, len(others) > size, func(r Repository[J]) error {
		for some := range slices.Chunk(others, size) {
			removed, err := r.DeleteWhere(ctx, All(l.own.Eq(owner), l.their.In(some...)))
			if err != nil {
				return err
			}
			n += removed
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (l linkTable[P, J, V, W]) set(ctx context.Context, h Handle, owner V, others []W) error {
	return l.rows.On(h).together(ctx, func(r Repository[J]) error {
		h := handle{r.db, r.c}
		key := Filter[P]{&node{op: opEq, f: l.named, v: plain(l.own.f, owner)}}
		if _, err := l.owners.On(h).Lock(ctx, key); err != nil {
			return err
		}
		rows, err := r.List(ctx, Query[J]{Where: l.own.Eq(owner), Limit: -1})
		if err != nil {
			return err
		}
		there := make(map[any]bool, len(rows.Items)) // and whether it stays
		for i := range rows.Items {
			there[plain(l.their.f, *l.theirOf(&rows.Items[i]))] = false
		}
		var more, gone []W
		for _, other := range others {
			k := plain(l.their.f, other)
			if _, ok := there[k]; !ok {
				more = append(more, other)
			}
			there[k] = true
		}
		for i := range rows.Items {
			if other := *l.theirOf(&rows.Items[i]); !there[plain(l.their.f, other)] {
				gone = append(gone, other)
			}
		}
		if _, err := l.remove(ctx, h, owner, gone); err != nil {
			return err
		}
		_, err = l.add(ctx, h, owner, more)
		return err
	})
}

func (l linkTable[P, J, V, W]) ownOf(v *J) *V {
	return (*V)(unsafe.Add(unsafe.Pointer(v), l.own.f.offset))
}

func (l linkTable[P, J, V, W]) theirOf(v *J) *W {
	return (*W)(unsafe.Add(unsafe.Pointer(v), l.their.f.offset))
}

// inChunks runs fn, in a transaction if it takes several statements.
func (r Repository[T]) inChunks(ctx context.Context, several bool, fn func(Repository[T]) error) error {
	if several {
		return r.together(ctx, fn)
	}
	return fn(r)
}
