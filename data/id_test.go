package data

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/fault"
)

func TestIDsAreUniqueAndAscend(t *testing.T) {
	t.Parallel()
	const goroutines, each = 8, 12_500
	var s idSource
	frozen := time.UnixMilli(1_700_000_000_000)
	made := make([][]ID[int], goroutines)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for range each {
				made[g] = append(made[g], s.next(frozen))
			}
		})
	}
	wg.Wait()
	seen := make(map[ID[int]]bool)
	for _, ids := range made {
		for i, id := range ids {
			if seen[id] {
				t.Fatalf("%s was made twice", id)
			}
			seen[id] = true
			if i > 0 && bytes.Compare(ids[i-1][:], id[:]) >= 0 {
				t.Fatalf("%s was made after %s", id, ids[i-1])
			}
			if id[6]>>4 != 7 || id[8]>>6 != 2 {
				t.Fatalf("%s is no version 7 UUID", id)
			}
		}
	}
}

func TestIDsTellTheTime(t *testing.T) {
	t.Parallel()
	var s idSource
	start := time.UnixMilli(1_700_000_000_000)
	var last ID[int]
	for _, step := range []time.Duration{0, time.Millisecond, time.Second, -time.Hour, 2 * time.Hour} {
		start = start.Add(step)
		id := ID[int](s.next(start))
		if bytes.Compare(last[:], id[:]) >= 0 {
			t.Errorf("%s was made after %s", id, last)
		}
		ms := int64(id[0])<<40 | int64(id[1])<<32 | int64(id[2])<<24 | int64(id[3])<<16 | int64(id[4])<<8 | int64(id[5])
		if step >= 0 && ms != start.UnixMilli() {
			t.Errorf("%s was made at %d ms, and says %d", id, start.UnixMilli(), ms)
		}
		last = id
	}
}

func TestIDText(t *testing.T) {
	t.Parallel()
	const text = "01890a5d-ac96-774b-bcce-b302099a8057"
	id, err := ParseID[int](strings.ToUpper(text))
	if err != nil || id.String() != text {
		t.Errorf("parsed %v, %v", id, err)
	}
	b, err := json.Marshal(map[string]any{"id": id, "none": ID[int]{}})
	if err != nil || string(b) != `{"id":"`+text+`","none":"00000000-0000-0000-0000-000000000000"}` {
		t.Errorf("in JSON: %s, %v", b, err)
	}
	if s := (ID[int]{}).String(); s != "" {
		t.Errorf("the zero ID is %q", s)
	}
	var back struct{ ID ID[int] }
	if err := json.Unmarshal([]byte(`{"id":"`+text+`"}`), &back); err != nil || back.ID != id {
		t.Errorf("from JSON: %v, %v", back, err)
	}
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"", "01890a5d-ac96-774b-bcce-b302099a8057", "01890A5D-AC96-774B-BCCE-B302099A8057", "01890a5dac96774bbcceb302099a8057",
		"{01890a5d-ac96-774b-bcce-b302099a8057}", "01890a5d-ac96-774b-bcce-b302099a805g", "01890a5d_ac96-774b-bcce-b302099a8057", "0-890a5d-ac96-774b-bcce-b302099a8057"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID[int](s)
		if err != nil {
			if !errors.Is(err, fault.Malformed) || !id.IsZero() {
				t.Fatalf("%q: %v, %v", s, id, err)
			}
			return
		}
		if b, _ := id.MarshalText(); string(b) != strings.ToLower(s) {
			t.Fatalf("%q was read as %s", s, b)
		}
	})
}
