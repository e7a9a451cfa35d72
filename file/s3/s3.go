// Package s3 keeps bytes in Amazon S3, or in what speaks its protocol.
package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/secret"
)

// Config says where a bucket is. Name, KeyID and Secret are required.
type Config struct {
	Name     string // of the bucket, which must exist
	Prefix   string // before every key; "" means none
	Region   string // "" means us-east-1
	Endpoint string // of another service than Amazon's, such as https://s3.example.org; "" means Amazon
	KeyID    string // the access key's id
	Secret   secret.Text
	Client   *http.Client // nil means the SDK's own
}

// ParseURL returns the Config that an address says:
//
//	s3://KEY-ID:SECRET@BUCKET/PREFIX?region=eu-central-1&endpoint=https://s3.example.org
//
// Prefix, region and endpoint may be left out. Any other text is fault.Invalid;
// the error does not quote it.
func ParseURL(address secret.Text) (Config, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.User == nil || u.Fragment != "" {
		return Config{}, fault.Errorf(fault.Invalid, "is not s3://KEY-ID:SECRET@BUCKET; special characters of the secret are written as in %%2F for /")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Config{}, fault.Errorf(fault.Invalid, "has a query that cannot be read")
	}
	for name := range query {
		if name != "region" && name != "endpoint" {
			return Config{}, fault.Errorf(fault.Invalid, "has a parameter that is not region or endpoint")
		}
	}
	password, _ := u.User.Password()
	return Config{
		Name: u.Host, Prefix: strings.Trim(u.Path, "/"), Region: query.Get("region"), Endpoint: query.Get("endpoint"),
		KeyID: u.User.Username(), Secret: secret.NewText(password),
	}, nil
}

// A Bucket is a driver.Bucket in S3. Make one with New.
type Bucket struct {
	c       Config
	client  *s3.Client
	presign *s3.PresignClient
}

var (
	_ driver.Bucket  = (*Bucket)(nil)
	_ driver.Signer  = (*Bucket)(nil)
	_ driver.Cleaner = (*Bucket)(nil)
)

// New returns the bucket that c names. It asks nobody. A Config that lacks
// something is fault.Invalid.
func New(c Config) (*Bucket, error) {
	c.Prefix = strings.Trim(c.Prefix, "/")
	switch {
	case c.Name == "" || c.KeyID == "" || c.Secret.IsZero():
		return nil, fault.Errorf(fault.Invalid, "s3: the name of the bucket, the key's id and the secret are required")
	case c.Prefix != "" && driver.CheckKey(c.Prefix) != nil:
		return nil, fault.Errorf(fault.Invalid, "s3: the prefix is not a path of a-z, 0-9, - _ and .")
	}
	if c.Prefix != "" {
		c.Prefix += "/"
	}
	o := s3.Options{
		Region:      c.Region,
		Credentials: credentials.NewStaticCredentialsProvider(c.KeyID, c.Secret.Reveal(), ""),
		// Bodies are signed with their SHA-256, which is a checksum already, and
		// not every service knows the newer ones.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if c.Client != nil {
		o.HTTPClient = c.Client
	}
	if c.Endpoint != "" {
		u, err := url.Parse(c.Endpoint)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fault.Errorf(fault.Invalid, "s3: the endpoint is not https://HOST")
		}
		o.BaseEndpoint, o.UsePathStyle = aws.String(c.Endpoint), true
	}
	client := s3.New(o)
	return &Bucket{c: c, client: client, presign: s3.NewPresignClient(client)}, nil
}

// Features says that attributes are kept.
func (b *Bucket) Features() driver.Features { return driver.Features{Attributes: true} }

func (b *Bucket) key(key string) *string { return aws.String(b.c.Prefix + key) }

// Put stores what r has until its end, at once if it is small, else in parts of
// which one at a time is in memory.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader, o driver.PutOptions) (driver.Object, error) {
	if err := driver.CheckKey(key); err != nil {
		return driver.Object{}, err
	}
	src := driver.WithContext(ctx, driver.Sized(r, o.Size))
	part := partSize(o.Size)
	var buf bytes.Buffer
	size, last, err := fill(&buf, src, part)
	if err != nil {
		return driver.Object{}, err
	}
	if !last {
		return b.putParts(ctx, key, src, &buf, part, o)
	}
	out, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.c.Name, Key: b.key(key), Body: bytes.NewReader(buf.Bytes()), ContentLength: aws.Int64(size),
		ContentType: text(o.ContentType), Metadata: o.Metadata,
	})
	if err != nil {
		return driver.Object{}, told(err)
	}
	return stored(key, size, out.ETag, o), nil
}

