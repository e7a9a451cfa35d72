package secret

import (
	"context"
	"errors"
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

func TestGate(t *testing.T) {
	t.Parallel()
	const callers = 500
	for _, c := range []struct{ workers, queue int }{{1, 0}, {1, 1}, {2, 64}, {7, 3}, {600, 0}} {
		synctest.Test(t, func(t *testing.T) {
			g := newGate(c.workers, c.queue)
			var working, most, done, refused atomic.Int64
			finish := make(chan struct{})
			for range callers {
				go func() {
					leave, err := g.enter(t.Context())
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
			if len(g.slots) != 0 || len(g.places) != 0 {
				t.Errorf("%+v: %d slots and %d places are lost", c, len(g.slots), len(g.places))
			}
		})
	}
}

func TestGateHonoursContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 1)
		leave, err := g.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // each time the place in the queue becomes free again
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() {
				_, err := g.enter(ctx)
				result <- err
			}()
			synctest.Wait()
			_, err := g.enter(t.Context())
			wantBusy(t, err)
			cancel()
			if err := <-result; !errors.Is(err, context.Canceled) || !errors.Is(err, fault.Unavailable) {
				t.Errorf("cancelled: %v", err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := g.enter(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, fault.Unavailable) {
			t.Errorf("timed out: %v", err)
		}
		leave()
		for range 50 { // a select alone would let half of them in
			if _, err := g.enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("a dead context got in: %v", err)
			}
		}
		if leave, err = g.enter(t.Context()); err != nil {
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
			l, err := h.gate.enter(t.Context())
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
		if done.Load() != 10 || len(h.gate.slots) != 0 || len(h.gate.places) != 0 {
			t.Errorf("%d are done; %d slots, %d places are taken", done.Load(), len(h.gate.slots), len(h.gate.places))
		}
	})
}

func TestHasherDefaults(t *testing.T) {
	t.Parallel()
	var h Hasher
	if err := h.start(); err != nil {
		t.Fatal(err)
	}
	if h.params != (Params{Memory: 19456, Time: 2, Parallelism: 1}) || cap(h.gate.places)-cap(h.gate.slots) != 64 || cap(h.gate.slots) < 1 {
		t.Errorf("%+v, %d workers, %d places", h.params, cap(h.gate.slots), cap(h.gate.places))
	}
	none := Hasher{Workers: 3, Queue: -1}
	if err := none.start(); err != nil || cap(none.gate.places) != 3 || cap(none.gate.slots) != 3 {
		t.Errorf("a negative queue has %d places", cap(none.gate.places))
	}
}
