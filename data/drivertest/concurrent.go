package drivertest

import (
	"fmt"
	"slices"
	"sync"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

const writers = 64

var concurrentTests = []test{
	{"writers all land", func(s suite) {
		db := s.db(lamps.Schema())
		s.all(writers, func(i int) error {
			for k := range 3 {
				if err := lamps.On(db).Add(s.ctx, &lamp{Name: fmt.Sprint(i, k)}); err != nil {
					return err
				}
			}
			return db.Tx(s.ctx, func(tx *data.Tx) error { return lamps.On(tx).Add(s.ctx, &lamp{Name: fmt.Sprint(i)}) })
		})
		count(s, db, lamps, 4*writers)
	}},
	{"reading before writing", func(s suite) {
		db := s.db(lamps.Schema())
		v := lamp{Name: "a"}
		s.ok(lamps.On(db).Add(s.ctx, &v))
		s.all(writers, func(int) error {
			return db.Tx(s.ctx, func(tx *data.Tx) error {
				now, err := lamps.On(tx).Lock(s.ctx, lampID.Eq(v.ID))
				if err != nil {
					return err
				}
				_, err = lamps.On(tx).Update(s.ctx, v.ID, lampRank.Set(now.Rank+1))
				return err
			})
		})
		got, err := lamps.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		s.same("none overwrote another", got.Rank, writers)
	}},
	{"one wins", func(s suite) {
		db := s.db(lamps.Schema())
		var mu sync.Mutex
		won := 0
		s.all(writers, func(int) error {
			added, err := lamps.On(db).AddNew(s.ctx, &lamp{Name: "a"}, "name")
			mu.Lock()
			defer mu.Unlock()
			if added {
				won++
			}
			return err
		})
		s.same("winners", won, 1)
		count(s, db, lamps, 1)
	}},
	{"one creates", func(s suite) {
		db := s.db(lamps.Schema())
		var mu sync.Mutex
		created, ids := 0, map[data.ID[lamp]]int{}
		s.all(writers, func(i int) error {
			v := lamp{Name: "a", Rank: i}
			if i%2 == 0 { // half of them choose the ID, all the same
				v.ID = data.ID[lamp]{7}
			}
			upsert := lamps.On(db).Upsert
			if i%4 > 1 {
				upsert = lamps.On(db).GetOrAdd
			}
			isNew, err := upsert(s.ctx, &v, "name")
			mu.Lock()
			defer mu.Unlock()
			if isNew {
				created++
			}
			ids[v.ID]++
			return err
		})
		s.same("created", created, 1)
		s.same("different IDs", len(ids), 1)
		count(s, db, lamps, 1)
	}},
	{"each overwrites", func(s suite) {
		db := s.db(lamps.Schema())
		var mu sync.Mutex
		created := make([]int, 10)
		s.all(writers, func(i int) error {
			rows := newLamps(10)
			for k := range rows {
				rows[k].Rank = i
			}
			isNew, err := lamps.On(db).UpsertAll(s.ctx, rows, "name")
			mu.Lock()
			defer mu.Unlock()
			for k, is := range isNew {
				if is {
					created[k]++
				}
			}
			return err
		})
		s.same("created", created, slices.Repeat([]int{1}, 10))
		count(s, db, lamps, 10)
		page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Limit: -1})
		s.ok(err)
		for _, v := range page.Items { // all by the same one
			s.same("rank", v.Rank, page.Items[0].Rank)
		}
	}},
	{"readers beside writers", func(s suite) {
		db := s.db(lamps.Schema())
		rows := newLamps(100)
		for i := range rows {
			rows[i].Rank = 0
		}
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		s.all(16, func(i int) error {
			for k := range 20 {
				if i == 0 { // all ranks move together, so every state has one
					if _, err := lamps.On(db).UpdateWhere(s.ctx, data.Everything[lamp](), lampRank.Set(k)); err != nil {
						return err
					}
					continue
				}
				page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Limit: 100, Count: true})
				if err != nil {
					return err
				}
				if len(page.Items) != 100 || page.Total != 100 {
					return fmt.Errorf("read %d rows of %d", len(page.Items), page.Total)
				}
				first := page.Items[0].Rank
				for _, v := range page.Items[1:] {
					if v.Rank != first {
						return fmt.Errorf("read ranks %d and %d of different states", first, v.Rank)
					}
				}
			}
			return nil
		})
	}},
}

// all runs n at the same time and reports their errors.
func (s suite) all(n int, run func(i int) error) {
	s.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := run(i); err != nil {
				s.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

var driverTests = []test{
	{"dialect", func(s suite) {
		db := s.db()
		d := db.Driver().Dialect()
		if d != db.Driver().Dialect() || d.Name != db.Dialect() || d.MaxParams < 1000 || d.Encode == nil {
			s.Errorf("the dialect %+v is not complete, or not the same twice", d)
		}
		if db.Driver().Native() == nil {
			s.Error("no native pool")
		}
	}},
	{"rows", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(3)))
		call := driver.Call{Statement: &driver.Statement{SQL: "SELECT rank FROM lamps ORDER BY rank", Columns: []driver.Column{{Name: "rank", Kind: driver.Int}}}}
		rows, err := db.Driver().Query(s.ctx, call)
		s.ok(err)
		var got []int
		for rows.Next() {
			var n int
			s.ok(rows.Scan([]any{&n}))
			got = append(got, n)
		}
		s.ok(rows.Err())
		if rows.Next() {
			s.Error("there is a row after the last")
		}
		s.ok(rows.Close())
		s.ok(rows.Close())
		s.same("ranks", got, []int{0, 1, 2})
		n, err := db.Driver().Exec(s.ctx, driver.Call{Statement: &driver.Statement{SQL: "UPDATE lamps SET rank = 9 WHERE rank > 0"}})
		s.ok(err)
		s.same("touched", n, int64(2))
	}},
	{"the end of a transaction", func(s suite) {
		db := s.db(lamps.Schema())
		insert := driver.Call{Statement: &driver.Statement{SQL: "DELETE FROM lamps"}}
		tx, err := db.Driver().Begin(s.ctx, driver.DefaultIsolation)
		s.ok(err)
		s.ok(tx.Rollback(s.ctx))
		s.ok(tx.Rollback(s.ctx)) // again is harmless
		if err := tx.Commit(s.ctx); err == nil {
			s.Error("a transaction was committed after its end")
		}
		if _, err := tx.Exec(s.ctx, insert); err == nil {
			s.Error("a statement ran after the end of its transaction")
		}
		tx, err = db.Driver().Begin(s.ctx, driver.DefaultIsolation)
		s.ok(err)
		s.ok(tx.Commit(s.ctx))
		s.ok(tx.Rollback(s.ctx)) // so that it can be deferred
	}},
}
