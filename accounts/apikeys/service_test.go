package apikeys_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/internal/contract"
	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
)

// grantRead gives somebody a role that permits to read users.
func grantRead(t *testing.T, h *accountstest.Harness, u users.User) func(*data.Tx) error {
	t.Helper()
	s := roles.NewService(h.Env, h.Users, func() []string { return []string{"users:read"} })
	_, err := s.Create(h.As(u, "*"), roles.Create{Name: "readers", Permissions: []string{"users:read"}})
	h.Must(err)
	return func(tx *data.Tx) error { return s.Grant(t.Context(), tx, "readers", u.ID) }
}

// However many are made at once, and ended meanwhile, nobody has more active keys than
// they may.
func TestLimitIsExact(t *testing.T) {
	each(t, apikeys.Config{}, func(b *bench) {
		ctx := b.t.Context()
		most := func() int {
			page, err := b.keys.List(ctx, b.ann.ID, data.Query[apikeys.APIKey]{Limit: -1})
			b.Must(err)
			return len(slices.DeleteFunc(page.Items, func(k apikeys.APIKey) bool { return !k.Active(b.Clock.Now()) }))
		}
		errs := contract.Together(64, func(i int) error {
			if i%8 == 7 { // looks in between
				if n := most(); n > apikeys.PerUser {
					return fmt.Errorf("there are %d active keys", n)
				}
				return apikeys.LimitReached()
			}
			_, err := b.keys.Create(ctx, b.ann.ID, apikeys.Create{Name: fmt.Sprint(i)})
			return err
		})
		made := 0
		k := &contract.Checker[any]{}
		for _, err := range errs {
			if err == nil {
				made++
				continue
			}
			k.Conflicts("one too many", err, apikeys.CodeLimit)
		}
		for _, wrong := range k.Wrong {
			b.t.Error(wrong)
		}
		if made != apikeys.PerUser || most() != apikeys.PerUser {
			b.t.Errorf("%d keys were made, and %d are active", made, most())
		}
		page, err := b.keys.List(ctx, b.ann.ID, data.Query[apikeys.APIKey]{Limit: 1})
		b.Must(err)
		_, err = b.keys.Rotate(ctx, b.ann.ID, page.Items[0].KeyID, time.Hour, nil)
		b.Want("a successor beside all that there may be", err, fault.Conflict)
		_, err = b.keys.Rotate(ctx, b.ann.ID, page.Items[0].KeyID, 0, nil)
		b.Must(err)
		if most() != apikeys.PerUser {
			b.t.Errorf("after a rotation %d are active", most())
		}
	})
}

// Rotating a key at once gives it one successor.
func TestRotateOnce(t *testing.T) {
	each(t, apikeys.Config{}, func(b *bench) {
		key := b.issue(nil)
		errs := contract.Together(6, func(int) error {
			_, err := b.keys.Rotate(b.t.Context(), b.ann.ID, key.KeyID, time.Hour, nil)
			return err
		})
		k := &contract.Checker[any]{}
		k.Winner("several at once", errs, func(err error) { k.Conflicts("the others", err, apikeys.CodeReplaced) })
		for _, wrong := range k.Wrong {
			b.t.Error(wrong)
		}
	})
}

// When a key was last used is written once in a while, and told of only then.
func TestLastUse(t *testing.T) {
	for name, every := range map[string]time.Duration{"usually": 0, "each time": time.Microsecond, "never": -1} {
		t.Run(name, func(t *testing.T) {
			each(t, apikeys.Config{SeenEvery: every}, func(b *bench) {
				ctx, told := b.t.Context(), 0
				b.Env.Events.Listen(event.Inside(func(context.Context, *data.Tx, apikeys.Used) error { told++; return nil }))
				key := b.issue(nil)
				use := func(want bool) {
					b.t.Helper()
					before := told
					b.verify("the key", key.Key.Reveal(), "")
					b.verify("the key", key.Key.Reveal(), "")
					b.Must(b.keys.WriteSeen(ctx))
					row, err := b.keys.Get(ctx, b.ann.ID, key.KeyID)
					b.Must(err)
					if seen := row.LastUsedAt != nil && row.LastUsedAt.Equal(b.Clock.Now()); seen != want || (told > before) != want || told > before+1 {
						b.t.Errorf("last used at %v, told %d times, want %v", row.LastUsedAt, told-before, want)
					}
					if !row.UpdatedAt.Equal(row.CreatedAt) {
						b.t.Error("a use moves the time of the last change")
					}
				}
				use(every >= 0)
				b.Clock.Advance(time.Minute - time.Microsecond)
				use(every > 0)
				b.Clock.Advance(time.Minute)
				use(every >= 0)
			})
		})
	}
}

