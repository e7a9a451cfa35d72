package httpsig_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/httpsig"
)

const sharedText = "s3cr3t-signing-secret-AAAAAAAAAAAAAAAAAAAAAAAA"

// now is when everything happens: that of the LSA1 vector.
var now = time.Date(2026, 5, 9, 19, 0, 0, 0, time.UTC)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	hmacKey  = must(httpsig.HMACKey([]byte(sharedText)))
	otherKey = must(httpsig.HMACKey([]byte("another secret, which nobody has")))
	edKey    = must(httpsig.PrivateKey(ed25519.NewKeyFromSeed([]byte("the seed of an ed25519 key, 32 B"))))
	edPublic = must(httpsig.PublicKey(ed25519.NewKeyFromSeed([]byte("the seed of an ed25519 key, 32 B")).Public().(ed25519.PublicKey)))
)

// A keeper is what a server keeps: keys by id, and used nonces. Ids of keys that
// have been revoked start with "old".
type keeper struct {
	mu     sync.Mutex
	nonces map[string]bool
	steps  []string // what was asked of it
}

var keys = map[string]httpsig.Key{"k123": hmacKey, "ed": edPublic, "old1": hmacKey, "private": edKey}

var errRevoked = fault.Coded(fault.Unauthenticated, "API_KEY_REVOKED", "the key has been revoked")

func (k *keeper) Key(_ context.Context, sig *httpsig.Signature) (httpsig.Key, string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.steps = append(k.steps, "key")
	key, ok := keys[sig.KeyID]
	switch {
	case sig.KeyID == "down":
		return httpsig.Key{}, "", fault.Errorf(fault.Unavailable, "the database is down")
	case !ok:
		return httpsig.Key{}, "", fault.Errorf(fault.NotFound, "no such key")
	case strings.HasPrefix(sig.KeyID, "old"):
		return key, "", errRevoked
	}
	return key, "owner of " + sig.KeyID, nil
}

func (k *keeper) Accept(_ context.Context, sig *httpsig.Signature, holder string, until time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.steps = append(k.steps, "accept")
	if !until.After(sig.Created.Add(time.Second)) || holder == "" {
		return errors.New("a nonce may not be forgotten so soon")
	}
	if sig.Nonce == "full" {
		return fault.Errorf(fault.Limited, "too many nonces")
	}
	if k.nonces[sig.KeyID+" "+sig.Nonce] {
		return fault.Errorf(fault.Conflict, "used")
	}
	if k.nonces == nil {
		k.nonces = map[string]bool{}
	}
	k.nonces[sig.KeyID+" "+sig.Nonce] = true
	return nil
}

func newVerifier() (*httpsig.Verifier[string], *keeper) {
	k := &keeper{}
	return &httpsig.Verifier[string]{Key: k.Key, Accept: k.Accept, Now: func() time.Time { return now }}, k
}

// received reads a request as a server does.
func received(raw string) (*http.Request, error) {
	return http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
}

func receive(t testing.TB, raw string) *http.Request {
	t.Helper()
	r, err := received(raw)
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	return r
}

// code returns the code of an error for strangers, and its kind if it has none.
func code(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Code != "" {
		return e.Code
	}
	return string(fault.KindOf(err))
}

// raw writes a request: the lines of its head, and its body.
func raw(body string, head ...string) string {
	return strings.Join(head, "\r\n") + "\r\n\r\n" + body
}

const digestOfHello = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:" // of {"hello": "world"}

var postHead = []string{
	"POST /things/1?b=2&a=1&a=%7E HTTP/1.1", "Host: api.example.com", "Content-Type: application/json",
	"Content-Length: 18", "Content-Digest: " + digestOfHello, "X-Trace: t1",
}

var post = raw(`{"hello": "world"}`, postHead...)

var postInput = httpsig.Input{
	Label: "sig1", Components: []string{"@method", "@authority", "@path", "@query", "content-type", "content-digest"},
	Created: now, KeyID: "k123", Nonce: "AAECAwQFBgcICQoLDA0ODw", Tag: "manor-request",
}

// sign adds a signature to the text of a request, behind its first line.
func sign(t testing.TB, text string, in httpsig.Input, key httpsig.Key) string {
	t.Helper()
	r := receive(t, text)
	m := httpsig.RequestMessage(r)
	before := len(r.Header["Signature"])
	if err := m.Sign(in, key); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	first, rest, _ := strings.Cut(text, "\r\n")
	return fmt.Sprintf("%s\r\nSignature-Input: %s\r\nSignature: %s\r\n%s", first, r.Header["Signature-Input"][before], r.Header["Signature"][before], rest)
}
