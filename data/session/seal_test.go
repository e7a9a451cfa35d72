package session_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/session"
)

// Whoever reads the table can neither use nor read a session.
func TestTableTellsNothing(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		st := newStore(t, db, session.Config{})
		b := &browser{t: t, st: st}
		b.set("card number", "4111 1111")
		r := dump(t, db)[0]
		for what, column := range map[string][]byte{"id": r.ID, "session_id": []byte(r.Hash), "data": r.Data} {
			for _, known := range []string{b.cookie.Value, b.cookie.Value[4:], "card number", "4111 1111"} {
				if bytes.Contains(column, []byte(known)) {
					t.Errorf("%s holds %q", what, known)
				}
			}
		}
		raw, err := hex.DecodeString(r.Hash)
		if err != nil || len(raw) != 32 {
			t.Errorf("the digest is %q", r.Hash)
		}
		for _, guess := range []string{r.Hash, base64.RawURLEncoding.EncodeToString(raw), "mnw_" + r.Hash, hex.EncodeToString(r.ID)} {
			thief := &browser{t: t, st: st, cookie: &http.Cookie{Name: "session", Value: guess}}
			if got := thief.get("card number"); got != "" {
				t.Errorf("%q opens the session", guess)
			}
		}
		// Neither is the digest one that anybody can compute.
		other := &browser{t: t, st: newStoreWith(t, db, newKeys(t, 9), session.Config{}), cookie: b.cookie}
		if got := other.get("card number"); got != "" {
			t.Error("other keys open the session")
		}
	})
}

// Whoever writes to the table cannot exchange sessions or what belongs to them.
func TestMovedRows(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		st := newStore(t, db, session.Config{})
		mallory, zoe := &browser{t: t, st: st}, &browser{t: t, st: st}
		for owner, b := range map[string]*browser{"mallory": mallory, "zoë": zoe} {
			b.do(func(_ http.ResponseWriter, s *session.Session) { s.Set("who", owner); s.SetOwner(owner) })
		}
		rows := dump(t, db)
		m, z := rows[0], rows[1]
		if m.Owner != "mallory" {
			m, z = z, m
		}
		reset := func() {
			exec(t, db, "UPDATE http_sessions SET data = ?, owner = ? WHERE session_id = ?", m.Data, m.Owner, m.Hash)
		}
		for name, attack := range map[string]func(){
			"the values copied": func() { exec(t, db, "UPDATE http_sessions SET data = ? WHERE session_id = ?", z.Data, m.Hash) },
			"the values and owner copied": func() {
				exec(t, db, "UPDATE http_sessions SET data = ?, owner = ? WHERE session_id = ?", z.Data, z.Owner, m.Hash)
			},
			"the owner changed": func() { exec(t, db, "UPDATE http_sessions SET owner = 'zoë' WHERE session_id = ?", m.Hash) },
			"values changed": func() {
				exec(t, db, "UPDATE http_sessions SET data = ? WHERE session_id = ?", append(bytes.Clone(m.Data[:len(m.Data)-1]), m.Data[len(m.Data)-1]^1), m.Hash)
			},
			"values that were never sealed": func() {
				exec(t, db, "UPDATE http_sessions SET data = ? WHERE session_id = ?", []byte(`{"who":"zoë"}`), m.Hash)
			},
			"no values": func() { exec(t, db, "UPDATE http_sessions SET data = ? WHERE session_id = ?", []byte{}, m.Hash) },
		} {
			attack()
			thief := &browser{t: t, st: st, cookie: mallory.cookie}
			w := thief.do(func(http.ResponseWriter, *session.Session) { t.Errorf("%s: the handler runs", name) })
			if w.Code != http.StatusInternalServerError || thief.cookie != nil {
				t.Errorf("%s: %d, and the browser keeps %v", name, w.Code, thief.cookie)
			}
			reset()
			if got := mallory.get("who"); got != "mallory" {
				t.Fatalf("%s: afterwards the session has %q", name, got)
			}
		}
		// The victim's row under the thief's digest.
		exec(t, db, "DELETE FROM http_sessions WHERE session_id = ?", m.Hash)
		exec(t, db, "UPDATE http_sessions SET session_id = ? WHERE session_id = ?", m.Hash, z.Hash)
		if w := mallory.do(func(http.ResponseWriter, *session.Session) { t.Error("the digest opens another's row") }); w.Code != 500 {
			t.Errorf("status %d", w.Code)
		}
	})
}

func TestKeyRotation(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		read := &browser{t: t, st: newStore(t, db, session.Config{})}
		changed := &browser{t: t, st: read.st}
		read.set("k", "read")
		changed.set("k", "changed")
		before := dump(t, db)
		rotated := newStoreWith(t, db, newKeys(t, 5, 1), session.Config{})
		read.st, changed.st = rotated, rotated
		if got := read.get("k") + changed.get("k"); got != "readchanged" {
			t.Fatalf("under the new key: %q", got)
		}
		changed.set("l", "v")
		c.advance(8 * day)
		if got := read.get("k"); got != "read" { // renews it
			t.Errorf("read %q", got)
		}
		for i, r := range dump(t, db) {
			if r.Hash == before[i].Hash || bytes.HasPrefix(r.Data, before[i].Data[:5]) {
				t.Error("a row stays under the old key")
			}
		}
		onlyNew := newStoreWith(t, db, newKeys(t, 5), session.Config{})
		read.st, changed.st = onlyNew, onlyNew
		if got := read.get("k") + changed.get("k") + changed.get("l"); got != "readchangedv" {
			t.Errorf("without the old key: %q", got)
		}
	})
}

// Two requests that move one session to the new key do not lose it.
func TestKeyRotationInParallel(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		b := &browser{t: t, st: newStore(t, db, session.Config{})}
		b.set("k", "v")
		b.st = newStoreWith(t, db, newKeys(t, 5, 1), session.Config{})
		for i, status := range together(b, 4, func(i int, s *session.Session) { s.Set(string(rune('a'+i)), "v") }) {
			if status != http.StatusOK {
				t.Errorf("request %d: %d", i, status)
			}
		}
		if got := b.get("a") + b.get("b") + b.get("c") + b.get("d") + b.get("k"); got != "vvvvv" {
			t.Errorf("read %q", got)
		}
	})
}

func TestLargeValues(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		b := &browser{t: t, st: newStore(t, db, session.Config{})}
		// The key and the quotes count.
		largest := strings.Repeat("x", 1<<20-3)
		b.set("k", largest)
		if got := b.get("k"); got != largest {
			t.Errorf("read %d bytes", len(got))
		}
		b.do(func(_ http.ResponseWriter, s *session.Session) {
			if err := s.Set("k", largest+"x"); err == nil {
				t.Error("one byte more is allowed")
			}
			if err := s.Set("l", ""); err == nil {
				t.Error("one key more is allowed")
			}
			if v, err := session.Get[string](s, "k"); v != largest || err != nil {
				t.Errorf("what was refused has changed the session: %v", err)
			}
			if err := s.Set("k", "small again"); err != nil {
				t.Error(err)
			}
		})
		if got := b.get("k"); got != "small again" {
			t.Errorf("read %d bytes", len(got))
		}
	})
}