// Owners are told fourteen and three days before a key expires, once each, and not of
// one that was made for less, has a successor or has ended.
func TestReminders(t *testing.T) {
	each(t, apikeys.Config{}, func(b *bench) {
		ctx := b.t.Context()
		var told []string
		b.Env.Events.Listen(event.Inside(func(_ context.Context, _ *data.Tx, e apikeys.Expiring) error {
			told = append(told, e.Name)
			return nil
		}))
		in := func(name string, days int) apikeys.Issued {
			return b.issue(func(c *apikeys.Create) { c.Name, c.ExpiresInDays = name, &days })
		}
		in("long", 20)
		in("short", 10)
		in("shortest", 2)
		ended, replaced := in("ended", 20), in("replaced", 20)
		_, err := b.keys.Revoke(ctx, b.ann.ID, ended.KeyID, 0)
		b.Must(err)
		_, err = b.keys.Rotate(ctx, b.ann.ID, replaced.KeyID, apikeys.MaxOverlap, nil)
		b.Must(err)
		wants := map[int]string{6: "[long replaced]", 7: "[short]", 17: "[long replaced]"}
		for day := range 25 {
			told = nil
			for range 2 {
				b.Must(b.keys.RemindOwners(ctx))
			}
			slices.Sort(told)
			want := wants[day]
			if want == "" {
				want = "[]"
			}
			if got := fmt.Sprint(told); got != want {
				b.t.Errorf("on day %d: %s, want %s", day, got, want)
			}
			b.Clock.Advance(24 * time.Hour)
		}
	})
}

func TestUnused(t *testing.T) {
	each(t, apikeys.Config{}, func(b *bench) {
		ctx := b.t.Context()
		b.issue(func(c *apikeys.Create) { c.Name = "forgotten" })
		used := b.issue(func(c *apikeys.Create) { c.Name = "used" })
		gone := b.issue(nil)
		_, err := b.keys.Revoke(ctx, b.ann.ID, gone.KeyID, 0)
		b.Must(err)
		b.Clock.Advance(40 * 24 * time.Hour)
		b.issue(func(c *apikeys.Create) { c.Name = "new" })
		b.verify("one of them", used.Key.Reveal(), "")
		b.Must(b.keys.WriteSeen(ctx))
		rows, err := b.keys.Unused(ctx, 30)
		if err != nil || len(rows) != 1 || rows[0].Name != "forgotten" {
			b.t.Errorf("unused are %+v, %v", rows, err)
		}
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		apikeys.Config
		good bool
	}{
		{apikeys.Config{}, true}, {apikeys.Config{Prefix: "acme", Environment: "test", PerUser: 1, Life: time.Hour, MaxLife: time.Hour, Idle: 24 * time.Hour}, true},
		{apikeys.Config{MaxLife: apikeys.Unlimited, Life: 10000 * time.Hour}, true}, {apikeys.Config{MaxLife: time.Hour}, true},
		{apikeys.Config{Prefix: "mna"}, false}, {apikeys.Config{Environment: "Live"}, false}, {apikeys.Config{PerUser: -1}, false},
		{apikeys.Config{Life: 366 * 24 * time.Hour}, false}, {apikeys.Config{Life: time.Minute}, false}, {apikeys.Config{Idle: time.Hour}, false},
	} {
		if err := c.Check(); (err == nil) != c.good || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", c.Config, err)
		}
	}
}
