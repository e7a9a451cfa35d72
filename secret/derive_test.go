package secret_test

import (
	"testing"

	"github.com/manorgo/manor/secret"
)

// Of a token, a salt, a label, a prefix and a key, each makes another token, and
// a key that is current no more still makes what it made.
func TestDerive(t *testing.T) {
	t.Parallel()
	const one, two = "0123456789abcdefghijklmnopqrstuv", "vutsrqponmlkjihgfedcba9876543210"
	ring := func(masters ...string) *secret.Keyring {
		var b [][]byte
		for _, m := range masters {
			b = append(b, []byte(m))
		}
		k, err := secret.NewKeyring(b...)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	from := secret.NewToken(secret.RefreshToken)
	derive := func(k *secret.Keyring, l secret.Label, p secret.Prefix, from secret.Token, salt string) string {
		return k.Derive(l, p, from, []byte(salt))[0].Reveal()
	}
	first := derive(ring(one), secret.LabelRefresh, secret.RefreshToken, from, "a")
	if again := derive(ring(one, two), secret.LabelRefresh, secret.RefreshToken, from, "a"); again != first {
		t.Error("the same differs")
	}
	if _, err := secret.ParseToken(secret.RefreshToken, first); err != nil {
		t.Errorf("it is no token: %v", err)
	}
	if old := ring(two, one).Derive(secret.LabelRefresh, secret.RefreshToken, from, []byte("a")); len(old) != 2 || old[1].Reveal() != first {
		t.Error("the older key makes another")
	}
	for what, other := range map[string]string{
		"key":    derive(ring(two), secret.LabelRefresh, secret.RefreshToken, from, "a"),
		"label":  derive(ring(one), secret.LabelAccess, secret.RefreshToken, from, "a"),
		"token":  derive(ring(one), secret.LabelRefresh, secret.RefreshToken, secret.NewToken(secret.RefreshToken), "a"),
		"salt":   derive(ring(one), secret.LabelRefresh, secret.RefreshToken, from, "b"),
		"prefix": derive(ring(one), secret.LabelRefresh, secret.AccessToken, from, "a"),
	} {
		if other[4:47] == first[4:47] { // without prefix and checksum
			t.Errorf("another %s makes the same", what)
		}
	}
}
