package file

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file/driver"
)

// Limits are what a file must hold to. The zero Limits take any type, up to 32
// MiB.
type Limits struct {
	MaxSize int64    // bytes; 0 means 32 MiB, negative means any number
	Types   []string // such as image/png, image/* or application/pdf; none means any
}

const defaultMaxSize = 32 << 20

// A Put describes content that is to be stored. The zero Put works.
type Put struct {
	Filename string         // as whoever uploads it says; it is made harmless, and never a key
	Size     int64          // bytes that there are, which the content is held to; 0 if nobody knows
	Metadata map[string]any // whatever the program adds: JSON of at most 2 KiB, with names of a-z, 0-9, - and _
	Limits   Limits         // what is zero is as the keeper says

	// ContentType stands in place of what the bytes tell. It is for a program
	// that knows better, and never what a client says.
	ContentType string

	Field string // of the request, for errors; "" means file
}

// within completes o by the limits of a keeper.
func (o Put) within(l Limits) Put {
	o.Limits.MaxSize = cmp.Or(o.Limits.MaxSize, l.MaxSize, defaultMaxSize)
	if o.Limits.Types == nil {
		o.Limits.Types = l.Types
	}
	o.Field = cmp.Or(o.Field, "file")
	return o
}

const discardWait = 10 * time.Second

// put stores content under a key and describes it.
func (s *Store) put(ctx context.Context, key string, r io.Reader, o Put) (f File, err error) {
	if err := s.ready(); err != nil {
		return f, err
	}
	max := o.Limits.MaxSize
	if max > 0 && o.Size > max {
		return f, tooLarge(o)
	}
	meta, err := metadata(o)
	if err != nil {
		return f, err
	}
	head := make([]byte, headSize)
	n, err := io.ReadFull(driver.WithContext(ctx, r), head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return f, readFailed(err)
	}
	f = File{Key: key, Filename: cleanFilename(o.Filename), Metadata: o.Metadata}
	f.ContentType = cmp.Or(o.ContentType, Sniff(head[:n], f.Filename))
	if len(o.Limits.Types) > 0 && !matches(f.ContentType, o.Limits.Types) {
		return f, fault.Field(o.Field, "is %s; taken are %s", baseType(f.ContentType), strings.Join(o.Limits.Types, ", "))
	}
	src := &measured{r: io.MultiReader(bytes.NewReader(head[:n]), r), hash: sha256.New(), o: &o}
	size := o.Size
	if size == 0 {
		size = -1
	}
	obj, err := s.c.Bucket.Put(ctx, key, src, driver.PutOptions{Size: size, ContentType: f.ContentType, Metadata: meta})
	switch {
	case src.err != nil:
		return f, readFailed(src.err) // whatever the backend makes of it
	case err != nil:
		return f, told(err)
	}
	f.Size, f.SHA256 = src.n, hex.EncodeToString(src.hash.Sum(nil))
	f.ETag = cmp.Or(obj.ETag, f.SHA256)
	f.ModifiedAt = obj.Modified.UTC().Truncate(time.Microsecond)
	return f, nil
}

// readFailed tells of an upload that ended too early.
func readFailed(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return told(err)
	}
	return fault.Wrap(fault.Malformed, err, "the upload ended too early")
}

func tooLarge(o Put) error {
	return fault.Field(o.Field, "is larger than %s", sizeText(o.Limits.MaxSize))
}

func sizeText(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.size && n%unit.size == 0 {
			return strconv.FormatInt(n/unit.size, 10) + " " + unit.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// measured counts and hashes what is read, and fails as soon as it is too much.
type measured struct {
	r    io.Reader
	hash hash.Hash
	n    int64
	o    *Put
	err  error // that ended it, if it is not io.EOF
}

// Read passes on.
func (m *measured) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	_, _ = m.hash.Write(p[:n])
	if max := m.o.Limits.MaxSize; max > 0 && m.n > max {
		err = tooLarge(*m.o)
	}
	if err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}

const maxMetadata = 2 << 10 // bytes, which is what S3 keeps

var metadataName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// metadata returns what a program adds to a file as backends keep it: text as
// it is, if it is plain, all else as JSON in plain characters.
func metadata(o Put) (map[string]string, error) {
	if len(o.Metadata) == 0 {
		return nil, nil
	}
	out, total := map[string]string{}, 0
	for name, v := range o.Metadata {
		text, ok := v.(string)
		if !ok || !isPlain(text) {
			b, err := json.Marshal(v)
			if err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "the metadata %q cannot be stored", name)
			}
			text = plain(string(b))
		}
		if !metadataName.MatchString(name) {
			return nil, fault.Errorf(fault.Invalid, "%q is no name for metadata: use a-z, 0-9, - and _", name)
		}
		out[name] = text
		total += len(name) + len(text)
	}
	if total > maxMetadata {
		return nil, fault.Errorf(fault.Invalid, "the metadata is larger than %d bytes", maxMetadata)
	}
	return out, nil
}

// isPlain reports whether s survives as the value of a header.
func isPlain(s string) bool {
	return s != "" && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// plain escapes what is not ASCII in a JSON text.
func plain(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		case r > '~':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
