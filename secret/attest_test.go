package secret_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/manorgo/manor/secret"
)

func TestAttest(t *testing.T) {
	t.Parallel()
	first, second := bytes.Repeat([]byte("ab"), 16), bytes.Repeat([]byte("cd"), 16)
	old, err := secret.NewKeyring(first)
	if err != nil {
		t.Fatal(err)
	}
	both, err := secret.NewKeyring(second, first)
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("so far")
	sig := old.Attest(secret.LabelCheckpoint, message)
	if !old.Attested(secret.LabelCheckpoint, message, sig) || !both.Attested(secret.LabelCheckpoint, message, sig) {
		t.Error("a good signature is refused")
	}
	if !ed25519.Verify(both.PublicKeys(secret.LabelCheckpoint)[1], message, sig) {
		t.Error("the public key does not check the signature")
	}
	for name, good := range map[string]bool{
		"another label":   old.Attested(secret.LabelAudit, message, sig),
		"another message": old.Attested(secret.LabelCheckpoint, []byte("so fat"), sig),
		"another key":     old.Attested(secret.LabelCheckpoint, message, both.Attest(secret.LabelCheckpoint, message)),
		"nothing":         old.Attested(secret.LabelCheckpoint, message, nil),
	} {
		if good {
			t.Errorf("%s is accepted", name)
		}
	}
	macs := both.MACs(secret.LabelAudit)
	macs[0].Write(message)
	want := both.Digest(secret.LabelAudit, message)
	if len(macs) != 2 || !bytes.Equal(macs[0].Sum(nil), want[:]) {
		t.Error("MACs differ from Digest")
	}
}
