package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/manorgo/manor/file/driver"
)

const (
	minPart  = 8 << 20  // bytes of a part; S3 takes no fewer than 5 MiB
	freePart = 16 << 20 // where the size is not known: 156 GiB in all
	maxParts = 10_000   // that S3 takes
)

// partSize returns how much of an object of some size is sent at once. All
// parts but the last have the same size, as some services want it.
func partSize(size int64) int64 {
	if size < 0 {
		return freePart
	}
	return max(minPart, (size+maxParts-1)/maxParts)
}

// fill reads up to a part into buf, and reports whether it was all there is.
func fill(buf *bytes.Buffer, r io.Reader, part int64) (n int64, last bool, err error) {
	buf.Reset()
	n, err = io.CopyN(buf, r, part)
	if err == io.EOF {
		return n, true, nil
	}
	return n, false, err
}

// abortWait is how long may be spent on taking back an upload that failed.
const abortWait = 30 * time.Second

// putParts sends what is in buf, and then the rest of r, as parts of one
// object, which is there when all of them are. If it fails the parts go.
func (b *Bucket) putParts(ctx context.Context, key string, r io.Reader, buf *bytes.Buffer, part int64, o driver.PutOptions) (obj driver.Object, err error) {
	upload, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &b.c.Name, Key: b.key(key), ContentType: text(o.ContentType), Metadata: o.Metadata,
	})
	if err != nil {
		return obj, told(err)
	}
	defer func() {
		if err != nil {
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortWait)
			defer cancel()
			_, _ = b.client.AbortMultipartUpload(late, &s3.AbortMultipartUploadInput{Bucket: &b.c.Name, Key: b.key(key), UploadId: upload.UploadId})
		}
	}()
	var parts []types.CompletedPart
	var size int64
	n, last := int64(buf.Len()), false
	for {
		if len(parts) == maxParts {
			return obj, errors.New("s3: the object is too large")
		}
		number := aws.Int32(int32(len(parts) + 1))
		sent, err := b.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &b.c.Name, Key: b.key(key), UploadId: upload.UploadId, PartNumber: number,
			Body: bytes.NewReader(buf.Bytes()), ContentLength: aws.Int64(n),
		})
		if err != nil {
			return obj, told(err)
		}
		parts = append(parts, types.CompletedPart{ETag: sent.ETag, PartNumber: number})
		size += n
		if last {
			break
		}
		if n, last, err = fill(buf, r, part); err != nil {
			return obj, err
		}
		if n == 0 {
			break
		}
	}
	done, err := b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &b.c.Name, Key: b.key(key), UploadId: upload.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		return obj, told(err)
	}
	return stored(key, size, done.ETag, o), nil
}

// Clean takes back uploads in parts that were begun before a time and never
// completed, which are stored and paid for, and not listed.
func (b *Bucket) Clean(ctx context.Context, before time.Time) (n int, err error) {
	pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.c.Name, Prefix: text(b.c.Prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return n, told(err)
		}
		for _, u := range page.Uploads {
			if !aws.ToTime(u.Initiated).Before(before) {
				continue
			}
			_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.c.Name, Key: u.Key, UploadId: u.UploadId})
			if err = told(err); err != nil && !errors.Is(err, driver.ErrNotExist) {
				return n, err
			}
			n++
		}
	}
	return n, nil
}
