package secret

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"runtime"
	"sync"

	"github.com/manorgo/manor/fault"
)

// A PasswordHash is a password as it is stored: a PHC string of argon2id, or a
// hash brought from elsewhere by [ParsePasswordHash]. "" means that there is no password, and
// none verifies. It is stored as the string it is, of at most 255 bytes, and
// printed, logged and marshalled as "[redacted]". Keep it in exported fields:
// fmt does not ask the methods of unexported ones.
type PasswordHash string

// String returns "[redacted]".
func (PasswordHash) String() string { return mask }

// GoString returns "[redacted]".
func (PasswordHash) GoString() string { return mask }

// Format prints "[redacted]" for every verb.
func (PasswordHash) Format(f fmt.State, _ rune) { redact(f) }

// LogValue returns "[redacted]".
func (PasswordHash) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalJSON returns "[redacted]".
func (PasswordHash) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// A Hasher hashes and verifies passwords. The zero Hasher is ready to use. It
// is safe for use by many goroutines and must not be copied after first use;
// its fields are read once, then.
//
// All work passes one gate, so that a flood of sign-ins costs at most Workers
// and, between them, Memory, of which each takes what its hash asks for: Workers
// hash, Queue wait, and whoever comes after them is refused at once as
// fault.Unavailable, with a Retry. Waiting ends with the context, as
// fault.Unavailable and the context's error; hashing that has begun is
// finished.
type Hasher struct {
	Params  Params // costs of new hashes
	Workers int    // hashing at once; 0 means GOMAXPROCS
	Queue   int    // waiting; 0 means 64, less means that nobody waits
	Memory  uint32 // KiB in use at once; 0 means 256 MiB, the most that one hash takes

	// Refused are passwords that nobody may choose, beside those that
	// CheckPassword knows anyway. nil means none.
	Refused *PasswordList

	once   sync.Once
	params Params
	gate   *gate
	err    error
}

const defaultQueue = 64

func (h *Hasher) start() error {
	h.once.Do(func() {
		h.params = h.Params.withDefaults()
		if err := h.params.check(); err != nil {
			h.err = fault.Wrap(fault.Internal, err, "passwords cannot be hashed with these parameters")
		}
		workers, queue := h.Workers, h.Queue
		if workers <= 0 {
			workers = runtime.GOMAXPROCS(0)
		}
		if queue == 0 {
			queue = defaultQueue
		}
		h.gate = newGate(workers, max(queue, 0), cmp.Or(h.Memory, maxMemory))
	})
	return h.err
}

// Hash returns the hash of a new password, with a fresh salt. A password that
// is empty, longer than MaxPasswordBytes, not UTF-8 or holds NUL or U+FFFD is
// fault.Invalid with the code PASSWORD_REJECTED; whether it is a good one is
// for CheckPassword to say. Passwords are put into Unicode form NFC and are
// otherwise taken as they are: never trimmed, cut or folded.
func (h *Hasher) Hash(ctx context.Context, password Text) (PasswordHash, error) {
	if password.IsZero() {
		return "", rejected("is missing")
	}
	clean, err := normalize(password)
	if err != nil {
		return "", err
	}
	if err := h.start(); err != nil {
		return "", err
	}
	leave, err := h.gate.enter(ctx, h.params.Memory)
	if err != nil {
		return "", err
	}
	defer leave()
	out := phc{Params: h.params, salt: make([]byte, saltSize), tag: make([]byte, tagSize)}
	_, _ = rand.Read(out.salt) // never fails
	out.tag = out.derive(clean)
	return out.encode(), nil
}

// Verify reports whether password is the one that was hashed, and, if it is,
// whether the hash should be replaced by a new one because it was made by
// another program or with other parameters.
//
// An empty hash is verified as by VerifyNone. Passwords that Hash would refuse
// for their form are refused here too, as fault.Invalid and whatever the hash:
// answer as to a wrong one. A hash that [ParsePasswordHash] would refuse is
// fault.Internal.
//
// Other programs hash a password as it is typed: it is tried so, too, if that
// differs from Unicode form NFC. bcrypt sees 72 bytes at most. A longer password
// therefore never verifies against a bcrypt hash, since any other of the same
// beginning would too.
func (h *Hasher) Verify(ctx context.Context, hash PasswordHash, password Text) (ok, rehash bool, err error) {
	if hash == "" {
		ok, err = h.VerifyNone(ctx, password)
		return ok, false, err
	}
	clean, err := normalize(password)
	if err != nil {
		return false, false, err
	}
	if err := h.start(); err != nil {
		return false, false, err
	}
	r, err := readHash(hash)
	if err != nil {
		return false, false, fault.Wrap(fault.Internal, err, "the password cannot be verified")
	}
	current := h.current(r)
	tries := [][]byte{clean}
	if typed := password.Reveal(); !current && typed != string(clean) {
		tries = append(tries, []byte(typed))
	}
	leave, err := h.gate.enter(ctx, r.memory)
	if err != nil {
		return false, false, err
	}
	defer leave()
	for _, try := range tries {
		ok, err := r.matches(try)
		if err != nil {
			return false, false, fault.Wrap(fault.Internal, err, "the password cannot be verified")
		}
		if ok {
			return true, !current, nil
		}
	}
	return false, false, nil
}

// Made reports whether a stored hash is one that Hash would make today, and not
// one of another program or of other parameters.
func (h *Hasher) Made(hash PasswordHash) bool {
	if h.start() != nil {
		return false
	}
	r, err := readHash(hash)
	return err == nil && h.current(r)
}

// current reports whether a hash is one that Hash would make.
func (h *Hasher) current(r recipe) bool {
	return r.argon2 != nil && !r.argon2.i && r.argon2.Params == h.params && len(r.argon2.salt) == saltSize && len(r.argon2.tag) == tagSize
}

// VerifyNone does the work of Verify for a user who does not exist, so that
// the time it takes does not tell. It fails as Verify does, and is never ok.
func (h *Hasher) VerifyNone(ctx context.Context, password Text) (ok bool, err error) {
	if err := h.start(); err != nil {
		return false, err
	}
	dummy := phc{Params: h.params, salt: make([]byte, saltSize), tag: make([]byte, tagSize)}
	_, _, err = h.Verify(ctx, dummy.encode(), password)
	return false, err
}
