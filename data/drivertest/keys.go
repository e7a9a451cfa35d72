package drivertest

import (
	"context"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

var keyTests = slices.Concat(
	testsOf("uuid v4", randomKeys()), testsOf("uuid v6", timedKeys()), testsOf("uuid v7", plainKeys()), testsOf("nano", nanoKeys()),
	testsOf("serial", serialKeys()), testsOf("natural", codeKeys()), testsOf("composite", seatKeys()),
	[]test{{"uuid versions", uuidVersions}},
)

// testsOf is what holds for every kind of key.
func testsOf[T any](name string, k keyed[T]) []test {
	return []test{
		{name, k.life},
		{name + " added", k.added},
		{name + " wrong", k.wrongs},
		{name + " many", k.many},
		{name + " upsert", k.upsert},
		{name + " update all", k.updateAll},
		{name + " keyset", k.keyset},
		{name + " service", k.service},
	}
}

func (k keyed[T]) life(s suite) {
	db := s.dbAt(time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC), k.table.Schema())
	rows := k.table.On(db)
	v := k.rows(0, 1)[0]
	s.ok(rows.Add(s.ctx, &v))
	for _, key := range []data.Key[T]{k.key(&v), k.table.KeyOf(&v)} {
		got, err := rows.Get(s.ctx, key)
		s.ok(err)
		s.same("the row", got, v)
	}
	rank := data.Col[int](k.table, "rank")
	got, err := rows.Update(s.ctx, k.key(&v), rank.Set(7))
	s.ok(err)
	k.parts(&v).Rank = 7
	s.same("changed", *k.parts(&got), *k.parts(&v))
	exists, err := rows.Exists(s.ctx, data.KeysIn(k.table, k.key(&v)))
	s.ok(err)
	s.same("exists", exists, true)
	for _, key := range []data.Key[T]{k.absent, k.zero} {
		_, err = rows.Get(s.ctx, key)
		s.is(err, fault.NotFound)
		_, err = rows.Update(s.ctx, key, rank.Set(8))
		s.is(err, fault.NotFound)
		s.is(rows.Delete(s.ctx, key), fault.NotFound)
	}
	again := k.row(0, Named{Name: "another", Rank: 9})
	if k.clear == nil {
		s.is(rows.Add(s.ctx, &again), fault.Conflict)
		s.mentions(rows.Add(s.ctx, &again), k.table.Fields()[0].JSON)
	}
	s.ok(rows.Delete(s.ctx, k.key(&v)))
	s.is(rows.Delete(s.ctx, k.key(&v)), fault.NotFound)
	count(s, db, k.table, 0)
}

// added: rows that are added together come back in their order, each with a key
// of its own.
func (k keyed[T]) added(s suite) {
	db := s.db(k.table.Schema())
	rows := k.table.On(db)
	vs := k.rows(0, 600)
	s.ok(rows.AddAll(s.ctx, vs))
	page, err := rows.List(s.ctx, data.Query[T]{Order: data.By(data.TextCol(k.table, "name").Asc()), Limit: -1})
	s.ok(err)
	s.same("stored", page.Items, vs)
	got, err := rows.GetAll(s.ctx, k.keys(vs)...)
	s.ok(err)
	s.same("by their keys", got, vs)

	more := k.rows(600, 2)
	s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
		s.ok(k.table.On(tx).Add(s.ctx, &more[0]))
		return k.table.On(tx).AddAll(s.ctx, more[1:])
	}))
	got, err = rows.GetAll(s.ctx, k.keys(more)...)
	s.ok(err)
	s.same("in a transaction", got, more)

	same := k.row(700, *k.parts(&vs[0])) // the name is taken
	added, err := rows.AddNew(s.ctx, &same, "name")
	s.ok(err)
	s.same("added again", added, false)
	fresh := k.rows(800, 1)[0]
	added, err = rows.AddNew(s.ctx, &fresh, "name")
	s.ok(err)
	s.same("added", added, true)
	stored, err := rows.Get(s.ctx, k.key(&fresh))
	s.ok(err)
	s.same("stored", stored, fresh)

	clash := k.rows(900, 600)
	k.parts(&clash[599]).Name = k.parts(&clash[0]).Name
	s.is(rows.AddAll(s.ctx, clash), fault.Conflict)
	count(s, db, k.table, 603)
}

// wrongs: a mistake of the program is an error, and touches no row.
func (k keyed[T]) wrongs(s suite) {
	db := s.db(k.table.Schema())
	rows := k.table.On(db)
	vs := k.rows(0, 2)
	s.ok(rows.AddAll(s.ctx, vs))
	service := data.Service[T, creator[T], patcher[T]]{DB: db, Table: k.table}
	for _, key := range append(k.wrong, nil) {
		_, err := rows.Get(s.ctx, key)
		s.is(err, fault.Internal)
		_, err = rows.Update(s.ctx, key, data.Col[int](k.table, "rank").Set(5))
		s.is(err, fault.Internal)
		s.is(rows.Delete(s.ctx, key), fault.Internal)
		_, err = rows.GetAll(s.ctx, k.key(&vs[0]), key)
		s.is(err, fault.Internal)
		_, err = rows.DeleteAll(s.ctx, k.key(&vs[0]), key)
		s.is(err, fault.Internal)
		_, err = service.Get(s.ctx, key)
		s.is(err, fault.Internal)
		_, err = service.Update(s.ctx, key, patcher[T]{})
		s.is(err, fault.Internal)
		s.is(service.Delete(s.ctx, key), fault.Internal)
	}
	got, err := rows.GetAll(s.ctx, k.keys(vs)...)
	s.ok(err)
	s.same("untouched", got, vs)
}

