package apikeys

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// A holder is what a request must know of a key: itself, its owner and what they may
// do now, in one statement.
type holder struct {
	ID            ID            `db:"id"`
	KeyID         string        `db:"key_id"`
	UserID        users.ID      `db:"user_id"`
	PrefixEnv     string        `db:"prefix_env"`
	Digest        secret.Digest `db:"digest"`
	Form          Form          `db:"digest_kind"`
	DigestSecret  *secret.Text  `db:"digest_secret,sealed=api_keys.digest_secret"`
	Scopes        []string      `db:"scopes"`
	Signing       Signing       `db:"signing"`
	AllowedIPs    []string      `db:"allowed_ips"`
	RatePerMinute *int          `db:"rate_per_minute"`
	ExpiresAt     *time.Time    `db:"expires_at"`
	IdleDays      *int          `db:"idle_days"`
	IdleExpiresAt *time.Time    `db:"idle_expires_at"`
	LastUsedAt    *time.Time    `db:"last_used_at"`
	RevokedAt     *time.Time    `db:"revoked_at"`
	Alive         bool          `db:"alive"` // the owner
	Superuser     bool          `db:"is_superuser"`
	Granted       []users.Grant `db:"granted,json"`
}

// A signer is a holder with what signatures are checked by.
type signer struct {
	holder
	Secret    *secret.Text `db:"signing_secret,sealed=api_keys.signing_secret"`
	PublicKey []byte       `db:"public_key"`
}

const holderSQL = `SELECT k.id, k.key_id, k.user_id, k.prefix_env, k.digest, k.digest_kind, k.digest_secret, k.scopes, k.signing, k.allowed_ips,
	k.rate_per_minute, k.expires_at, k.idle_days, k.idle_expires_at, k.last_used_at, k.revoked_at,
	u.is_active AND u.email_verified AND u.deleted_at IS NULL AS alive, u.is_superuser, GRANTED AS granted`

const holderFrom = ` FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.key_id = ?`

var (
	holders = users.SelectGrants[holder](holderSQL+holderFrom, "")
	signers = users.SelectGrants[signer](holderSQL+`, k.signing_secret, k.public_key`+holderFrom, "")
)

// guesses is how often an address may present a key id with what does not belong to
// it. Who has the right secret is not held back by others' guesses.
var guesses = limit.Rate{N: 20, Per: time.Minute}

// scheme is the credential that keys are: sent as a bearer token or as X-API-Key.
func (s *Service) scheme() auth.Scheme {
	return auth.Scheme{
		Name: "apikey",
		Find: func(r *http.Request) (string, bool) {
			key, ok := auth.Bearer(r)
			if !ok {
				key = r.Header.Get("X-API-Key")
			}
			return key, s.format.claims(key)
		},
		Verify: s.Verify,
		Codes:  []string{CodeInvalid, CodeRevoked, CodeExpired, CodeSigns},
	}
}

// Verify returns whose key it is and what they may do by it, for the client that ctx
// speaks of. Whatever is wrong with it is fault.Unauthenticated with API_KEY_INVALID,
// told alike; only who has the secret is told that the key was revoked, has expired
// or is for signing. More requests than the key may send are fault.Limited. It is one
// statement, and none for what is no key.
func (s *Service) Verify(ctx context.Context, text string) (*auth.Principal, error) {
	who, _, err := s.verify(ctx, text)
	return who, err
}

func (s *Service) verify(ctx context.Context, text string) (*auth.Principal, *holder, error) {
	p, ok := s.format.parse(text)
	if !ok {
		return nil, nil, invalid()
	}
	if p.form == SHA256 {
		sum := sha256.Sum256([]byte(p.text))
		p.secret = hex.EncodeToString(sum[:])
		p.id = hashedID(p.secret)
	}
	h, err := holders.One(ctx, s.db, p.id)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, nil, err
	}
	if !s.right(&h, p) { // nobody's takes the same work
		return nil, nil, s.Refused(ctx, p.id)
	}
	if h.Signing != Bearer {
		return nil, nil, fault.Coded(fault.Unauthenticated, CodeSigns, "the key is for signing requests, and never sent")
	}
	who, err := s.admit(ctx, &h)
	return who, &h, err
}

