package file

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/manorgo/manor/file/driver"
)

// A Content reads a stored file. It is an io.ReadSeekCloser, and not safe for
// concurrent use.
type Content struct {
	ctx    context.Context
	bucket driver.Bucket
	key    string
	size   int64
	at     int64
	open   io.ReadCloser // nil, or at at
}

// Size returns how many bytes there are.
func (c *Content) Size() int64 { return c.size }

// Read reads on, from the backend as it comes.
func (c *Content) Read(p []byte) (int, error) {
	if c.at >= c.size {
		return 0, io.EOF
	}
	if c.open == nil {
		r, err := c.bucket.Open(c.ctx, c.key, c.at, -1)
		if err != nil {
			return 0, told(err)
		}
		c.open = r
	}
	n, err := c.open.Read(p)
	c.at += int64(n)
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF && c.at < c.size:
		err = io.ErrUnexpectedEOF
	case err == io.EOF:
		return n, io.EOF
	}
	return n, told(err)
}

// Seek moves to another place, and asks the backend for nothing.
func (c *Content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	case io.SeekStart:
	default:
		return c.at, fmt.Errorf("file: whence %d", whence)
	}
	if offset < 0 {
		return c.at, errors.New("file: before the beginning")
	}
	if offset == c.at {
		return offset, nil
	}
	err := c.Close()
	c.at = offset
	return offset, err
}

// Close lets go of the backend.
func (c *Content) Close() error {
	if c.open == nil {
		return nil
	}
	r := c.open
	c.open = nil
	return r.Close()
}
