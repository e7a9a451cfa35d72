package audit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
)

// A view is what somebody has made of entries: that at each place, nil at the
// end.
type view func(i int) *stored

// walk verifies a view as Verify does what it reads, from the entry at one place
// on, after the one before.
func walk(l *Log, v view, from int, before mark, h *head, must map[int64][]byte) error {
	check := l.verifier(&Report{})
	check.must, check.at = must, before
	for s := range must {
		check.furthest = max(check.furthest, s)
	}
	for i := from; ; i++ {
		e := v(i)
		if e == nil {
			return check.endsAt(h)
		}
		if err := check.entry(e); err != nil {
			return err
		}
	}
}

// forger changes entries as somebody can who writes to the database and has no
// key. Each change says from where on its view differs.
type forger struct {
	rows []stored
	rand *rand.Rand
}

func (f *forger) at(i int) *stored {
	if i >= len(f.rows) {
		return nil
	}
	return &f.rows[i]
}

// moved returns the entry at one place as if it were at another.
func (f *forger) moved(from, to int) *stored {
	if from >= len(f.rows) {
		return nil
	}
	e := f.rows[from]
	e.Seq = int64(to + 1)
	return &e
}

// with has one entry be another.
func (f *forger) with(k int, e stored) (int, view) {
	return k, func(i int) *stored {
		if i == k {
			return &e
		}
		return f.at(i)
	}
}

func (f *forger) changes() map[string]func() (from int, v view) {
	r, n := f.rand, len(f.rows)
	flip := func(b []byte) []byte {
		b = slices.Clone(b)
		b[r.IntN(len(b))] ^= byte(1 + r.IntN(127))
		return b
	}
	return map[string]func() (int, view){
		"edit": func() (int, view) {
			k := r.IntN(n)
			e := f.rows[k]
			e.Content = string(flip([]byte(e.Content)))
			return f.with(k, e)
		},
		"edit of a seal": func() (int, view) {
			k := r.IntN(n)
			e := f.rows[k]
			e.Seal = flip(e.Seal)
			return f.with(k, e)
		},
		"edit of a link": func() (int, view) {
			k := r.IntN(n)
			e := f.rows[k]
			e.Link = flip(e.Link)
			return f.with(k, e)
		},
		"move of a text to the field after": func() (int, view) {
			k := r.IntN(n)
			e, fields := f.rows[k], strings.Split(f.rows[k].Content, separator)
			fields[5], fields[6] = "", fields[5]+fields[6] // action and object
			e.Content = strings.Join(fields, separator)
			return f.with(k, e)
		},
		"deletion": func() (int, view) {
			k := r.IntN(n)
			return k, func(i int) *stored {
				if i < k {
					return f.at(i)
				}
				return f.at(i + 1)
			}
		},
		"deletion that closes the gap": func() (int, view) {
			k := r.IntN(n)
			return k, func(i int) *stored {
				if i < k {
					return f.at(i)
				}
				return f.moved(i+1, i)
			}
		},
		"insertion": func() (int, view) {
			k, copied := r.IntN(n), r.IntN(n)
			if copied == k {
				copied = (k + 1) % n
			}
			return k, func(i int) *stored {
				switch {
				case i < k:
					return f.at(i)
				case i == k:
					return f.moved(copied, k)
				}
				return f.moved(i-1, i)
			}
		},
		"swap": func() (int, view) {
			a, b := r.IntN(n), r.IntN(n-1)
			if b >= a {
				b++
			}
			return min(a, b), func(i int) *stored {
				switch i {
				case a:
					return f.moved(b, a)
				case b:
					return f.moved(a, b)
				}
				return f.at(i)
			}
		},
		"truncation": func() (int, view) { return f.truncated(r.IntN(n)) },
	}
}

// truncated leaves k entries.
func (f *forger) truncated(k int) (int, view) {
	return k, func(i int) *stored {
		if i >= k {
			return nil
		}
		return f.at(i)
	}
}

