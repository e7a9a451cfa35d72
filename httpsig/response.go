package httpsig

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"net/http"
	"time"

	"github.com/manorgo/manor/fault"
)

// DefaultResponseTag says that a signature is for a response of Manor.
const DefaultResponseTag = "manor-response"

// SignResponse signs a response to r that is about to be written, by RFC 9421:
// its status, its type, its body, and which request it answers, of whose
// signature it covers the value. It sets header fields, Content-Digest among
// them. The response is then to be written as it is. One that cannot be signed
// is fault.Internal.
func (s *Signer) SignResponse(h http.Header, status int, body []byte, r *http.Request) error {
	m := ResponseMessage(status, h, r)
	if s.Origin != nil {
		m.request.scheme, m.request.host = s.Origin(r)
	}
	for _, name := range [...]string{"Signature-Input", "Signature", digestField} {
		h.Del(name)
	}
	h.Set(digestField, digestValue(sha256.Sum256(body)))
	cover := s.sent([]string{"@status", "content-digest"}, h)
	err := m.Sign(s.input(append(cover, m.answers()...), DefaultResponseTag), s.Key)
	return fault.Wrap(fault.Internal, err, "the response cannot be signed")
}

// answers returns the components that bind a response to its request.
func (m *Message) answers() []string {
	cover := []string{"@method;req", "@authority;req", "@path;req", "@query;req"}
	for _, name := range [...]string{"signature", "authorization"} {
		if len(m.request.header[http.CanonicalHeaderKey(name)]) > 0 {
			cover = append(cover, name+";req")
		}
	}
	return cover
}

// A ResponseVerifier checks what SignResponse made. Key and KeyID are required;
// zero is good for all others.
type ResponseVerifier struct {
	KeyID   string
	Key     Key
	Tag     string           // "" means DefaultResponseTag
	Window  time.Duration    // 0 means DefaultWindow
	MaxBody int64            // bytes that are kept of the body; 0 means DefaultMaxBody
	Now     func() time.Time // nil means time.Now
}

// Verify checks that the response is signed with the key, just now, and is the
// answer to res.Request as that was sent. The body has been read and put back.
// Any other response is fault.Unauthenticated with CodeInvalid or CodeSkew: who
// answers is not who should. A body of more than MaxBody bytes is
// *http.MaxBytesError.
func (v *ResponseVerifier) Verify(res *http.Response) error {
	if res.Request == nil {
		return fault.Errorf(fault.Internal, "a response without its request cannot be verified")
	}
	m := ResponseMessage(res.StatusCode, res.Header, res.Request)
	sig, err := m.readTagged(cmp.Or(v.Tag, DefaultResponseTag))
	if err == nil {
		err = v.conforms(sig, m)
	}
	if err != nil {
		return Invalid(err)
	}
	now := time.Now()
	if v.Now != nil {
		now = v.Now()
	}
	if err := sig.checkTime(now, cmp.Or(v.Window, DefaultWindow)); err != nil {
		return skewed(err)
	}
	base, err := m.appendBase(make([]byte, 0, 1<<10), sig.items, sig.components, sig.params)
	if err != nil {
		return Invalid(err)
	}
	if !sig.verify(v.Key, base) {
		return wrong(false)
	}
	return v.body(res)
}

func (v *ResponseVerifier) conforms(sig *Signature, m *Message) error {
	if sig == nil {
		return errors.New("it is not signed")
	}
	if sig.KeyID != v.KeyID || sig.Created.IsZero() {
		return errors.New("it is signed with another key, or at no time")
	}
	want, err := readInput(append([]string{"@status", "content-digest"}, m.answers()...))
	if err != nil {
		return err
	}
	for _, c := range want {
		if !sig.covers(c) {
			return errors.New("it does not cover " + c.name)
		}
	}
	return sig.coversSent(m, "content-type")
}

// readInput understands components as Input has them.
func readInput(components []string) ([]component, error) {
	in := Input{Components: components}
	items, _, err := in.params()
	if err != nil {
		return nil, err
	}
	return readComponents(items)
}

func (v *ResponseVerifier) body(res *http.Response) error {
	if res.Request.Method == http.MethodHead || res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusNotModified {
		return nil // there is none to compare
	}
	body, err := readBody(res.Body, res.ContentLength, cmp.Or(v.MaxBody, DefaultMaxBody))
	if err != nil {
		return err
	}
	if err := checkDigest(res.Header, content{sha256.Sum256(body), body, true}); err != nil {
		return Invalid(err)
	}
	if body != nil {
		res.Body = &replay{Reader: *bytes.NewReader(body), Closer: res.Body}
	}
	return nil
}
