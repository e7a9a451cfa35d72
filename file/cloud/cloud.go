// Package cloud keeps bytes in Google Cloud Storage and Azure Blob Storage, by
// the Go Cloud Development Kit.
//
// It signs no addresses: the Go CDK cannot bind the disposition of an answer, so
// package file serves these files itself.
//
// It is a module of its own, so that programs without it carry none of the
// libraries of these clouds.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	"gocloud.dev/gcerrors"

	"github.com/manorgo/manor/file/driver"
)

// A Bucket is a driver.Bucket of the Go CDK. Make one with Open or New.
type Bucket struct{ b *blob.Bucket }

var _ driver.Bucket = (*Bucket)(nil)

// Open returns the bucket at a URL, gs://BUCKET or azblob://CONTAINER, with
// prefix=FOLDER/ in its query for a part of it. Credentials are those that the
// clouds' own tools find on this machine. The bucket must exist.
func Open(ctx context.Context, address string) (*Bucket, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "gs" && u.Scheme != "azblob" {
		return nil, errors.New("cloud: the address of a bucket is gs://BUCKET or azblob://CONTAINER")
	}
	b, err := blob.OpenBucket(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("cloud: %s://%s: %w", u.Scheme, u.Host, err)
	}
	return New(b), nil
}

// New returns b as a bucket of files. Closing it closes b.
func New(b *blob.Bucket) *Bucket { return &Bucket{b} }

// Close lets go of the bucket.
func (b *Bucket) Close() error { return b.b.Close() }

// Features says that attributes are kept.
func (b *Bucket) Features() driver.Features { return driver.Features{Attributes: true} }

// Put stores what r has until its end.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader, o driver.PutOptions) (driver.Object, error) {
	if err := driver.CheckKey(key); err != nil {
		return driver.Object{}, err
	}
	// What is written is stored by Close, unless this context has ended.
	writing, giveUp := context.WithCancel(ctx)
	defer giveUp()
	w, err := b.b.NewWriter(writing, key, &blob.WriterOptions{
		ContentType: o.ContentType, Metadata: maps.Clone(o.Metadata), DisableContentTypeDetection: true,
	})
	if err != nil {
		return driver.Object{}, told(err)
	}
	// A Writer that is an io.ReaderFrom would read on after ctx has ended.
	if _, err := io.Copy(struct{ io.Writer }{w}, driver.WithContext(ctx, driver.Sized(r, o.Size))); err != nil {
		giveUp()
		_ = w.Close() // fails, as it should
		return driver.Object{}, told(err)
	}
	if err := w.Close(); err != nil {
		return driver.Object{}, told(err)
	}
	return b.Stat(ctx, key)
}

// Open returns a range of what the key holds.
func (b *Bucket) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	obj, err := b.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	if offset >= obj.Size || length == 0 { // which services refuse
		return http.NoBody, nil
	}
	r, err := b.b.NewRangeReader(ctx, key, offset, length, nil)
	return r, told(err)
}

// Stat describes what the key holds.
func (b *Bucket) Stat(ctx context.Context, key string) (driver.Object, error) {
	if err := driver.CheckKey(key); err != nil {
		return driver.Object{}, err
	}
	a, err := b.b.Attributes(ctx, key)
	if err != nil {
		return driver.Object{}, told(err)
	}
	return driver.Object{
		Key: key, Size: a.Size, ETag: strings.Trim(a.ETag, `"`), Modified: a.ModTime,
		ContentType: a.ContentType, Metadata: a.Metadata,
	}, nil
}

// Delete removes what the key holds.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := driver.CheckKey(key); err != nil {
		return err
	}
	err := told(b.b.Delete(ctx, key))
	if errors.Is(err, driver.ErrNotExist) {
		return nil
	}
	return err
}

// List gives the objects whose keys begin with prefix.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[driver.Object, error] {
	return func(yield func(driver.Object, error) bool) {
		pages := b.b.List(&blob.ListOptions{Prefix: prefix})
		for {
			o, err := pages.Next(ctx)
			if err == io.EOF {
				return
			}
			if err == nil {
				err = ctx.Err() // which not every driver asks for
			}
			if err != nil {
				yield(driver.Object{}, told(err))
				return
			}
			if !yield(driver.Object{Key: o.Key, Size: o.Size, Modified: o.ModTime}, nil) {
				return
			}
		}
	}
}

// told translates an error.
func told(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return errors.Join(driver.ErrNotExist, err)
	}
	return err
}

// Prefixed returns the part of the bucket whose keys begin with prefix, which
// ends in a slash.
func (b *Bucket) Prefixed(prefix string) *Bucket {
	return New(blob.PrefixedBucket(b.b, strings.TrimRight(prefix, "/")+"/"))
}
