package file_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file"
	"github.com/manorgo/manor/file/driver"
)

const day = 24 * time.Hour

func (b *bench) sweep(want int) {
	b.t.Helper()
	n, err := b.store.Sweep(b.t.Context())
	if n != want || err != nil {
		b.t.Errorf("swept %d, %v; want %d", n, err, want)
	}
}

// crash uploads content and dies before the row is committed.
func (b *bench) crash(content string) (orphan file.File) {
	b.t.Helper()
	b.bucket.dead.Store(true)
	err := b.save(func(fs []file.File) error {
		orphan = fs[0]
		return errMood
	}, content)
	b.bucket.dead.Store(false)
	if err == nil {
		b.t.Fatal("the crash is lost")
	}
	return orphan
}

func TestSweepFindsWhatACrashLeft(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		kept := b.add("kept", "kept")
		var listed paper
		b.check(b.save(func(fs []file.File) error {
			listed = paper{Name: "listed", Text: fs[0], Cover: &fs[1], Pages: fs[2:]}
			return papers.On(b.db).Add(t.Context(), &listed)
		}, "text", "cover", "one", "two"))
		whole := append(file.List{kept.Text, listed.Text, *listed.Cover}, listed.Pages...)
		orphan := b.crash("lost")
		b.holds(append(whole, orphan)...)

		b.clock.Advance(day - time.Minute)
		b.sweep(0) // whoever is still at it is left alone
		b.clock.Advance(2 * time.Minute)
		young := b.crash("lost later")
		b.sweep(1)
		b.holds(append(whole, young)...)
		b.clock.Advance(1000 * day)
		b.sweep(1)
		b.sweep(0)
		b.holds(whole...)
		if got := b.read(listed.Pages[1]); got != "two" {
			t.Errorf("read %q", got)
		}
	})
}

// Rows that go without a keeper leave orphans, not for ever.
func TestSweepFindsWhatBulkAndCascadeLeft(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		kept := b.add("kept", "kept")
		b.add("gone", "gone")
		_, err := papers.On(b.db).DeleteWhere(t.Context(), name.Eq("gone"))
		b.check(err)
		b.clock.Advance(2 * day)
		b.sweep(1)
		b.holds(kept.Text)
	})
}

// An upload that is on its way while the sweeper runs is never swept.
func TestSweepDuringUpload(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.add("old", "old")
		b.clock.Advance(2 * day)
		slow, feed := io.Pipe()
		done := make(chan error)
		p := paper{Name: "slow"}
		go func() {
			done <- b.papers.Save(t.Context(), slow, file.Put{}, func(f file.File) error {
				b.sweep(0) // the bytes are there, the row is not
				p.Text = f
				return papers.On(b.db).Add(t.Context(), &p)
			})
		}()
		fmt.Fprint(feed, "half ")
		b.sweep(0)
		fmt.Fprint(feed, "and half")
		b.check(feed.Close())
		b.check(<-done)
		if got := b.read(p.Text); got != "half and half" {
			t.Errorf("read %q", got)
		}
	})
}

// What is not of this package is none of its business.
func TestSweepLeavesOthersAlone(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		others := []string{"ab/report.pdf", "backup/2026", "incoming/x", "a0", "ab/" + strings.Repeat("g", 32)}
		for _, key := range others {
			_, err := b.bucket.Put(t.Context(), key, strings.NewReader("x"), driver.PutOptions{Size: 1})
			b.check(err)
		}
		b.clock.Advance(1000 * day)
		b.sweep(0)
		if got := b.keys(); len(got) != len(others) {
			t.Errorf("left are %q", got)
		}
		// Without a keeper nobody knows what is referred to.
		b.crash("x")
		b.clock.Advance(2 * day)
		bare := file.New(file.Config{DB: b.db, Bucket: b.bucket, Tasks: b.queue})
		if n, err := bare.Sweep(t.Context()); n != 0 || err != nil {
			t.Errorf("a store without keepers swept %d, %v", n, err)
		}
		b.sweep(1)
	})
}

// A database that knows none of many files is the wrong one.
func TestSweepRefusesAnotherDatabasesBucket(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for i := range 101 {
			_, err := b.bucket.Put(t.Context(), fmt.Sprintf("00/%032x", i), strings.NewReader("x"), driver.PutOptions{Size: 1})
			b.check(err)
		}
		b.clock.Advance(2 * day)
		if n, err := b.store.Sweep(t.Context()); n != 0 || fault.KindOf(err) != fault.Conflict {
			t.Errorf("swept %d, %v", n, err)
		}
		if len(b.keys()) != 101 {
			t.Error("files are gone")
		}
		kept := b.add("known", "x")
		b.sweep(101)
		b.holds(kept.Text)
	})
}

// The schedule runs the sweeper as a task.
func TestSweepIsScheduled(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.crash("x")
		b.clock.Advance(2 * day)
		plans := b.store.Schedules()
		b.queue.Plan(plans...)
		if len(plans) != 1 || plans[0].Every > day {
			t.Errorf("planned %+v", plans)
		}
		b.check(b.db.Tx(t.Context(), func(tx *data.Tx) error { return b.queue.Enqueue(t.Context(), tx, plans[0].Args) }))
		b.work()
		b.done()
		if keys := b.keys(); !slices.Equal(keys, []string{}) {
			t.Errorf("left are %q", keys)
		}
	})
}
