package file_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file"
)

func TestRowDescribesItsFile(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := paper{Name: "a"}
		put := file.Put{Filename: "letter.txt", Metadata: map[string]any{"source": "scan", "pages": map[string]any{"n": 2.0, "who": "Ähm 😀"}}}
		err := b.papers.Save(t.Context(), strings.NewReader("dear all"), put, func(f file.File) error {
			// The bytes are there before the row is.
			if got := b.read(f); got != "dear all" {
				t.Errorf("before the row is stored the bucket holds %q", got)
			}
			p.Text, p.Pages = f, nil
			return papers.On(b.db).Add(t.Context(), &p)
		})
		b.check(err)
		got, err := papers.On(b.db).Get(t.Context(), p.ID)
		b.check(err)
		sum := sha256.Sum256([]byte("dear all"))
		want := file.File{
			Key: p.Text.Key, Filename: "letter.txt", ContentType: "text/plain; charset=utf-8", Size: 8, SHA256: hex.EncodeToString(sum[:]),
			ETag: p.Text.ETag, ModifiedAt: p.Text.ModifiedAt, Metadata: put.Metadata,
		}
		if diff := cmp.Diff(want, got.Text); diff != "" {
			t.Error(diff)
		}
		if got.Text.ETag == "" || got.Text.ModifiedAt.IsZero() || got.Cover != nil || len(got.Pages) != 0 {
			t.Errorf("stored %+v", got)
		}
		obj, err := b.bucket.Stat(t.Context(), got.Text.Key)
		b.check(err)
		if obj.ContentType != want.ContentType || obj.Metadata["source"] != "scan" || obj.Metadata["pages"] != `{"n":2,"who":"\u00c4hm \ud83d\ude00"}` {
			t.Errorf("the backend has %q and %q", obj.ContentType, obj.Metadata)
		}
	})
}

// A transaction that does not happen leaves no bytes, and takes none away.
func TestRollbackRemovesTheNewAndKeepsTheOld(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add("taken", "old")
		boom := errors.New("boom")
		update := func(f file.File, end error) error {
			_, err := b.papers.Update(t.Context(), id.Eq(p.ID), func(tx *data.Tx) (paper, error) {
				v, err := papers.On(tx).Update(t.Context(), p.ID, text.Set(f))
				return v, errors.Join(err, end)
			})
			return err
		}
		for what, fn := range map[string]func(f file.File) error{
			"an error":   func(file.File) error { return boom },
			"a conflict": func(f file.File) error { return papers.On(b.db).Add(t.Context(), &paper{Name: "taken", Text: f}) },
			"a rollback": func(f file.File) error { return update(f, boom) },
			"a savepoint": func(f file.File) error {
				return b.db.Tx(t.Context(), func(tx *data.Tx) error {
					return tx.Nested(t.Context(), func(tx *data.Tx) error {
						return errors.Join(papers.On(tx).Add(t.Context(), &paper{Name: "new", Text: f}), boom)
					})
				})
			},
		} {
			if err := b.save(func(fs []file.File) error { return fn(fs[0]) }, "new"); err == nil {
				t.Errorf("%s is lost", what)
			}
			b.holds(p.Text)
		}
		func() {
			defer func() { _ = recover() }()
			_ = b.save(func([]file.File) error { panic("boom") }, "new")
		}()
		if n := len(b.keys()); n != 2 { // it may have panicked after its commit
			t.Errorf("after a panic there are %d files", n)
		}
		b.clock.Advance(2 * day)
		b.sweep(1)
		b.holds(p.Text)
		b.work()
		b.done()
		if got := b.read(p.Text); got != "old" {
			t.Errorf("the old file holds %q", got)
		}
	})
}

// Nobody knows whether a commit that failed has happened, so bytes stay.
func TestCommitInDoubtKeepsBytes(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		err := b.save(func(fs []file.File) error {
			b.commits.Fail(true)
			defer b.commits.Fail(false)
			return papers.On(b.db).Add(t.Context(), &paper{Name: "a", Text: fs[0]})
		}, "x")
		if fault.KindOf(err) != fault.Unavailable || len(b.keys()) != 1 {
			t.Errorf("%v leaves %q", err, b.keys())
		}
		b.clock.Advance(2 * day)
		if n, err := b.store.Sweep(t.Context()); n != 1 || err != nil {
			t.Errorf("swept %d, %v", n, err)
		}
	})
}

