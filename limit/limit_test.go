package limit_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// A clock stands still unless it is advanced.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.micros.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) Now() time.Time          { return time.UnixMicro(c.micros.Load()).UTC() }
func (c *clock) Advance(d time.Duration) { c.micros.Add(d.Microseconds()) }

var setup = datatest.Setup{Revisions: []migrate.Source{{Name: "limit", FS: limit.Migrations}}}

func keys(t *testing.T) *secret.Keyring {
	t.Helper()
	k, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// each runs a test on every database, with a limiter by a clock.
func each(t *testing.T, run func(t *testing.T, db *data.DB, c *clock, l *limit.Limiter)) {
	t.Helper()
	t.Parallel()
	setup.Each(t, func(t *testing.T, db *data.DB) {
		c := newClock()
		run(t, db, c, limit.New(db, keys(t), limit.Config{Clock: c.Now}))
	})
}

func take(t *testing.T, l *limit.Limiter, asks ...limit.Ask) []limit.Verdict {
	t.Helper()
	v, err := l.Take(t.Context(), asks...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// admitted counts how many of n attempts are admitted.
func admitted(n int, try func(i int) bool) (out int) {
	for i := range n {
		if try(i) {
			out++
		}
	}
	return out
}

func TestRate(t *testing.T) {
	each(t, func(t *testing.T, _ *data.DB, c *clock, l *limit.Limiter) {
		a := limit.Ask{Name: "try", About: "ann", Rate: limit.Rate{N: 5, Per: time.Minute}}
		try := func(int) bool { return limit.Allowed(take(t, l, a)) }
		if n := admitted(8, try); n != 5 {
			t.Errorf("%d of 8 at once, want 5", n)
		}
		if v := take(t, l, a)[0]; v.Allowed || v.Retry != 12*time.Second {
			t.Errorf("one more is %+v, want a retry after 12 s", v)
		}
		c.Advance(12*time.Second - time.Microsecond)
		if v := take(t, l, a)[0]; v.Allowed || v.Retry != time.Microsecond {
			t.Errorf("a moment too early: %+v", v)
		}
		c.Advance(time.Microsecond)
		if n := admitted(3, try); n != 1 {
			t.Errorf("%d after 12 s, want 1", n)
		}
		c.Advance(time.Hour)
		if n := admitted(8, try); n != 5 {
			t.Errorf("%d after an hour, want 5 and no more", n)
		}
		other := a
		other.About = "bob"
		if !limit.Allowed(take(t, l, other)) {
			t.Error("one caller's attempts are held against another")
		}
		total := 0
		for range 600 { // ten minutes
			c.Advance(time.Second)
			total += admitted(2, try)
		}
		if total != 50 {
			t.Errorf("%d in ten minutes at 5 a minute, want 50", total)
		}
	})
}

// However many instances ask at the same moment, by whatever clocks of theirs,
// they admit together what one would.
func TestInstancesCountAsOne(t *testing.T) {
	each(t, func(t *testing.T, db *data.DB, c *clock, _ *limit.Limiter) {
		const n, each = 40, 60
		rate := limit.Ask{Name: "rate", About: "ann", Rate: limit.Rate{N: n, Per: 10 * time.Hour}}
		lock := limit.Ask{Name: "lock", About: "ann", Lock: limit.Lock{Free: n, First: time.Hour, Longest: time.Hour, Stop: 100}}
		var rates, locks atomic.Int64
		var group sync.WaitGroup
		var instances []*limit.Limiter
		for _, skew := range []time.Duration{-2 * time.Hour, 2 * time.Hour} {
			cfg := limit.Config{}
			if db.Dialect() == "sqlite" { // whose instances share a clock
				cfg.Clock = c.Now
			}
			now := func() time.Time { return time.Now().Add(skew) }
			l := limit.New(data.New(db.Driver(), now), keys(t), cfg)
			instances = append(instances, l)
			for range 4 {
				group.Go(func() {
					for range each / 4 {
						v, err := l.Exactly(context.Background(), rate)
						if err != nil {
							t.Error(err)
						}
						if v.Allowed {
							rates.Add(1)
						}
						vs, err := l.Take(context.Background(), lock)
						if err != nil {
							t.Error(err)
						}
						if limit.Allowed(vs) {
							locks.Add(1)
						}
					}
				})
			}
		}
		group.Wait()
		if rates.Load() != n || locks.Load() != n {
			t.Errorf("the rate admitted %d and the lock %d, want %d", rates.Load(), locks.Load(), n)
		}
		rate.Key, lock.Key = "in turn", "in turn" // the slow clock's instance first
		for i, want := range []int{n, 0} {
			try := func(a limit.Ask) int {
				return admitted(n, func(int) bool { return limit.Allowed(take(t, instances[i], a)) })
			}
			if r, l := try(rate), try(lock); r != want || l != want {
				t.Errorf("instance %d: the rate admitted %d and the lock %d, want %d", i+1, r, l, want)
			}
		}
	})
}

func TestLockGrows(t *testing.T) {
	each(t, func(t *testing.T, db *data.DB, c *clock, l *limit.Limiter) {
		a := limit.Ask{Name: "sign-in", About: "ann", Lock: limit.Lock{Free: 3, First: 30 * time.Second, Longest: 3 * time.Minute, Stop: 8}}
		for i := range 3 {
			if v := take(t, l, a)[0]; !v.Allowed || v.Hits != i+1 {
				t.Fatalf("attempt %d: %+v", i+1, v)
			}
		}
		for i, wait := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 3 * time.Minute, 3 * time.Minute} {
			if v := take(t, l, a)[0]; v.Allowed || v.Retry != wait {
				t.Fatalf("lock %d: %+v, want a wait of %v", i+1, v, wait)
			}
			c.Advance(wait)
			if v := take(t, l, a)[0]; !v.Allowed || v.Hits != i+4 {
				t.Fatalf("attempt %d: %+v", i+4, v)
			}
		}
		c.Advance(300 * 24 * time.Hour)
		if v := take(t, l, a)[0]; v.Allowed {
			t.Errorf("it is open again after the last attempt: %+v", v)
		}
		if err := l.Clear(t.Context(), db, a); err != nil {
			t.Fatal(err)
		}
		if v := take(t, l, a)[0]; !v.Allowed || v.Hits != 1 {
			t.Errorf("after a success: %+v", v)
		}
		take(t, l, a)
		if err := l.GiveBack(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if v := take(t, l, a)[0]; !v.Allowed || v.Hits != 2 {
			t.Errorf("after one was given back: %+v", v)
		}
		take(t, l, a)
		c.Advance(24*time.Hour + 30*time.Second)
		if v := take(t, l, a)[0]; !v.Allowed || v.Hits != 1 {
			t.Errorf("a day later: %+v", v)
		}
	})
}

// An attempt that one counter refuses is not held against another.
func TestAllOrNone(t *testing.T) {
	each(t, func(t *testing.T, _ *data.DB, c *clock, l *limit.Limiter) {
		wide := limit.Ask{Name: "wide", About: "ann", Lock: limit.Lock{Free: 3, First: time.Hour, Longest: time.Hour, Stop: 100}}
		narrow := limit.Ask{Name: "narrow", About: "ann", Key: "here", Rate: limit.Rate{N: 2, Per: time.Hour}}
		try := func(int) bool { return limit.Allowed(take(t, l, wide, narrow)) }
		if n := admitted(20, try); n != 2 {
			t.Errorf("%d of 20, want 2", n)
		}
		if v := take(t, l, wide)[0]; !v.Allowed || v.Hits != 3 {
			t.Errorf("the wide counter has counted what the narrow one refused: %+v", v)
		}
		c.Advance(30 * time.Minute) // the narrow one has a place, the wide one is closed
		if v := take(t, l, wide, narrow); v[0].Allowed || !v[1].Allowed {
			t.Errorf("%+v", v)
		}
		if v := take(t, l, narrow)[0]; !v.Allowed {
			t.Error("the narrow counter has counted what the wide one refused")
		}
	})
}

// Rough counting is hardly ever a statement, and adds up over instances.
func TestRoughly(t *testing.T) {
	each(t, func(t *testing.T, db *data.DB, c *clock, _ *limit.Limiter) {
		db, counter := datatest.Count(db)
		a := limit.Ask{Name: "low", About: "ann", Rate: limit.Rate{N: 100, Per: 100 * time.Second}}
		one := limit.New(db, keys(t), limit.Config{Clock: c.Now})
		two := limit.New(db, keys(t), limit.Config{Clock: c.Now})
		ok := func(l *limit.Limiter) bool { return l.Roughly(t.Context(), a).Allowed }
		if n := admitted(9, func(int) bool { return ok(one) }); n != 9 || len(counter.Statements()) != 0 {
			t.Errorf("%d of 9, after %d statements", n, len(counter.Statements()))
		}
		n := 9 + admitted(200, func(i int) bool { return i%2 == 0 && ok(one) || i%2 == 1 && ok(two) })
		if s := len(counter.Statements()); n < 100 || n > 110 || s > 15 {
			t.Errorf("two instances admitted %d of 209 with %d statements, want 100 to 110 with at most 15", n, s)
		}
		counter.Reset()
		if n := admitted(1000, func(int) bool { return ok(one) || ok(two) }); n != 0 || len(counter.Statements()) > 2 {
			t.Errorf("a flood: %d were admitted, with %d statements", n, len(counter.Statements()))
		}
		n = 0
		for range 1000 {
			c.Advance(time.Second)
			n += admitted(4, func(i int) bool { return i%2 == 0 && ok(one) || i%2 == 1 && ok(two) })
		}
		if n < 970 || n > 1010 {
			t.Errorf("%d in 1000 s at one a second", n)
		}
	})
}

// A database that cannot be asked keeps people from what must be exact, and
// nobody from what may be rough.
func TestOutage(t *testing.T) {
	each(t, func(t *testing.T, db *data.DB, c *clock, _ *limit.Limiter) {
		db, commits := datatest.Failing(db)
		var log strings.Builder
		l := limit.New(db, keys(t), limit.Config{Clock: c.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
		exact := limit.Ask{Name: "critical", About: "ann", Rate: limit.Rate{N: 5, Per: time.Minute}}
		rough := limit.Ask{Name: "low", About: "ann", Rate: limit.Rate{N: 20, Per: time.Minute}}
		commits.Fail(true)
		if _, err := l.Exactly(t.Context(), exact); !errors.Is(err, fault.Unavailable) {
			t.Errorf("an exact check is %v", err)
		}
		if _, err := l.Take(t.Context(), exact); !errors.Is(err, fault.Unavailable) {
			t.Errorf("an attempt is %v", err)
		}
		if n := admitted(50, func(int) bool { return l.Roughly(t.Context(), rough).Allowed }); n != 20 {
			t.Errorf("a rough check admits %d of 50, want 20", n)
		}
		if n := strings.Count(log.String(), "level=WARN"); n != 1 {
			t.Errorf("the log says %q", log.String())
		}
		commits.Fail(false)
		c.Advance(2 * time.Second) // nothing was forgotten that was admitted meanwhile
		if v := l.Roughly(t.Context(), rough); v.Allowed {
			t.Error("what was admitted without the database is forgotten")
		}
		if v, err := l.Exactly(t.Context(), exact); err != nil || !v.Allowed {
			t.Errorf("it does not recover: %+v, %v", v, err)
		}
	})
}

func TestOperators(t *testing.T) {
	each(t, func(t *testing.T, db *data.DB, c *clock, l *limit.Limiter) {
		lock := limit.Ask{Name: "sign-in", About: "ann", Lock: limit.Lock{Free: 1, First: time.Minute, Longest: time.Hour, Stop: 9}}
		rate := limit.Ask{Name: "mail", About: "ann", Rate: limit.Rate{N: 2, Per: time.Hour}}
		take(t, l, lock, rate)
		rate.About = "bob"
		take(t, l, rate)
		got, err := l.Show(t.Context(), "ann")
		if err != nil || len(got) != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		if got[0] != (limit.State{Limit: "mail", Used: 1, Of: 2}) ||
			got[1] != (limit.State{Limit: "sign-in", Used: 1, Of: 1, Until: c.Now().Add(time.Minute)}) {
			t.Errorf("%+v", got)
		}
		if n, err := l.Forget(t.Context(), db, "ann"); n != 2 || err != nil {
			t.Errorf("forgot %d, %v", n, err)
		}
		if v := take(t, l, lock)[0]; !v.Allowed {
			t.Error("it is still locked")
		}
		c.Advance(2 * time.Hour)
		l = limit.New(data.New(db.Driver(), c.Now), keys(t), limit.Config{Clock: c.Now})
		if n := rows(t, db); n != 2 {
			t.Errorf("%d rows", n)
		}
		if err := l.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, db); n != 1 { // the lock remembers for a day
			t.Errorf("%d rows after sweeping", n)
		}
	})
}

var stored = data.NewSelect[struct {
	N int `db:"n"`
}]("SELECT count(*) AS n FROM limits", "")

func rows(t *testing.T, db *data.DB) int {
	t.Helper()
	r, err := stored.One(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return r.N
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.7":            "address|192.0.2.7/32",
		"::ffff:192.0.2.7":     "address|192.0.2.7/32",
		"2001:db8:1:2:3:4:5:6": "address|2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1": "address|2001:db8:1:2::/64",
		"2001:db8:1:2::1%eth0": "address|2001:db8:1:2::/64",
		"2001:db8:1:3::1":      "address|2001:db8:1:3::/64",
		"":                     "address|unknown",
	} {
		ip, _ := netip.ParseAddr(in)
		if got := limit.Address(ip); got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
	seen := map[string]bool{}
	for i := range 10_000 { // one household
		seen[limit.Address(netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 7: 9, 8: byte(i), 12: byte(i >> 8), 15: byte(i * 7)}))] = true
	}
	if len(seen) != 1 {
		t.Errorf("a /64 is %d addresses", len(seen))
	}
}

// Whoever is signed in has a count of their own, wherever they are, and a
// stranger shares that of the address.
func TestTiers(t *testing.T) {
	each(t, func(t *testing.T, _ *data.DB, c *clock, l *limit.Limiter) {
		var last error
		fits := func(tier web.Tier, route string, caller auth.Principal, ip string) int {
			return admitted(3000, func(int) bool {
				last = l.Limit(t.Context(), web.Limited{Tier: tier, Route: route, Caller: &caller, Client: web.Client{IP: netip.MustParseAddr(ip)}})
				return last == nil
			})
		}
		staff := auth.Permissions{"users:read"}
		for _, x := range []struct {
			what   string
			got    int
			expect int
		}{
			{"a stranger", fits(web.Low, "GET /a", auth.Principal{}, "2001:db8::1"), 120},
			{"another route", fits(web.Low, "GET /b", auth.Principal{}, "2001:db8::1"), 0},
			{"the next address of the household", fits(web.Low, "GET /a", auth.Principal{}, "2001:db8::2"), 0},
			{"another address", fits(web.Low, "GET /a", auth.Principal{}, "192.0.2.1"), 120},
			{"somebody", fits(web.Medium, "POST /a", auth.Principal{Subject: "ann"}, "192.0.2.1"), 240},
			{"somebody else", fits(web.Medium, "POST /a", auth.Principal{Subject: "bob"}, "192.0.2.1"), 240},
			{"staff", fits(web.Medium, "POST /a", auth.Principal{Subject: "eve", Permissions: staff}, "192.0.2.1"), 1200},
			{"critical", fits(web.Critical, "POST /a", auth.Principal{}, "192.0.2.1"), 5},
			{"another critical route", fits(web.Critical, "POST /b", auth.Principal{}, "192.0.2.1"), 5},
			{"high", fits(web.High, "POST /c", auth.Principal{}, "192.0.2.1"), 20},
		} {
			if x.got != x.expect {
				t.Errorf("%s: %d, want %d", x.what, x.got, x.expect)
			}
		}
		if !errors.Is(last, fault.Limited) {
			t.Errorf("the last is %v", last)
		}
		l.Forgive(t.Context(), web.Limited{Tier: web.High, Route: "POST /c", Caller: &auth.Principal{}, Client: web.Client{IP: netip.MustParseAddr("192.0.2.1")}})
		if n := fits(web.High, "POST /c", auth.Principal{}, "192.0.2.1"); n != 1 {
			t.Errorf("%d after one was forgiven", n)
		}
	})
}

func TestOffAndScale(t *testing.T) {
	t.Parallel()
	setup.Each(t, func(t *testing.T, db *data.DB) {
		a := limit.Ask{Name: "try", About: "ann", Rate: limit.Rate{N: 4, Per: time.Hour}}
		for scale, want := range map[float64]int{0: 4, 0.01: 1, 2.5: 10} {
			a.Key = time.Duration(scale * 1000).String()
			l := limit.New(db, keys(t), limit.Config{Clock: newClock().Now, Scale: scale})
			if n := admitted(20, func(int) bool { return limit.Allowed(take(t, l, a)) }); n != want {
				t.Errorf("scale %v: %d, want %d", scale, n, want)
			}
		}
		before := rows(t, db)
		for _, l := range []*limit.Limiter{nil, limit.New(db, keys(t), limit.Config{Off: true})} {
			a.Key = "off"
			v, err := l.Exactly(t.Context(), a)
			if n := admitted(20, func(int) bool { return limit.Allowed(take(t, l, a)) && l.Roughly(t.Context(), a).Allowed }); n != 20 || !v.Allowed || err != nil || l.On() {
				t.Errorf("%v: %d, %v, %v", l, n, v, err)
			}
		}
		if rows(t, db) != before {
			t.Error("something was counted")
		}
	})
}

// Nothing in the table tells whom it counts.
func TestNobodyIsNamed(t *testing.T) {
	each(t, func(t *testing.T, db *data.DB, _ *clock, l *limit.Limiter) {
		take(t, l, limit.Ask{Name: "mail", About: "ann@example.com", Key: "192.0.2.1", Rate: limit.Rate{N: 4, Per: time.Hour}})
		got, err := everything.All(t.Context(), db)
		if err != nil || len(got) != 1 || strings.Contains(got[0].Text, "example") || strings.Contains(got[0].Text, "192") || !strings.Contains(got[0].Text, "mail") {
			t.Errorf("the row is %q, %v", got, err)
		}
	})
}

var everything = data.NewSelect[struct {
	Text string `db:"text"`
}]("SELECT CAST(id AS TEXT) || CAST(about AS TEXT) || name AS text FROM limits", "")
