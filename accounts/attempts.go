package accounts

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// The limits on guessing a password, beside those of the routes, which hold back
// addresses. The account is locked after ten failures, wherever they come from,
// and each address for itself after five, so that one address alone has to wait
// before it can lock others out.
var (
	accountLock = limit.Lock{Free: 10, First: 30 * time.Second, Longest: time.Hour, Stop: 100}
	pairLock    = limit.Lock{Free: 5, First: 30 * time.Second, Longest: 15 * time.Minute, Stop: 1000}
)

// mailRate is how many mails strangers can have sent to one address.
var mailRate = limit.Rate{N: 3, Per: time.Hour}

// The names of the limits, for operators.
const (
	limitSignIn = "sign-in"
	limitPair   = "sign-in from an address"
	limitDevice = "sign-in from a known device"
	limitProof  = "proof in a session"
	limitMail   = "mail"
	limitInvite = "invitation"
)

// An attempt is one try at a password. Its place was taken before the password
// is looked at, so that many at once are no more than the limit.
type attempt struct {
	asks    []limit.Ask
	refused bool     // answer as to a wrong password, after the same work
	hits    int      // failures in a row, with this one
	last    bool     // if it fails, the account is locked the first time
	user    users.ID // the account, zero if there is none
}

// begin takes a place for an attempt to sign in as u, or as whoever was named if
// there is no such user. Limits that cannot be checked are fault.Unavailable.
//
// A device that signed in as u before is counted for itself alone: what others
// do to the account does not lock its owner out.
func (s *Service) begin(ctx context.Context, in SigningIn, u *users.User) (attempt, error) {
	about := aboutAttempt(in.Identifier, u)
	asks := []limit.Ask{{Name: limitSignIn, About: about, Lock: accountLock}}
	if d, ok := s.readDevice(in.Device); ok && !u.ID.IsZero() && d.user == u.ID {
		asks = []limit.Ask{{Name: limitDevice, About: about, Key: d.id, Lock: accountLock}}
	} else if in.Client.IP.IsValid() {
		asks = append(asks, limit.Ask{Name: limitPair, About: about, Key: limit.Address(in.Client.IP), Lock: pairLock})
	}
	a, err := s.take(ctx, asks...)
	if err != nil {
		return a, err
	}
	a.user, a.last = u.ID, a.last && asks[0].Name == limitSignIn
	if a.refused {
		return a, nil
	}
	return a, s.challengeAttempt(ctx, in, a)
}

// take takes the place.
func (s *Service) take(ctx context.Context, asks ...limit.Ask) (attempt, error) {
	a := attempt{asks: asks}
	verdicts, err := s.limits.Take(ctx, asks...)
	if err != nil {
		return a, err
	}
	a.refused = !limit.Allowed(verdicts)
	for _, v := range verdicts {
		a.hits = max(a.hits, v.Hits)
	}
	a.last = !a.refused && verdicts[0].Hits == accountLock.Free
	return a, nil
}

// challengeAttempt asks for a proof that a person is there. Who does not bring
// it has not tried any password.
func (s *Service) challengeAttempt(ctx context.Context, in SigningIn, a attempt) error {
	err := s.challenge(ctx, ChallengeRequest{Action: ChallengeSignIn, Response: in.Challenge, Client: in.Client, Failures: max(0, a.hits-1)})
	if err != nil {
		err = errors.Join(err, s.limits.GiveBack(ctx, a.asks...))
	}
	return err
}

// failed does what follows from the end of an attempt, err, and returns it: one
// that could not be made is given back, and one that locks an account is told
// its owner.
func (s *Service) failed(ctx context.Context, a attempt, err error) error {
	kind := fault.KindOf(err)
	switch {
	case kind == fault.Unavailable && !a.refused:
		err = errors.Join(err, s.limits.GiveBack(context.WithoutCancel(ctx), a.asks...))
	case kind == fault.Unauthenticated && a.last:
		terr := s.db.Tx(ctx, func(tx *data.Tx) error { return s.queue.Enqueue(ctx, tx, locked{a.user}) })
		if terr != nil {
			return terr
		}
	}
	if kind == fault.Unauthenticated && !a.user.IsZero() {
		err = &attackOn{err, a.user}
	}
	return err
}

// An attackOn is a wrong proof of being a user. Nothing tells a stranger whose
// it was; the audit does.
type attackOn struct {
	error
	user users.ID
}

func (e *attackOn) Unwrap() error { return e.error }

// AuditObject names whom the audit says it was about.
func (e *attackOn) AuditObject() (kind, id string) { return "users", e.user.String() }

// locked asks for the owner of an account, if there is one, to be told that it
// was locked. As with forgot, a task looks, so that strangers cannot tell.
type locked struct {
	User users.ID `json:"user"`
}

// Kind names the task.
func (locked) Kind() string { return "accounts.locked" }

