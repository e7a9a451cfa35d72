package limit

import (
	"context"
	"net/netip"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/web"
)

// How many times the requests of a stranger somebody may send.
const (
	signedInTimes = 4
	staffTimes    = 5 // once more
)

// Limit counts a request by its tier: signed-in callers each for themselves,
// with four times the rate, those who hold any permission with five times that;
// strangers by their address. An exact tier is counted for each route, another
// one for all its routes together, and roughly.
func (l *Limiter) Limit(ctx context.Context, r web.Limited) error {
	if !l.On() || r.Tier.PerMinute <= 0 {
		return nil
	}
	a := askOf(r)
	var v Verdict
	if !r.Tier.Exact {
		v = l.Roughly(ctx, a)
	} else if exact, err := l.Exactly(ctx, a); err != nil {
		return err
	} else {
		v = exact
	}
	if v.Allowed {
		return nil
	}
	return web.TooMany(r.Tier.Name, int(l.scaled(a.Rate)), a.Rate.Per, v.Retry)
}

// Forgive takes a request of an exact tier off its count again.
func (l *Limiter) Forgive(ctx context.Context, r web.Limited) {
	if l.On() && r.Tier.Exact {
		if err := l.GiveBack(ctx, askOf(r)); err != nil { // it counts, which is the safe side
			l.warn(ctx, err)
		}
	}
}

func askOf(r web.Limited) Ask {
	a := Ask{Name: r.Tier.Name, Rate: Rate{r.Tier.PerMinute, time.Minute}}
	if r.Tier.Exact {
		a.Name += " " + r.Route
	}
	if !r.Caller.SignedIn() {
		a.About = Address(r.Client.IP)
		return a
	}
	a.About = User(r.Caller.Subject)
	a.Rate.N *= signedInTimes
	if len(r.Caller.Permissions) > 0 {
		a.Rate.N *= staffTimes
	}
	return a
}

// User is what counters about an account are About.
func User(s auth.Subject) string { return "user|" + string(s) }

// Address is what counters about a client's address are About: an IPv4 address,
// however it is written, or the /64 of an IPv6 address, since that is what one
// household has. Addresses that cannot be told are one.
func Address(ip netip.Addr) string {
	bits := 64
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		bits = 32
	}
	p, err := ip.Prefix(bits)
	if err != nil || !p.IsValid() {
		return "address|unknown"
	}
	return "address|" + p.String()
}
