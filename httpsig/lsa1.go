package httpsig

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The header fields of LSA1 beside Authorization and Host.
const (
	dateField  = "X-Auth-Date"
	nonceField = "X-Auth-Nonce"
	maxNonce   = 128 // characters
)

// lsa1Always is signed in each request.
var lsa1Always = [...]string{"host", "x-auth-date", "x-auth-nonce"}

// isLSA1 reports whether the value of an Authorization header is of the scheme,
// whose name is case-sensitive.
func isLSA1(authorization string) bool {
	rest, ok := strings.CutPrefix(authorization, string(LSA1))
	return ok && (rest == "" || rest[0] == ' ' || rest[0] == '\t')
}

// readLSA1 reads
//
//	Authorization: LSA1-HMAC-SHA256 Credential=ID, SignedHeaders=a;b, Signature=HEX
//	X-Auth-Date: 2026-05-09T19:00:00Z
//	X-Auth-Nonce: n1
func readLSA1(h http.Header) (*Signature, error) {
	authorization, date, nonce := h["Authorization"], h[dateField], h[nonceField]
	if len(authorization) != 1 || len(date) != 1 || len(nonce) != 1 {
		return nil, errors.New("LSA1 wants Authorization, X-Auth-Date and X-Auth-Nonce, once each")
	}
	if len(authorization[0])+len(date[0])+len(nonce[0]) > maxFields {
		return nil, errors.New("the header fields of the signature are too long")
	}
	s := &Signature{Scheme: LSA1, Nonce: nonce[0]}
	if s.Nonce == "" || len(s.Nonce) > maxNonce || !visible(s.Nonce) {
		return nil, errors.New("the nonce is not of 1 to 128 visible characters")
	}
	var err error
	if s.Created, err = readDate(date[0]); err != nil {
		return nil, err
	}
	return s, s.readAuthorization(strings.TrimPrefix(authorization[0], string(LSA1)))
}

func (s *Signature) readAuthorization(params string) error {
	var has [3]bool
	for p := range strings.SplitSeq(params, ",") {
		name, value, ok := strings.Cut(strings.Trim(p, " \t"), "=")
		if !ok {
			return errors.New("the Authorization header is not LSA1")
		}
		name = strings.TrimRight(name, " \t")
		which, err := 0, error(nil)
		switch value = strings.Trim(value, " \t"); {
		case strings.EqualFold(name, "Credential"):
			if s.KeyID = value; !isKeyID(value) {
				err = errors.New("the credential is no id of a key")
			}
		case strings.EqualFold(name, "SignedHeaders"):
			which, err = 1, s.readSigned(value)
		case strings.EqualFold(name, "Signature"):
			which, err = 2, s.readHex(value)
		default:
			err = fmt.Errorf("the parameter %q is not known", name)
		}
		if err != nil {
			return err
		}
		if has[which] {
			return fmt.Errorf("the parameter %q comes twice", name)
		}
		has[which] = true
	}
	if has != [3]bool{true, true, true} {
		return errors.New("LSA1 wants Credential, SignedHeaders and Signature")
	}
	return nil
}

// isKeyID reports whether s is a letter or digit and up to 127 more, among them
// - and _.
func isKeyID(s string) bool {
	for i, c := range []byte(s) {
		if strings.IndexByte(alphanumeric, c) < 0 && (i == 0 || c != '-' && c != '_') {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// readSigned reads the list of signed headers, which counts in lower case,
// trimmed, each name once, in the order that it is sent in.
func (s *Signature) readSigned(list string) error {
	s.headers = make([]string, 0, 8)
	for name := range strings.SplitSeq(list, ";") {
		if name = strings.ToLower(strings.Trim(name, " \t")); !isField(name) {
			return fmt.Errorf("%q is no name of a header field", name)
		}
		if slices.Contains(s.headers, name) {
			continue
		}
		if len(s.headers) == maxComponents {
			return fmt.Errorf("more than %d headers are signed", maxComponents)
		}
		s.headers = append(s.headers, name)
	}
	for _, name := range lsa1Always {
		if !slices.Contains(s.headers, name) {
			return fmt.Errorf("the header %q must be signed", name)
		}
	}
	s.signed = strings.Join(s.headers, ";")
	return nil
}

// readHex reads the signature: 64 digits, the letters in lower case.
func (s *Signature) readHex(digits string) error {
	if len(digits) != 2*sha256.Size || strings.Trim(digits, "0123456789abcdef") != "" {
		return errors.New("the signature is not 64 hexadecimal digits in lower case")
	}
	var text [2 * sha256.Size]byte
	copy(text[:], digits)
	var err error
	s.size, err = hex.Decode(s.value[:], text[:])
	return err
}

// readDate reads a time of ISO 8601, extended (2026-05-09T19:00:00Z) or basic
// (20260509T190000Z), with fractions of a second perhaps. One without a zone is
// in UTC. Dates as HTTP has them are not among them.
func readDate(s string) (time.Time, error) {
	layout := "2006-01-02T15:04:05"
	if len(s) > 8 && s[8] == 'T' {
		layout = "20060102T150405"
	}
	bad := errors.New("X-Auth-Date is no time of ISO 8601")
	if len(s) < len(layout) || len(s) > 40 {
		return time.Time{}, bad
	}
	for i, c := range []byte(layout) { // time.Parse would let digits be missing
		if digit := s[i] >= '0' && s[i] <= '9'; digit != (c >= '0' && c <= '9') || !digit && s[i] != c {
			return time.Time{}, bad
		}
	}
	zone := strings.TrimLeft(s[len(layout):], ".,0123456789")
	switch {
	case zone == "Z":
		layout += "Z07:00"
	case len(zone) == 6:
		layout += "-07:00"
	case len(zone) == 5:
		layout += "-0700"
	case len(zone) == 3:
		layout += "-07"
	case zone != "":
		return time.Time{}, bad
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return time.Time{}, bad
	}
	return t, nil
}
