package apikeys

import (
	"cmp"
	"context"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// What holds unless a Config says otherwise.
const (
	PerUser = 10        // active keys of one user
	Life    = 365 * day // of a key that does not say when it expires

	day       = 24 * time.Hour
	seenEvery = time.Minute
)

// Unlimited is a Config.MaxLife by which keys may live for ever.
const Unlimited time.Duration = -1

// A Config says what keys look like and how long they live. The zero Config is the
// safe one.
type Config struct {
	Prefix      string // what keys begin with; "" means mnk. Keys with another one are of no use any more
	Environment string // what comes then, to tell a test from what is real; "" means live

	PerUser int           // how many active keys a user may have; 0 means PerUser
	Life    time.Duration // of keys that do not say how long; 0 means Life, or MaxLife if that is less
	MaxLife time.Duration // the longest that may be asked for; 0 means Life, Unlimited none
	Idle    time.Duration // after which keys end that are not used, unless they say so themselves, in days; 0 means never

	// SeenEvery is how exactly it is known when a key was last used. 0 means a
	// minute, less than that never.
	SeenEvery time.Duration

	// Window is how far the time of a signed request may be from now; 0 means five
	// minutes. Nonces are kept for twice as long.
	Window time.Duration

	// Prove returns nil if the caller has just proved who they are, or does so now by
	// their password, which is empty if the request brought none. nil means that only
	// the former counts, see auth.CheckFresh.
	Prove func(ctx context.Context, password secret.Text) error
}

// Check returns what is out of bounds, as fault.Invalid, or nil.
func (c Config) Check() error {
	full := c.complete(nil)
	if err := full.format().Check(); err != nil {
		return err
	}
	switch {
	case c.PerUser < 0:
		return fault.Errorf(fault.Invalid, "the number of API keys of a user must be at least 1, not %d", c.PerUser)
	case full.Life < time.Hour, full.MaxLife != Unlimited && full.Life > full.MaxLife:
		return fault.Errorf(fault.Invalid, "API keys must live for an hour at least, and not longer than the longest, not %v", full.Life)
	case c.Window < 0 || c.Window > time.Hour:
		return fault.Errorf(fault.Invalid, "signed requests are good for up to an hour, not for %v", c.Window)
	case c.Idle < 0 || c.Idle%day != 0:
		return fault.Errorf(fault.Invalid, "API keys end after days without use, not after %v", c.Idle)
	}
	return nil
}

// complete puts the defaults where nothing is said.
func (c Config) complete(now func() time.Time) Config {
	c.Prefix, c.Environment = cmp.Or(c.Prefix, string(secret.APIKey)), cmp.Or(c.Environment, "live")
	c.PerUser, c.MaxLife, c.SeenEvery = cmp.Or(c.PerUser, PerUser), cmp.Or(c.MaxLife, Life), cmp.Or(c.SeenEvery, seenEvery)
	if c.MaxLife < 0 {
		c.MaxLife = Unlimited
	}
	if c.Life == 0 {
		c.Life = Life
		if c.MaxLife != Unlimited {
			c.Life = min(Life, c.MaxLife)
		}
	}
	if c.Prove == nil {
		c.Prove = func(ctx context.Context, _ secret.Text) error { return auth.CheckFresh(ctx, now()) }
	}
	return c
}

func (c Config) format() Format { return Format{c.Prefix, c.Environment} }

// expiry returns when a new key expires that asks for a number of days or a time, or
// nothing: zero for never.
func (c Config) expiry(now time.Time, inDays *int, at *time.Time) (time.Time, error) {
	field, until := "expires_in_days", now.Add(c.Life)
	switch {
	case inDays != nil && at != nil:
		return until, fault.Field("expires_at", "may not be there beside expires_in_days")
	case inDays != nil && *inDays == 0:
		until = time.Time{}
	case inDays != nil:
		until = now.AddDate(0, 0, min(max(*inDays, -1), 1_000_000))
	case at != nil:
		field, until = "expires_at", *at
	}
	switch {
	case c.MaxLife != Unlimited && (until.IsZero() || until.After(now.Add(c.MaxLife))):
		return until, fault.Field(field, "must be within %d days", c.MaxLife/day)
	case !until.IsZero() && !until.After(now):
		return until, fault.Field(field, "must be in the future")
	case until.Year() > 9999:
		return until, fault.Field(field, "is too late")
	}
	return until, nil
}
