package cloud_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"github.com/manorgo/manor/file/cloud"
	"github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/file/filetest"
)

// The drivers that need no cloud stand for those that do: all are behind the
// same interface of the Go CDK, whose own tests hold them to it.
func TestBucket(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) *cloud.Bucket{
		"memblob": func(*testing.T) *cloud.Bucket { return cloud.New(memblob.OpenBucket(nil)) },
		"fileblob": func(t *testing.T) *cloud.Bucket {
			b, err := fileblob.OpenBucket(filepath.Join(t.TempDir(), "bucket"), &fileblob.Options{CreateDir: true, NoTempDir: true})
			if err != nil {
				t.Fatal(err)
			}
			return cloud.New(b)
		},
		"prefixed": func(*testing.T) *cloud.Bucket { return cloud.New(memblob.OpenBucket(nil)).Prefixed("app/files") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			filetest.Run(t, func(t *testing.T) driver.Bucket {
				b := open(t)
				t.Cleanup(func() {
					if err := b.Close(); err != nil {
						t.Error(err)
					}
				})
				return b
			})
		})
	}
}

func TestOpenWantsACloud(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "mem://", "file:///etc", "s3://bucket", "gs//bucket", "%"} {
		if b, err := cloud.Open(t.Context(), address); err == nil || b != nil {
			t.Errorf("Open(%q) = %v", address, b)
		}
	}
}

func Example() {
	ctx := context.Background()
	// In a program: cloud.Open(ctx, "gs://shop-files?prefix=production/")
	b := cloud.New(memblob.OpenBucket(nil))
	defer b.Close()
	if _, err := b.Put(ctx, "greeting", strings.NewReader("hello"), driver.PutOptions{Size: 5}); err != nil {
		panic(err)
	}
	r, err := b.Open(ctx, "greeting", 0, -1)
	if err != nil {
		panic(err)
	}
	defer r.Close()
	text, _ := io.ReadAll(r)
	_, err = b.Stat(ctx, "farewell")
	fmt.Println(string(text), errors.Is(err, driver.ErrNotExist))
	// Output: hello true
}
