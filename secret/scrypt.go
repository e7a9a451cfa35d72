package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"

	"github.com/manorgo/manor/fault"
)

// maxScryptWork is how much memory, in bytes, a stored scrypt hash may have
// passed through in all of its lanes: about three seconds.
const maxScryptWork = 1 << 30

// scryptCost are the parameters of scrypt (RFC 7914): N, r and p.
type scryptCost struct{ n, r, p uint64 }

func (c scryptCost) check() error {
	bounded := c.n >= 2 && c.n <= 1<<24 && bits.OnesCount64(c.n) == 1 && c.r >= 1 && c.r <= 64 && c.p >= 1 && c.p <= maxParallelism
	if !bounded || c.kib() > maxMemory || 128*c.n*c.r*c.p > maxScryptWork {
		return errors.New("the stored password hash has costs of scrypt that are out of bounds")
	}
	return nil
}

// kib is the memory that it takes.
func (c scryptCost) kib() uint64 { return 128 * c.r * (c.n + c.p) / 1024 }

func (c scryptCost) key(password, salt []byte, size int) ([]byte, error) {
	return scrypt.Key(password, salt, int(c.n), int(c.r), int(c.p), size)
}

// readDjangoScrypt reads N$SALT$R$P$TAG, where the salt is text.
func readDjangoScrypt(rest string) (recipe, error) {
	part := strings.Split(rest, "$")
	if len(part) != 5 {
		return recipe{}, errForm
	}
	n, errN := strconv.ParseUint(part[0], 10, 32)
	r, errR := strconv.ParseUint(part[2], 10, 32)
	p, errP := strconv.ParseUint(part[3], 10, 32)
	tag, errT := decode64(part[4])
	if errors.Join(errN, errR, errP, errT) != nil {
		return recipe{}, errForm
	}
	return newScrypt(scryptCost{n, r, p}, []byte(part[1]), tag)
}

// readScrypt reads ln=LOG,r=R,p=P$SALT$TAG. Kratos writes N where others write
// its logarithm: no logarithm is as large as the smallest N that is of use.
func readScrypt(rest string) (recipe, error) {
	part := strings.Split(rest, "$")
	if len(part) != 3 {
		return recipe{}, errForm
	}
	cost, err := readScryptCost(part[0])
	if err != nil {
		return recipe{}, err
	}
	salt, errS := decode64(part[1])
	tag, errT := decode64(part[2])
	if errors.Join(errS, errT) != nil {
		return recipe{}, errForm
	}
	return newScrypt(cost, salt, tag)
}

func readScryptCost(s string) (c scryptCost, err error) {
	part := strings.Split(s, ",")
	if len(part) != 3 {
		return c, errForm
	}
	n, errN := parseCost(part[0], "ln=", 32)
	r, errR := parseCost(part[1], "r=", 32)
	p, errP := parseCost(part[2], "p=", 32)
	if errors.Join(errN, errR, errP) != nil {
		return c, errForm
	}
	if n < 32 {
		n = 1 << n
	}
	return scryptCost{n, r, p}, nil
}

func newScrypt(c scryptCost, salt, tag []byte) (recipe, error) {
	if len(salt) < 1 || len(salt) > 2*maxSalt || len(tag) < minTag || len(tag) > 2*maxTag {
		return recipe{}, errSizes
	}
	if err := c.check(); err != nil {
		return recipe{}, err
	}
	return recipe{memory: uint32(c.kib()), matches: func(password []byte) (bool, error) {
		key, err := c.key(password, salt, len(tag))
		return subtle.ConstantTimeCompare(key, tag) == 1, err
	}}, nil
}

// FirebaseScrypt is what all password hashes of a Firebase project have in
// common: its console shows it under Users, Password hash parameters.
type FirebaseScrypt struct {
	SignerKey     Text   // base64_signer_key
	SaltSeparator string // base64_salt_separator
	Rounds        int    // rounds, 8 as a rule
	MemoryCost    int    // mem_cost, 14 as a rule
}

// Hash returns what is stored for one user, whose export has hash and salt in
// base64. Everything that verifying takes is in it, the signer key included. It
// is fault.Invalid if no password could be verified with it.
func (f FirebaseScrypt) Hash(hash, salt string) (PasswordHash, error) {
	padded := func(s string) string { // exports of the command line are URL-safe
		s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
		b, err := base64.RawStdEncoding.DecodeString(s)
		if err != nil {
			return "!"
		}
		return base64.StdEncoding.EncodeToString(b)
	}
	return ParsePasswordHash(fmt.Sprintf("$fbscrypt$v=1,n=%d,r=%d,p=1,ss=%s,sk=%s$%s$%s",
		f.MemoryCost, f.Rounds, padded(f.SaltSeparator), padded(f.SignerKey.Reveal()), padded(salt), padded(hash)))
}

// Check returns what is wrong with the parameters: fault.Invalid, or nil.
func (f FirebaseScrypt) Check() error {
	sample := base64.StdEncoding.EncodeToString(make([]byte, 64))
	if _, err := f.Hash(sample, "AAAA"); err != nil {
		return fault.Errorf(fault.Invalid, "these cannot be the password hash parameters of a Firebase project")
	}
	return nil
}

// readFirebase reads v=1,n=LOG,r=R,p=P,ss=SEPARATOR,sk=KEY$SALT$TAG.
func readFirebase(rest string) (recipe, error) {
	part := strings.Split(rest, "$")
	if len(part) != 3 {
		return recipe{}, errForm
	}
	costs, key, ok := strings.Cut(part[0], ",sk=")
	costs, separator, ok2 := strings.Cut(costs, ",ss=")
	costs, ok3 := strings.CutPrefix(costs, "v=1,n=")
	if !ok || !ok2 || !ok3 {
		return recipe{}, errForm
	}
	return newFirebase("ln="+costs, part[1], part[2], separator, key)
}

// readKratosFirebase reads ln=LOG,r=R,p=P$SALT$TAG$SEPARATOR$KEY.
func readKratosFirebase(rest string) (recipe, error) {
	part := strings.Split(rest, "$")
	if len(part) != 5 {
		return recipe{}, errForm
	}
	return newFirebase(part[0], part[1], part[2], part[3], part[4])
}

// newFirebase derives a key from the password, and the tag is the signer key,
// enciphered with it.
func newFirebase(costs, salt64, tag64, separator64, key64 string) (recipe, error) {
	c, err := readScryptCost(costs)
	if err != nil {
		return recipe{}, err
	}
	salt, errS := decode64(salt64)
	tag, errT := decode64(tag64)
	separator, errP := decode64(separator64)
	signer, errK := decode64(key64)
	if errors.Join(errS, errT, errP, errK) != nil {
		return recipe{}, errForm
	}
	if len(salt) < 1 || len(salt) > maxSalt || len(tag) < minTag || len(tag) > maxTag || len(signer) != len(tag) {
		return recipe{}, errSizes
	}
	if err := c.check(); err != nil {
		return recipe{}, err
	}
	salt = append(salt, separator...)
	return recipe{memory: uint32(c.kib()), matches: func(password []byte) (bool, error) {
		key, err := c.key(password, salt, 32)
		if err != nil {
			return false, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return false, err
		}
		made := make([]byte, len(signer))
		cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(made, signer)
		return subtle.ConstantTimeCompare(made, tag) == 1, nil
	}}, nil
}
