package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func ExampleKeyring() {
	keys, _ := secret.NewKeyring([]byte("32 bytes, to be random elsewhere"))

	token := secret.NewToken(secret.SessionCookie)
	stored := keys.DigestOf(secret.LabelSession, token)
	presented, _ := secret.ParseToken(secret.SessionCookie, token.Reveal())
	fmt.Println(keys, stored, stored == keys.DigestOf(secret.LabelSession, presented))

	cursor := keys.Sign(secret.LabelCursor, []byte("after 42"))
	payload, err := keys.Open(secret.LabelCursor, cursor)
	fmt.Printf("%s %v\n", payload, err)
	_, err = keys.Open(secret.LabelCursor, "x"+cursor)
	fmt.Println(err)
	// Output:
	// [redacted] [redacted] true
	// after 42 <nil>
	// the value was not made by this server, or has been changed
}

// sequence returns the bytes 1, 2, … 32.
func sequence() []byte {
	b := make([]byte, 32)
	for i := range b {
		b[i] = byte(i + 1)
	}
	return b
}

func newKeys(t testing.TB, masters ...[]byte) *secret.Keyring {
	t.Helper()
	k, err := secret.NewKeyring(masters...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What is stored and signed must stay readable for ever. The expected values
// were computed by another program from the documented scheme.
func TestKeyScheme(t *testing.T) {
	t.Parallel()
	k := newKeys(t, sequence())
	d := k.Digest(secret.LabelSession, []byte("hello"))
	if got := hex.EncodeToString(d[:]); got != "3e169b09de13d57a62ccb00ef7432828199f6aef3a330719371ad89f3b9a84ea" {
		t.Errorf("digest %s", got)
	}
	if got := k.Fingerprint(); got != "98ff8964" {
		t.Errorf("fingerprint %s", got)
	}
	if got := k.Sign(secret.LabelCursor, []byte("hello")); got != "aGVsbG9kkDK5cV2XoydRMcVlmvwg" {
		t.Errorf("signed %s", got)
	}
}

func TestNewKeyring(t *testing.T) {
	t.Parallel()
	other := bytes.Repeat([]byte{1, 2}, 16)
	for _, c := range []struct {
		name    string
		masters [][]byte
		why     string
	}{
		{"one", [][]byte{sequence()}, ""},
		{"two", [][]byte{sequence(), other}, ""},
		{"none", nil, "no master key"},
		{"nil", [][]byte{nil}, "has 0 bytes"},
		{"31 bytes", [][]byte{sequence()[:31]}, "has 31 bytes"},
		{"33 bytes", [][]byte{append(sequence(), 33)}, "has 33 bytes"},
		{"second is short", [][]byte{sequence(), {1}}, "key 2 has 1 bytes"},
		{"zero", [][]byte{make([]byte, 32)}, "repeated"},
		{"one byte repeated", [][]byte{bytes.Repeat([]byte("k"), 32)}, "repeated"},
		{"twice", [][]byte{sequence(), other, sequence()}, "twice"},
	} {
		k, err := secret.NewKeyring(c.masters...)
		if c.why == "" {
			if err != nil || k == nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if k != nil || fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestKeyringCopiesItsKey(t *testing.T) {
	t.Parallel()
	master := sequence()
	k := newKeys(t, master)
	clear(master)
	if k.Fingerprint() != newKeys(t, sequence()).Fingerprint() {
		t.Error("the keyring changed with the caller's bytes")
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	oldMaster, newMaster := sequence(), bytes.Repeat([]byte("newer"), 7)[:32]
	old, current, both := newKeys(t, oldMaster), newKeys(t, newMaster), newKeys(t, newMaster, oldMaster)
	tok := secret.NewToken(secret.SessionCookie)

	if both.DigestOf(secret.LabelSession, tok) != current.DigestOf(secret.LabelSession, tok) || both.Fingerprint() != current.Fingerprint() {
		t.Error("the first key is not the current one")
	}
	if old.Fingerprint() == current.Fingerprint() {
		t.Error("two keys have one fingerprint")
	}
	got := both.Digests(secret.LabelSession, tok)
	if len(got) != 2 || got[0] != current.DigestOf(secret.LabelSession, tok) || got[1] != old.DigestOf(secret.LabelSession, tok) {
		t.Error("Digests are not those of both versions, the current one first")
	}
	if p, err := both.Open(secret.LabelCursor, old.Sign(secret.LabelCursor, []byte("x"))); string(p) != "x" || err != nil {
		t.Errorf("a value signed before the change of keys: %q, %v", p, err)
	}
	if _, err := current.Open(secret.LabelCursor, both.Sign(secret.LabelCursor, []byte("x"))); err != nil {
		t.Errorf("signed with an old version: %v", err)
	}
	if _, err := current.Open(secret.LabelCursor, old.Sign(secret.LabelCursor, []byte("x"))); err == nil {
		t.Error("a retired key still signs")
	}
}

func TestSignAndOpen(t *testing.T) {
	t.Parallel()
	k := newKeys(t, sequence())
	for _, size := range []int{0, 1, 2, 3, 15, 16, 17, 1023, 1024} {
		payload := bytes.Repeat([]byte{0, 0xff, 'a'}, size)[:size]
		s := k.Sign(secret.LabelCursor, payload)
		if strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("%q cannot stand in a URL", s)
		}
		got, err := k.Open(secret.LabelCursor, s)
		if err != nil || !bytes.Equal(got, payload) {
			t.Errorf("%d bytes: %d came back, %v", size, len(got), err)
		}
		if _, err := k.Open(secret.LabelSession, s); err == nil {
			t.Errorf("%d bytes: opened with another label", size)
		}
	}
	if _, err := k.Open(secret.LabelCursor, k.Sign(secret.LabelCursor, make([]byte, 1025))); fault.KindOf(err) != fault.Malformed {
		t.Errorf("1025 bytes: %v", err)
	}
}

func TestEveryChangeOfASignedValueIsRefused(t *testing.T) {
	t.Parallel()
	k := newKeys(t, sequence())
	s := k.Sign(secret.LabelCursor, []byte("after 42, by names")) // its last character has bits to spare
	refused := func(x string) {
		t.Helper()
		p, err := k.Open(secret.LabelCursor, x)
		if p != nil || fault.KindOf(err) != fault.Malformed {
			t.Errorf("%q gives %q, %v", x, p, err)
		}
	}
	for i := range len(s) {
		for c := range 256 {
			if byte(c) != s[i] {
				refused(s[:i] + string([]byte{byte(c)}) + s[i+1:])
			}
		}
		refused(s[:i])
		refused(s[i+1:])
		refused(s[:i] + "\n" + s[i:])
		refused(s[:i] + "\r" + s[i:])
	}
	refused(s + "=")
	refused(s + "A")
	refused(strings.Repeat("A", 1<<20))
	// A digest under the same label is no signature.
	d := k.Digest(secret.LabelCursor, []byte("x"))
	refused(base64.RawURLEncoding.EncodeToString(append([]byte("x"), d[:16]...)))
}

func FuzzOpen(f *testing.F) {
	k := newKeys(f, sequence())
	f.Add(k.Sign(secret.LabelCursor, []byte("after 42")))
	f.Add("")
	f.Add("AAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := k.Open(secret.LabelCursor, s)
		if err == nil && k.Sign(secret.LabelCursor, p) != s {
			t.Errorf("%q was accepted", s)
		}
		if err != nil && fault.KindOf(err) != fault.Malformed {
			t.Errorf("%q: %v", s, err)
		}
	})
}

func TestKeyringIsSafeForManyGoroutines(t *testing.T) {
	t.Parallel()
	k, want := newKeys(t, sequence()), newKeys(t, sequence()).Digest(secret.LabelSession, []byte("x"))
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range 50 {
		wg.Go(func() {
			<-start
			if k.Digest(secret.LabelSession, []byte("x")) != want {
				t.Error("another digest")
			}
		})
	}
	close(start)
	wg.Wait()
}
