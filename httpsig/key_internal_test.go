package httpsig

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/manorgo/manor/fault"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 4231, where the secret is long enough for us.
func TestHMACVectors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ key, data, mac string }{
		{strings.Repeat("0b", 20), hex.EncodeToString([]byte("Hi There")), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{strings.Repeat("aa", 20), strings.Repeat("dd", 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
		{"0102030405060708090a0b0c0d0e0f10111213141516171819", strings.Repeat("cd", 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
		{strings.Repeat("aa", 131), hex.EncodeToString([]byte("Test Using Larger Than Block-Size Key - Hash Key First")), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	} {
		k, err := HMACKey(unhex(t, c.key))
		if err != nil {
			t.Fatal(err)
		}
		mac := unhex(t, c.mac)
		if got, err := k.sign(nil, unhex(t, c.data)); err != nil || !bytes.Equal(got, mac) || !k.verify(unhex(t, c.data), mac) {
			t.Errorf("%s: %x, %v", c.key, got, err)
		}
		mac[31] ^= 1
		for _, bad := range [][]byte{mac, mac[:31], nil, append(unhex(t, c.mac), 0)} {
			if k.verify(unhex(t, c.data), bad) {
				t.Errorf("%s: %x is accepted", c.key, bad)
			}
		}
	}
}

// RFC 8032 section 7.1, and what must not pass for it.
func TestEd25519Vectors(t *testing.T) {
	t.Parallel()
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	for _, c := range []struct{ seed, public, data, sig string }{
		{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
		{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	} {
		private, err := PrivateKey(ed25519.NewKeyFromSeed(unhex(t, c.seed)))
		if err != nil {
			t.Fatal(err)
		}
		public, err := PublicKey(unhex(t, c.public))
		if err != nil {
			t.Fatal(err)
		}
		data, sig := unhex(t, c.data), unhex(t, c.sig)
		if got, err := private.sign(nil, data); err != nil || !bytes.Equal(got, sig) || !public.verify(data, sig) || !private.verify(data, sig) {
			t.Errorf("%s: %x, %v", c.seed, got, err)
		}
		s := new(big.Int).SetBytes(reversed(sig[32:]))
		same := append(bytes.Clone(sig[:32]), reversed(s.Add(s, order).FillBytes(make([]byte, 32)))...)
		flipped := bytes.Clone(sig)
		flipped[0] ^= 1
		for _, bad := range [][]byte{same, flipped, sig[:63], append(bytes.Clone(sig), 0), nil, make([]byte, 64)} {
			if public.verify(data, bad) {
				t.Errorf("%s: %x is accepted", c.seed, bad)
			}
		}
	}
}

func reversed(b []byte) []byte {
	out := bytes.Clone(b)
	for i := range out {
		out[i] = b[len(b)-1-i]
	}
	return out
}

// Each of the weak keys is one: a signature that nobody made is right for some
// of the messages.
func TestWeakKeys(t *testing.T) {
	t.Parallel()
	sig := make([]byte, ed25519.SignatureSize)
	sig[0] = 1 // the neutral point, and the number 0
	for _, text := range weakKeys {
		k := unhex(t, text)
		forged := false
		for n := uint32(0); n < 1000 && !forged; n++ {
			forged = ed25519.Verify(k, binary.BigEndian.AppendUint32(nil, n), sig)
		}
		if !forged {
			t.Errorf("%s is not weak", text)
		}
		for range 2 {
			if _, err := PublicKey(k); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%x: %v", k, err)
			}
			k[31] |= 0x80
		}
	}
}