// TestManipulations changes 10,000 entries in 1,000 ways of each kind. What is
// before the first change needs no second look.
func TestManipulations(t *testing.T) {
	t.Parallel()
	const entries, tries = 10_000, 1_000
	db := setup(newClock().Now).SQLite(t)
	l := newLog(t, db)
	db.SetWitness(l)
	records(t, l, entries)
	must(t, l.Chain(t.Context()))
	holds(t, l, entries)
	f := &forger{rand: rand.New(rand.NewPCG(1, 2))}
	for len(f.rows) < entries {
		p, err := chainedPage.One(t.Context(), db, int64(len(f.rows)))
		must(t, err)
		more, ok := p.entries()
		if !ok {
			t.Fatal("a page cannot be read")
		}
		f.rows = append(f.rows, more...)
	}
	before := func(i int) (m mark) { // the entry at place i
		if m.seq = int64(i); i > 0 {
			copy(m.link[:], f.rows[i-1].Link)
		}
		return m
	}
	headOf := func(m mark) *head { return &head{Seq: m.seq, Link: m.link[:], Seal: l.headSeal(m)} }
	h := headOf(before(entries))
	must(t, walk(l, f.at, 0, mark{}, h, nil))
	for kind, change := range f.changes() {
		for range tries {
			if from, v := change(); walk(l, v, from, before(from), h, nil) == nil {
				t.Errorf("%s from entry %d on is not found", kind, from+1)
			}
		}
	}
	// Whoever has kept an older head, too, is found by a checkpoint that was kept
	// elsewhere.
	kept := map[int64][]byte{entries: f.rows[entries-1].Link}
	for range tries {
		k, v := f.truncated(1 + f.rand.IntN(entries-1))
		must(t, walk(l, v, k, before(k), headOf(before(k)), nil))
		if walk(l, v, k, before(k), headOf(before(k)), kept) == nil {
			t.Errorf("truncation after entry %d is not found", k)
		}
	}
}

