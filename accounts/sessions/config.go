package sessions

import (
	"cmp"
	"time"

	"github.com/manorgo/manor/fault"
)

// A Form says what access tokens are.
type Form string

// The forms. The zero Form is Opaque.
const (
	Opaque Form = "opaque" // random text, which means something to this app alone
	JWT    Form = "jwt"    // signed claims (RFC 9068), which other services can read by the app's public keys
)

// The lives of sessions and tokens, unless a Config says otherwise.
const (
	AccessLife   = 15 * time.Minute    // an access token
	Idle         = 12 * time.Hour      // a browser that need not be remembered, unused
	Life         = 24 * time.Hour      // the same, used
	RememberIdle = 14 * 24 * time.Hour // a browser that is to be remembered, or a program, unused
	RememberLife = 30 * 24 * time.Hour // the same, used
)

const (
	grace     = 10 * time.Second // in which a secret that was replaced may still be on its way
	seenEvery = time.Minute      // how exactly last_seen_at is kept

	shortest    = 5 * time.Minute
	longestIdle = 90 * 24 * time.Hour
	longestLife = 400 * 24 * time.Hour // browsers keep no cookie for longer
	longestPass = time.Hour            // an access token
)

// A Config sets how long sessions live and what access tokens are. The zero
// Config is the safe one; a zero duration means the default of its name above, or, where that is
// longer than a session lives, as long as it does.
type Config struct {
	AccessLife   time.Duration // 1 minute to 1 hour
	Idle         time.Duration // 5 minutes to 90 days, and not longer than Life
	Life         time.Duration // 5 minutes to 400 days
	RememberIdle time.Duration // as Idle and RememberLife
	RememberLife time.Duration // as Life
	AccessTokens Form
}

// Check returns what is out of bounds, as fault.Invalid, or nil.
func (c Config) Check() error {
	c = c.complete()
	between := func(what string, d, low, high time.Duration) error {
		if d < low || d > high {
			return fault.Errorf(fault.Invalid, "%s must be from %v to %v, not %v", what, low, high, d)
		}
		return nil
	}
	for _, err := range []error{
		between("the life of access tokens", c.AccessLife, time.Minute, longestPass),
		between("the life of sessions", c.Life, shortest, longestLife),
		between("the life of sessions that are remembered", c.RememberLife, shortest, longestLife),
		between("how long a session may be idle", c.Idle, shortest, min(longestIdle, c.Life)),
		between("how long a session that is remembered may be idle", c.RememberIdle, shortest, min(longestIdle, c.RememberLife)),
	} {
		if err != nil {
			return err
		}
	}
	if c.AccessTokens != Opaque && c.AccessTokens != JWT {
		return fault.Errorf(fault.Invalid, "access tokens are opaque or jwt, not %q", c.AccessTokens)
	}
	return nil
}

// complete puts the defaults where nothing is said.
func (c Config) complete() Config {
	c.AccessLife = cmp.Or(c.AccessLife, AccessLife)
	c.Life, c.RememberLife = cmp.Or(c.Life, Life), cmp.Or(c.RememberLife, RememberLife)
	c.Idle = cmp.Or(c.Idle, min(Idle, c.Life))
	c.RememberIdle = cmp.Or(c.RememberIdle, min(RememberIdle, c.RememberLife))
	c.AccessTokens = cmp.Or(c.AccessTokens, Opaque)
	return c
}

// idle returns how long a session may go unused.
func (c Config) idle(remember bool) time.Duration {
	if remember {
		return c.RememberIdle
	}
	return c.Idle
}

// life returns how long a session may last.
func (c Config) life(remember bool) time.Duration {
	if remember {
		return c.RememberLife
	}
	return c.Life
}
