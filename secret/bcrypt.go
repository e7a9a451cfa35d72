package secret

import (
	"errors"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	maxBcryptBytes = 72 // of a password; bcrypt ignores the rest
	maxBcryptCost  = 15 // about two seconds
	bcryptSize     = 60
)

var errBcrypt = errors.New("the stored password hash is not a usable bcrypt hash")

// isBcrypt tells by the prefixes of the three names that mean the same today.
func isBcrypt(h PasswordHash) bool {
	s := string(h)
	return strings.HasPrefix(s, "$2a$") || strings.HasPrefix(s, "$2b$") || strings.HasPrefix(s, "$2y$")
}

// matchBcrypt compares with the password as typed, which is what others
// hashed, and then with its NFC form if that differs.
func matchBcrypt(h PasswordHash, typed string, clean []byte) (bool, error) {
	if len(h) != bcryptSize {
		return false, errBcrypt
	}
	if cost, err := bcrypt.Cost([]byte(h)); err != nil || cost > maxBcryptCost {
		return false, errBcrypt
	}
	tries := [][]byte{[]byte(typed)}
	if string(clean) != typed {
		tries = append(tries, clean)
	}
	for _, p := range tries {
		err := bcrypt.CompareHashAndPassword([]byte(h), p)
		if err == nil && len(p) <= maxBcryptBytes {
			return true, nil
		}
		if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
			return false, errBcrypt
		}
	}
	return false, nil
}
