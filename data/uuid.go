package data

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"
)

// A UUIDVersion is how the IDs of new rows are made (RFC 9562).
type UUIDVersion uint8

// The versions.
const (
	UUIDv4 UUIDVersion = 4 // 122 random bits, in no order
	UUIDv6 UUIDVersion = 6 // 100 ns since 1582 and a random node; later ones sort later
	UUIDv7 UUIDVersion = 7 // milliseconds since 1970, a counter and random bits; later ones sort later
)

// IDs says of which version the IDs are that Add makes. Without it they are
// UUIDv7, which keeps rows that are added together close together in the
// index. NewTable panics if the primary key is no ID, or for another version.
func IDs(v UUIDVersion) TableOption {
	return func(o *tableOptions) { o.version = v }
}

// newID makes an ID of a table's version.
func (db *DB) newID(v UUIDVersion, now time.Time) [16]byte {
	switch v {
	case UUIDv4:
		return randomUUID()
	case UUIDv6:
		return db.sixes.next(now)
	}
	return db.ids.next(now)
}

func randomUUID() (id [16]byte) {
	rand.Read(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// A timeSource makes version 6 UUIDs that never go backwards within a process
// (RFC 9562 §5.6): a time of 60 bits in the order of its weight, 14 random bits
// as the clock sequence, and 47 random bits as the node, with the multicast bit
// that no network card has (§6.10).
type timeSource struct {
	mu   sync.Mutex
	last uint64  // 100 ns since 1582-10-15
	tail [8]byte // variant, clock sequence and node; made with the first UUID
}

// gregorian is 1970-01-01 in units of 100 ns since 1582-10-15.
const gregorian = 0x01b21dd213814000

func (s *timeSource) next(now time.Time) (id [16]byte) {
	tick := uint64(now.Unix())*1e7 + uint64(now.Nanosecond())/100 + gregorian
	s.mu.Lock()
	if s.last == 0 {
		rand.Read(s.tail[:])
		s.tail[0] = s.tail[0]&0x3f | 0x80
		s.tail[2] |= 0x01
	}
	if tick <= s.last {
		tick = s.last + 1
	}
	s.last = tick
	copy(id[8:], s.tail[:])
	s.mu.Unlock()
	binary.BigEndian.PutUint32(id[:], uint32(tick>>28))
	binary.BigEndian.PutUint16(id[4:], uint16(tick>>12))
	binary.BigEndian.PutUint16(id[6:], 0x6000|uint16(tick&0x0fff))
	return id
}
