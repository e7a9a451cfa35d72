package secret

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"errors"
	"hash"
	"strconv"
	"strings"
)

// maxRounds is how often a stored hash may have its password hashed: about two
// seconds.
const maxRounds = 5_000_000

// readDjangoPBKDF2 reads ROUNDS$SALT$TAG, where the salt is text.
func readDjangoPBKDF2(name, rest string) (recipe, error) {
	part := strings.Split(rest, "$")
	if len(part) != 3 {
		return recipe{}, errForm
	}
	rounds, err := strconv.ParseUint(part[0], 10, 32)
	if err != nil {
		return recipe{}, errForm
	}
	tag, err := decode64(part[2])
	if err != nil {
		return recipe{}, err
	}
	return newPBKDF2(strings.TrimPrefix(name, "pbkdf2_"), rounds, []byte(part[1]), tag)
}

// readPBKDF2 reads ROUNDS$SALT$TAG of passlib, or i=ROUNDS,l=BYTES$SALT$TAG of
// Kratos, where i= may stand alone.
func readPBKDF2(name, rest string) (recipe, error) {
	part := strings.Split(rest, "$")
	if len(part) != 3 {
		return recipe{}, errForm
	}
	cost, size, sized := strings.Cut(part[0], ",l=")
	rounds, errR := strconv.ParseUint(strings.TrimPrefix(cost, "i="), 10, 32)
	salt, errS := decode64(part[1])
	tag, errT := decode64(part[2])
	if errors.Join(errR, errS, errT) != nil || sized && size != strconv.Itoa(len(tag)) {
		return recipe{}, errForm
	}
	_, digest, ok := strings.Cut(name, "-")
	if !ok {
		digest = "sha1"
	}
	return newPBKDF2(digest, rounds, salt, tag)
}

func newPBKDF2(digest string, rounds uint64, salt, tag []byte) (recipe, error) {
	var h func() hash.Hash
	switch digest {
	case "sha1":
		h = sha1.New
	case "sha256":
		h = sha256.New
	case "sha512":
		h = sha512.New
	default:
		return recipe{}, errForm
	}
	blocks := uint64((len(tag) + h().Size() - 1) / h().Size())
	switch {
	case rounds < 1 || rounds*max(blocks, 1) > maxRounds:
		return recipe{}, errors.New("the stored password hash asks for too many rounds, or for none")
	case len(salt) < 1 || len(salt) > 2*maxSalt || len(tag) < minTag || len(tag) > 2*maxTag:
		return recipe{}, errSizes
	}
	return recipe{matches: func(password []byte) (bool, error) {
		key, err := pbkdf2.Key(h, string(password), salt, int(rounds), len(tag))
		return subtle.ConstantTimeCompare(key, tag) == 1, err
	}}, nil
}
