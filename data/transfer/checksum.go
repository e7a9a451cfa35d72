package transfer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash"
	"math/bits"
	"slices"
	"strings"

	"github.com/manorgo/manor/data/driver"
)

// A sum adds rows up: SHA-256 of each, as a number, modulo 2²⁵⁶. So it does not
// depend on the order in which a database returns them, and a row that is there
// twice counts twice. It finds faults, and not forgers.
type sum struct {
	rows  int64
	total [4]uint64
	h     hash.Hash
	text  []byte
}

func (s *sum) add(columns []column, row []cell) {
	if s.h == nil {
		s.h = sha256.New()
	}
	s.h.Reset()
	var head [5]byte
	for i := range row {
		b := row[i].b
		head[0] = 1
		if row[i].null {
			head[0], b = 0, nil
		} else if columns[i].Kind == driver.JSON {
			b = canonicalJSON(s.text[:0], b)
			s.text = b
		}
		binary.BigEndian.PutUint32(head[1:], uint32(len(b)))
		s.h.Write(head[:])
		s.h.Write(b)
	}
	var digest [sha256.Size]byte
	s.h.Sum(digest[:0])
	var carry uint64
	for i := 3; i >= 0; i-- {
		s.total[i], carry = bits.Add64(s.total[i], binary.BigEndian.Uint64(digest[i*8:]), carry)
	}
	s.rows++
}

// String returns the sum in hex.
func (s *sum) String() string {
	var b [sha256.Size]byte
	for i, n := range s.total {
		binary.BigEndian.PutUint64(b[i*8:], n)
	}
	return hex.EncodeToString(b[:])
}

func (s *sum) count(table string) Count { return Count{table, s.rows, s.String()} }

// canonicalJSON appends a text that is the same for all JSON that PostgreSQL
// takes for equal, which sorts keys, keeps the last of several, and writes
// numbers out.
func canonicalJSON(dst, raw []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return append(dst, raw...)
	}
	return appendCanonical(dst, v)
}

func appendCanonical(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		if v {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case string:
		return appendString(dst, v)
	case json.Number:
		return appendNumber(dst, string(v))
	case []any:
		dst = append(dst, '[')
		for _, item := range v {
			dst = append(appendCanonical(dst, item), ',')
		}
		return append(dst, ']')
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		dst = append(dst, '{')
		for _, k := range keys {
			dst = append(appendString(dst, k), ':')
			dst = append(appendCanonical(dst, v[k]), ',')
		}
		return append(dst, '}')
	}
	return dst
}

// appendNumber appends a number as its digits, without zeros at either end, and
// the power of ten that they are multiplied with. It does not write 1e999999999
// out.
func appendNumber(dst []byte, s string) []byte {
	s, negative := strings.CutPrefix(s, "-")
	mantissa, power := s, int64(0)
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa = s[:i]
		var sign int64 = 1
		for _, c := range s[i+1:] {
			switch {
			case c == '-':
				sign = -1
			case c >= '0' && c <= '9' && power < 1<<50:
				power = power*10 + int64(c-'0')
			}
		}
		power *= sign
	}
	whole, places, _ := strings.Cut(mantissa, ".")
	power -= int64(len(places))
	digits := strings.TrimLeft(whole+places, "0")
	short := strings.TrimRight(digits, "0")
	power += int64(len(digits) - len(short))
	if short == "" {
		return append(dst, '0')
	}
	if negative {
		dst = append(dst, '-')
	}
	dst = append(append(dst, short...), 'e')
	n, _ := json.Marshal(power)
	return append(dst, n...)
}
