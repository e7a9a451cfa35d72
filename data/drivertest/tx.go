package drivertest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/fault"
)

var txTests = []test{
	{"commits", func(s suite) {
		db := s.db(lamps.Schema())
		var order []string
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			tx.AfterCommit(func() { order = append(order, "after") })
			tx.BeforeCommit(func(ctx context.Context) error {
				order = append(order, "before")
				tx.BeforeCommit(func(context.Context) error { order = append(order, "added by before"); return nil })
				return lamps.On(tx).Add(ctx, &lamp{Name: "b"})
			})
			if tx.DB() != db || tx.Native() == nil {
				s.Error("the transaction does not know its database")
			}
			if err := lamps.On(tx).Add(s.ctx, &lamp{Name: "a"}); err != nil {
				return err
			}
			count(s, tx, lamps, 1)
			order = append(order, "done")
			return nil
		}))
		s.same("order", order, []string{"done", "before", "added by before", "after"})
		count(s, db, lamps, 2)
	}},
	{"commits in spite of a hook that panics", func(s suite) {
		db := s.db(lamps.Schema())
		var order []string
		func() {
			defer func() { order = append(order, fmt.Sprint(recover())) }()
			_ = db.Tx(s.ctx, func(tx *data.Tx) error {
				tx.AfterCommit(func() { order = append(order, "first") })
				tx.AfterCommit(func() { panic("second") })
				tx.AfterCommit(func() { order = append(order, "third") })
				return lamps.On(tx).Add(s.ctx, &lamp{Name: "a"})
			})
		}()
		s.same("order", order, []string{"first", "third", "second"})
		count(s, db, lamps, 1)
	}},
	{"rolls back", func(s suite) {
		db := s.db(lamps.Schema())
		failure := errors.New("failure")
		add := func(tx *data.Tx) {
			tx.AfterCommit(func() { s.Error("AfterCommit without a commit") })
			s.ok(lamps.On(tx).Add(s.ctx, &lamp{Name: "a"}))
		}
		err := db.Tx(s.ctx, func(tx *data.Tx) error {
			add(tx)
			return failure
		})
		if err != failure {
			s.Errorf("Tx returned %v, not what its function did", err)
		}
		err = db.Tx(s.ctx, func(tx *data.Tx) error {
			add(tx)
			tx.BeforeCommit(func(context.Context) error { return failure })
			tx.BeforeCommit(func(context.Context) error { s.Error("a hook ran after one had failed"); return nil })
			return nil
		})
		if err != failure {
			s.Errorf("Tx returned %v, not what its hook did", err)
		}
		func() {
			defer func() {
				if p := recover(); p != "panic" {
					s.Errorf("recovered %v", p)
				}
			}()
			db.Tx(s.ctx, func(tx *data.Tx) error {
				add(tx)
				panic("panic")
			})
		}()
		count(s, db, lamps, 0)
		s.ok(lamps.On(db).Add(s.ctx, &lamp{Name: "a"})) // and nobody holds a lock
	}},
	{"is alone", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(1)))
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			if err := lamps.On(tx).Add(s.ctx, &lamp{Name: "new"}); err != nil {
				return err
			}
			if _, err := lamps.On(tx).UpdateWhere(s.ctx, data.Everything[lamp](), lampRank.Set(99)); err != nil {
				return err
			}
			count(s, tx, lamps, 2)
			count(s, db, lamps, 1) // a reader sees what was committed, and does not wait
			n, err := lamps.On(db).Count(s.ctx, lampRank.Eq(99))
			s.same("uncommitted changes that others see", n, 0)
			return err
		}))
		n, err := lamps.On(db).Count(s.ctx, lampRank.Eq(99))
		s.ok(err)
		s.same("changed", n, 2)
	}},
	{"ends with an error", func(s suite) {
		// Whoever overlooks an error in a transaction does not commit half of it.
		db := s.db(lamps.Schema())
		err := db.Tx(s.ctx, func(tx *data.Tx) error {
			s.ok(lamps.On(tx).Add(s.ctx, &lamp{Name: "a"}))
			s.is(lamps.On(tx).Add(s.ctx, &lamp{Name: "a"}), fault.Conflict)
			tx.AfterCommit(func() { s.Error("AfterCommit without a commit") })
			return nil
		})
		if err == nil {
			s.Error("a transaction with a failed statement was committed")
		}
		err = db.Tx(s.ctx, func(tx *data.Tx) error {
			lamps.On(tx).Add(s.ctx, &lamp{Name: "a", Rank: -1})
			return lamps.On(tx).Add(s.ctx, &lamp{Name: "b"})
		})
		s.is(err, fault.Internal)
		count(s, db, lamps, 0)
	}},
	{"locks a row", func(s suite) {
		db := s.db(lamps.Schema())
		v := lamp{Name: "a"}
		s.ok(lamps.On(db).Add(s.ctx, &v))
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			got, err := lamps.On(tx).Lock(s.ctx, lampID.Eq(v.ID))
			if err != nil {
				return err
			}
			s.same("locked", got, v)
			ctx, cancel := context.WithTimeout(s.ctx, shortly)
			defer cancel()
			_, err = lamps.On(db).Update(ctx, v.ID, lampRank.Set(1))
			s.is(err, fault.Unavailable) // it waited until it was told to give up
			return nil
		}))
		got, err := lamps.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		s.same("untouched", got, v)
		_, err = lamps.On(db).Lock(s.ctx, lampRank.Eq(5))
		s.is(err, fault.NotFound)
	}},
	{"reads, loads and batches", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			rows := lamps.On(tx)
			if err := rows.AddAll(s.ctx, newLamps(30)); err != nil {
				return err
			}
			page, err := rows.List(s.ctx, data.Query[lamp]{Count: true, Limit: 5, Order: data.By(lampRank.Desc())})
			if err != nil {
				return err
			}
			s.same("total", page.Total, 30)
			s.same("first", page.Items[0].Rank, 29)
			var seen []int
			for v, err := range rows.Each(s.ctx, data.Query[lamp]{Where: lampRank.Lt(3)}) {
				if err != nil {
					return err
				}
				seen = append(seen, v.Rank)
			}
			if !slices.Equal(seen, []int{0, 1, 2}) {
				s.Errorf("Each gave %v", seen)
			}
			return rows.Delete(s.ctx, page.Items[0].ID)
		}))
		count(s, db, lamps, 29)
	}},
}

