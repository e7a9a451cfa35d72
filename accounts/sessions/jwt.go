package sessions

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/manorgo/manor/secret"
)

// Claims are what an access token says that is a JWT (RFC 7519, RFC 9068). A
// service that reads it must hold it to all of RFC 9068 §4; this app itself asks
// its database besides, so that a session which was ended is at once.
type Claims struct {
	Issuer    string `json:"iss"` // the app's public URL
	Audience  string `json:"aud"` // the same
	Subject   string `json:"sub"` // the user's id
	Session   string `json:"sid"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	Expires   int64  `json:"exp"`
	ID        string `json:"jti"`
	Epoch     *int   `json:"epoch"` // of the user: what has an earlier one than they have is ended
}

const (
	// leeway is how far clocks may differ, for nbf and exp alone.
	leeway = 30 * time.Second
	// maxJWT is more than any of ours has, in bytes.
	maxJWT = 2048
)

var rawURL = base64.RawURLEncoding.Strict()

// A jwtSigner makes and checks access tokens that are JWTs: by Ed25519 alone,
// whatever a token says of itself. A token names its key and its kind in a
// header which is the same text for all that a key signs, so there is nothing in
// it to parse, and no other algorithm, type or key to be talked into.
type jwtSigner struct {
	issuer string
	keys   []jwtKey // the current one first
}

type jwtKey struct {
	secret.SigningKey
	header string // the encoded one, with its dot
}

func newJWTSigner(keys *secret.Keyring, issuer string) *jwtSigner {
	s := &jwtSigner{issuer: issuer}
	for _, k := range keys.SigningKeys(secret.LabelAccessJWT) {
		header := `{"alg":"EdDSA","kid":"` + k.ID() + `","typ":"at+jwt"}`
		s.keys = append(s.keys, jwtKey{k, rawURL.EncodeToString([]byte(header)) + "."})
	}
	return s
}

// sign returns the token with the claims.
func (s *jwtSigner) sign(c Claims) secret.Text {
	body, err := json.Marshal(c)
	if err != nil {
		panic(err) // it holds texts and numbers
	}
	text := s.keys[0].header + rawURL.EncodeToString(body)
	return secret.NewText(text + "." + rawURL.EncodeToString(s.keys[0].Sign([]byte(text))))
}

// looksLikeJWT reports whether text claims to be a JWT, by its form alone.
func looksLikeJWT(text string) bool {
	return strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2
}

// verify returns what a token says that is ours and good at the time now.
func (s *jwtSigner) verify(text string, now time.Time) (c Claims, ok bool) {
	c, ok = s.read(text)
	return c, ok && s.good(&c, now)
}

// read returns what a token says that was signed with a key of ours.
func (s *jwtSigner) read(text string) (c Claims, ok bool) {
	if len(text) > maxJWT {
		return c, false
	}
	for _, k := range s.keys {
		rest, ours := strings.CutPrefix(text, k.header)
		if !ours {
			continue
		}
		body, signature, _ := strings.Cut(rest, ".")
		sum, err := rawURL.DecodeString(signature)
		if err != nil || !k.Verify([]byte(k.header+body), sum) {
			return c, false
		}
		plain, err := rawURL.DecodeString(body)
		if err != nil || json.Unmarshal(plain, &c) != nil {
			return c, false
		}
		return c, true
	}
	return c, false
}

// good reports whether the claims are complete and of the present.
func (s *jwtSigner) good(c *Claims, now time.Time) bool {
	return c.Issuer == s.issuer && c.Audience == s.issuer && c.Subject != "" && c.Session != "" && c.ID != "" && c.Epoch != nil &&
		c.IssuedAt > 0 && c.NotBefore > 0 && c.Expires > 0 &&
		!now.Add(leeway).Before(time.Unix(c.NotBefore, 0)) && now.Add(-leeway).Before(time.Unix(c.Expires, 0))
}

// A KeySet is the public keys by which others check JWTs (RFC 7517).
type KeySet struct {
	Keys []PublicKey `json:"keys"`
}

// A PublicKey is one of them.
type PublicKey struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
}

// KeySet returns the public keys of the access tokens: one for each key of the
// key file, those that are not current among them. ok is false if access tokens
// are no JWTs.
func (s *Service) KeySet() (set KeySet, ok bool) {
	if s.jwt == nil {
		return set, false
	}
	for _, k := range s.jwt.keys {
		set.Keys = append(set.Keys, PublicKey{Type: "OKP", Curve: "Ed25519", X: k.Public(), ID: k.ID(), Algorithm: "EdDSA", Use: "sig"})
	}
	return set, true
}

// claims are those of a session whose newest token has this id.
func (s *Service) claims(row *Session, id secret.Token, now time.Time) Claims {
	return Claims{
		Issuer: s.jwt.issuer, Audience: s.jwt.issuer, Subject: row.UserID.String(), Session: row.ID.String(), ID: id.Reveal(),
		IssuedAt: now.Unix(), NotBefore: now.Unix(), Expires: row.AccessExpiresAt.Unix(), Epoch: &row.Epoch,
	}
}
