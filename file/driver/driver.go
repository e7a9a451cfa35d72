// Package driver is the small interface that a place for bytes implements.
//
// Programs use package file, which makes the keys, checks what is stored and
// knows which row refers to it. A backend only keeps bytes under a key; package
// filetest proves that it does.
package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"
)

// ErrNotExist is the error, maybe wrapped, of a key that holds nothing.
var ErrNotExist = fs.ErrNotExist

// ErrKey is the error, maybe wrapped, of a key that CheckKey refuses.
var ErrKey = errors.New("not a key")

// ErrSize is the error, maybe wrapped, of a reader that has not the bytes that
// were announced.
var ErrSize = errors.New("not the size that was announced")

// A Bucket is where bytes live. It is safe for concurrent use.
//
// Its errors are ErrNotExist, ErrKey, ErrSize, those of the context, those of the
// reader it was given, and others, which mean that it is not available.
type Bucket interface {
	// Put stores what r has until its end. The bytes are durable and whole when
	// it returns nil, and nothing is there if it returns an error or ctx ends: a
	// key never holds a part. What the key held before is replaced.
	Put(ctx context.Context, key string, r io.Reader, o PutOptions) (Object, error)

	// Open returns length bytes from offset on, or all that follow if length is
	// negative. A range beyond the end gives what there is, maybe nothing.
	Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)

	// Stat describes what the key holds.
	Stat(ctx context.Context, key string) (Object, error)

	// Delete removes what the key holds. A key that holds nothing is no error.
	Delete(ctx context.Context, key string) error

	// List gives the objects whose keys begin with prefix, in any order, until
	// the first error. Only Key, Size and Modified of an object are sure to be
	// set.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]

	// Features says what the backend keeps and can do.
	Features() Features
}

// Features are what not every backend has.
type Features struct {
	Attributes bool // Stat returns the ContentType and Metadata that Put was given
}

// PutOptions describe what is stored.
type PutOptions struct {
	Size        int64             // bytes that the reader has, which it is held to; negative if nobody knows
	ContentType string            // "" if nobody knows
	Metadata    map[string]string // names of a-z, 0-9, - and _, values of printable ASCII
}

// An Object is what a key holds.
type Object struct {
	Key         string
	Size        int64
	ETag        string // names this content; "" if the backend has no such name
	Modified    time.Time
	ContentType string
	Metadata    map[string]string
}

// A Signer is a Bucket with addresses of its own that need no other credential.
type Signer interface {
	// SignGet returns the address of a GET of the key for so long, whose answer
	// has this type and disposition.
	SignGet(ctx context.Context, key string, life time.Duration, contentType, disposition string) (string, error)

	// SignPut returns the address of a PUT to the key for so long.
	SignPut(ctx context.Context, key string, life time.Duration) (string, error)
}

// A Cleaner is a Bucket in which uploads that were cut off leave something that
// List does not show.
type Cleaner interface {
	// Clean removes what uploads have left that did nothing since before, and
	// returns how many they were.
	Clean(ctx context.Context, before time.Time) (int, error)
}

// maxKey is the length of the longest key that all backends can hold.
const maxKey = 512

// CheckKey returns an error that is ErrKey unless key is one to 512 bytes of
// a-z, A-Z, 0-9, - _ . and /, in parts that are not empty, do not begin with a
// dot and are no longer than 128 bytes. Such a key is a path that leads nowhere
// else on any system.
func CheckKey(key string) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("a key of %d bytes: %w", len(key), ErrKey)
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part[0] == '.' || len(part) > 128 || strings.ContainsFunc(part, notInKey) {
			return fmt.Errorf("%q: %w", key, ErrKey)
		}
	}
	return nil
}

const keyBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

func notInKey(r rune) bool { return !strings.ContainsRune(keyBytes, r) }

// Sized returns a reader that fails unless r has exactly size bytes. A negative
// size gives r.
func Sized(r io.Reader, size int64) io.Reader {
	if size < 0 {
		return r
	}
	return &sized{r, size}
}

type sized struct {
	r    io.Reader
	left int64
}

// Read counts down.
func (s *sized) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.left -= int64(n)
	switch {
	case s.left < 0:
		return n, fmt.Errorf("there is more: %w", ErrSize)
	case err == io.EOF && s.left > 0:
		return n, fmt.Errorf("%d bytes are missing: %w", s.left, ErrSize)
	}
	return n, err
}

// WithContext returns a reader that fails when ctx has ended.
func WithContext(ctx context.Context, r io.Reader) io.Reader { return &bound{ctx, r} }

type bound struct {
	ctx context.Context
	r   io.Reader
}

// Read asks ctx before and after, since r may not know it.
func (b *bound) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if cerr := b.ctx.Err(); cerr != nil {
		return n, cerr
	}
	return n, err
}