var commitTests = []test{
	{"that fails is an error", func(s suite) {
		db := s.db(parents.Schema(), deferreds.Schema())
		orphan := deferred{Parent: data.ID[parent]{1}}
		err := db.Tx(s.ctx, func(tx *data.Tx) error {
			tx.AfterCommit(func() { s.Error("AfterCommit without a commit") })
			return deferreds.On(tx).Add(s.ctx, &orphan) // allowed until the commit
		})
		s.is(err, fault.Conflict)
		count(s, db, deferreds, 0)
		s.is(deferreds.On(db).Add(s.ctx, &orphan), fault.Conflict)
		s.is(deferreds.On(db).AddAll(s.ctx, []deferred{orphan}), fault.Conflict)
		count(s, db, deferreds, 0)
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			if err := deferreds.On(tx).Add(s.ctx, &orphan); err != nil {
				return err
			}
			p := parent{}
			p.ID = orphan.Parent
			return parents.On(tx).Add(s.ctx, &p)
		}))
		p, err := parents.On(db).Get(s.ctx, orphan.Parent)
		s.ok(err)
		_, err = parents.On(db).DeleteOne(s.ctx, data.Col[data.ID[parent]](parents, "id").Eq(p.ID))
		s.is(err, fault.Conflict) // its statement returned the row before it failed
		count(s, db, parents, 1)
	}},
	{"after the context has ended", func(s suite) {
		db := s.db(lamps.Schema())
		ctx, cancel := context.WithCancel(s.ctx)
		err := db.Tx(ctx, func(tx *data.Tx) error {
			tx.AfterCommit(func() { s.Error("AfterCommit without a commit") })
			defer cancel()
			return lamps.On(tx).Add(ctx, &lamp{Name: "a"})
		})
		s.is(err, fault.Unavailable)
		if !errors.Is(err, context.Canceled) {
			s.Errorf("%v does not tell why", err)
		}
		count(s, db, lamps, 0)
		s.ok(lamps.On(db).Add(s.ctx, &lamp{Name: "a"}))
	}},
	{"made to fail", func(s suite) {
		plain := s.db(lamps.Schema())
		db, commits := datatest.Failing(plain)
		commits.Fail(true)
		s.is(db.Tx(s.ctx, func(tx *data.Tx) error { return lamps.On(tx).Add(s.ctx, &lamp{Name: "a"}) }), fault.Unavailable)
		s.is(lamps.On(db).Add(s.ctx, &lamp{Name: "a"}), fault.Unavailable)
		s.is(lamps.On(db).AddAll(s.ctx, newLamps(2)), fault.Unavailable)
		count(s, db, lamps, 0)
		commits.Fail(false)
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error { return lamps.On(tx).Add(s.ctx, &lamp{Name: "a"}) }))
		commits.Fail(true)
		_, err := lamps.On(db).UpdateOne(s.ctx, lampName.Eq("a"), lampRank.Set(5))
		s.is(err, fault.Unavailable)
		n, err := lamps.On(plain).Count(s.ctx, lampRank.Eq(5))
		s.ok(err)
		s.same("changed", n, 0)
		count(s, plain, lamps, 1)
	}},
}
