package drivertest

import (
	"context"
	"errors"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// shortly is how long a test lets a statement wait that must not go on.
const shortly = 100 * time.Millisecond

// A bare is a lamp whose table knows of no rules, so that the database has to.
type bare struct {
	data.Identified[bare]
	Name *string          `json:"title" db:"name"`
	Rank *int             `json:"rank" db:"rank"`
	A    int              `db:"a"`
	B    int              `db:"b"`
	Of   *data.ID[parent] `json:"of" db:"of"`
}

var (
	bares      = data.NewTable[bare]("bares", data.UniqueOn("a", "b"), data.UniqueOn("name"))
	bareSchema = map[string]string{
		"sqlite": `CREATE TABLE bares (id BLOB NOT NULL PRIMARY KEY, name TEXT NOT NULL, rank INTEGER CHECK (rank > 0), a INTEGER, b INTEGER,
of BLOB REFERENCES parents (id), CONSTRAINT uq_bares_a_b UNIQUE (a, b), CONSTRAINT uq_bares_name UNIQUE (name))`,
		"postgres": `CREATE TABLE bares (id uuid PRIMARY KEY, name text COLLATE "C" NOT NULL, rank bigint CHECK (rank > 0), a bigint, b bigint,
of uuid REFERENCES parents (id), CONSTRAINT uq_bares_a_b UNIQUE (a, b), CONSTRAINT uq_bares_name UNIQUE (name))`,
	}
)

var errorTests = []test{
	{"classes", func(s suite) {
		db := s.db(parents.Schema())
		s.exec(db, bareSchema[db.Dialect()])
		first := bare{Name: ptr("x"), Rank: ptr(1), A: 1, B: 1}
		s.ok(bares.On(db).Add(s.ctx, &first))
		same := bare{Name: ptr("y"), A: 9}
		same.ID = first.ID
		for _, c := range []struct {
			name  string
			row   bare
			kind  fault.Kind
			class driver.Class
			taken []string
			field string
		}{
			{"primary key", same, fault.Conflict, driver.Unique, []string{"id"}, "id"},
			{"unique", bare{Name: ptr("x"), A: 2}, fault.Conflict, driver.Unique, []string{"name"}, "title"},
			{"unique together", bare{Name: ptr("z"), A: 1, B: 1}, fault.Conflict, driver.Unique, []string{"b", "a"}, "a"},
			{"not null", bare{A: 3}, fault.Invalid, driver.NotNull, nil, "title"},
			{"check", bare{Name: ptr("w"), Rank: ptr(0), A: 4}, fault.Invalid, driver.Check, nil, ""},
			{"foreign key", bare{Name: ptr("v"), A: 5, Of: &data.ID[parent]{1}}, fault.Conflict, driver.ForeignKey, nil, ""},
		} {
			for how, add := range map[string]func() error{
				"add": func() error { row := c.row; return bares.On(db).Add(s.ctx, &row) },
				"add all": func() error {
					return bares.On(db).AddAll(s.ctx, []bare{{Name: ptr("fine"), A: 100}, c.row})
				},
				"in a transaction": func() error {
					return db.Tx(s.ctx, func(tx *data.Tx) error { row := c.row; return bares.On(tx).Add(s.ctx, &row) })
				},
			} {
				err := add()
				s.is(err, c.kind)
				if e, ok := errors.AsType[*driver.Error](err); !ok || e.Class != c.class {
					s.Errorf("%s, %s: %v is not of class %d", c.name, how, err, c.class)
				}
				if c.taken != nil && !data.Taken(err, c.taken...) || data.Taken(err, "rank") {
					s.Errorf("%s, %s: %v is not about %v", c.name, how, err, c.taken)
				}
				if c.field != "" {
					s.mentions(err, c.field)
				}
			}
		}
		count(s, db, bares, 1)
	}},
	{"a mistake in a statement", func(s suite) {
		db := s.db(lamps.Schema())
		for _, sql := range []string{"SELECT nothing FROM lamps", "SELEC", "INSERT INTO nowhere VALUES (1)", `SELECT "nothing" FROM lamps`} {
			_, err := data.NewSelect[person](sql, "").All(s.ctx, db)
			s.is(err, fault.Internal)
			if e, ok := errors.AsType[*driver.Error](err); !ok || e.Class != driver.Unclassified {
				s.Errorf("%s: %v", sql, err)
			}
		}
		_, err := people.On(db).Get(s.ctx, data.ID[person]{1})
		s.is(err, fault.Internal)
	}},
	{"a closed database", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(db.Ping(s.ctx))
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(3)))
		s.ok(db.Close())
		rows := lamps.On(db)
		for name, run := range map[string]func() error{
			"ping":    func() error { return db.Ping(s.ctx) },
			"get":     func() error { _, err := rows.Get(s.ctx, data.ID[lamp]{1}); return err },
			"list":    func() error { _, err := rows.List(s.ctx, data.Query[lamp]{Count: true}); return err },
			"add":     func() error { return rows.Add(s.ctx, &lamp{Name: "a"}) },
			"add all": func() error { return rows.AddAll(s.ctx, newLamps(2)) },
			"update":  func() error { _, err := rows.Update(s.ctx, data.ID[lamp]{1}, lampRank.Set(1)); return err },
			"delete":  func() error { return rows.Delete(s.ctx, data.ID[lamp]{1}) },
			"tx":      func() error { return db.Tx(s.ctx, func(*data.Tx) error { s.Error("a transaction began"); return nil }) },
		} {
			if err := run(); fault.KindOf(err) != fault.Unavailable {
				s.Errorf("%s: %v, want %s", name, err, fault.Unavailable)
			}
		}
		s.ok(db.Close()) // again is harmless
	}},
}

