package apikeys

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
)

// Ask is the permission to ask whose keys are: for services that are sent them.
const Ask = "api-keys:verify"

// A Question asks about a key, or a request that is signed with one.
type Question struct {
	Key      string         `json:"key,omitempty" maxLength:"4096" doc:"What the service was sent."`
	Request  *SignedRequest `json:"request,omitempty" doc:"A signed request, in place of a key."`
	ClientIP string         `json:"client_ip,omitempty" maxLength:"64" doc:"Where it came from. Keys that may only be used from some addresses are not good without it."`
}

// A SignedRequest is a request with the digest of its body in the body's place.
type SignedRequest struct {
	Method     string              `json:"method" maxLength:"32"`
	URL        string              `json:"url" maxLength:"20000" doc:"As the client calls it: scheme, host, path and query."`
	Headers    map[string][]string `json:"headers" doc:"At least those that are signed, and those of the signature."`
	BodySHA256 []byte              `json:"body_sha256" doc:"In base64; of nothing, if there is no body."`
	BodyLength int64               `json:"body_length,omitempty" minimum:"0"`
}

// A Verdict says whose key it is.
type Verdict struct {
	Valid     bool             `json:"valid"`
	Code      string           `json:"code,omitempty" doc:"Why it is not valid, such as API_KEY_REVOKED."`
	UserID    *users.ID        `json:"user_id,omitempty"`
	KeyID     string           `json:"key_id,omitempty"`
	Scopes    auth.Permissions `json:"scopes" doc:"What both the key and its owner may do now."`
	ExpiresAt *time.Time       `json:"expires_at,omitempty"`
}

// Answer says whose key a service was sent. A key that is not good is an answer, and
// no error; a question that makes no sense is fault.Invalid.
func (s *Service) Answer(ctx context.Context, q Question) (Verdict, error) {
	var ip netip.Addr
	if q.ClientIP != "" {
		var err error
		if ip, err = netip.ParseAddr(q.ClientIP); err != nil {
			return Verdict{}, fault.Field("client_ip", "is no address")
		}
	}
	if (q.Key == "") == (q.Request == nil) {
		return Verdict{}, fault.Field("key", "must be there, or request must, and not both")
	}
	who, h, err := s.whose(from(ctx, ip), q)
	if fault.KindOf(err) == fault.Unauthenticated {
		e, _ := errors.AsType[*fault.Error](err)
		return Verdict{Code: e.Code, Scopes: auth.Permissions{}}, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	return Verdict{Valid: true, UserID: &h.UserID, KeyID: h.KeyID, Scopes: append(auth.Permissions{}, who.Permissions...), ExpiresAt: h.ExpiresAt}, nil
}

// whose returns whose key a question is about.
func (s *Service) whose(ctx context.Context, q Question) (*auth.Principal, *holder, error) {
	if q.Request == nil {
		return s.verify(ctx, q.Key)
	}
	r, sum, err := q.Request.request(ctx)
	if err != nil {
		return nil, nil, err
	}
	v := s.verifier(func(r *http.Request) (scheme, host string) { return r.URL.Scheme, r.URL.Host })
	_, by, err := v.VerifySum(r, sum)
	if err != nil {
		return nil, nil, err
	}
	return by.who, &by.key.holder, nil
}

// request returns the request as the service received it.
func (q *SignedRequest) request(ctx context.Context) (r *http.Request, sum [32]byte, err error) {
	u, err := url.Parse(q.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, sum, fault.Field("request.url", "is no address of a service")
	}
	if copy(sum[:], q.BodySHA256) != len(sum) || len(q.BodySHA256) != len(sum) {
		return nil, sum, fault.Field("request.body_sha256", "must have 32 bytes")
	}
	_, after, _ := strings.Cut(q.URL, "://")
	target := "/"
	if at := strings.IndexAny(after, "/?"); at >= 0 {
		target = after[at:]
	}
	header := http.Header{}
	for name, values := range q.Headers {
		for _, v := range values {
			header.Add(name, v)
		}
	}
	r = &http.Request{Method: q.Method, URL: u, Host: u.Host, RequestURI: target, Header: header, ContentLength: q.BodyLength, Body: http.NoBody}
	return r.WithContext(ctx), sum, nil
}

func (s *Service) answer(ctx context.Context, in *struct{ Body Question }) (*struct{ Body Verdict }, error) {
	v, err := s.Answer(ctx, in.Body)
	return &struct{ Body Verdict }{v}, err
}
