package secret_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/manorgo/manor/secret"
)

func TestDigestsDiffer(t *testing.T) {
	t.Parallel()
	labels := readLabels(t)
	tokens := []secret.Token{secret.NewToken(secret.APIKey), secret.NewToken(secret.APIKey), {}}
	seen := map[secret.Digest]string{}
	for version := range 2 {
		master := sequence()
		master[31] += byte(version)
		k := newKeys(t, master)
		for _, l := range labels {
			for i, tok := range tokens {
				d := k.DigestOf(l, tok)
				name := fmt.Sprint(version, l, i)
				if other, ok := seen[d]; ok || d.IsZero() {
					t.Errorf("%s and %s have one digest", name, other)
				}
				seen[d] = name
				if again := k.Digest(l, []byte(tok.Reveal())); again != d || !again.Equal(d) {
					t.Errorf("%s has two digests", name)
				}
			}
		}
	}
	if (secret.Digest{1}).Equal(secret.Digest{}) || !(secret.Digest{}).IsZero() {
		t.Error("Equal or IsZero is wrong")
	}
}

func TestDigestInTheDatabase(t *testing.T) {
	t.Parallel()
	d := newKeys(t, sequence()).Digest(secret.LabelSession, []byte("x"))
	v, err := d.Value()
	b, ok := v.([]byte)
	if !ok || err != nil || !bytes.Equal(b, d[:]) {
		t.Fatalf("stored as %v, %v", v, err)
	}
	var back secret.Digest
	if err := back.Scan(b); err != nil || back != d {
		t.Errorf("read as %x, %v", back[:], err)
	}
	for _, src := range []any{nil, "", string(b), b[:31], append(b, 0), 32, []byte(nil)} {
		got := d
		if err := got.Scan(src); err == nil || got != d {
			t.Errorf("%T of the wrong form: %v", src, err)
		} else if strings.Contains(err.Error(), string(b[:8])) {
			t.Errorf("the error quotes the digest: %v", err)
		}
	}
}

func BenchmarkDigestOf(b *testing.B) {
	k, tok := newKeys(b, sequence()), secret.NewToken(secret.SessionCookie)
	for b.Loop() {
		_ = k.DigestOf(secret.LabelSession, tok)
	}
}
