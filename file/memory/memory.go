// Package memory keeps bytes in memory, for tests and what may be lost.
package memory

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/manorgo/manor/file/driver"
)

// A Bucket is a driver.Bucket in memory. Make one with New.
type Bucket struct {
	now     func() time.Time
	mu      sync.RWMutex
	objects map[string]object
}

type object struct {
	driver.Object
	bytes []byte
}

// New returns an empty bucket. A nil now means time.Now.
func New(now func() time.Time) *Bucket {
	if now == nil {
		now = time.Now
	}
	return &Bucket{now: now, objects: map[string]object{}}
}

var _ driver.Bucket = (*Bucket)(nil)

// Features says that attributes are kept.
func (b *Bucket) Features() driver.Features { return driver.Features{Attributes: true} }

// Put stores what r has until its end.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader, o driver.PutOptions) (driver.Object, error) {
	if err := driver.CheckKey(key); err != nil {
		return driver.Object{}, err
	}
	content, err := io.ReadAll(driver.WithContext(ctx, driver.Sized(r, o.Size)))
	if err != nil {
		return driver.Object{}, err
	}
	sum := md5.Sum(content) // a name for the content, as S3 has it
	obj := driver.Object{
		Key: key, Size: int64(len(content)), ETag: hex.EncodeToString(sum[:]), Modified: b.now(),
		ContentType: o.ContentType, Metadata: maps.Clone(o.Metadata),
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[key] = object{obj, content}
	return obj, nil
}

func (b *Bucket) get(ctx context.Context, key string) (object, error) {
	if err := driver.CheckKey(key); err != nil {
		return object{}, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	o, ok := b.objects[key]
	if !ok {
		return o, driver.ErrNotExist
	}
	return o, ctx.Err()
}

// Open returns a range of what the key holds.
func (b *Bucket) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	o, err := b.get(ctx, key)
	if err != nil {
		return nil, err
	}
	rest := o.bytes[min(offset, int64(len(o.bytes))):]
	if length >= 0 {
		rest = rest[:min(length, int64(len(rest)))]
	}
	return io.NopCloser(driver.WithContext(ctx, bytes.NewReader(rest))), nil
}

// Stat describes what the key holds.
func (b *Bucket) Stat(ctx context.Context, key string) (driver.Object, error) {
	o, err := b.get(ctx, key)
	o.Metadata = maps.Clone(o.Metadata)
	return o.Object, err
}

// Delete removes what the key holds.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := driver.CheckKey(key); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, key)
	return ctx.Err()
}

// List gives the objects whose keys begin with prefix, as they are now, sorted.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[driver.Object, error] {
	return func(yield func(driver.Object, error) bool) {
		var found []driver.Object
		b.mu.RLock()
		for key, o := range b.objects {
			if strings.HasPrefix(key, prefix) {
				found = append(found, o.Object)
			}
		}
		b.mu.RUnlock()
		slices.SortFunc(found, func(x, y driver.Object) int { return strings.Compare(x.Key, y.Key) })
		for _, o := range found {
			if !yield(o, ctx.Err()) {
				return
			}
		}
	}
}
