package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
)

// What holds unless a Guard says otherwise.
const (
	DefaultCache   = time.Second
	DefaultMaxBody = 1 << 20 // bytes

	askTime = 5 * time.Second
)

// A Caller is who sent a request, as Manor says.
type Caller struct {
	UserID    string           `json:"user_id"` // whose key it is
	KeyID     string           `json:"key_id"`
	Scopes    auth.Permissions `json:"scopes"`     // what both the key and its owner may do now
	ExpiresAt *time.Time       `json:"expires_at"` // of the key, nil means never
}

// Can reports whether the caller holds a permission, such as posts:read.
func (c *Caller) Can(permission string) bool { return c != nil && c.Scopes.Allow(permission) }

// A Guard lets those requests through to a service that have a good API key of
// Manor's, or are signed with one, and tells the service who calls. It is safe for
// use by many goroutines and must not be copied.
//
// A key that was sent is asked about at most once in Cache, so that a revocation is
// felt within that time. A signed request is asked about each time, for it counts
// once.
type Guard struct {
	// URL is where Manor's API is, such as "https://id.example.com/api/v1".
	URL string

	// Client sends the questions, with a key of this service's own that has the
	// scope api-keys:verify: give it a [Transport], or one that signs. nil fails all.
	Client *http.Client

	Cache   time.Duration // how long an answer about a key is good, at most a second; 0 means a second, less than 0 not at all
	MaxBody int64         // bytes of a signed request's body; 0 means DefaultMaxBody

	// Origin is what clients call this service, such as "https://shop.example.com",
	// for services behind proxies. "" means the host that the request asks for, and
	// https if its connection is encrypted.
	Origin string

	// ClientIP returns where a request came from, for keys that may only be used from
	// some addresses. nil means the other end of the connection.
	ClientIP func(*http.Request) netip.Addr

	Log *slog.Logger // told why a question had no answer; nil means slog.Default

	known cache
}

type callerKey struct{}

// From returns who sent a request that a Guard let through, or nil.
func From(ctx context.Context) *Caller {
	c, _ := ctx.Value(callerKey{}).(*Caller)
	return c
}