// TestVerify changes the database of a whole audit.
func TestVerify(t *testing.T) {
	each(t, func(t *testing.T, l *Log, c *clock) {
		ctx, db := t.Context(), l.c.DB
		records(t, l, 50)
		must(t, l.Chain(ctx))
		old, err := heads.On(db).Get(ctx, headID)
		must(t, err)
		c.advance(2 * time.Minute)
		records(t, l, 10)
		kept, err := l.Checkpoint(ctx)
		must(t, err)
		records(t, l, 3)
		if r := holds(t, l, 60, kept); r.Waiting != 3 || r.Last != 60 || r.Checkpoints != 4 {
			t.Errorf("%+v", r)
		}
		foreign := New(Config{DB: db, Keys: newKeys(t, "abcdefghijklmnopqrstuv0123456789")})
		theirs := foreign.signed(Reached, mark{seq: 1})

		for _, x := range []struct {
			what, sql, want string
			kept            []Checkpoint
		}{
			{"edit", `UPDATE audit SET actor = 'eve' WHERE seq = 7`, "entry 7: is not what was written", nil},
			{"edit of the time", `UPDATE audit SET created_at = (SELECT created_at FROM audit WHERE seq = 60) WHERE seq = 8`, "entry 8: is not what was written", nil},
			{"edit of what waits", `UPDATE audit SET action = 'x' WHERE seq IS NULL`, "is not what was written", nil},
			{"deletion", `DELETE FROM audit WHERE seq = 9`, "entry 9: is missing", nil},
			{"deletion of the first", `DELETE FROM audit WHERE seq = 1`, "entry 1: is missing", nil},
			{"swap", `UPDATE audit SET seq = CASE seq WHEN 3 THEN -4 ELSE -3 END WHERE seq IN (3, 4); UPDATE audit SET seq = -seq WHERE seq < 0`, "entry 3: does not follow", nil},
			{"no link", `UPDATE audit SET link = NULL WHERE seq = 5`, "entry 5: does not follow", nil},
			{"truncation", `DELETE FROM audit WHERE seq > 55`, "entry 56: is missing, and so is all after it", nil},
			{"no head", `DELETE FROM audit_heads`, "its head is missing", nil},
			{"edit of the head", `UPDATE audit_heads SET seq = 59`, "head of the chain is not", nil},
			{"all", `DELETE FROM audit; DELETE FROM audit_heads; DELETE FROM audit_checkpoints`, "entry 1: is missing", []Checkpoint{kept}},
			{"a foreign checkpoint", `SELECT 1`, "not signed by this installation", []Checkpoint{theirs}},
			{"edit of a checkpoint", `UPDATE audit_checkpoints SET seq = 40 WHERE seq = 50`, "not signed by this installation", nil},
		} {
			undo := snapshot(t, db)
			for s := range strings.SplitSeq(x.sql, ";") {
				must(t, run(ctx, db, s))
			}
			r, err := l.Verify(ctx, x.kept...)
			must(t, err)
			if got := fmt.Sprint(r.Broken); !strings.Contains(got, x.want) {
				t.Errorf("%s: %s, want %q", x.what, got, x.want)
			}
			undo()
			holds(t, l, 60, kept)
		}

		// A copy of an entry that was never written.
		forged := all(t, l)[0]
		forged.ID, forged.Seq, forged.Link = data.NewID[Entry](db), nil, nil
		must(t, table.On(db).Add(ctx, &forged))
		if r, err := l.Verify(ctx); err != nil || r.Broken == nil || r.Broken.ID != forged.ID.String() {
			t.Errorf("%+v, %v", r, err)
		}
		must(t, table.On(db).Delete(ctx, forged.ID))

		// An older state of the whole database.
		must(t, run(ctx, db, `DELETE FROM audit WHERE seq > 50 OR seq IS NULL`))
		must(t, run(ctx, db, `DELETE FROM audit_checkpoints WHERE seq > 50`))
		_, err = heads.On(db).Update(ctx, headID, headSeq.Set(old.Seq), headLink.Set(old.Link), headSeal.Set(old.Seal))
		must(t, err)
		holds(t, l, 50)
		if r, err := l.Verify(ctx, kept); err != nil || r.Broken == nil || r.Broken.Seq != 51 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// snapshot keeps the tables of the audit, and returns what brings them back.
func snapshot(t *testing.T, db *data.DB) (undo func()) {
	t.Helper()
	names := []string{"audit", "audit_heads", "audit_checkpoints"}
	for _, n := range names {
		must(t, run(t.Context(), db, "CREATE TABLE kept_"+n+" AS SELECT * FROM "+n))
	}
	return func() {
		t.Helper()
		for _, n := range names {
			must(t, run(t.Context(), db, "DELETE FROM "+n))
			must(t, run(t.Context(), db, "INSERT INTO "+n+" SELECT * FROM kept_"+n))
			must(t, run(t.Context(), db, "DROP TABLE kept_"+n))
		}
	}
}

// TestOtherKeys verifies what was sealed before the master key changed.
func TestOtherKeys(t *testing.T) {
	each(t, func(t *testing.T, l *Log, _ *clock) {
		records(t, l, 10)
		must(t, l.Chain(t.Context()))
		l = New(Config{DB: l.c.DB, Keys: newKeys(t, "abcdefghijklmnopqrstuv0123456789")})
		l.c.DB.SetWitness(l)
		records(t, l, 10)
		must(t, l.Chain(t.Context()))
		holds(t, l, 20)
	})
}

func BenchmarkVerify(b *testing.B) {
	const entries = 100_000
	for _, name := range []string{"sqlite", "postgres"} {
		b.Run(name, func(b *testing.B) {
			s := setup(nil)
			db := s.SQLite
			if name == "postgres" {
				db = s.Postgres
			}
			l := newLog(b, db(b))
			l.c.DB.SetWitness(l)
			records(b, l, entries)
			must(b, l.Chain(b.Context()))
			for b.Loop() {
				holds(b, l, entries)
			}
			b.ReportMetric(float64(entries)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