// A failed upload is told before there is a row.
func TestFailedUploadStoresNoRow(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		never := func(file.File) error {
			t.Error("a row would be stored")
			return nil
		}
		broken := io.MultiReader(strings.NewReader(strings.Repeat("x", 2000)), iotest.ErrReader(errors.New("gone")))
		if err := b.papers.Save(t.Context(), broken, file.Put{}, never); fault.KindOf(err) != fault.Malformed {
			t.Errorf("a broken upload: %v", err)
		}
		if err := b.papers.Save(t.Context(), strings.NewReader("four"), file.Put{Size: 5}, never); fault.KindOf(err) != fault.Malformed {
			t.Errorf("an upload that is too short: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.papers.Save(ctx, strings.NewReader("x"), file.Put{}, never); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("an upload that was given up: %v", err)
		}
		b.bucket.unwritable.Store(true)
		if err := b.papers.Save(t.Context(), strings.NewReader("x"), file.Put{}, never); fault.KindOf(err) != fault.Unavailable || !errors.Is(err, errMood) {
			t.Errorf("a bucket that fails: %v", err)
		}
		b.holds()
	})
}

// What a row loses is removed after the commit, and what it keeps is not.
func TestReplacedClearedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add("a", "text")
		change := func(changes ...data.Change[paper]) {
			t.Helper()
			var err error
			p, err = b.papers.Update(t.Context(), id.Eq(p.ID), func(tx *data.Tx) (paper, error) { return papers.On(tx).Update(t.Context(), p.ID, changes...) })
			b.check(err)
		}
		b.check(b.save(func(fs []file.File) error {
			change(cover.Set(fs[0]), pages.Set(file.List(fs[1:])))
			return nil
		}, "cover", "one", "two", "three"))
		b.work()
		b.done()
		b.holds(p.Text, *p.Cover, p.Pages[0], p.Pages[1], p.Pages[2])

		change(name.Set("b")) // nothing about files
		b.done()
		b.holds(p.Text, *p.Cover, p.Pages[0], p.Pages[1], p.Pages[2])

		// Another order, one less, one more: in place, as a value.
		list := p.Pages.Without(p.Pages[1].Key)
		list[0], list[1] = list[1], list[0]
		b.check(b.save(func(fs []file.File) error {
			change(pages.Set(append(list, fs...)))
			return nil
		}, "four"))
		b.done()
		b.holds(p.Text, *p.Cover, p.Pages[0], p.Pages[1], p.Pages[2])
		if got := b.read(p.Pages[0]) + b.read(p.Pages[1]) + b.read(p.Pages[2]); got != "threeonefour" {
			t.Errorf("the list reads %q", got)
		}

		b.check(b.save(func(fs []file.File) error {
			change(text.Set(fs[0]), cover.SetNull())
			return nil
		}, "another text"))
		b.done()
		b.holds(append(p.Pages, p.Text)...)

		b.check(b.db.Tx(t.Context(), func(tx *data.Tx) error {
			v, err := papers.On(tx).DeleteOne(t.Context(), id.Eq(p.ID))
			if err != nil {
				return err
			}
			return b.papers.Deleted(t.Context(), tx, &v)
		}))
		b.done()
		b.holds()
	})
}

// Of several changes in one transaction only what was before the first and what is
// after the last counts: what comes back is kept, what never stayed goes.
func TestOnlyTheLastStateCounts(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add("a", "first")
		b.check(b.save(func(fs []file.File) (err error) {
			p, err = b.papers.Update(t.Context(), id.Eq(p.ID), func(tx *data.Tx) (v paper, err error) {
				for _, c := range []data.Change[paper]{text.Set(fs[0]), cover.Set(p.Text), text.Set(p.Text), cover.SetNull(), cover.Set(fs[1]), pages.Set(fs)} {
					if v, err = papers.On(tx).Update(t.Context(), p.ID, c); err != nil {
						return v, err
					}
				}
				return papers.On(tx).Update(t.Context(), p.ID, pages.Set(nil), cover.Set(fs[1]))
			})
			return err
		}, "never stayed", "cover"))
		b.work()
		b.done()
		if got := b.read(p.Text) + b.read(*p.Cover); got != "firstcover" {
			t.Errorf("the row reads %q", got)
		}
		b.clock.Advance(2 * day)
		b.sweep(1)
		b.holds(p.Text, *p.Cover)
	})
}