func stored(key string, size int64, etag *string, o driver.PutOptions) driver.Object {
	return driver.Object{
		Key: key, Size: size, ETag: strings.Trim(aws.ToString(etag), `"`), Modified: time.Now(),
		ContentType: o.ContentType, Metadata: o.Metadata,
	}
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Open returns a range of what the key holds.
func (b *Bucket) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := driver.CheckKey(key); err != nil {
		return nil, err
	}
	if length == 0 {
		if _, err := b.Stat(ctx, key); err != nil {
			return nil, err
		}
		return http.NoBody, nil
	}
	in := &s3.GetObjectInput{Bucket: &b.c.Name, Key: b.key(key)}
	if offset > 0 || length > 0 {
		to := ""
		if length > 0 {
			to = strconv.FormatInt(offset+length-1, 10)
		}
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%s", offset, to))
	}
	out, err := b.client.GetObject(ctx, in)
	if status(err) == http.StatusRequestedRangeNotSatisfiable {
		return http.NoBody, nil // it begins at the end, or beyond
	}
	if err != nil {
		return nil, told(err)
	}
	return out.Body, nil
}

// Stat describes what the key holds.
func (b *Bucket) Stat(ctx context.Context, key string) (driver.Object, error) {
	if err := driver.CheckKey(key); err != nil {
		return driver.Object{}, err
	}
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.c.Name, Key: b.key(key)})
	if err != nil {
		return driver.Object{}, told(err)
	}
	return driver.Object{
		Key: key, Size: aws.ToInt64(out.ContentLength), ETag: strings.Trim(aws.ToString(out.ETag), `"`),
		Modified: aws.ToTime(out.LastModified), ContentType: aws.ToString(out.ContentType), Metadata: out.Metadata,
	}, nil
}

// Delete removes what the key holds.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := driver.CheckKey(key); err != nil {
		return err
	}
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.c.Name, Key: b.key(key)})
	if err = told(err); errors.Is(err, driver.ErrNotExist) {
		return nil
	}
	return err
}

// List gives the objects whose keys begin with prefix, sorted.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[driver.Object, error] {
	return func(yield func(driver.Object, error) bool) {
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.c.Name, Prefix: b.key(prefix)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(driver.Object{}, told(err))
				return
			}
			for _, o := range page.Contents {
				key := strings.TrimPrefix(aws.ToString(o.Key), b.c.Prefix)
				obj := driver.Object{Key: key, Size: aws.ToInt64(o.Size), ETag: strings.Trim(aws.ToString(o.ETag), `"`), Modified: aws.ToTime(o.LastModified)}
				if !yield(obj, nil) {
					return
				}
			}
		}
	}
}

// SignGet returns the address of a GET, which answers with this type and
// disposition.
func (b *Bucket) SignGet(ctx context.Context, key string, life time.Duration, contentType, disposition string) (string, error) {
	if err := driver.CheckKey(key); err != nil {
		return "", err
	}
	out, err := b.presign.PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.c.Name, Key: b.key(key), ResponseContentType: text(contentType), ResponseContentDisposition: text(disposition),
	}, s3.WithPresignExpires(life))
	if err != nil {
		return "", told(err)
	}
	return out.URL, nil
}

// SignPut returns the address of a PUT.
func (b *Bucket) SignPut(ctx context.Context, key string, life time.Duration) (string, error) {
	if err := driver.CheckKey(key); err != nil {
		return "", err
	}
	out, err := b.presign.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &b.c.Name, Key: b.key(key)}, s3.WithPresignExpires(life))
	if err != nil {
		return "", told(err)
	}
	return out.URL, nil
}

// told translates an error.
func told(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		switch e.ErrorCode() {
		case "NotFound", "NoSuchKey", "NoSuchUpload":
			return errors.Join(driver.ErrNotExist, err)
		}
	}
	return err
}

// status returns the HTTP status of an error, or 0.
func status(err error) int {
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return e.HTTPStatusCode()
	}
	return 0
}
