package manortest

import (
	"sync/atomic"
	"time"
)

// A Clock is the time as an app under test sees it: the real time until it is
// advanced. It is safe for concurrent use.
type Clock struct{ ahead atomic.Int64 }

// Now returns the app's time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Advance makes the app's time jump forward by d. Background work that waits
// for the real time, such as a task that is to be tried again, does not notice.
func (c *Clock) Advance(d time.Duration) { c.ahead.Add(int64(d)) }

// still returns a clock that moves from a moment on when c is advanced.
func (c *Clock) still(at time.Time) func() time.Time {
	return func() time.Time { return at.Add(time.Duration(c.ahead.Load())) }
}
