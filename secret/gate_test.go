package secret

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/manorgo/manor/fault"
)

func wantBusy(t *testing.T, err error) {
	t.Helper()
	fe, ok := errors.AsType[*fault.Error](err)
	if !ok || fe.Kind != fault.Unavailable || fe.Retry != time.Second || fe.Msg == "" {
		t.Errorf("not told to come back: %#v", err)
	}
}

// wantEmpty fails unless everything that g lent came back.
func wantEmpty(t *testing.T, g *gate, workers int) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.workers != workers || g.memory != g.budget || len(g.waiting) != 0 {
		t.Errorf("%d workers and %d KiB are free, %d wait", g.workers, g.memory, len(g.waiting))
	}
}

// What hashes ask for is weighed: those that are heavy wait for memory, in their
// turn, and nobody overtakes them.
func TestGateWeighs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(10, 10, 100)
		var order []string
		var mu sync.Mutex
		enter := func(ctx context.Context, name string, memory uint32) (leave chan struct{}) {
			leave = make(chan struct{})
			go func() {
				out, err := g.enter(ctx, memory)
				if err != nil {
					return
				}
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
				<-leave
				out()
			}()
			synctest.Wait()
			return leave
		}
		want := func(names ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(order, names) {
				t.Fatalf("%q came in, want %q", order, names)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		a := enter(t.Context(), "a", 60)
		b := enter(t.Context(), "b", 40)
		enter(ctx, "heavy, and gone", 100)
		c := enter(t.Context(), "c", 1000) // more than there is
		d := enter(t.Context(), "d", 1)
		want("a", "b")
		close(a)
		want("a", "b")
		cancel()
		want("a", "b")
		close(b)
		want("a", "b", "c")
		close(c)
		want("a", "b", "c", "d")
		close(d)
		synctest.Wait()
		wantEmpty(t, g, 10)
	})
}

func TestGate(t *testing.T) {
	t.Parallel()
	const callers = 500
	for _, c := range []struct{ workers, queue int }{{1, 0}, {1, 1}, {2, 64}, {7, 3}, {600, 0}} {
		synctest.Test(t, func(t *testing.T) {
			g := newGate(c.workers, c.queue, maxMemory)
			var working, most, done, refused atomic.Int64
			finish := make(chan struct{})
			for range callers {
				go func() {
					leave, err := g.enter(t.Context(), 8)
					if err != nil {
						wantBusy(t, err)
						refused.Add(1)
						return
					}
					for n := working.Add(1); ; { // record the most ever seen
						m := most.Load()
						if n <= m || most.CompareAndSwap(m, n) {
							break
						}
					}
					<-finish
					working.Add(-1)
					leave()
					done.Add(1)
				}()
			}
			synctest.Wait()
			inside := int64(min(callers, c.workers))
			waiting := int64(min(callers-int(inside), c.queue))
			if working.Load() != inside || refused.Load() != callers-inside-waiting {
				t.Errorf("%+v: %d work and %d were refused", c, working.Load(), refused.Load())
			}
			close(finish)
			synctest.Wait()
			if most.Load() != inside || done.Load() != inside+waiting {
				t.Errorf("%+v: %d worked at once, %d in all", c, most.Load(), done.Load())
			}
			wantEmpty(t, g, c.workers)
		})
	}
}

func TestGateHonoursContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 1, maxMemory)
		leave, err := g.enter(t.Context(), 8)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // each time the place in the queue becomes free again
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() {
				_, err := g.enter(ctx, 8)
				result <- err
			}()
			synctest.Wait()
			_, err := g.enter(t.Context(), 8)
			wantBusy(t, err)
			cancel()
			if err := <-result; !errors.Is(err, context.Canceled) || !errors.Is(err, fault.Unavailable) {
				t.Errorf("cancelled: %v", err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := g.enter(ctx, 8); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, fault.Unavailable) {
			t.Errorf("timed out: %v", err)
		}
		leave()
		for range 50 { // a select alone would let half of them in
			if _, err := g.enter(ctx, 8); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("a dead context got in: %v", err)
			}
		}
		if leave, err = g.enter(t.Context(), 8); err != nil {
			t.Fatal(err)
		}
		leave()
	})
}

// Everything that hashes passes the gate of its Hasher.
func TestHasherUsesItsGate(t *testing.T) {
	t.Parallel()
	const bcrypted = "$2a$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	synctest.Test(t, func(t *testing.T) {
		h := &Hasher{Params: Params{Memory: 8, Time: 1}, Workers: 2, Queue: 10}
		hash, err := h.Hash(t.Context(), NewText("correct horse"))
		if err != nil {
			t.Fatal(err)
		}
		work := []func() error{
			func() error { _, err := h.Hash(t.Context(), NewText("x")); return err },
			func() error { _, _, err := h.Verify(t.Context(), hash, NewText("x")); return err },
			func() error { _, _, err := h.Verify(t.Context(), bcrypted, NewText("x")); return err },
			func() error { _, _, err := h.Verify(t.Context(), "", NewText("x")); return err },
			func() error { _, err := h.VerifyNone(t.Context(), NewText("x")); return err },
		}
		var leave []func()
		for range 2 {
			l, err := h.gate.enter(t.Context(), 8)
			if err != nil {
				t.Fatal(err)
			}
			leave = append(leave, l)
		}
		var done, refused atomic.Int64
		for i := range 500 {
			go func() {
				if err := work[i%len(work)](); err != nil {
					wantBusy(t, err)
					refused.Add(1)
					return
				}
				done.Add(1)
			}()
		}
		synctest.Wait()
		if done.Load() != 0 || refused.Load() != 490 {
			t.Errorf("%d are done and %d refused while all workers are busy", done.Load(), refused.Load())
		}
		for i, f := range work { // each way on its own, with the queue full
			if err := f(); !errors.Is(err, fault.Unavailable) {
				t.Errorf("way %d does not pass the gate: %v", i, err)
			}
		}
		for _, l := range leave {
			l()
		}
		synctest.Wait()
		if done.Load() != 10 {
			t.Errorf("%d are done", done.Load())
		}
		wantEmpty(t, h.gate, 2)
	})
}

func TestHasherDefaults(t *testing.T) {
	t.Parallel()
	var h Hasher
	if err := h.start(); err != nil {
		t.Fatal(err)
	}
	if h.params != (Params{Memory: 19456, Time: 2, Parallelism: 1}) || h.gate.queue != 64 || h.gate.budget != 256*1024 || h.gate.workers < 1 {
		t.Errorf("%+v, %d workers, %d places, %d KiB", h.params, h.gate.workers, h.gate.queue, h.gate.budget)
	}
	none := Hasher{Workers: 3, Queue: -1, Memory: 1024}
	if err := none.start(); err != nil || none.gate.queue != 0 || none.gate.workers != 3 || none.gate.budget != 1024 {
		t.Errorf("a negative queue has %d places", none.gate.queue)
	}
}
