package drivertest

import (
	"context"
	"errors"
	"slices"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// add adds a lamp and ends the test if that fails.
func (s suite) add(h data.Handle, name string) {
	s.Helper()
	s.ok(lamps.On(h).Add(s.ctx, &lamp{Name: name}))
}

// lampNames fails the test if db does not have just the lamps of these names.
func (s suite) lampNames(db *data.DB, want ...string) {
	s.Helper()
	page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Order: data.By(lampName.Asc()), Limit: 100})
	s.ok(err)
	if got := names(page.Items); !slices.Equal(got, want) {
		s.Errorf("there are lamps %v, want %v", got, want)
	}
}

var savepointTests = []test{
	{"undoes its own only", func(s suite) {
		db := s.db(lamps.Schema())
		failure := errors.New("failure")
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			s.add(tx, "a")
			err := tx.Nested(s.ctx, func(tx *data.Tx) error {
				s.add(tx, "b")
				_, err := lamps.On(tx).UpdateWhere(s.ctx, data.Everything[lamp](), lampRank.Set(9))
				s.ok(err)
				count(s, tx, lamps, 2)
				return failure
			})
			if err != failure {
				s.Errorf("Nested returned %v, not what its function did", err)
			}
			count(s, tx, lamps, 1)
			s.ok(tx.Nested(s.ctx, func(tx *data.Tx) error { s.add(tx, "c"); return nil }))
			s.add(tx, "d")
			return nil
		}))
		s.lampNames(db, "a", "c", "d")
		n, err := lamps.On(db).Count(s.ctx, lampRank.Eq(9))
		s.ok(err)
		s.same("changes that were undone", n, 0)
	}},
	{"a failed statement", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			s.add(tx, "a")
			for range 3 { // the same depth again
				s.is(tx.Nested(s.ctx, func(tx *data.Tx) error {
					s.add(tx, "b")
					return lamps.On(tx).Add(s.ctx, &lamp{Name: "a"})
				}), fault.Conflict)
			}
			s.is(tx.Nested(s.ctx, func(tx *data.Tx) error {
				s.add(tx, "b")
				return lamps.On(tx).AddAll(s.ctx, []lamp{{Name: "c"}, {Name: "a"}})
			}), fault.Conflict)
			s.add(tx, "d")
			return nil
		}))
		s.lampNames(db, "a", "d")
	}},
	{"an overlooked error", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			s.add(tx, "a")
			s.is(tx.Nested(s.ctx, func(tx *data.Tx) error {
				s.add(tx, "b")
				s.is(lamps.On(tx).Add(s.ctx, &lamp{Name: "a"}), fault.Conflict)
				s.is(lamps.On(tx).Add(s.ctx, &lamp{Name: "c"}), fault.Internal)
				s.is(tx.Nested(s.ctx, func(*data.Tx) error { s.Error("a savepoint of a failed one"); return nil }), fault.Internal)
				return nil
			}), fault.Internal)
			s.add(tx, "d")
			return nil
		}))
		s.lampNames(db, "a", "d")
	}},
	{"nested in another", func(s suite) {
		db := s.db(lamps.Schema())
		failure := errors.New("failure")
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			s.add(tx, "a")
			err := tx.Nested(s.ctx, func(tx *data.Tx) error {
				s.add(tx, "b")
				s.ok(tx.Nested(s.ctx, func(tx *data.Tx) error { s.add(tx, "c"); return nil }))
				return failure // undoes the one inside as well
			})
			if err != failure {
				s.Errorf("Nested returned %v", err)
			}
			return tx.Nested(s.ctx, func(tx *data.Tx) error {
				s.add(tx, "d")
				s.is(tx.Nested(s.ctx, func(tx *data.Tx) error {
					s.add(tx, "e")
					return tx.Nested(s.ctx, func(tx *data.Tx) error { return lamps.On(tx).Add(s.ctx, &lamp{Name: "a"}) })
				}), fault.Conflict)
				s.add(tx, "f")
				return nil
			})
		}))
		s.lampNames(db, "a", "d", "f")
	}},
	{"a panic", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			s.add(tx, "a")
			func() {
				defer func() {
					if p := recover(); p != "panic" {
						s.Errorf("recovered %v", p)
					}
				}()
				tx.Nested(s.ctx, func(tx *data.Tx) error {
					tx.AfterCommit(func() { s.Error("AfterCommit of what was undone") })
					s.add(tx, "b")
					for range lamps.On(tx).Each(s.ctx, data.Query[lamp]{}) {
						panic("panic")
					}
					return nil
				})
			}()
			s.add(tx, "c")
			return nil
		}))
		s.lampNames(db, "a", "c")
	}},
	{"hooks", func(s suite) {
		db := s.db(lamps.Schema())
		var order []string
		note := func(tx *data.Tx, name string) {
			tx.BeforeCommit(func(context.Context) error { order = append(order, "before "+name); return nil })
			tx.AfterCommit(func() { order = append(order, "after "+name) })
		}
		failure := errors.New("failure")
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			note(tx, "1")
			s.ok(tx.Nested(s.ctx, func(kept *data.Tx) error {
				note(kept, "2")
				if kept.Nested(s.ctx, func(undone *data.Tx) error {
					note(undone, "never")
					note(kept, "never, as it happens inside")
					note(tx, "never, as it happens inside")
					if tx.Inner() != undone || kept.Inner() != undone || undone.DB() != db || undone.Native() != tx.Native() {
						s.Error("a savepoint is not where it belongs")
					}
					return failure
				}) != failure {
					s.Error("a failure is lost")
				}
				note(tx, "3")
				return nil
			}))
			if tx.Inner() != tx {
				s.Error("a savepoint is still open")
			}
			tx.BeforeCommit(func(ctx context.Context) error {
				order = append(order, "before 4")
				return tx.Nested(ctx, func(tx *data.Tx) error { note(tx, "5"); return nil })
			})
			return nil
		}))
		s.same("order", order, []string{"before 1", "before 2", "before 3", "before 4", "before 5", "after 1", "after 2", "after 3", "after 5"})
	}},
	{"in what is rolled back", func(s suite) {
		db := s.db(lamps.Schema())
		failure := errors.New("failure")
		err := db.Tx(s.ctx, func(tx *data.Tx) error {
			s.ok(tx.Nested(s.ctx, func(tx *data.Tx) error {
				tx.AfterCommit(func() { s.Error("AfterCommit without a commit") })
				s.add(tx, "a")
				return nil
			}))
			return failure
		})
		if err != failure {
			s.Errorf("Tx returned %v", err)
		}
		s.lampNames(db)
		s.add(db, "a")
	}},
	{"a context that ends", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			s.add(tx, "a")
			ctx, cancel := context.WithCancel(s.ctx)
			s.is(tx.Nested(ctx, func(tx *data.Tx) error { s.add(tx, "b"); cancel(); return nil }), fault.Unavailable)
			s.is(tx.Nested(ctx, func(*data.Tx) error { s.Error("a savepoint was set"); return nil }), fault.Unavailable)
			s.add(tx, "c")
			return nil
		}))
		s.lampNames(db, "a", "c")
	}},
	{"a result still being read", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			s.ok(lamps.On(tx).AddAll(s.ctx, newLamps(200)))
			for _, err := range lamps.On(tx).Each(s.ctx, data.Query[lamp]{}) {
				s.ok(err)
				s.is(tx.Nested(s.ctx, func(*data.Tx) error { s.Error("a savepoint was set"); return nil }), fault.Internal)
				break
			}
			return nil
		}))
		count(s, db, lamps, 200)
	}},
	{"that cannot be undone", func(s suite) {
		// What should not have happened is never committed with the rest.
		db := data.New(brokenUndo{s.db(lamps.Schema()).Driver()}, nil)
		failure := errors.New("failure")
		err := db.Tx(s.ctx, func(tx *data.Tx) error {
			s.add(tx, "a")
			if err := tx.Nested(s.ctx, func(tx *data.Tx) error { s.add(tx, "b"); return failure }); !errors.Is(err, failure) || !errors.Is(err, errUndo) {
				s.Errorf("Nested returned %v", err)
			}
			if err := tx.Nested(s.ctx, func(*data.Tx) error { s.Error("a savepoint was set"); return nil }); !errors.Is(err, errUndo) {
				s.Errorf("Nested returned %v", err)
			}
			tx.AfterCommit(func() { s.Error("AfterCommit without a commit") })
			return nil
		})
		s.is(err, fault.Unavailable)
		s.lampNames(db)
	}},
}
