package apikeys

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
)

// A nonce is one that a key has signed a request with. It is in the database, so
// that a request counts once on all instances, and after a restart.
type nonce struct {
	Key   ID            `db:"key_id,primary"`
	Nonce secret.Digest `db:"nonce,primary"` // the SHA-256 of it, which is as long for all
	Until time.Time     `db:"until,index"`   // when no signature with it is good any more
}

var (
	nonces     = data.NewTable[nonce]("api_key_nonces")
	nonceUntil = data.Col[time.Time](nonces, "until")
)

// useUp notes a nonce of a key until a time. One that was noted before is
// fault.Conflict; of several at once exactly one is not.
func (s *Service) useUp(ctx context.Context, key ID, text string, until time.Time) error {
	return nonces.On(s.db).Add(ctx, &nonce{key, sha256.Sum256([]byte(text)), until})
}

// Sweep asks for the removal of nonces that are of no use any more.
type Sweep struct{}

// Kind names the task.
func (Sweep) Kind() string { return "api_keys.sweep" }

func (s *Service) sweep(ctx context.Context, _ Sweep) error {
	_, err := nonces.On(s.db).DeleteWhere(ctx, nonceUntil.Lt(s.db.Now()))
	return err
}
