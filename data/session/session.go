package session

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Session is what a program keeps for the browser that sent a request. It is
// saved when the response begins, and cannot be changed afterwards. It is safe
// for use by many goroutines. A nil *Session, which [From] returns where no
// middleware ran, fails with fault.Internal whatever is asked of it.
type Session struct {
	store  *Store
	secure bool // the request came in a way that the cookie may be secure

	mu      sync.Mutex
	stored  bool         // row is in the database
	row     row          // as it was read
	token   secret.Token // that named the row
	drop    *row         // to be removed, because of Destroy
	values  map[string]json.RawMessage
	changed map[string]bool // keys set or deleted
	cleared bool            // before all that is in changed
	rotate  bool
	owner   string
	used    bool // From was called
	closed  bool // the response has begun
}

type contextKey struct{}

// From returns the session of the request with this context, or nil where no
// [Store.Middleware] ran.
func From(ctx context.Context) *Session {
	s, _ := ctx.Value(contextKey{}).(*Session)
	if s != nil {
		s.mu.Lock()
		s.used = true
		s.mu.Unlock()
	}
	return s
}

// asked reports whether the handler has asked for the session.
func (s *Session) asked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// Get returns the value of key, decoded from JSON. A key without a value is
// fault.NotFound; a value that is not a T, because something else was set, is
// fault.Internal.
func Get[T any](s *Session, key string) (T, error) {
	var v T
	if s == nil {
		return v, noMiddleware()
	}
	s.mu.Lock()
	b, ok := s.values[key]
	s.mu.Unlock()
	if !ok {
		return v, fault.Errorf(fault.NotFound, "the session has no such value")
	}
	if err := json.Unmarshal(b, &v); err != nil {
		var zero T
		return zero, fault.Wrap(fault.Internal, err, "a value of the session is of another type")
	}
	return v, nil
}

const maxKey = 255 // bytes

// Set gives key a value, which is kept as JSON: what T's fields and its
// MarshalJSON say comes back, a time without its monotonic clock, a []byte as
// it was, text as valid UTF-8. A value that JSON cannot hold, a key that is
// empty, longer than 255 bytes or no UTF-8, and a session that would become
// larger than Config.MaxBytes are fault.Invalid, and nothing is changed.
// fault.Internal means that the response has begun.
func (s *Session) Set(key string, v any) error {
	if key == "" || len(key) > maxKey || !utf8.ValidString(key) {
		return fault.Errorf(fault.Invalid, "a session's key must be valid text of 1 to %d bytes", maxKey)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the session cannot hold this value")
	}
	return s.change(func() error {
		size := len(key) + len(b)
		for k, v := range s.values {
			if k != key {
				size += len(k) + len(v)
			}
		}
		if size > s.store.cfg.MaxBytes {
			return tooLarge(s.store.cfg.MaxBytes)
		}
		s.values[key] = b
		s.changed[key] = true
		return nil
	})
}

// Delete takes key's value away, if it has one. fault.Internal means that the
// response has begun.
func (s *Session) Delete(key string) error {
	return s.change(func() error {
		if _, ok := s.values[key]; ok {
			delete(s.values, key)
			s.changed[key] = true
		}
		return nil
	})
}

// Clear takes all values away, also those that requests at the same time have
// set. The session and its owner stay. fault.Internal means that the response
// has begun.
func (s *Session) Clear() error {
	return s.change(func() error {
		clear(s.values)
		clear(s.changed)
		s.cleared = true
		return nil
	})
}

// Rotate gives the session a new id and keeps its values; the old id is worth
// nothing from then on. Call it whenever the browser's rights change, so that
// nobody who knew the id from before has them too. SetOwner does so by itself.
// fault.Internal means that the response has begun.
func (s *Session) Rotate() error {
	return s.change(func() error {
		s.rotate = true
		return nil
	})
}

// Destroy ends the session: its row is removed and the browser forgets the
// cookie. What is set afterwards begins a new session. fault.Internal means that
// the response has begun.
func (s *Session) Destroy() error {
	return s.change(func() error {
		if s.stored {
			dropped := s.row
			s.drop = &dropped
		}
		s.stored, s.row, s.token = false, row{}, secret.Token{}
		s.rotate, s.cleared, s.owner = false, false, ""
		clear(s.values)
		clear(s.changed)
		return nil
	})
}

const maxOwner = 255 // code points

// SetOwner says whose session it is, in the program's own words, such as a
// user's ID, so that [Store.DestroyOwned] finds it. The empty owner is nobody.
// If this changes the owner the session's id is rotated. An owner that is no
// valid text of at most 255 characters is fault.Invalid. fault.Internal means
// that the response has begun.
func (s *Session) SetOwner(owner string) error {
	if utf8.RuneCountInString(owner) > maxOwner || !utf8.ValidString(owner) || slices.Contains([]byte(owner), 0) {
		return fault.Errorf(fault.Invalid, "a session's owner must be valid text of at most %d characters", maxOwner)
	}
	return s.change(func() error {
		if owner != s.owner {
			s.owner, s.rotate = owner, true
		}
		return nil
	})
}

// Owner returns whose session it is, or "".
func (s *Session) Owner() string {
	if s == nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owner
}

// Keys returns the keys that have values, in order.
func (s *Session) Keys() []string {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.values))
}

// ExpiresAt returns when the session that the request came with ends unless it
// is used, or the zero time if it came with none.
func (s *Session) ExpiresAt() time.Time {
	if s == nil {
		return time.Time{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.row.ExpiresAt
}

// change runs fn unless it is too late for changes.
func (s *Session) change(fn func() error) error {
	if s == nil {
		return noMiddleware()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fault.Errorf(fault.Internal, "the session cannot be changed: the response has begun")
	}
	return fn()
}

func noMiddleware() error {
	return fault.Errorf(fault.Internal, "there is no session: the handler does not stand behind Store.Middleware")
}

func tooLarge(limit int) error {
	return fault.Errorf(fault.Invalid, "the session would be larger than %d bytes", limit)
}