// many: lists of keys may be longer than what one statement takes.
func (k keyed[T]) many(s suite) {
	db := s.db(k.table.Schema())
	rows := k.table.On(db)
	n, err := rows.DeleteAll(s.ctx)
	s.ok(err)
	s.same("deleted by none", n, 0)
	got, err := rows.GetAll(s.ctx)
	s.ok(err)
	s.same("got by none", len(got), 0)
	_, err = rows.Count(s.ctx, data.KeysIn(k.table, k.keys(nil)...))
	s.ok(err)

	vs := k.rows(0, 40)
	s.ok(rows.AddAll(s.ctx, vs))
	some := k.keys([]T{vs[9], vs[3], vs[9], vs[1]}) // and nobody
	got, err = rows.GetAll(s.ctx, append(some, k.absent)...)
	s.ok(err)
	s.same("in the order of keys", got, []T{vs[9], vs[3], vs[1]})
	n, err = rows.Count(s.ctx, data.KeysIn(k.table, append(some, k.absent)...))
	s.ok(err)
	s.same("counted", n, 3)
	n, err = rows.Count(s.ctx, data.Not(data.KeysIn(k.table, some...)))
	s.ok(err)
	s.same("the others", n, 37)

	width := 0
	for _, c := range k.table.Schema().Columns {
		if c.Primary {
			width++
		}
	}
	most := 1 // keys in one statement
	for 2*most*width <= db.Driver().Dialect().MaxParams {
		most *= 2
	}
	for i, size := range []int{most - 1, most, most + 1, 2*most + 1} {
		keys := make([]data.Key[T], size)
		for j := range keys {
			keys[j] = k.absent
		}
		first, last := vs[2*i], vs[2*i+1]
		keys[0], keys[size-1] = k.key(&first), k.key(&last)
		got, err := rows.GetAll(s.ctx, keys...)
		s.ok(err)
		s.same("first and last", got, []T{first, last})
		n, err := rows.DeleteAll(s.ctx, keys...)
		s.ok(err)
		s.same("deleted", n, 2)
	}
	count(s, db, k.table, 32)
}

func (k keyed[T]) upsert(s suite) {
	db := s.dbAt(time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC), k.table.Schema())
	rows := k.table.On(db)
	for _, n := range []int{1, 2, 300} {
		old := k.rows(1000*n, n)
		s.ok(rows.AddAll(s.ctx, old))
		vs, want := k.rows(1000*n, 2*n), make([]bool, 2*n)
		slices.Reverse(vs) // the first half of them new
		for i := range vs {
			k.parts(&vs[i]).Rank = -i
			want[i] = i < n
		}
		created, err := rows.UpsertAll(s.ctx, vs, "name")
		s.ok(err)
		s.same("created by name", created, want)
		for i := range old {
			if diff := cmp.Diff(k.table.KeyText(&old[i]), k.table.KeyText(&vs[2*n-1-i])); diff != "" {
				s.Fatalf("the key of a row changed: %s", diff)
			}
		}
		created, err = rows.UpsertAll(s.ctx, vs) // by the primary key
		s.ok(err)
		s.same("created by key", created, make([]bool, 2*n))
		got, err := rows.GetAll(s.ctx, k.keys(vs)...)
		s.ok(err)
		s.same("stored", got, vs)
	}
	one := k.rows(5000, 1)[0]
	for _, want := range []bool{true, false} {
		created, err := rows.Upsert(s.ctx, &one)
		s.ok(err)
		s.same("created one", created, want)
	}
	two := k.rows(5001, 1)[0]
	for _, want := range []bool{true, false} {
		created, err := rows.GetOrAdd(s.ctx, &two)
		s.ok(err)
		s.same("added one", created, want)
	}
	got, err := rows.GetAll(s.ctx, k.key(&one), k.key(&two))
	s.ok(err)
	s.same("stored", got, []T{one, two})
}

func (k keyed[T]) updateAll(s suite) {
	db := s.dbAt(time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC), k.table.Schema())
	rows := k.table.On(db)
	vs := k.rows(0, 300)
	s.ok(rows.AddAll(s.ctx, vs))
	slices.Reverse(vs)
	for i := range vs {
		k.parts(&vs[i]).Rank = 1000 + i
	}
	got, err := rows.UpdateAll(s.ctx, vs, "rank")
	s.ok(err)
	for i := range got {
		s.same("changed", *k.parts(&got[i]), *k.parts(&vs[i]))
	}
	stored, err := rows.GetAll(s.ctx, k.keys(vs)...)
	s.ok(err)
	s.same("stored", stored, got)
	twice := append(slices.Clone(vs), vs[0])
	_, err = rows.UpdateAll(s.ctx, twice)
	s.is(err, fault.Invalid)
	s.ok(rows.Delete(s.ctx, k.key(&vs[7])))
	_, err = rows.UpdateAll(s.ctx, vs)
	s.is(err, fault.NotFound)
}

