package secret_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func ExampleKeyring_Cipher() {
	keys, _ := secret.NewKeyring([]byte("32 bytes, to be random elsewhere"))
	c := keys.Cipher(secret.LabelColumn, "users.phone")

	sealed := c.Seal([]byte("+49 30 123"), []byte("user 1"))
	plain, err := c.Open(sealed, []byte("user 1"))
	fmt.Printf("%s %v\n", plain, err)
	_, err = c.Open(sealed, []byte("user 2"))
	fmt.Println(err)
	// Output:
	// +49 30 123 <nil>
	// the sealed value has been changed, or does not belong here
}

// What was sealed must open for ever. The value was sealed by another program
// from the documented scheme, under the key 1, 2, … 32.
func TestSealedScheme(t *testing.T) {
	t.Parallel()
	sealed, err := hex.DecodeString(sealedHello)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := newKeys(t, sequence()).Cipher(secret.LabelColumn, "links.token").Open(sealed, []byte("row"))
	if string(plain) != "hello" || err != nil {
		t.Errorf("got %q, %v", plain, err)
	}
}

const sealedHello = "0198ff8964000102030405060708090a0bc09217b88494c1c241cf074d803ee8b076ffb5ec87"

func TestCipher(t *testing.T) {
	t.Parallel()
	other := bytes.Repeat([]byte{1, 2}, 16)
	one := newKeys(t, sequence()).Cipher(secret.LabelColumn, "a.b")
	for _, plain := range []string{"", "x", strings.Repeat("long", 1000)} {
		sealed := one.Seal([]byte(plain), []byte("bound"))
		if again := one.Seal([]byte(plain), []byte("bound")); bytes.Equal(sealed, again) {
			t.Error("the same value is sealed twice alike")
		}
		if len(sealed) != len(plain)+secret.SealedExtra {
			t.Errorf("%d bytes became %d", len(plain), len(sealed))
		}
		for i := range min(len(sealed), 60) { // each byte counts
			broken := bytes.Clone(sealed)
			broken[i] ^= 1
			if _, err := one.Open(broken, []byte("bound")); fault.KindOf(err) != fault.Internal {
				t.Errorf("byte %d changed: %v", i, err)
			}
		}
		for _, c := range []struct {
			name   string
			cipher *secret.Cipher
			bound  string
			code   string
		}{
			{"same", one, "bound", ""},
			{"rotated", newKeys(t, other, sequence()).Cipher(secret.LabelColumn, "a.b"), "bound", ""},
			{"another row", one, "bounds", "SEAL_BROKEN"},
			{"another use", newKeys(t, sequence()).Cipher(secret.LabelColumn, "a.c"), "bound", "SEAL_BROKEN"},
			{"another label", newKeys(t, sequence()).Cipher(secret.LabelCode, "a.b"), "bound", "SEAL_BROKEN"},
			{"another key", newKeys(t, other).Cipher(secret.LabelColumn, "a.b"), "bound", "KEY_MISSING"},
		} {
			got, err := c.cipher.Open(sealed, []byte(c.bound))
			if c.code == "" {
				if string(got) != plain || err != nil {
					t.Errorf("%s: %q, %v", c.name, got, err)
				}
				continue
			}
			if e, ok := err.(*fault.Error); !ok || e.Code != c.code || e.Kind != fault.Internal {
				t.Errorf("%s: %v, want %s", c.name, err, c.code)
			}
		}
	}
	for _, garbage := range [][]byte{nil, {1}, make([]byte, secret.SealedExtra), bytes.Repeat([]byte{1}, secret.SealedExtra-1)} {
		if _, err := one.Open(garbage, nil); fault.KindOf(err) != fault.Internal {
			t.Errorf("%x: %v", garbage, err)
		}
	}
	if s := fmt.Sprintf("%v %+v %#v", one, one, *one); strings.TrimSpace(strings.ReplaceAll(s, "[redacted]", "")) != "" {
		t.Error(s)
	}
}

func TestKeyIDs(t *testing.T) {
	t.Parallel()
	k := newKeys(t, bytes.Repeat([]byte{1, 2}, 16), sequence())
	ids := k.KeyIDs()
	if len(ids) != 2 || ids[0].String() != k.Fingerprint() || ids[1].String() != "98ff8964" {
		t.Errorf("ids %v of %s", ids, k.Fingerprint())
	}
	c := k.Cipher(secret.LabelColumn, "a.b")
	sealed := c.Seal(nil, nil)
	id, ok := secret.SealedWith(sealed)
	if diff := cmp.Diff(ids[0], id); diff != "" || !ok || !c.Current(sealed) || !bytes.HasPrefix(sealed, c.Head()) {
		t.Error("sealed with another key than the current one", diff)
	}
	old := newKeys(t, sequence()).Cipher(secret.LabelColumn, "a.b").Seal(nil, nil)
	if c.Current(old) {
		t.Error("an old key is taken for the current one")
	}
}

func FuzzCipherOpen(f *testing.F) {
	c := newKeys(f, sequence()).Cipher(secret.LabelColumn, "a.b")
	f.Add([]byte{}, []byte{})
	f.Add(c.Head(), []byte("row"))
	f.Add(c.Seal([]byte("x"), []byte("row")), []byte("other"))
	f.Fuzz(func(t *testing.T, sealed, bound []byte) {
		if plain, err := c.Open(sealed, bound); err == nil {
			if again, err := c.Open(c.Seal(plain, bound), bound); err != nil || !bytes.Equal(plain, again) {
				t.Errorf("%x opened to %x, which becomes %x, %v", sealed, plain, again, err)
			}
		}
	})
}
