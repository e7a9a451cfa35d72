package file_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file"
	"github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/file/local"
	"github.com/manorgo/manor/file/s3"
	"github.com/manorgo/manor/internal/s3test"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

// The whole life of files, over a real folder and a real S3 server.
func TestBackends(t *testing.T) {
	t.Run("local", func(t *testing.T) {
		lifeOfFiles(t, func(t *testing.T) driver.Bucket { return local.New(filepath.Join(t.TempDir(), "files")) })
	})
	t.Run("s3", func(t *testing.T) {
		server := s3test.Start(t)
		lifeOfFiles(t, func(t *testing.T) driver.Bucket {
			b, err := s3.New(s3.Config{
				Name: server.Bucket(t), Prefix: "app", Endpoint: server.URL, KeyID: server.KeyID, Secret: secret.NewText(server.Secret),
			})
			if err != nil {
				t.Fatal(err)
			}
			return b
		})
	})
}

func lifeOfFiles(t *testing.T, open func(t *testing.T) driver.Bucket) {
	manortest.Databases(t, func(t *testing.T, db func() *data.DB) {
		bucket := open(t)
		b := newBench(t, db(), new(manortest.Clock), bucket)
		_, signs := bucket.(driver.Signer)
		if signs {
			b.store, b.papers = b.over(bucket) // without the moods, which sign nothing
		}
		server := httptest.NewServer(b.store.Handler())
		defer server.Close()
		ask := func(method, address, body string) (int, string, http.Header) {
			t.Helper()
			if strings.HasPrefix(address, "/") {
				address = server.URL + address
			} else if !signs {
				t.Errorf("the address is %s", address)
			}
			req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
			b.check(err)
			res, err := http.DefaultClient.Do(req)
			b.check(err)
			defer res.Body.Close()
			content, err := io.ReadAll(res.Body)
			b.check(err)
			return res.StatusCode, string(content), res.Header
		}

		p := b.add("a", "hello")
		status, content, header := ask("GET", b.url(p.Text, file.Link{Life: time.Minute}), "")
		if status != 200 || content != "hello" || header.Get("Content-Disposition") != `attachment; filename="a.txt"` || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
			t.Errorf("downloaded %d %q %v", status, content, header)
		}
		if p.Text.ETag == "" || p.Text.SHA256 == "" || p.Text.Size != 5 {
			t.Errorf("the row says %+v", p.Text)
		}

		ticket, err := b.papers.UploadURL(t.Context(), file.Limits{}, time.Minute)
		b.check(err)
		if status, content, _ := ask("PUT", ticket.URL, "uploaded"); status != 200 {
			t.Fatalf("uploaded: %d %s", status, content)
		}
		claimed := paper{Name: "claimed"}
		claim := func() error {
			return b.papers.Claim(t.Context(), ticket.Token, file.Put{Filename: "up.txt"}, func(f file.File) error {
				claimed.Text = f
				return papers.On(b.db).Add(t.Context(), &claimed)
			})
		}
		b.check(claim())
		if err := claim(); fault.KindOf(err) != fault.NotFound {
			t.Errorf("claimed twice: %v", err)
		}
		if got := b.read(claimed.Text); got != "uploaded" {
			t.Errorf("claimed %q", got)
		}

		b.work()
		b.check(b.db.Tx(t.Context(), func(tx *data.Tx) error {
			_, err := b.papers.DeleteWhere(t.Context(), tx, name.Eq("a"))
			return err
		}))
		b.done()
		b.holds(claimed.Text)
		_, err = papers.On(b.db).DeleteWhere(t.Context(), name.Eq("claimed")) // without its keeper
		b.check(err)
		b.clock.Advance(2 * day)
		b.sweep(1)
		b.holds()
	})
}

// over returns a store of another bucket, on the same database and queue.
func (b *bench) over(bucket driver.Bucket) (*file.Store, *file.Keeper[paper]) {
	b.t.Helper()
	keys, err := secret.NewKeyring([]byte(strings.Repeat("0123456789abcdef", 2)))
	b.check(err)
	s := file.New(file.Config{DB: b.db, Bucket: bucket, Tasks: b.queue, Keys: keys, Log: slog.New(slog.DiscardHandler)})
	return s, file.Keep(s, papers, file.Limits{})
}
