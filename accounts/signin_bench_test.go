package accounts_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

// BenchmarkSignIn has crowds sign in at the default cost, and compares with what
// the machine can hash at most: of-limit is the share of it, p99-of-ideal the
// 99th percentile against a crowd divided by the limit, refused the share that
// was told to come back, MiB the most that the heap had. Run it on a machine that
// does nothing else.
func BenchmarkSignIn(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(200)) // as manor serve does
	for _, c := range []struct{ crowd, queue int }{{250, 250}, {250, 0}} {
		b.Run(fmt.Sprintf("crowd=%d/queue=%d", c.crowd, c.queue), func(b *testing.B) {
			app := benchApp(b, &secret.Hasher{Queue: c.queue})
			crowded(b, app, c.crowd)
			var took []time.Duration
			var refused, most atomic.Uint64
			limit, rounds := 0.0, 0
			for b.Loop() {
				b.StopTimer() // the machine is not equally fast all the time: each crowd is compared with the seconds before it
				limit += hashLimit()
				rounds++
				b.StartTimer()
				took = append(took, signInAll(b, app, c.crowd, &refused, &most)...)
			}
			limit /= float64(rounds)
			slices.Sort(took)
			b.ReportMetric(float64(len(took))/b.Elapsed().Seconds()/limit, "of-limit")
			b.ReportMetric(took[len(took)*99/100].Seconds()/(float64(c.crowd)/limit), "p99-of-ideal")
			b.ReportMetric(float64(refused.Load())/float64(rounds*c.crowd), "refused")
			b.ReportMetric(float64(most.Load())/(1<<20), "MiB")
		})
	}
}

func person(i int) string { return fmt.Sprint("person-", i) }

// crowded adds n people, who have one password.
func crowded(b *testing.B, app *manor.App, n int) {
	b.Helper()
	hash, err := (&secret.Hasher{}).Hash(b.Context(), secret.NewText(manortest.Password))
	if err != nil {
		b.Fatal(err)
	}
	people := make([]users.User, n)
	for i := range people {
		people[i] = users.Create{Email: person(i) + "@example.com", Username: person(i), EmailVerified: true}.New()
		people[i].Password = &hash
	}
	db, err := app.Database("main")
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Tx(b.Context(), func(tx *data.Tx) error { return app.Users().AddAll(b.Context(), tx, people, "bench") }); err != nil {
		b.Fatal(err)
	}
}

// signInAll has n people sign in at once and returns how long those took who were let
// in.
func signInAll(b *testing.B, app *manor.App, n int, refused, most *atomic.Uint64) (took []time.Duration) {
	var all sync.WaitGroup
	var mu sync.Mutex
	for i := range n {
		all.Go(func() {
			begun := time.Now()
			_, _, err := app.Accounts().SignIn(b.Context(), accounts.SigningIn{Identifier: person(i), Password: secret.NewText(manortest.Password), Kind: sessions.Cookie})
			heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}} // read without stopping everybody
			metrics.Read(heap)
			for old, now := most.Load(), heap[0].Value.Uint64(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
			}
			if fault.KindOf(err) == fault.Unavailable {
				refused.Add(1)
				return
			}
			if err != nil {
				b.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(begun))
		})
	}
	all.Wait()
	return took
}

// hashLimit returns how many passwords the machine hashes in a second.
func hashLimit() float64 {
	const each = 125
	var all sync.WaitGroup
	begun := time.Now()
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for range each {
				argon2.IDKey([]byte(manortest.Password), make([]byte, 16), 2, 19*1024, 1, 32)
			}
		})
	}
	all.Wait()
	return float64(each*runtime.GOMAXPROCS(0)) / time.Since(begun).Seconds()
}

func benchApp(b testing.TB, h *secret.Hasher, mod ...func(*manor.Config)) *manor.App {
	b.Helper()
	db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "manor.db"), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		b.Fatal(err)
	}
	c := manor.Config{DB: db, Keys: keys, Hasher: h, Log: slog.New(slog.DiscardHandler)}
	for _, m := range mod {
		m(&c)
	}
	app, err := manor.New(c)
	if err == nil {
		_, err = app.Upgrade(b.Context())
	}
	if err == nil {
		_, err = app.Accounts().CreateUser(b.Context(), users.Create{Email: "ann@example.com", Username: "ann", Password: secret.NewText(manortest.Password)}, true)
	}
	if err != nil {
		b.Fatal(err)
	}
	return app
}
