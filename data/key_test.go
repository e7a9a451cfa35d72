package data

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/fault"
)

func TestParseSerial(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Serial[int]{"1": 1, "10": 10, "9223372036854775807": 1<<63 - 1} {
		got, err := ParseSerial[int](text)
		if err != nil || got != want || got.String() != text || got.IsZero() {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "+1", "01", "1 ", " 1", "1.0", "1e3", "0x1", "1_0", "９", "9223372036854775808", "a"} {
		if got, err := ParseSerial[int](text); fault.KindOf(err) != fault.Malformed || got != 0 {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
	if Serial[int](0).String() != "" || !Serial[int](0).IsZero() {
		t.Error("the zero Serial names something")
	}
}

func FuzzParseSerial(f *testing.F) {
	for _, s := range []string{"1", "0", "-1", "01", "9223372036854775808"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseSerial[int](s)
		if err == nil && (n < 1 || n.String() != s) {
			t.Errorf("%q became %d", s, n)
		}
	})
}

func TestParseNanoID(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "abc", strings.Repeat("a", 20), strings.Repeat("a", 22), strings.Repeat("a", 20) + "/", strings.Repeat("a", 20) + "@",
		strings.Repeat("a", 20) + "[", strings.Repeat("a", 20) + "`", strings.Repeat("a", 20) + "{", strings.Repeat("a", 19) + "é", strings.Repeat("a", 20) + "\x1f"} {
		if got, err := ParseNanoID[int](text); fault.KindOf(err) != fault.Malformed || got != "" {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	var v struct{ ID NanoID[int] }
	if err := json.Unmarshal([]byte(`{"ID":"abcdefghijklmnopq-_09"}`), &v); err != nil || v.ID != "abcdefghijklmnopq-_09" {
		t.Error(v, err)
	}
	if err := json.Unmarshal([]byte(`{"ID":"abc"}`), &v); err == nil || v.ID != "abcdefghijklmnopq-_09" {
		t.Error(v, err)
	}
}

func FuzzParseNanoID(f *testing.F) {
	f.Add("abcdefghijklmnopq-_09")
	f.Add("abcdefghijklmnopq-_/9")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseNanoID[int](s)
		if ok := len(s) == 21 && strings.Trim(s, nanoAlphabet) == ""; ok != (err == nil) || ok && string(id) != s {
			t.Errorf("%q became %q, %v", s, id, err)
		}
	})
}

// Every character is as likely as any other in every place: the limits are six
// standard deviations away.
func TestNanoIDsAreEven(t *testing.T) {
	t.Parallel()
	const n = 64_000
	var counts [nanoSize][256]int
	seen := make(map[string]bool, n)
	for range n {
		id := newNanoID()
		if !isNanoID(id) || seen[id] {
			t.Fatalf("made %q", id)
		}
		seen[id] = true
		for i := range len(id) {
			counts[i][id[i]]++
		}
	}
	for i := range counts {
		for _, c := range nanoAlphabet {
			if k := counts[i][c]; k < 1000-6*32 || k > 1000+6*32 {
				t.Errorf("%c stands %d times in place %d", c, k, i)
			}
		}
	}
}

func TestUUIDv6(t *testing.T) {
	t.Parallel()
	// RFC 9562, appendix A.5: 2022-02-22 19:22:22 UTC.
	var s timeSource
	at := time.Date(2022, 2, 22, 19, 22, 22, 0, time.UTC)
	id := s.next(at)
	if got, want := ID[int](id).String()[:18], "1ec9414c-232a-6b00"; got != want {
		t.Errorf("starts with %s, want %s", got, want)
	}
	if id[8]>>6 != 2 || id[10]&1 != 1 {
		t.Errorf("%x has no variant or no multicast bit", id)
	}
	other := new(timeSource).next(at)
	if bytes.Equal(other[8:], id[8:]) {
		t.Error("two processes are the same node")
	}
	tick := func(id [16]byte) uint64 {
		return uint64(binary.BigEndian.Uint32(id[:]))<<28 | uint64(binary.BigEndian.Uint16(id[4:]))<<12 | uint64(binary.BigEndian.Uint16(id[6:])&0xfff)
	}
	for _, step := range []time.Duration{0, 100, time.Second, -time.Hour, 2 * time.Hour} {
		last := id
		at = at.Add(step)
		if id = s.next(at); bytes.Compare(last[:], id[:]) >= 0 || id[6]>>4 != 6 || !bytes.Equal(id[8:], last[8:]) {
			t.Errorf("%x was made after %x", id, last)
		}
		if want := uint64(at.UnixNano()/100) + gregorian; step > 100 && tick(id) != want {
			t.Errorf("%x says %d, want %d", id, tick(id), want)
		}
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	seen := map[[16]byte]bool{}
	for range 8 {
		wg.Go(func() {
			last := [16]byte{}
			for range 2000 {
				id := s.next(at)
				if bytes.Compare(last[:], id[:]) >= 0 {
					t.Errorf("%x was made after %x", id, last)
				}
				last = id
				mu.Lock()
				if seen[id] {
					t.Errorf("%x was made twice", id)
				}
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestUUIDv4(t *testing.T) {
	t.Parallel()
	a, b := randomUUID(), randomUUID()
	if a == b || a[6]>>4 != 4 || a[8]>>6 != 2 {
		t.Errorf("%x, %x", a, b)
	}
}

func TestTablesWithoutSense(t *testing.T) {
	t.Parallel()
	type identified struct{ Identified[int] }
	type numbered struct{ Numbered[int] }
	type perhaps struct {
		ID *int `db:"id,primary"`
	}
	for want, make := range map[string]func(){
		"version 5":       func() { NewTable[identified]("t", IDs(5)) },
		"the option IDs":  func() { NewTable[numbered]("t", IDs(UUIDv4)) },
		"may not be null": func() { NewTable[perhaps]("t") },
	} {
		func() {
			defer func() {
				if r, _ := recover().(string); !strings.Contains(r, want) {
					t.Errorf("panicked with %q, not %q", r, want)
				}
			}()
			make()
		}()
	}
}

func TestKeysSayWhatTheyShouldBe(t *testing.T) {
	t.Parallel()
	type code struct {
		Code string `db:"code,primary"`
		Rank int    `db:"rank"`
	}
	type right struct {
		Composite[code]
		Code string `db:"code"`
	}
	type other struct {
		Composite[code]
		Rank int `db:"rank"`
	}
	type typed struct {
		Composite[code]
		Code []byte `db:"code"`
	}
	codes := NewTable[code]("codes")
	out := []any{nil}
	if err := codes.keyValues(right{Code: "de"}, out); err != nil || out[0] != "de" {
		t.Error(out, err)
	}
	if err := codes.keyValues(&right{Code: "at"}, out); err != nil || out[0] != "at" {
		t.Error(out, err)
	}
	for want, key := range map[string]Key[code]{
		"codes: the key is data.Serial[":      Serial[code](1),
		"no key was given":                    nil,
		"the key data.Composite[":             Composite[code]{},
		`column "rank", which is not of`:      other{},
		"has []uint8 as code, and not string": typed{},
		"Composite and the columns code":      (*right)(nil),
	} {
		if err := codes.keyValues(key, out); fault.KindOf(err) != fault.Internal || !strings.Contains(err.Error()+errText(err), want) {
			t.Errorf("%T: %v, not %q", key, err, want)
		}
	}
}

func errText(err error) string {
	if e, ok := err.(*fault.Error); ok {
		return e.Msg
	}
	return ""
}
