package apikeys

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/httpsig"
	"github.com/manorgo/manor/web"
)

// A signature is whose key a request is signed with, and what they may do by it.
type signature struct {
	key *Signer
	who *auth.Principal
}

// verifier returns who checks signatures, in the order that it has: the key, in one
// statement; the time; the signature; the body's digest; whether the key is good;
// and at last the nonce, in another statement.
func (s *Service) verifier(origin func(*http.Request) (scheme, host string)) *httpsig.Verifier[*signature] {
	return &httpsig.Verifier[*signature]{
		Key: func(ctx context.Context, sig *httpsig.Signature) (httpsig.Key, *signature, error) {
			signer, err := s.Signer(ctx, sig.KeyID)
			if err != nil {
				return httpsig.Key{}, nil, err
			}
			key, err := signer.key()
			return key, &signature{key: signer}, err
		},
		Accept: func(ctx context.Context, sig *httpsig.Signature, by *signature, until time.Time) (err error) {
			if by.who, err = s.Admit(ctx, by.key); err != nil {
				return err
			}
			return s.useUp(ctx, by.key.holder.ID, sig.Nonce, until)
		},
		Origin: origin,
		Window: s.config.Window,
		Now:    s.db.Now,
	}
}

// key returns what signatures are checked by.
func (k *Signer) key() (httpsig.Key, error) {
	if k.Signing == SignEd25519 {
		return httpsig.PublicKey(k.PublicKey)
	}
	return httpsig.HMACKey([]byte(k.Secret.Reveal()))
}

// signedScheme is the credential that a signature is.
func (s *Service) signedScheme() auth.Scheme {
	v := s.verifier(s.origin)
	return auth.Scheme{
		Name: "signature",
		Find: func(r *http.Request) (string, bool) { return "", v.Signed(r) },
		Prove: func(r *http.Request) (*auth.Principal, error) {
			if other := r.Header.Get("Authorization"); r.Header.Get("X-API-Key") != "" || other != "" && !strings.HasPrefix(other, string(httpsig.LSA1)+" ") {
				return nil, fault.Errorf(fault.Unauthenticated, "send one credential")
			}
			_, by, err := v.Verify(r)
			if err != nil {
				return nil, err
			}
			return by.who, nil
		},
		Codes: []string{httpsig.CodeInvalid, httpsig.CodeSkew, httpsig.CodeReplay},
	}
}

// origin returns what clients call the app: what its links begin with, since a proxy
// may call it otherwise, unless these lead to this machine, which has several names.
func (s *Service) origin(r *http.Request) (scheme, host string) {
	scheme, host = s.links.Origin()
	name := host
	if bare, _, err := net.SplitHostPort(host); err == nil {
		name = bare
	}
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); name == "" || name == "localhost" || err == nil && ip.IsLoopback() {
		host = r.Host
	}
	return scheme, host
}

type fromKey struct{}

// from returns a context for a client at an address, of whom somebody else asks.
func from(ctx context.Context, ip netip.Addr) context.Context {
	return context.WithValue(ctx, fromKey{}, ip)
}

// addressOf returns where the client is whose key is looked at.
func addressOf(ctx context.Context) netip.Addr {
	if ip, ok := ctx.Value(fromKey{}).(netip.Addr); ok {
		return ip
	}
	return web.ClientFrom(ctx).IP
}
