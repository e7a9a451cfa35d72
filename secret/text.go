package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

const mask = "[redacted]"

// redacted is embedded in a struct type to hide it from fmt, log/slog and
// every encoding that knows encoding.TextMarshaler, JSON among them.
type redacted struct{}

// String returns "[redacted]".
func (redacted) String() string { return mask }

// GoString returns "[redacted]".
func (redacted) GoString() string { return mask }

// Format prints "[redacted]" for every verb.
func (redacted) Format(f fmt.State, _ rune) { redact(f) }

// LogValue returns "[redacted]".
func (redacted) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns "[redacted]".
func (redacted) MarshalText() ([]byte, error) { return []byte(mask), nil }

func redact(f fmt.State) { _, _ = io.WriteString(f, mask) }

// A Text is a secret string: a password in a request, a credential in a
// configuration. It is read from JSON, from text and from flags like a string,
// and printed, logged and marshalled as "[redacted]". The zero Text is "".
//
// Texts cannot be compared with ==, which takes longer the more of a guess is
// right; use Equal.
type Text struct {
	redacted
	_ [0]func() // forbids ==

	// A pointer, because fmt prints the fields of an unexported field without
	// asking their methods, and a pointer inside is printed as an address.
	s *string
}

// NewText returns s as a secret.
func NewText(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{s: &s}
}

// Reveal returns the secret itself.
func (t Text) Reveal() string {
	if t.s == nil {
		return ""
	}
	return *t.s
}

// IsZero reports whether the secret is "".
func (t Text) IsZero() bool { return t.s == nil }

// Equal reports whether both hold the same secret, in a time that depends on
// their lengths only.
func (t Text) Equal(u Text) bool {
	return subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(u.Reveal())) == 1
}

// UnmarshalText sets t to b, so that a Text is read from a JSON string. It
// never fails.
func (t *Text) UnmarshalText(b []byte) error {
	*t = NewText(string(b))
	return nil
}
