package secret_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/manorgo/manor/secret"
)

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	one, two := []byte("0123456789abcdefghijklmnopqrstuv"), []byte("vutsrqponmlkjihgfedcba9876543210")
	before, err := secret.NewKeyring(one)
	if err != nil {
		t.Fatal(err)
	}
	after, err := secret.NewKeyring(two, one)
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("message")
	old, keys := before.SigningKeys(secret.LabelAccessJWT)[0], after.SigningKeys(secret.LabelAccessJWT)
	signature := old.Sign(message)
	if len(keys) != 2 || keys[1].ID() != old.ID() || !keys[1].Verify(message, signature) || keys[0].ID() == old.ID() {
		t.Error("the older key is not there beside the current one")
	}
	if keys[0].Verify(message, signature) || old.Verify([]byte("massage"), signature) || old.Verify(message, signature[:63]) || old.Verify(message, nil) {
		t.Error("a wrong signature is taken")
	}
	if other := before.SigningKeys(secret.LabelCursor)[0]; other.ID() == old.ID() {
		t.Error("two labels have one key")
	}
	if len(old.Public()) != 43 || len(old.ID()) != 43 {
		t.Errorf("the key is %q, called %q", old.Public(), old.ID())
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if text := fmt.Sprintf(verb, keys); strings.ContainsFunc(strings.ReplaceAll(text, "[redacted]", ""), func(r rune) bool {
			return !slices.Contains([]rune("[] {}secret.SigningKey,()"), r)
		}) {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

// A key is named by a thumbprint of its public half.
func ExampleSigningKey_ID() {
	keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		panic(err)
	}
	key := keys.SigningKeys(secret.LabelAccessJWT)[0]
	fmt.Println(key.Verify([]byte("hello"), key.Sign([]byte("hello"))), len(key.ID()))
	// Output: true 43
}
