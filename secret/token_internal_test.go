package secret

import (
	"bytes"
	"testing"
)

// The form of tokens may not change: their holders keep them for years. The
// expected ones were computed by another program.
func TestMakeToken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		random []byte
		want   string
	}{
		{"zero", make([]byte, 32), "mns_00000000000000000000000000000000000000000002M7wYz"},
		{"one", append(make([]byte, 31), 1), "mns_00000000000000000000000000000000000000000014XFIdD"},
		{"sixty-two", append(make([]byte, 31), 62), "mns_00000000000000000000000000000000000000000102oSp0y"},
		{"greatest", bytes.Repeat([]byte{0xff}, 32), "mns_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp10n5b0z"},
	} {
		got := makeToken(SessionCookie, c.random).Reveal()
		if got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
		if _, err := ParseToken(SessionCookie, got); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A right checksum does not make up for characters that no token has.
func TestTokenAlphabet(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		b := append([]byte("mns_"), bytes.Repeat([]byte("0"), bodySize)...)
		b[20] = byte(c)
		sum := Checksum(string(b))
		_, err := ParseToken(SessionCookie, string(b)+string(sum[:]))
		if want := bytes.IndexByte([]byte(base62), byte(c)) >= 0; (err == nil) != want {
			t.Errorf("character %q: %v", byte(c), err)
		}
	}
}
