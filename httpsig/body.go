package httpsig

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"

	"github.com/manorgo/manor/fault"
)

// DefaultMaxBody is how many bytes of a body are read when nothing else is said.
const DefaultMaxBody = 1 << 20

// readBody reads a whole body of at most max bytes. One that is longer is
// *http.MaxBytesError, one that does not come whole fault.Malformed.
func readBody(body io.Reader, length, max int64) ([]byte, error) {
	if length > max {
		return nil, &http.MaxBytesError{Limit: max}
	}
	if body == nil || body == http.NoBody {
		return nil, nil
	}
	var b bytes.Buffer
	if length > 0 { // a promise, for which little is set aside
		b.Grow(int(min(length, 64<<10)) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(body, max+1))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, err
	}
	if err != nil {
		return nil, fault.Wrap(fault.Malformed, err, "the body cannot be read")
	}
	if n > max {
		return nil, &http.MaxBytesError{Limit: max}
	}
	return b.Bytes(), nil
}

// A replay is a body that has been read and is given to whoever is next.
type replay struct {
	bytes.Reader
	io.Closer
}

// A content is a request's body, or the digest of one that is elsewhere.
type content struct {
	sum  [sha256.Size]byte
	body []byte
	here bool
}

// takeBody reads the request's body and puts it back.
func takeBody(r *http.Request, max int64) (content, error) {
	body, err := readBody(r.Body, r.ContentLength, max)
	if err != nil {
		return content{}, err
	}
	if body != nil {
		again := &replay{Closer: r.Body}
		again.Reset(body)
		r.Body = again
	}
	return content{sha256.Sum256(body), body, true}, nil
}
