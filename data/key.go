package data

import (
	"crypto/rand"
	"strconv"

	"github.com/manorgo/manor/fault"
)

// A Key names one row of T. It is an [ID], a [Serial] or a [NanoID] of T, or a
// struct that embeds [Composite] of T; a key of another table does not compile.
// Which of them a table takes its primary key says: any other is a mistake in
// the program, and fault.Internal. A zero key names nothing.
type Key[T any] interface{ keyOf(T) }

func (ID[T]) keyOf(T)        {}
func (Serial[T]) keyOf(T)    {}
func (NanoID[T]) keyOf(T)    {}
func (Composite[T]) keyOf(T) {}

// Keys returns keys of one type as a list of any: Keys(ids...) is what GetAll
// and DeleteAll take.
func Keys[K Key[T], T any](keys ...K) []Key[T] {
	out := make([]Key[T], len(keys))
	for i, k := range keys {
		out[i] = k
	}
	return out
}

// A Serial names one row of T by a number from 1 up, which the database makes
// when the row is added: [Numbered] rows get theirs from an identity column
// (PostgreSQL) or are numbered after the largest (SQLite, where so the number
// of the last row, once deleted, comes again). Numbers have gaps, and tell whoever sees
// them how many rows there are. Serials of different types do not mix. The zero
// Serial names nothing. In JSON it is a number.
//
// A row added with a number of its own keeps it. PostgreSQL does not notice, and
// will come to that number too, which then is fault.Conflict: call
// [Repository.AdvanceSerial] after rows were brought from elsewhere.
//
// A row that was added in a transaction which failed keeps the number that it
// got, which by then may be another row's. Add a fresh value when the
// transaction is tried again.
type Serial[T any] int64

// ParseSerial reads decimal digits, as String writes them: a number from 1, with
// neither sign nor leading zero. Anything else is fault.Malformed.
func ParseSerial[T any](s string) (Serial[T], error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || s[0] < '1' || s[0] > '9' {
		return 0, fault.Errorf(fault.Malformed, "is not a whole number from 1")
	}
	return Serial[T](n), nil
}

// String returns the number in decimal, or "" for the zero Serial.
func (n Serial[T]) String() string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

// IsZero reports whether n names nothing.
func (n Serial[T]) IsZero() bool { return n == 0 }

// A NanoID names one row of T by 21 characters of A–Z, a–z, 0–9, _ and -, which
// need no escaping in a URL. They hold 126 random bits, so that nobody can
// guess one, and in no order. NanoIDs of different types do not mix. "" names
// nothing.
type NanoID[T any] string

const (
	nanoSize     = 21
	nanoAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
)

// ParseNanoID reads a NanoID. Anything but 21 characters of its alphabet is
// fault.Malformed.
func ParseNanoID[T any](s string) (NanoID[T], error) {
	if !isNanoID(s) {
		return "", fault.Errorf(fault.Malformed, notANanoID)
	}
	return NanoID[T](s), nil
}

const notANanoID = "is not an ID of 21 letters, digits, _ or -"

// String returns the characters.
func (id NanoID[T]) String() string { return string(id) }

// IsZero reports whether id names nothing.
func (id NanoID[T]) IsZero() bool { return id == "" }

// UnmarshalText reads a NanoID like ParseNanoID.
func (id *NanoID[T]) UnmarshalText(b []byte) error {
	parsed, err := ParseNanoID[T](string(b))
	if err == nil {
		*id = parsed
	}
	return err
}

func (NanoID[T]) nano() {} // tells setKind

func isNanoID(s string) bool {
	if len(s) != nanoSize {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// newNanoID takes six bits of each random byte: the alphabet has 64 characters,
// so that all are equally likely.
func newNanoID() string {
	var b [nanoSize]byte
	rand.Read(b[:])
	for i := range b {
		b[i] = nanoAlphabet[b[i]&63]
	}
	return string(b[:])
}
