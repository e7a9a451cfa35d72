package apikeys

import (
	"context"
	"crypto/ed25519"
	"net/netip"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Create is a request for a new key.
type Create struct {
	Name          string            `json:"name" minLength:"1" maxLength:"120"`
	Description   string            `json:"description,omitempty" maxLength:"1000"`
	Scopes        []string          `json:"scopes" maxItems:"100" doc:"What the key may do of what you may: each is resource:action, resource:* for all actions, or * for everything."`
	ExpiresInDays *int              `json:"expires_in_days,omitempty" minimum:"0" doc:"0 means never, where that is allowed."`
	ExpiresAt     *time.Time        `json:"expires_at,omitempty"`
	Signing       Signing           `json:"signing,omitempty" enum:"hmac-sha256,ed25519" doc:"How requests are signed with the key. Without it the key itself is sent."`
	PublicKey     []byte            `json:"public_key,omitempty" doc:"Of 32 bytes, in base64, for ed25519: its other half stays with you."`
	AllowedIPs    []string          `json:"allowed_ips,omitempty" maxItems:"32" doc:"Networks, such as 192.0.2.0/24, or addresses from which the key may be used; none means from everywhere."`
	RatePerMinute int               `json:"rate_per_minute,omitempty" minimum:"1" maximum:"1000000" doc:"How many requests the key may send in a minute, beside the limits for everybody."`
	IdleDays      int               `json:"idle_days,omitempty" minimum:"1" maximum:"3650" doc:"After how many days without use the key ends."`
	Metadata      map[string]string `json:"client_metadata,omitempty" doc:"Whatever you want to keep beside the key: up to 16 names of 64 characters and values of 255."`

	Via string `json:"-"` // what it is made by: "http", "cli" or, if it is "", "go"
}

// Create makes a key of a user, who must be there and switched on, and have fewer
// active keys than they may: fault.Conflict with API_KEY_LIMIT_REACHED. What it may do
// must be within what the user may do now, and whoever calls, if ctx says so:
// fault.Forbidden with SCOPE_DENIED, before any secret is made. What makes no sense is
// fault.Invalid, a user who is not there fault.NotFound.
func (s *Service) Create(ctx context.Context, user users.ID, in Create) (out Issued, err error) {
	networks, err := readNetworks(in.AllowedIPs)
	if err != nil {
		return out, err
	}
	now := s.db.Now()
	until, err := s.config.expiry(now, in.ExpiresInDays, in.ExpiresAt)
	if err != nil {
		return out, err
	}
	k := Key{
		Name: in.Name, Description: in.Description, Scopes: permissions(in.Scopes), AllowedIPs: networks, Signing: in.Signing,
		PublicKey: in.PublicKey, RatePerMinute: max(0, in.RatePerMinute), IdleDays: max(0, in.IdleDays), ExpiresAt: until,
		CreatedVia: in.Via, Metadata: in.Metadata,
	}
	if k.CreatedVia == "" {
		k.CreatedVia = "go"
	}
	if k.IdleDays == 0 {
		k.IdleDays = int(s.config.Idle / day)
	}
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		if err := s.granted(ctx, tx, user, k.Scopes); err != nil {
			return err
		}
		out, err = s.issue(ctx, tx, user, k)
		return err
	})
	return out, err
}

// issue makes the secret of a key and stores it. Its owner is locked.
func (s *Service) issue(ctx context.Context, tx *data.Tx, user users.ID, k Key) (out Issued, err error) {
	k.KeyID, out.Key = s.format.make()
	k.PrefixEnv = s.format.start()
	k.Hint = k.PrefixEnv + "_" + k.KeyID[:4]
	material := out.Key.Reveal()
	switch k.Signing {
	case SignHMAC:
		out.SigningSecret = secretOf(material)
		k.Secret = out.SigningSecret
	case SignEd25519:
		out.Key, material = secret.Text{}, string(k.PublicKey)
	}
	k.Digest = s.digests(k.Form, user, k.KeyID, material)[0]
	if k.IdleDays > 0 {
		k.IdleExpiresAt = s.db.Now().Add(days(k.IdleDays))
	}
	if err := k.Check(); err != nil {
		return Issued{}, err
	}
	out.APIKey = rowOf(user, k)
	if err := addWithin(ctx, tx, &out.APIKey, s.config.PerUser); err != nil {
		return Issued{}, err
	}
	return out, s.emit(ctx, tx, Created{ID: out.ID, KeyID: k.KeyID, UserID: user, Replaces: k.Replaces})
}

