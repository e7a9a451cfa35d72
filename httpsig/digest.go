package httpsig

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
)

const (
	digestField = "Content-Digest"
	maxDigest   = 1 << 10 // bytes of the field
)

// digestValue returns the field Content-Digest (RFC 9530) for a body with this
// SHA-256.
func digestValue(sum [sha256.Size]byte) string {
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// checkDigest compares the field Content-Digest with the body. Of the
// algorithms in it, sha-256 and sha-512 count: one must be there, and all that
// are must be right. Of a body that is elsewhere, only sha-256 is known.
func checkDigest(h http.Header, c content) error {
	var length, known int
	lines := h[digestField]
	for _, line := range lines {
		length += len(line)
	}
	if length > maxDigest {
		return errors.New("Content-Digest is too long")
	}
	err := dictionary(lines, func(mb member) error {
		var want [sha512.Size]byte
		var is []byte
		switch mb.key {
		case "sha-256":
			is = c.sum[:]
		case "sha-512":
			if !c.here {
				return nil
			}
			sum := sha512.Sum512(c.body)
			is = sum[:]
		default:
			return nil
		}
		if mb.list || len(mb.items[0].params) > 0 {
			return errSyntax
		}
		n, err := mb.items[0].decode(want[:])
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare(want[:n], is) != 1 {
			return fmt.Errorf("the body has another %s", mb.key)
		}
		known++
		return nil
	})
	if err == nil && known == 0 {
		err = errors.New("it has no digest that counts")
	}
	if err != nil {
		return fmt.Errorf("Content-Digest: %w", err)
	}
	return nil
}