// Require returns next behind the guard. Requests without a good key get 401; with
// a permission that the caller does not hold 403, "" wants none. A service that
// cannot reach Manor answers 503, and lets nobody through.
func (g *Guard) Require(permission string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := g.Caller(w, r)
		if err == nil && permission != "" && !c.Can(permission) {
			err = fault.Errorf(fault.Forbidden, "not allowed")
		}
		if err != nil {
			g.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// Caller asks who sent a request. The body of a signed one is read and put back. A
// request that has no good key, or is not signed rightly, is fault.Unauthenticated;
// fault.Unavailable says that Manor could not be asked, and a body that is too large
// is *http.MaxBytesError.
func (g *Guard) Caller(w http.ResponseWriter, r *http.Request) (*Caller, error) {
	key, signed, err := credentialOf(r)
	if err != nil {
		return nil, err
	}
	q := question{Key: key, ClientIP: g.address(r)}
	if !signed {
		return g.known.get(r.Context(), sha256.Sum256([]byte(q.ClientIP+"|"+key)), g.keep(), func(ctx context.Context) (*Caller, error) {
			return g.ask(ctx, q)
		})
	}
	if q.Request, err = g.describe(w, r); err != nil {
		return nil, err
	}
	return g.ask(r.Context(), q)
}

// address returns where a request came from, "" if that is not known.
func (g *Guard) address(r *http.Request) string {
	var ip netip.Addr
	if g.ClientIP != nil {
		ip = g.ClientIP(r)
	} else if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		ip = at.Addr()
	}
	if !ip.IsValid() {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

// keep returns how long an answer is good.
func (g *Guard) keep() time.Duration { return min(cmp.Or(g.Cache, DefaultCache), DefaultCache) }

// credentialOf returns the key that a request carries, or that it is signed.
func credentialOf(r *http.Request) (key string, signed bool, err error) {
	header := r.Header
	given := len(header.Values("Authorization")) + len(header.Values("X-API-Key"))
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	switch {
	case given > 1:
		return "", false, fault.Errorf(fault.Unauthenticated, "send one credential")
	case header.Get("Signature-Input") != "" && given == 0, strings.HasPrefix(scheme, "LSA1-"):
		return "", true, nil
	case strings.EqualFold(scheme, "Bearer"):
		key = strings.TrimSpace(token)
	default:
		key = header.Get("X-API-Key")
	}
	if key == "" || len(key) > maxKey {
		return "", false, fault.Errorf(fault.Unauthenticated, "an API key is needed")
	}
	return key, false, nil
}

const maxKey = 4096 // bytes, as Manor has it

// A question is the body of POST /api-keys/verify.
type question struct {
	Key     string   `json:"key,omitempty"`
	Request *request `json:"request,omitempty"`

	ClientIP string `json:"client_ip,omitempty"`
}

// A request is a signed request with the digest of its body in the body's place.
type request struct {
	Method     string      `json:"method"`
	URL        string      `json:"url"`
	Header     http.Header `json:"headers"`
	BodySHA256 []byte      `json:"body_sha256"`
	BodyLength int64       `json:"body_length,omitempty"`
}

// describe reads the body, puts it back, and says what was signed. Cookies are the
// service's own business.
func (g *Guard) describe(w http.ResponseWriter, r *http.Request) (*request, error) {
	body := []byte(nil)
	if r.Body != nil && r.Body != http.NoBody {
		var err error
		if body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, cmp.Or(g.MaxBody, DefaultMaxBody))); err != nil {
			if _, large := errors.AsType[*http.MaxBytesError](err); large {
				return nil, err
			}
			return nil, fault.Wrap(fault.Malformed, err, "the body cannot be read")
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	origin := g.Origin
	if origin == "" {
		if origin = "http://" + r.Host; r.TLS != nil {
			origin = "https://" + r.Host
		}
	}
	header := r.Header.Clone()
	header.Del("Cookie")
	target := r.RequestURI // as it travelled
	if !strings.HasPrefix(target, "/") {
		target = r.URL.RequestURI()
	}
	sum := sha256.Sum256(body)
	return &request{r.Method, strings.TrimSuffix(origin, "/") + target, header, sum[:], int64(len(body))}, nil
}

// An answer is what POST /api-keys/verify says.
type answer struct {
	Valid bool   `json:"valid"`
	Code  string `json:"code"`
	Caller
}

// ask asks Manor.
func (g *Guard) ask(ctx context.Context, q question) (*Caller, error) {
	if g.Client == nil {
		return nil, fault.Errorf(fault.Unavailable, "there is no client to ask by")
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(g.URL, "/")+"/api-keys/verify", bytes.NewReader(body))
	if err != nil {
		return nil, unreachable(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := g.Client.Do(req)
	if err != nil {
		return nil, unreachable(err)
	}
	defer res.Body.Close()
	var a answer
	if text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20)); err != nil {
		return nil, unreachable(err)
	} else if res.StatusCode != http.StatusOK {
		return nil, unreachable(fault.Errorf(fault.Internal, "it answers %s: %s", res.Status, text))
	} else if err := json.Unmarshal(text, &a); err != nil {
		return nil, unreachable(err)
	}
	if !a.Valid {
		return nil, &fault.Error{Kind: fault.Unauthenticated, Code: a.Code, Msg: "the API key is not valid"}
	}
	return &a.Caller, nil
}

func unreachable(err error) error {
	return fault.Wrap(fault.Unavailable, err, "nobody can say at the moment whose API key this is")
}

// refuse answers with problem details (RFC 9457).
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, detail, code := http.StatusUnauthorized, "an API key is needed", ""
	if e, ok := errors.AsType[*fault.Error](err); ok {
		detail, code = e.Msg, e.Code
	}
	switch fault.KindOf(err) {
	case fault.Unauthenticated:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case fault.Forbidden:
		status = http.StatusForbidden
	case fault.Malformed:
		status = http.StatusBadRequest
	default:
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			status, detail = http.StatusRequestEntityTooLarge, "the body is too large"
			break
		}
		status, detail = http.StatusServiceUnavailable, "nobody can say at the moment whose API key this is"
		log := g.Log
		if log == nil {
			log = slog.Default()
		}
		log.WarnContext(r.Context(), "who calls is not known", "error", err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Code   string `json:"code,omitempty"`
	}{http.StatusText(status), status, detail, code})
}
