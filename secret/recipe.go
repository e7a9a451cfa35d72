package secret

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/manorgo/manor/fault"
)

// maxHash is the size of a stored hash, in bytes.
const maxHash = 255

// A recipe is a stored hash, taken apart.
type recipe struct {
	memory  uint32 // KiB that one try takes
	argon2  *phc   // unless it is of another kind
	matches func(password []byte) (bool, error)
}

var errForm = errors.New("the stored password hash is in no form that is known")

// readHash takes a hash apart. Its errors do not quote it.
func readHash(h PasswordHash) (recipe, error) {
	if len(h) > maxHash {
		return recipe{}, errors.New("the stored password hash is too long")
	}
	if crypt, ok := strings.CutPrefix(string(h), "$"); ok {
		return readCrypt(h, crypt)
	}
	name, rest, _ := strings.Cut(string(h), "$")
	switch name { // as Django has them
	case "argon2":
		if !strings.HasPrefix(rest, "argon2") {
			return recipe{}, errForm
		}
		return readArgon2(PasswordHash("$" + rest))
	case "bcrypt":
		return readBcrypt(rest, false)
	case "bcrypt_sha256":
		return readBcrypt(rest, true)
	case "pbkdf2_sha1", "pbkdf2_sha256", "pbkdf2_sha512":
		return readDjangoPBKDF2(name, rest)
	case "scrypt":
		return readDjangoScrypt(rest)
	}
	return recipe{}, errForm
}

// readCrypt takes apart a hash that begins with a dollar sign and its name.
func readCrypt(h PasswordHash, crypt string) (recipe, error) {
	name, rest, _ := strings.Cut(crypt, "$")
	switch name {
	case "argon2id", "argon2i":
		return readArgon2(h)
	case "2a", "2b", "2y":
		return readBcrypt(string(h), false)
	case "pbkdf2", "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512":
		return readPBKDF2(name, rest)
	case "scrypt":
		return readScrypt(rest)
	case "fbscrypt":
		return readFirebase(rest)
	case "firescrypt":
		return readKratosFirebase(rest)
	}
	return recipe{}, errForm
}

// ParsePasswordHash reads a password hash that another program made, in one of
// these forms, and returns it as it is to be stored:
//
//	$2a$ $2b$ $2y$                          bcrypt, as Supabase, PocketBase and many others have it
//	$argon2id$ $argon2i$                    argon2 of version 19 (PHC)
//	$pbkdf2$ $pbkdf2-sha256$ $pbkdf2-sha512$  passlib, and Kratos with i= and l=
//	$scrypt$                                passlib, and Kratos, whose ln is no logarithm
//	$fbscrypt$ $firescrypt$                 Firebase, as Supabase and Kratos write it; see [FirebaseScrypt]
//	pbkdf2_sha256$ scrypt$ argon2$ bcrypt$ bcrypt_sha256$  Django
//
// Others are fault.Invalid, and so is a hash of more than 255 bytes, or one that
// asks for more than 256 MiB, 16 passes, 16 lanes, bcrypt cost 15, 5,000,000
// rounds of PBKDF2, or scrypt work of 1 GiB: nobody could sign in with it, and
// everybody could keep the server busy. The message does not quote the hash.
func ParsePasswordHash(text string) (PasswordHash, error) {
	h := PasswordHash(text)
	if rest, ok := strings.CutPrefix(text, "argon2$"); ok {
		h = PasswordHash("$" + rest)
	} else if rest, ok := strings.CutPrefix(text, "bcrypt$"); ok {
		h = PasswordHash(rest)
	}
	if _, err := readHash(h); err != nil {
		return "", &fault.Error{Kind: fault.Invalid, Msg: err.Error(), Details: []fault.Detail{{Location: "body.password", Message: err.Error()}}}
	}
	return h, nil
}

// decode64 reads base64 with or without its padding, and passlib's, which has a
// dot for the plus.
func decode64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") { // which package base64 would leave out
		return nil, errForm
	}
	s = strings.ReplaceAll(strings.TrimRight(s, "="), ".", "+")
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errForm
	}
	return b, nil
}