// keyset: pages follow each other in every order, without a gap or an overlap.
func (k keyed[T]) keyset(s suite) {
	db := s.db(k.table.Schema())
	rows := k.table.On(db)
	vs := k.rows(0, 100)
	for i := range vs {
		k.parts(&vs[i]).Rank = i % 3
	}
	s.ok(rows.AddAll(s.ctx, vs))
	rank, name := data.Col[int](k.table, "rank"), data.TextCol(k.table, "name")
	for _, order := range [][]data.Order[T]{nil, {rank.Asc()}, {rank.Desc()}, {rank.Desc(), name.Asc()}} {
		all, err := rows.List(s.ctx, data.Query[T]{Order: order, Limit: -1})
		s.ok(err)
		var got []T
		q := data.Query[T]{Order: order, Limit: 7, Keyset: true}
		for pages := 0; pages == 0 || q.After != ""; pages++ {
			page, err := rows.List(s.ctx, q)
			s.ok(err)
			got, q.After = append(got, page.Items...), page.Next
		}
		s.same("all pages", got, all.Items)
		s.same("rows", len(got), 100)
	}
}

func (k keyed[T]) service(s suite) {
	db := s.db(k.table.Schema())
	name := data.TextCol(k.table, "name")
	service := data.Service[T, creator[T], patcher[T]]{DB: db, Table: k.table}
	v, err := service.Create(s.ctx, creator[T]{k.rows(0, 1)[0]})
	s.ok(err)
	text := k.table.KeyText(&v)
	if text != "" {
		key, err := k.table.ParseKey(text)
		s.ok(err)
		got, err := service.Get(s.ctx, key)
		s.ok(err)
		s.same("by its text", got, v)
	} else if _, err := k.table.ParseKey("1"); k.table.KeyType() != nil || fault.KindOf(err) != fault.Internal {
		s.Errorf("a key without text is %v, %v", k.table.KeyType(), err)
	}
	service.Visible = func(context.Context) (data.Filter[T], error) { return name.Ne("hidden"), nil }
	got, err := service.Update(s.ctx, k.key(&v), patcher[T]{name.Set("hidden")})
	s.ok(err)
	s.same("renamed", k.parts(&got).Name, "hidden")
	_, err = service.Get(s.ctx, k.key(&v))
	s.is(err, fault.NotFound)
	s.is(service.Delete(s.ctx, k.key(&v)), fault.NotFound)
	service.Visible = nil
	s.ok(service.Delete(s.ctx, k.key(&v)))
	count(s, db, k.table, 0)
}

// creator and patcher are requests that say all there is to say.
type creator[T any] struct{ v T }

// New makes the row.
func (c creator[T]) New() T { return c.v }

type patcher[T any] struct{ change data.Change[T] }

// Changes lists what the request changes.
func (p patcher[T]) Changes() []data.Change[T] { return []data.Change[T]{p.change} }

func uuidVersions(s suite) {
	at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	db := s.dbAt(at, randomRows.Schema(), timedRows.Schema(), plainRows.Schema(), nanoRows.Schema())
	fours, sixes, sevens, nanos := randomKeys().rows(0, 300), timedKeys().rows(0, 300), plainKeys().rows(0, 300), nanoKeys().rows(0, 300)
	s.ok(randomRows.On(db).AddAll(s.ctx, fours))
	s.ok(timedRows.On(db).AddAll(s.ctx, sixes))
	s.ok(plainRows.On(db).AddAll(s.ctx, sevens))
	s.ok(nanoRows.On(db).AddAll(s.ctx, nanos))
	for i := range fours {
		s.same("versions", []byte{fours[i].ID[6] >> 4, sixes[i].ID[6] >> 4, sevens[i].ID[6] >> 4}, []byte{4, 6, 7})
		if i > 0 && (sixes[i-1].ID.String() >= sixes[i].ID.String() || sevens[i-1].ID.String() >= sevens[i].ID.String()) {
			s.Fatalf("an ID of row %d is before that of the row before", i)
		}
		_, err := data.ParseNanoID[nanoRow](string(nanos[i].ID))
		s.ok(err)
	}
	six, err := timedRows.On(db).List(s.ctx, data.Query[timedRow]{Limit: -1})
	s.ok(err)
	s.same("by version 6", six.Items, sixes)
	seven, err := plainRows.On(db).List(s.ctx, data.Query[plainRow]{Limit: -1})
	s.ok(err)
	s.same("by version 7", seven.Items, sevens)
	bad := nanoRow{Named: Named{Name: "bad"}}
	bad.ID = "of other characters /"
	s.is(nanoRows.On(db).Add(s.ctx, &bad), fault.Invalid)
}
