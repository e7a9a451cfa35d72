package data

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync"
	"time"

	"github.com/manorgo/manor/fault"
)

// An ID names one row of T. It is a UUID (RFC 9562), version 7 if this package
// made it, so that IDs made later sort later. IDs of different types do not
// mix. The zero ID names nothing.
type ID[T any] [16]byte

// ParseID reads the text form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, in either
// case. Anything else is fault.Malformed.
func ParseID[T any](s string) (ID[T], error) {
	var id ID[T]
	if err := id.UnmarshalText([]byte(s)); err != nil {
		return ID[T]{}, err
	}
	return id, nil
}

// NewID returns an ID that Add would give a row of db now, for rows that must
// have it before.
func NewID[T any](db *DB) ID[T] { return ID[T](db.newID(UUIDv7, db.now())) }

// String returns the text form, or "" for the zero ID.
func (id ID[T]) String() string {
	if id.IsZero() {
		return ""
	}
	return string(id.append(make([]byte, 0, 36)))
}

// IsZero reports whether id names nothing.
func (id ID[T]) IsZero() bool { return id == ID[T]{} }

// MarshalText returns the text form.
func (id ID[T]) MarshalText() ([]byte, error) { return id.append(make([]byte, 0, 36)), nil }

// AppendText appends the text form to b.
func (id ID[T]) AppendText(b []byte) ([]byte, error) { return id.append(b), nil }

// UnmarshalText reads the text form.
func (id *ID[T]) UnmarshalText(b []byte) error {
	if len(b) != 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return fault.Errorf(fault.Malformed, "is not a UUID")
	}
	var packed [32]byte
	n := copy(packed[:], b[:8])
	n += copy(packed[n:], b[9:13])
	n += copy(packed[n:], b[14:18])
	n += copy(packed[n:], b[19:23])
	copy(packed[n:], b[24:])
	if _, err := hex.Decode(id[:], packed[:]); err != nil {
		return fault.Errorf(fault.Malformed, "is not a UUID")
	}
	return nil
}

func (id ID[T]) append(b []byte) []byte {
	b = hex.AppendEncode(b, id[:4])
	b = append(b, '-')
	b = hex.AppendEncode(b, id[4:6])
	b = append(b, '-')
	b = hex.AppendEncode(b, id[6:8])
	b = append(b, '-')
	b = hex.AppendEncode(b, id[8:10])
	b = append(b, '-')
	return hex.AppendEncode(b, id[10:])
}

// An idSource makes version 7 UUIDs that never go backwards within a process:
// 48 bits of milliseconds, then 12 bits that count up within one millisecond
// (RFC 9562 §6.2 method 1), then 62 random bits.
type idSource struct {
	mu   sync.Mutex
	last uint64 // milliseconds<<12 | counter
}

func (s *idSource) next(now time.Time) (id [16]byte) {
	rand.Read(id[:])
	tick := uint64(now.UnixMilli())<<12 | uint64(binary.BigEndian.Uint16(id[6:])&0x07ff)
	s.mu.Lock()
	if tick <= s.last {
		tick = s.last + 1
	}
	s.last = tick
	s.mu.Unlock()
	ms, count := tick>>12, tick&0x0fff
	id[0], id[1] = byte(ms>>40), byte(ms>>32)
	binary.BigEndian.PutUint32(id[2:], uint32(ms))
	binary.BigEndian.PutUint16(id[6:], 0x7000|uint16(count))
	id[8] = id[8]&0x3f | 0x80
	return id
}