// hostile texts would do something if they ever became part of a statement.
var hostile = []string{
	`'; DROP TABLE lamps; --`, `" OR 1=1 --`, `\'; DELETE FROM lamps; --`, `?`, `$1`, `:name`, `@p1`, `%s`, `%`, `_`, `\`, `''`, `'`, `"`, "`",
	`/* x */`, `NULL`, `1); DROP TABLE lamps; --`, "line\nbreak\r\n", "\u202e", "\x01\x7f", `{"json": "x"}`, `${x}`, `x'00'`, `E'\\x27'`,
}

var hostileTests = []test{
	{"text stays text", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).Add(s.ctx, &lamp{Name: "witness", Note: ptr("unharmed"), Rank: 1}))
		for i, text := range hostile {
			v := lamp{Name: text, Note: &text, Rank: i + 100}
			s.ok(lamps.On(db).Add(s.ctx, &v))
			for name, f := range map[string]data.Filter[lamp]{
				"eq": lampName.Eq(text), "in": lampName.In(text, text+"x", text+"y"), "has": data.All(lampName.Contains(text), lampRank.Eq(i+100)),
				"fold": data.All(lampName.ContainsFold(text), lampRank.Eq(i+100)), "prefix": data.All(lampName.HasPrefix(text), lampRank.Eq(i+100)),
				"sql": data.SQL("name = ?", lampName.Column, text), "search": data.All(lamps.Searching(text, true), lampRank.Eq(i+100)),
			} {
				got, err := lamps.On(db).GetBy(s.ctx, f)
				if err != nil || got.Name != text || *got.Note != text {
					s.Errorf("%q by %s: %q, %v", text, name, got.Name, err)
				}
			}
			got, err := lamps.On(db).Update(s.ctx, v.ID, lampName.Set(text+"'"), lampNote.Set("'"+text))
			s.ok(err)
			if got.Name != text+"'" || *got.Note != "'"+text {
				s.Errorf("updated to %q, %q", got.Name, *got.Note)
			}
			n, err := lamps.On(db).DeleteWhere(s.ctx, lampName.Eq(text+"'"))
			s.ok(err)
			s.same("deleted", n, 1)
			bulk := []lamp{{Name: text}}
			s.ok(lamps.On(db).AddAll(s.ctx, bulk))
			s.ok(lamps.On(db).Delete(s.ctx, bulk[0].ID))
		}
		got, err := lamps.On(db).GetBy(s.ctx, data.Everything[lamp]())
		s.ok(err)
		s.same("the witness", *got.Note, "unharmed")
	}},
	{"what is not text is refused", func(s suite) {
		db := s.db(lamps.Schema())
		v := lamp{Name: "a"}
		s.ok(lamps.On(db).Add(s.ctx, &v))
		for _, text := range []string{"\x00", "a\x00b", "\xff", "a\xc3", "\xed\xa0\x80"} {
			s.is(lamps.On(db).Add(s.ctx, &lamp{Name: text}), fault.Invalid)
			err := lamps.On(db).AddAll(s.ctx, []lamp{{Name: "b"}, {Name: "c", Note: &text}})
			s.is(err, fault.Invalid)
			s.mentions(err, "note")
			_, err = lamps.On(db).Update(s.ctx, v.ID, lampNote.Set(text))
			s.is(err, fault.Invalid)
			_, err = lamps.On(db).List(s.ctx, data.Query[lamp]{Where: lampName.Contains(text)})
			s.is(err, fault.Invalid)
			_, err = lamps.On(db).Count(s.ctx, lampName.In("x", text))
			s.is(err, fault.Invalid)
			if _, err := lamps.Matching("name", data.OneOf, text); fault.KindOf(err) != fault.Malformed {
				s.Errorf("%q from a request: %v", text, err)
			}
		}
		count(s, db, lamps, 1)
	}},
	{"what does not fit is refused", func(s suite) {
		db := s.db(lamps.Schema())
		long := func(n int) string { return string(append(make([]rune, 0, n), []rune(repeat('ß', n))...)) }
		s.ok(lamps.On(db).Add(s.ctx, &lamp{Name: long(255)}))
		err := lamps.On(db).Add(s.ctx, &lamp{Name: long(256)})
		s.is(err, fault.Invalid)
		s.mentions(err, "name")
		for _, price := range []string{"100000000", "-100000000", "0.001", "1e300", "1e-300"} {
			err := lamps.On(db).Add(s.ctx, &lamp{Name: "a", Price: decimal.RequireFromString(price)})
			s.is(err, fault.Invalid)
			s.mentions(err, "price")
		}
		s.ok(lamps.On(db).Add(s.ctx, &lamp{Name: "b", Price: decimal.RequireFromString("99999999.990000")}))
		count(s, db, lamps, 2)
	}},
}

