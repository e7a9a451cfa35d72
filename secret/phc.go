package secret

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Params are the costs of argon2id (RFC 9106). A zero field means its default.
type Params struct {
	Memory      uint32 // KiB; default 19456 (19 MiB), at most 256 MiB, at least 8 for each lane
	Time        uint32 // passes over the memory; default 2, at most 16
	Parallelism uint8  // lanes; default 1, at most 16
}

const (
	defaultMemory      = 19 * 1024
	defaultTime        = 2
	defaultParallelism = 1

	maxMemory      = 256 * 1024
	maxTime        = 16
	maxParallelism = 16

	saltSize, minSalt, maxSalt = 16, 8, 64
	tagSize, minTag, maxTag    = 32, 16, 64
)

func (p Params) withDefaults() Params {
	if p.Memory == 0 {
		p.Memory = defaultMemory
	}
	if p.Time == 0 {
		p.Time = defaultTime
	}
	if p.Parallelism == 0 {
		p.Parallelism = defaultParallelism
	}
	return p
}

// check keeps a hash, or a configuration, from asking for more memory or time
// than a server can spare.
func (p Params) check() error {
	switch {
	case p.Parallelism < 1 || p.Parallelism > maxParallelism:
		return fmt.Errorf("argon2id parallelism is not between 1 and %d", maxParallelism)
	case p.Memory < 8*uint32(p.Parallelism) || p.Memory > maxMemory:
		return fmt.Errorf("argon2id memory is not between 8 KiB for each lane and %d KiB", maxMemory)
	case p.Time < 1 || p.Time > maxTime:
		return fmt.Errorf("argon2id time is not between 1 and %d", maxTime)
	}
	return nil
}

// A phc is an argon2 hash, taken apart.
type phc struct {
	Params
	salt, tag []byte
	i         bool // argon2i, of others, and not argon2id
}

func (h phc) name() string {
	if h.i {
		return "argon2i"
	}
	return "argon2id"
}

// encode returns the PHC string: $argon2id$v=19$m=19456,t=2,p=1$salt$tag.
func (h phc) encode() PasswordHash {
	return PasswordHash(fmt.Sprintf("$%s$v=19$m=%d,t=%d,p=%d$%s$%s", h.name(), h.Memory, h.Time, h.Parallelism,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.tag)))
}

// derive returns the tag of password with h's parameters, salt and tag length.
func (h phc) derive(password []byte) []byte {
	key := argon2.IDKey
	if h.i {
		key = argon2.Key
	}
	return key(password, h.salt, h.Time, h.Memory, h.Parallelism, uint32(len(h.tag)))
}

// readArgon2 takes an argon2 hash apart.
func readArgon2(s PasswordHash) (recipe, error) {
	h, err := parsePHC(s)
	if err != nil {
		return recipe{}, err
	}
	return recipe{memory: h.Memory, argon2: &h, matches: func(password []byte) (bool, error) {
		return subtle.ConstantTimeCompare(h.derive(password), h.tag) == 1, nil
	}}, nil
}

var (
	errPHC   = errors.New("the stored password hash is not an argon2 PHC string")
	errSizes = errors.New("the stored password hash has a salt or tag of unusual length")
)

// parsePHC reads what encode writes and nothing else: each hash has one
// spelling. Its errors do not quote the hash.
func parsePHC(s PasswordHash) (h phc, err error) {
	part := strings.Split(string(s), "$")
	if len(part) != 6 {
		return phc{}, errPHC
	}
	cost := strings.Split(part[3], ",")
	if len(cost) != 3 {
		return phc{}, errPHC
	}
	memory, errM := parseCost(cost[0], "m=", 32)
	time, errT := parseCost(cost[1], "t=", 32)
	lanes, errP := parseCost(cost[2], "p=", 8)
	h.i = part[1] == "argon2i"
	h.Params = Params{Memory: uint32(memory), Time: uint32(time), Parallelism: uint8(lanes)}
	var errS, errH error
	h.salt, errS = base64.RawStdEncoding.DecodeString(part[4])
	h.tag, errH = base64.RawStdEncoding.DecodeString(part[5])
	if errors.Join(errM, errT, errP, errS, errH) != nil || h.encode() != s {
		return phc{}, errPHC
	}
	if len(h.salt) < minSalt || len(h.salt) > maxSalt || len(h.tag) < minTag || len(h.tag) > maxTag {
		return phc{}, errSizes
	}
	if err := h.check(); err != nil {
		return phc{}, fmt.Errorf("the stored password hash is out of bounds: %w", err)
	}
	return h, nil
}

func parseCost(s, name string, bits int) (uint64, error) {
	digits, ok := strings.CutPrefix(s, name)
	if !ok {
		return 0, errPHC
	}
	return strconv.ParseUint(digits, 10, bits)
}
