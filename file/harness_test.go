package file_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/file"
	"github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/file/memory"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

// A paper has all kinds of columns for files.
type paper struct {
	data.Identified[paper]
	Name  string     `db:"name,size=100,unique"`
	Text  file.File  `db:"text,json"`
	Cover *file.File `db:"cover,json"`
	Pages file.List  `db:"pages,json"`
}

var (
	papers = data.NewTable[paper]("papers")
	id     = data.Col[data.ID[paper]](papers, "id")
	name   = data.TextCol(papers, "name")
	text   = data.Col[file.File](papers, "text")
	cover  = data.Col[file.File](papers, "cover")
	pages  = data.Col[file.List](papers, "pages")
)

var revisions = fstest.MapFS{
	"0001_papers.sqlite.sql": {Data: []byte(`-- up
CREATE TABLE "papers" ("id" BLOB NOT NULL, "name" TEXT NOT NULL, "text" TEXT NOT NULL, "cover" TEXT, "pages" TEXT NOT NULL,
	CONSTRAINT "papers_pkey" PRIMARY KEY ("id"), CONSTRAINT "uq_papers_name" UNIQUE ("name"));
-- down
DROP TABLE "papers";
`)},
	"0001_papers.postgres.sql": {Data: []byte(`-- up
CREATE TABLE "papers" ("id" uuid NOT NULL, "name" varchar(100) COLLATE "C" NOT NULL, "text" jsonb NOT NULL, "cover" jsonb, "pages" jsonb NOT NULL,
	CONSTRAINT "papers_pkey" PRIMARY KEY ("id"), CONSTRAINT "uq_papers_name" UNIQUE ("name"));
-- down
DROP TABLE "papers";
`)},
}

// A bench is a store over a database of its own.
type bench struct {
	t       *testing.T
	db      *data.DB
	commits *datatest.FailCommits
	clock   *manortest.Clock
	bucket  *moody
	queue   *task.Queue
	store   *file.Store
	papers  *file.Keeper[paper]
}

// each runs a test on every database, with the bytes in memory.
func each(t *testing.T, run func(t *testing.T, b *bench)) {
	t.Helper()
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		clock := new(manortest.Clock)
		run(t, newBench(t, open(), clock, memory.New(clock.Now)))
	})
}

func newBench(t *testing.T, db *data.DB, clock *manortest.Clock, bucket driver.Bucket) *bench {
	t.Helper()
	b := &bench{t: t, clock: clock, bucket: &moody{Bucket: bucket}, commits: datatest.NewFailCommits(db.Driver())}
	b.db = data.New(b.commits, clock.Now)
	log := slog.New(slog.DiscardHandler)
	m, err := migrate.New(b.db, []migrate.Source{{Name: "papers", FS: revisions}}, migrate.Options{Log: log})
	b.check(err)
	_, err = m.Upgrade(t.Context())
	b.check(err)
	b.queue = task.New(b.db, task.Config{Log: log, PollInterval: 10 * time.Millisecond, Backoff: func(int) time.Duration { return 0 }})
	b.check(b.queue.Migrate(t.Context()))
	master := make([]byte, secret.KeySize)
	master[0] = 1
	keys, err := secret.NewKeyring(master)
	b.check(err)
	b.store = file.New(file.Config{DB: b.db, Bucket: b.bucket, Tasks: b.queue, Keys: keys, Links: web.Links{}, Log: log})
	b.papers = file.Keep(b.store, papers, file.Limits{MaxSize: 1 << 20})
	b.queue.Add(b.store.Workers()...)
	return b
}

// work lets the queue run what was asked for, until the test ends.
func (b *bench) work() {
	b.t.Helper()
	b.check(b.queue.Start(b.t.Context()))
	b.t.Cleanup(func() { b.check(b.queue.Stop(context.Background())) })
}

// done waits until all tasks are done.
func (b *bench) done() {
	b.t.Helper()
	(&manortest.App{DB: b.db}).WaitTasks(b.t)
}

func (b *bench) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// add stores a paper with this text.
func (b *bench) add(called, content string) paper {
	b.t.Helper()
	p := paper{Name: called}
	b.check(b.papers.Save(b.t.Context(), strings.NewReader(content), file.Put{Filename: called + ".txt"}, func(f file.File) error {
		p.Text = f
		return papers.On(b.db).Add(b.t.Context(), &p)
	}))
	return p
}

// files saves contents and gives them to fn.
func (b *bench) save(fn func(fs []file.File) error, contents ...string) error {
	var got []file.File
	var next func(i int) error
	next = func(i int) error {
		if i == len(contents) {
			return fn(got)
		}
		return b.papers.Save(b.t.Context(), strings.NewReader(contents[i]), file.Put{Filename: "page.txt"}, func(f file.File) error {
			got = append(got, f)
			return next(i + 1)
		})
	}
	return next(0)
}

// keys returns what is in the bucket, sorted.
func (b *bench) keys() []string {
	b.t.Helper()
	out := []string{}
	for o, err := range b.bucket.List(b.t.Context(), "") {
		b.check(err)
		out = append(out, o.Key)
	}
	slices.Sort(out)
	return out
}

// holds wants the bucket to hold these files and no other.
func (b *bench) holds(files ...file.File) {
	b.t.Helper()
	want := []string{}
	for _, f := range files {
		want = append(want, f.Key)
	}
	slices.Sort(want)
	if got := b.keys(); !slices.Equal(got, want) {
		b.t.Errorf("the bucket holds %q, want %q", got, want)
	}
}

// read returns the content of a file.
func (b *bench) read(f file.File) string {
	b.t.Helper()
	r, err := b.store.Open(b.t.Context(), f)
	b.check(err)
	defer r.Close()
	content, err := io.ReadAll(r)
	b.check(err)
	return string(content)
}

// A moody bucket fails as it is told.
type moody struct {
	driver.Bucket
	undeletable atomic.Int32 // deletes that fail
	dead        atomic.Bool  // all deletes fail, as if the process had died
	unwritable  atomic.Bool
}

var errMood = errors.New("the bucket is in a mood")

func (m *moody) Delete(ctx context.Context, key string) error {
	if m.dead.Load() || m.undeletable.Add(-1) >= 0 {
		return errMood
	}
	return m.Bucket.Delete(ctx, key)
}

func (m *moody) Put(ctx context.Context, key string, r io.Reader, o driver.PutOptions) (driver.Object, error) {
	if m.unwritable.Load() {
		return driver.Object{}, errMood
	}
	return m.Bucket.Put(ctx, key, r, o)
}

// Clean cleans what is beneath, if that has to be cleaned.
func (m *moody) Clean(ctx context.Context, before time.Time) (int, error) {
	if c, ok := m.Bucket.(driver.Cleaner); ok {
		return c.Clean(ctx, before)
	}
	return 0, nil
}