// hashedID returns the public id of an imported key that has none of its own.
func hashedID(sum string) string { return sum[:32] }

// right reports whether a presented key is the one that was issued.
func (s *Service) right(h *holder, p presented) bool {
	material := p.text
	switch p.form {
	case SHA256:
		material = p.secret
	case HMAC:
		m := hmac.New(sha256.New, []byte(value(h.DigestSecret).Reveal()))
		m.Write([]byte(p.secret))
		material = hex.EncodeToString(m.Sum(nil))
	}
	ok := false
	for _, d := range s.digests(p.form, h.UserID, p.id, material) {
		ok = d.Equal(h.Digest) || ok
	}
	return ok && h.Form == p.form && h.KeyID == p.id && (p.form != HMAC || h.PrefixEnv == dottedPrefix+p.environment)
}

// admit returns who calls with a key whose secret is right.
func (s *Service) admit(ctx context.Context, h *holder) (*auth.Principal, error) {
	now := s.db.Now()
	switch {
	case h.RevokedAt != nil:
		return nil, fault.Coded(fault.Unauthenticated, CodeRevoked, "the API key has been revoked")
	case past(h.ExpiresAt, now) || past(h.IdleExpiresAt, now):
		return nil, fault.Coded(fault.Unauthenticated, CodeExpired, "the API key has expired")
	case !h.Alive || !allows(h.AllowedIPs, addressOf(ctx)):
		return nil, invalid()
	}
	if h.RatePerMinute != nil {
		rate := limit.Rate{N: *h.RatePerMinute, Per: time.Minute}
		if v := s.limits.Roughly(ctx, limit.Ask{Name: "API key", About: about(h.KeyID), Rate: rate}); !v.Allowed {
			return nil, web.TooMany("API key", rate.N, rate.Per, v.Retry)
		}
	}
	if s.config.SeenEvery > 0 && (h.LastUsedAt == nil || now.Sub(*h.LastUsedAt) >= s.config.SeenEvery) {
		s.seen.note(sighting{h.ID, h.KeyID, h.UserID, now, value(h.IdleDays)})
	}
	return principal(h), nil
}

// about is what counters about a key are About.
func about(keyID string) string { return "api key|" + keyID }

// Refused counts a credential that is wrong for a key id, and returns why it is
// refused: fault.Unauthenticated, or fault.Limited once there were too many from one
// address.
func (s *Service) Refused(ctx context.Context, keyID string) error {
	v := s.limits.Roughly(ctx, limit.Ask{
		Name: "guesses at an API key", About: about(keyID), Key: limit.Address(addressOf(ctx)), Rate: guesses,
	})
	if !v.Allowed {
		return web.TooMany("guesses", guesses.N, guesses.Per, v.Retry)
	}
	return invalid()
}

func invalid() error {
	return fault.Coded(fault.Unauthenticated, CodeInvalid, "the API key is not valid")
}

// A Signer is a key that requests are signed with, for who checks signatures.
type Signer struct {
	KeyID     string
	Signing   Signing
	Secret    secret.Text       // of SignHMAC: the digits that its owner was shown
	PublicKey ed25519.PublicKey // of SignEd25519
	holder    holder
}

// Signer returns a signing key by its id, in one statement. Whether the caller has
// it is not known yet, so nothing of its state may be told: see Admit. What is no
// signing key, or is not as it was issued, is fault.Unauthenticated.
func (s *Service) Signer(ctx context.Context, keyID string) (*Signer, error) {
	if !isID(keyID) {
		return nil, invalid()
	}
	row, err := signers.One(ctx, s.db, keyID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	material := string(row.PublicKey)
	if row.Signing == SignHMAC {
		material = s.format.key(keyID, value(row.Secret)).Reveal()
	}
	ok := false
	for _, d := range s.digests(row.Form, row.UserID, keyID, material) {
		ok = d.Equal(row.Digest) || ok
	}
	if !ok || row.Signing == Bearer {
		return nil, invalid()
	}
	return &Signer{keyID, row.Signing, value(row.Secret), row.PublicKey, row.holder}, nil
}

// Admit returns who calls with a request whose signature by the key is right. Errors
// are those of Verify.
func (s *Service) Admit(ctx context.Context, key *Signer) (*auth.Principal, error) {
	return s.admit(ctx, &key.holder)
}