func TestBulkDeleteRemovesBytes(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		var last paper
		for _, n := range []string{"a1", "a2", "a3", "b1"} {
			last = b.add(n, n)
		}
		err := b.db.Tx(t.Context(), func(tx *data.Tx) error {
			n, err := b.papers.DeleteWhere(t.Context(), tx, name.HasPrefix("a"))
			if n != 3 {
				t.Errorf("deleted %d", n)
			}
			return err
		})
		b.check(err)
		if got := len(b.keys()); got != 4 {
			t.Errorf("%d files are left before the tasks ran, want 4", got)
		}
		b.work()
		b.done()
		b.holds(last.Text)
		err = b.db.Tx(t.Context(), func(tx *data.Tx) error {
			_, err := b.papers.DeleteWhere(t.Context(), tx, data.Filter[paper]{})
			return err
		})
		if err == nil {
			t.Error("a delete without a filter is taken")
		}
	})
}

// A removal that fails is tried again, and what is gone already is no failure.
func TestRemovalIsRetried(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p, gone := b.add("a", "x"), b.add("b", "y")
		b.check(b.bucket.Delete(t.Context(), gone.Text.Key))
		b.bucket.undeletable.Store(2)
		b.check(b.db.Tx(t.Context(), func(tx *data.Tx) error {
			_, err := b.papers.DeleteWhere(t.Context(), tx, data.Everything[paper]())
			return errors.Join(err, b.store.Remove(t.Context(), tx, file.File{}, p.Text))
		}))
		b.work()
		b.done()
		b.holds()
	})
}

// Nobody's name for a file is a key: two of one name are two files.
func TestSameNameAtOnce(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		var wg sync.WaitGroup
		for _, called := range []string{"a", "b", "c", "d"} {
			wg.Go(func() {
				err := b.papers.Save(t.Context(), strings.NewReader(called), file.Put{Filename: "same.txt"}, func(f file.File) error {
					return papers.On(b.db).Add(t.Context(), &paper{Name: called, Text: f})
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		all, err := papers.On(b.db).List(t.Context(), data.Query[paper]{})
		b.check(err)
		if len(all.Items) != 4 || len(b.keys()) != 4 {
			t.Fatalf("%d rows, %d files", len(all.Items), len(b.keys()))
		}
		for _, p := range all.Items {
			if got := b.read(p.Text); got != p.Name || p.Text.Filename != "same.txt" {
				t.Errorf("%s reads %q", p.Name, got)
			}
		}
		b.check(b.db.Tx(t.Context(), func(tx *data.Tx) error {
			_, err := b.papers.DeleteWhere(t.Context(), tx, name.Eq("a"))
			return err
		}))
		b.work()
		b.done()
		if len(b.keys()) != 3 {
			t.Error("deleting one took another's file")
		}
	})
}

func TestKeepWantsFiles(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		type bare struct {
			Name string `db:"name"`
		}
		type unmarked struct {
			Name string    `db:"name"`
			File file.File `db:"-"`
		}
		for what, keep := range map[string]func(){
			"no files":  func() { file.Keep(b.store, data.NewTable[bare]("bare"), file.Limits{}) },
			"no column": func() { file.Keep(b.store, data.NewTable[unmarked]("unmarked"), file.Limits{}) },
			"no bucket": func() { file.Keep(file.New(file.Config{DB: b.db}), papers, file.Limits{}) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("Keep takes a table with %s", what)
					}
				}()
				keep()
			}()
		}
		if err := (file.New(file.Config{DB: b.db})); err.Used() {
			t.Error("a store without keepers is used")
		}
		if _, err := file.New(file.Config{DB: b.db}).Open(t.Context(), file.File{Key: "x"}); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("a store without a bucket opens: %v", err)
		}
	})
}
