package sessions

import (
	"context"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/secret"
)

// accessPrefix is that of the random part of access tokens. What is the id of a
// JWT is worth nothing without it.
func (s *Service) accessPrefix() secret.Prefix {
	if s.jwt != nil {
		return secret.AccessID
	}
	return secret.AccessToken
}

// verifyJWT is verifyToken for a JWT. Once it has proved to be ours, its session
// is looked up like any other's: it ends with that, and has the rights of now.
func (s *Service) verifyJWT(ctx context.Context, text string) (*auth.Principal, error) {
	c, ok := s.jwt.verify(text, s.db.Now())
	if !ok {
		return nil, unauthenticated()
	}
	token, err := secret.ParseToken(secret.AccessID, c.ID)
	if err != nil {
		return nil, unauthenticated()
	}
	h, _, err := s.find(ctx, Token, s.keys.Digests(secret.LabelAccess, token), leeway)
	if err != nil {
		return nil, err
	}
	if h.UserID.String() != c.Subject || h.ID.String() != c.Session || h.Epoch != *c.Epoch {
		return nil, unauthenticated()
	}
	return h.principal(), nil
}

// accessDigests returns what the session of an access token may have in its row,
// whether or not it has ended, and false if it is no access token.
func (s *Service) accessDigests(text string) ([]secret.Digest, bool) {
	prefix := secret.AccessToken
	if s.jwt != nil && looksLikeJWT(text) {
		c, ok := s.jwt.read(text)
		if !ok {
			return nil, false
		}
		prefix, text = secret.AccessID, c.ID
	}
	token, err := secret.ParseToken(prefix, text)
	if err != nil {
		return nil, false
	}
	return s.keys.Digests(secret.LabelAccess, token), true
}
