package file

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/secret"
)

// A Link says what an address is good for. The zero Link downloads for 15
// minutes.
type Link struct {
	Life time.Duration // 0 means 15 minutes; at most 7 days

	// Inline lets a browser show the file in the page's place, if it is of a type
	// that cannot hold a script. Any other is downloaded all the same.
	Inline bool
}

const (
	defaultLife = 15 * time.Minute
	maxLife     = 7 * 24 * time.Hour // of S3
	maxUpload   = 12 * time.Hour     // less than the grace of the sweeper
)

// A ticket is what a signed address says.
type ticket struct {
	Op      string   `json:"o"` // one of the operations
	Key     string   `json:"k"`
	Ends    int64    `json:"e"` // Unix seconds
	Name    string   `json:"n,omitempty"`
	Type    string   `json:"t,omitempty"`
	Inline  bool     `json:"i,omitempty"`
	Tag     string   `json:"h,omitempty"`
	MaxSize int64    `json:"m,omitempty"`
	Types   []string `json:"y,omitempty"`
}

// The operations.
const (
	opGet   = "get"
	opPut   = "put"
	opClaim = "claim"
)

func (s *Store) sign(t ticket) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(t); err != nil || b.Len() > secret.MaxSigned {
		return "", fault.Wrap(fault.Invalid, cmp.Or(err, fmt.Errorf("%d bytes", b.Len())), "the limits of an upload, or the name of a file, are too long to be signed")
	}
	return s.c.Keys.Sign(secret.LabelFile, b.Bytes()), nil
}

// verify returns what a signed text says, if it is of this store, still holds
// and is for op. What is wrong with it, it does not tell.
func (s *Store) verify(signed, op string) (t ticket, err error) {
	b, err := s.c.Keys.Open(secret.LabelFile, signed)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err != nil || t.Op != op || !s.c.DB.Now().Before(time.Unix(t.Ends, 0)) {
		return t, fault.Errorf(fault.Forbidden, "this address is not valid, or not any more")
	}
	return t, nil
}

func life(d, most time.Duration) (time.Duration, error) {
	d = cmp.Or(d, defaultLife)
	if d < time.Second || d > most {
		return 0, fault.Errorf(fault.Internal, "file: an address is good for a second to %v, not %v", most, d)
	}
	return d, nil
}

// URL returns an address where anybody may download f for a while: the
// backend's own if it signs, else one of the store's Handler. Give it only to
// who may read f. The address binds the file, its name and type, and whether it
// is shown or downloaded.
func (s *Store) URL(ctx context.Context, f File, l Link) (string, error) {
	if err := s.ready(); err != nil {
		return "", err
	}
	d, err := life(l.Life, maxLife)
	if err != nil {
		return "", err
	}
	if b, ok := s.c.Bucket.(driver.Signer); ok {
		address, err := b.SignGet(ctx, f.Key, d, f.ContentType, disposition(f, l.Inline))
		if !errors.Is(err, errors.ErrUnsupported) {
			return address, told(err)
		}
	}
	signed, err := s.sign(ticket{
		Op: opGet, Key: f.Key, Ends: s.c.DB.Now().Add(d).Unix(), Name: f.Filename, Type: f.ContentType, Inline: l.Inline, Tag: f.SHA256,
	})
	return s.address(signed, cmp.Or(cleanFilename(f.Filename), unnamed)), err
}

func (s *Store) address(signed, name string) string {
	return s.c.Links.To(path.Join(s.c.Path, signed)+"/"+name, nil)
}

// A Ticket lets somebody upload a file by themselves.
type Ticket struct {
	URL   string `json:"url" doc:"where to PUT the content"`
	Token string `json:"token" doc:"what to send when the content is there"`
}

// UploadURL returns an address to which anybody may PUT content for so long, at
// most 12 hours, and the token by which Claim takes it from there. Zero limits
// are the keeper's. What is not claimed within the store's grace is removed.
func (k *Keeper[T]) UploadURL(ctx context.Context, l Limits, good time.Duration) (Ticket, error) {
	s := k.store
	d, err := life(good, min(maxUpload, s.c.Grace/2))
	if err != nil {
		return Ticket{}, err
	}
	l = Put{Limits: l}.within(k.limits).Limits
	t := ticket{Op: opPut, Key: incoming + randomID(), Ends: s.c.DB.Now().Add(d).Unix(), MaxSize: l.MaxSize, Types: l.Types}
	put, err := s.sign(t)
	if err != nil {
		return Ticket{}, err
	}
	out := Ticket{URL: strings.TrimSuffix(s.address(put, ""), "/")}
	t.Op, t.Ends = opClaim, s.c.DB.Now().Add(s.c.Grace).Unix()
	if out.Token, err = s.sign(t); err != nil {
		return Ticket{}, err
	}
	b, ok := s.c.Bucket.(driver.Signer)
	if !ok {
		return out, nil
	}
	address, err := b.SignPut(ctx, t.Key, d)
	if errors.Is(err, errors.ErrUnsupported) {
		return out, nil
	}
	out.URL = address
	return out, told(err)
}

// Claim takes what was uploaded to a Ticket's address and saves it, as Save
// does, within the limits of the ticket: under a key of its own, since whoever
// has the address could change what is behind it until it ends. A token that is
// not good any more is fault.Forbidden; nothing uploaded, or claimed before, is
// fault.NotFound. Of claims at the same moment several may succeed, each with a
// copy of its own: where that must not be, let fn insert a unique value.
func (k *Keeper[T]) Claim(ctx context.Context, token string, o Put, fn func(File) error) error {
	s := k.store
	t, err := s.verify(token, opClaim)
	if err != nil {
		return err
	}
	content, err := s.Open(ctx, File{Key: t.Key})
	if err != nil {
		return err
	}
	defer content.Close()
	o.Limits, o.Size = Limits{MaxSize: t.MaxSize, Types: t.Types}, content.Size()
	if err := k.Save(ctx, content, o, fn); err != nil {
		return err
	}
	s.discard(ctx, t.Key)
	return nil
}

// disposition returns the Content-Disposition of a file (RFC 6266): its name in
// plain letters for old clients, and as it is for all others.
func disposition(f File, inline bool) string {
	kind := "attachment"
	if inline && shown(f.ContentType) {
		kind = "inline"
	}
	name := cleanFilename(f.Filename)
	ascii := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\%`, r) {
			return '_'
		}
		return r
	}, name)
	out := kind + `; filename="` + ascii + `"`
	if ascii != name {
		out += "; filename*=UTF-8''" + encode(name)
	}
	return out
}

// encode writes a name as RFC 8187 has it.
func encode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c < utf8.RuneSelf && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// Handler serves the addresses of URL and UploadURL that the backend does not
// serve itself. Mount it at the store's Path.
func (s *Store) Handler() http.Handler { return s.handler }

// readAll is how much of a refused upload is read, so that the client hears why.
const readAll = 256 << 10

func drain(r io.Reader) { _, _ = io.CopyN(io.Discard, r, readAll) }

// signedIn returns the signed part of a path, after which the file's name comes.
func (s *Store) signedIn(u *url.URL) string {
	rest, _ := strings.CutPrefix(u.Path, s.c.Path)
	signed, _, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	return signed
}