// digests returns what may be stored of a key, under each version of the master key:
// it is bound to whose key it is, and to what made it, so that a row which is moved to
// somebody else is of no use.
func (s *Service) digests(f Form, user users.ID, keyID, material string) []secret.Digest {
	b := make([]byte, 0, 256)
	b = append(append(append(b, f...), 0), user[:]...)
	b = append(append(append(b, keyID...), 0), material...)
	return s.keys.DigestsOver(secret.LabelAPIKey, b)
}

// MaxOverlap is how long a key may work beside its successor.
const MaxOverlap = 30 * day

// Rotate makes a successor of a key of a user, with another secret and the same
// rights, which lives as long as the key was to live. The key itself works until the
// overlap ends, and not at all if that is 0. For signing with ed25519 the successor
// brings another public key, nil otherwise. Errors are those of Create and of Update;
// a key that has a successor is fault.Conflict with API_KEY_REPLACED.
func (s *Service) Rotate(ctx context.Context, user users.ID, key string, overlap time.Duration, public ed25519.PublicKey) (out Issued, err error) {
	if overlap < 0 || overlap > MaxOverlap {
		return out, fault.Field("overlap_seconds", "must be from 0 to %d", MaxOverlap/time.Second)
	}
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		is, err := lockOwner(ctx, tx, user)
		if err != nil {
			return err
		}
		was, err := s.lockActive(ctx, tx, user, key, 0)
		if err != nil {
			return err
		}
		if err := is.cover(ctx, was.Scopes); err != nil {
			return err
		}
		out, err = s.succeed(ctx, tx, was, overlap, public)
		return err
	})
	return out, err
}

// succeed makes the successor of a key that is locked, as its owner is.
func (s *Service) succeed(ctx context.Context, tx *data.Tx, was APIKey, overlap time.Duration, public ed25519.PublicKey) (Issued, error) {
	if was.ReplacedBy != nil {
		return Issued{}, fault.Coded(fault.Conflict, CodeReplaced, "the key has a successor, %s", *was.ReplacedBy)
	}
	now := s.db.Now()
	if overlap == 0 {
		ended, err := s.end(ctx, tx, was)
		if err != nil {
			return Issued{}, err
		}
		was = ended
	}
	k := contract(&was)
	k.Replaces, k.RevokedAt, k.LastUsedAt, k.Form = k.KeyID, time.Time{}, time.Time{}, Own
	k.DigestSecret, k.Secret, k.PublicKey = secret.Text{}, secret.Text{}, public
	if !k.ExpiresAt.IsZero() {
		life := k.ExpiresAt.Sub(k.CreatedAt)
		if s.config.MaxLife != Unlimited {
			life = min(life, s.config.MaxLife)
		}
		k.ExpiresAt = now.Add(life)
	}
	out, err := s.issue(ctx, tx, was.UserID, k)
	if err != nil {
		return out, err
	}
	changes := []data.Change[APIKey]{replacedBy.Set(out.KeyID)}
	if until := now.Add(overlap); overlap > 0 && (was.ExpiresAt == nil || was.ExpiresAt.After(until)) {
		changes = append(changes, expiresAt.Set(until))
	}
	_, err = table.On(tx).Update(ctx, was.ID, changes...)
	return out, err
}

// readNetworks reads networks; an address alone is one of its own.
func readNetworks(texts []string) (out []netip.Prefix, err error) {
	for _, text := range texts {
		n, err := netip.ParsePrefix(text)
		if a, aerr := netip.ParseAddr(text); aerr == nil && a.Zone() == "" {
			n, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return nil, fault.Field("allowed_ips", "each must be a network such as 192.0.2.0/24 or an address")
		}
		if n.Addr().Is4In6() {
			return nil, fault.Field("allowed_ips", "IPv4 networks are written as such")
		}
		out = append(out, n.Masked())
	}
	return out, checkNetworks(out)
}

// allows reports whether a key may be used from an address.
func allows(networks []string, ip netip.Addr) bool {
	if len(networks) == 0 {
		return true
	}
	ip = ip.Unmap().WithZone("")
	for _, n := range networksOf(networks) {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

// principal is who calls with a key: its owner, with what both may do.
func principal(h *holder) *auth.Principal {
	return &auth.Principal{
		Subject: auth.Subject(h.UserID.String()), Key: h.KeyID, Verified: true,
		Permissions: users.PermissionsOf(h.Superuser, h.Granted).Meet(h.Scopes),
	}
}
