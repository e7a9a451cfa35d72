package secret

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	maxBcryptBytes = 72 // of a password; bcrypt ignores the rest
	maxBcryptCost  = 15 // about two seconds
	bcryptSize     = 60
	bcryptLetters  = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

var errBcrypt = errors.New("the stored password hash is not a usable bcrypt hash")

// readBcrypt takes a bcrypt hash apart, one of three names that mean the same
// today. With digested, it is of the password's SHA-256 in hexadecimal, as
// Django's bcrypt_sha256 has it.
//
// bcrypt ignores what is beyond 72 bytes. A longer password never matches.
func readBcrypt(h string, digested bool) (recipe, error) {
	named := strings.HasPrefix(h, "$2a$") || strings.HasPrefix(h, "$2b$") || strings.HasPrefix(h, "$2y$")
	if !named || len(h) != bcryptSize || strings.Trim(h[bcryptSize-53:], bcryptLetters) != "" {
		return recipe{}, errBcrypt
	}
	if cost, err := bcrypt.Cost([]byte(h)); err != nil || cost > maxBcryptCost {
		return recipe{}, errBcrypt
	}
	return recipe{matches: func(password []byte) (bool, error) {
		if digested {
			sum := sha256.Sum256(password)
			password = []byte(hex.EncodeToString(sum[:]))
		}
		err := bcrypt.CompareHashAndPassword([]byte(h), password)
		if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
			return false, errBcrypt
		}
		return err == nil && len(password) <= maxBcryptBytes, nil
	}}, nil
}