// mailLocked tells the owner of an account that it was locked.
func (s *Service) mailLocked(ctx context.Context, l locked) error {
	if l.User.IsZero() {
		return nil
	}
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		u, err := s.users.Table.On(tx).Get(ctx, l.User)
		if fault.KindOf(err) == fault.NotFound || err == nil && !u.SignsIn() {
			return nil
		}
		if err != nil {
			return err
		}
		return s.send(ctx, tx, letterLocked, u.Email, letterTo(&u))
	})
}

// aboutAttempt names whom an attempt counts against: the account, whatever it
// was called, or what was typed if there is none.
func aboutAttempt(identifier string, u *users.User) string {
	if !u.ID.IsZero() {
		return limit.User(u.Subject())
	}
	return aboutIdentifier(identifier)
}

// aboutIdentifier names whom a limit on an e-mail address or a username counts:
// all spellings of it are one.
func aboutIdentifier(identifier string) string {
	if strings.Contains(identifier, "@") {
		return "identifier|" + users.EmailKey(identifier)
	}
	return "identifier|" + users.UsernameKey(strings.TrimSpace(identifier))
}

// mayMail takes one of the mails that strangers can have sent to an address. If
// there is none left, nothing must be sent and nobody must hear of it.
func (s *Service) mayMail(ctx context.Context, address string) (bool, error) {
	v, err := s.limits.Exactly(ctx, limit.Ask{Name: limitMail, About: aboutIdentifier(address), Rate: mailRate})
	return v.Allowed, err
}

// mayInvite takes one of the invitations that an address can be sent, or is
// fault.Limited. They are counted apart from the mails of strangers, who could
// keep somebody from being invited otherwise.
func (s *Service) mayInvite(ctx context.Context, address string) error {
	v, err := s.limits.Exactly(ctx, limit.Ask{Name: limitInvite, About: aboutIdentifier(address), Rate: mailRate})
	if err == nil && !v.Allowed {
		err = web.TooMany(limitInvite, mailRate.N, mailRate.Per, v.Retry)
	}
	return err
}

// AboutAccount returns whom the limits on an account are about, for
// limit.Limiter: Show and Forget take it.
func AboutAccount(u *users.User) []string {
	return []string{limit.User(u.Subject()), aboutIdentifier(u.Email), aboutIdentifier(u.Username)}
}

// AboutIdentifier returns whom the limits on an e-mail address or a username are
// about that belongs to no account.
func AboutIdentifier(identifier string) []string { return []string{aboutIdentifier(identifier)} }

// unlock lets somebody sign in again who has proved to be the owner otherwise.
func (s *Service) unlock(ctx context.Context, tx *data.Tx, user users.ID) error {
	if !s.limits.On() {
		return nil
	}
	_, err := s.limits.Forget(ctx, tx, limit.User(auth.Subject(user.String())))
	return err
}

// A device is what the cookie of a browser says that somebody signed in with.
type device struct {
	user   users.ID
	id     string // 16 random bytes
	issued time.Time
}

const (
	deviceLife = 180 * 24 * time.Hour
	deviceSize = 16 + 16 + 8
)

// readDevice reads what deviceCookie has written.
func (s *Service) readDevice(value string) (d device, ok bool) {
	if value == "" {
		return d, false
	}
	b, err := s.keys.Open(secret.LabelDeviceCookie, value)
	if err != nil || len(b) != deviceSize {
		return d, false
	}
	copy(d.user[:], b)
	d.id, d.issued = string(b[16:32]), time.Unix(int64(binary.BigEndian.Uint64(b[32:])), 0)
	age := s.db.Now().Sub(d.issued)
	return d, age < deviceLife && age > -time.Hour
}

// deviceCookie returns the cookie by which the browser that u has signed in with
// is known the next time, or none if it has it already. It is no credential: it
// only keeps others from locking its owner out.
func (s *Service) deviceCookie(u *users.User, value string) []*http.Cookie {
	if !s.limits.On() {
		return nil
	}
	now := s.db.Now()
	d, ok := s.readDevice(value)
	if ok && d.user == u.ID && now.Sub(d.issued) < deviceLife/2 {
		return nil
	}
	b := append(make([]byte, 0, deviceSize), u.ID[:]...)
	b = b[:32]
	_, _ = rand.Read(b[16:]) // never fails
	b = binary.BigEndian.AppendUint64(b, uint64(now.Unix()))
	secure := s.links.Secure()
	return []*http.Cookie{{
		Name: deviceCookieName(secure), Value: s.keys.Sign(secret.LabelDeviceCookie, b), Path: "/", Expires: now.Add(deviceLife),
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}}
}

// deviceCookieName is as sessions.CookieName.
func deviceCookieName(secure bool) string {
	if secure {
		return "__Host-manor_device"
	}
	return "manor_device"
}

// deviceOf returns the cookie of the device that sends a request.
func (s *Service) deviceOf(ctx context.Context) string {
	return web.CookieValue(ctx, deviceCookieName(s.links.Secure()))
}