func repeat(r rune, n int) string {
	out := make([]rune, n)
	for i := range out {
		out[i] = r
	}
	return string(out)
}

var cancelTests = []test{
	{"before", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(3)))
		ctx, cancel := context.WithCancel(s.ctx)
		cancel()
		for range 40 { // more often than there are connections
			_, err := lamps.On(db).List(ctx, data.Query[lamp]{Count: true})
			s.is(err, fault.Unavailable)
			_, err = lamps.On(db).Get(ctx, data.ID[lamp]{1})
			s.is(err, fault.Unavailable)
			s.is(lamps.On(db).Add(ctx, &lamp{Name: "a"}), fault.Unavailable)
			s.is(lamps.On(db).AddAll(ctx, newLamps(2)), fault.Unavailable)
			s.is(db.Tx(ctx, func(*data.Tx) error { return nil }), fault.Unavailable)
		}
		count(s, db, lamps, 3)
		s.ok(lamps.On(db).Add(s.ctx, &lamp{Name: "a"}))
	}},
	{"while reading", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(2000)))
		for range 20 {
			ctx, cancel := context.WithCancel(s.ctx)
			var last error
			n := 0
			for _, err := range lamps.On(db).Each(ctx, data.Query[lamp]{}) {
				if last = err; err == nil {
					n++
				}
				cancel()
			}
			if n == 2000 || !errors.Is(last, context.Canceled) {
				s.Errorf("read %d rows and %v after the context had ended", n, last)
			}
			cancel()
		}
		count(s, db, lamps, 2000)
	}},
	{"a long statement", func(s suite) {
		db := s.db()
		forever := data.NewSelect[struct {
			N int `db:"n"`
		}](`WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t`, "")
		for range 10 {
			ctx, cancel := context.WithTimeout(s.ctx, shortly/10)
			_, err := forever.One(ctx, db)
			cancel()
			s.is(err, fault.Unavailable)
		}
		s.ok(db.Ping(s.ctx))
	}},
	{"in a transaction", func(s suite) {
		db := s.db(lamps.Schema())
		for range 10 {
			ctx, cancel := context.WithCancel(s.ctx)
			err := db.Tx(ctx, func(tx *data.Tx) error {
				if err := lamps.On(tx).Add(ctx, &lamp{Name: "a"}); err != nil {
					return err
				}
				cancel()
				return lamps.On(tx).Add(ctx, &lamp{Name: "b"})
			})
			s.is(err, fault.Unavailable)
		}
		count(s, db, lamps, 0)
		s.ok(lamps.On(db).Add(s.ctx, &lamp{Name: "a"}))
	}},
}
