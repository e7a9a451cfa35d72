package file

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

// Config says what a Store is made of. DB, Tasks and Keys are required.
type Config struct {
	DB     *data.DB        // of the rows that refer to files
	Bucket driver.Bucket   // for these rows alone; nil means that there is none, and Keep panics
	Tasks  *task.Queue     // of DB
	Keys   *secret.Keyring // signs addresses
	Links  web.Links       // where Handler is reached, by Path
	Path   string          // of Handler; "" means /files/
	Grace  time.Duration   // how old what no row refers to must be before it is swept; 0 means a day
	Log    *slog.Logger    // nil means slog.Default()
}

const (
	defaultPath  = "/files/"
	defaultGrace = 24 * time.Hour
	sweepEvery   = 6 * time.Hour
	sweepTimeout = 10 * time.Minute
)

// A Store is a bucket and the rows that refer to what is in it. It is safe for
// concurrent use.
type Store struct {
	c       Config
	handler http.Handler

	mu      sync.RWMutex
	columns []column
}

// New returns a Store. It touches nothing. Add its Workers and Schedules to the
// queue when all keepers are made, and serve its Handler.
func New(c Config) *Store {
	if c.Path == "" {
		c.Path = defaultPath
	}
	if c.Grace <= 0 {
		c.Grace = defaultGrace
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	s := &Store{c: c}
	s.handler = http.HandlerFunc(s.serveSigned)
	return s
}

// Used reports whether a table keeps files in the store.
func (s *Store) Used() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.columns) > 0
}

// remove is a task that removes bytes.
type remove struct {
	Keys []string `json:"keys"`
}

// Kind names the task.
func (remove) Kind() string { return "files.remove" }

// sweep is a task that removes what no row refers to.
type sweep struct{}

// Kind names the task.
func (sweep) Kind() string { return "files.sweep" }

// Workers do the store's tasks.
func (s *Store) Workers() []task.Worker {
	return []task.Worker{
		task.Work(func(ctx context.Context, t remove) error { return s.delete(ctx, t.Keys) }),
		task.Work(func(ctx context.Context, _ sweep) error {
			_, err := s.Sweep(ctx)
			return err
		}).With(task.Options{Timeout: sweepTimeout, MaxAttempts: 3}),
	}
}

// Schedules ask for the sweeper, every six hours.
func (s *Store) Schedules() []task.Schedule {
	return []task.Schedule{{Every: sweepEvery, Args: sweep{}}}
}

// delete removes bytes, all that it can: what is not there is fine. Its error
// holds what went wrong with each.
func (s *Store) delete(ctx context.Context, keys []string) error {
	var errs []error
	for _, key := range keys {
		if err := s.c.Bucket.Delete(ctx, key); err != nil && !errors.Is(err, driver.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return told(errors.Join(errs...))
}

const removeBatch = 100 // keys of one task

// removeLater asks in tx for the removal of keys.
func (s *Store) removeLater(ctx context.Context, tx *data.Tx, keys []string) error {
	for len(keys) > 0 {
		n := min(removeBatch, len(keys))
		if err := s.c.Tasks.Enqueue(ctx, tx, remove{keys[:n]}); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// Remove asks in tx for the bytes of files to be removed once it has committed,
// and tried again until they are. Keepers do so by themselves: this is for files
// that no keeper's method has seen leave their row. Files without a key, and
// bytes that are gone already, are passed over.
func (s *Store) Remove(ctx context.Context, tx *data.Tx, files ...File) error {
	var keys []string
	for _, f := range files {
		if !f.IsZero() {
			keys = append(keys, f.Key)
		}
	}
	return s.removeLater(ctx, tx, keys)
}

// Open returns the content of a file, from its beginning; it may be read from
// anywhere by Seek. Bytes that are missing are fault.NotFound, a backend that
// does not answer is fault.Unavailable. The reader holds to ctx and must be
// closed.
func (s *Store) Open(ctx context.Context, f File) (*Content, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	obj, err := s.c.Bucket.Stat(ctx, f.Key)
	if err != nil {
		return nil, told(err)
	}
	return &Content{ctx: ctx, bucket: s.c.Bucket, key: f.Key, size: obj.Size}, nil
}

func (s *Store) ready() error {
	if s.c.Bucket == nil {
		return fault.Errorf(fault.Unavailable, "no place for files is configured")
	}
	return nil
}

// told turns a backend's error into a fault.
func told(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok || err == nil {
		return err
	}
	switch {
	case errors.Is(err, driver.ErrNotExist), errors.Is(err, driver.ErrKey):
		return fault.Wrap(fault.NotFound, err, "the file is not there")
	case errors.Is(err, driver.ErrSize):
		return fault.Wrap(fault.Malformed, err, "the upload has not the size that was announced")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.Unavailable, err, "the request was given up")
	}
	return fault.Wrap(fault.Unavailable, err, "files are not available at the moment, try again")
}

// newKey returns a key that no object ever had.
func newKey() string {
	id := randomID()
	return id[:2] + "/" + id
}

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
