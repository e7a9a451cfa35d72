package session

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// save ends the time of changes, makes them durable and returns the cookie to
// be set, or nil.
func (s *Session) save(ctx context.Context) (*http.Cookie, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	now := s.store.db.Now()
	switch {
	case s.stored && (len(s.changed) > 0 || s.cleared || s.rotate):
		return s.merge(ctx, now)
	case s.stored && s.store.due(&s.row, now):
		return s.renew(ctx, now)
	case s.stored:
		return nil, nil
	case len(s.values) > 0 || s.owner != "":
		return s.begin(ctx, now)
	case s.drop != nil:
		if err := s.removeDropped(ctx, s.store.db); err != nil {
			return nil, err
		}
		return s.store.noCookie(s.secure), nil
	}
	return nil, nil
}

// close ends the time of changes without saving any.
func (s *Session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// begin stores a new session, in place of one that was destroyed.
func (s *Session) begin(ctx context.Context, now time.Time) (*http.Cookie, error) {
	st := s.store
	token := secret.NewToken(secret.BrowserCookie)
	r := row{Hash: st.hashes(token)[0], Owner: s.owner, ExpiresAt: st.expiry(now, now), CreatedAt: now, UpdatedAt: now}
	if err := st.seal(&r, s.values); err != nil {
		return nil, err
	}
	var err error
	if s.drop == nil {
		err = st.table.On(st.db).Add(ctx, &r)
	} else {
		err = st.db.TxWith(ctx, data.TxOptions{Retry: true}, func(tx *data.Tx) error {
			if err := s.removeDropped(ctx, tx); err != nil {
				return err
			}
			return st.table.On(tx).Add(ctx, &r)
		})
	}
	if err != nil {
		return nil, err
	}
	return st.cookie(s.secure, token, now, r.ExpiresAt), nil
}

// removeDropped removes the session that was destroyed, whatever its id is by
// now. That it is gone already is fine.
func (s *Session) removeDropped(ctx context.Context, h data.Handle) error {
	_, err := s.store.table.On(h).DeleteWhere(ctx, s.store.id.Eq(s.drop.ID))
	return err
}

// own picks the row of the session as long as it has the id that the request
// came with, which may have moved to a newer key.
func (s *Session) own() data.Filter[row] {
	return data.All(s.store.id.Eq(s.row.ID), s.store.hash.In(s.store.hashes(s.token)...))
}

// merge applies the changes to the row as it is now. If it is gone, or has
// another id, it belongs to this request no more: a session that somebody ended
// must not come back, and who knows only the old id of a session must not
// change what it became.
func (s *Session) merge(ctx context.Context, now time.Time) (*http.Cookie, error) {
	st := s.store
	token := s.token
	if s.rotate {
		token = secret.NewToken(secret.BrowserCookie)
	}
	hash := st.hashes(token)[0]
	var next row
	renewed := false
	err := st.db.TxWith(ctx, data.TxOptions{Retry: true}, func(tx *data.Tx) error {
		var err error
		if next, err = st.table.On(tx).Lock(ctx, s.own()); err != nil {
			return err
		}
		values, err := st.open(&next)
		if err != nil {
			return err
		}
		s.apply(values)
		next.Hash = hash
		if s.owner != s.row.Owner {
			next.Owner = s.owner
		}
		if renewed = st.due(&next, now); renewed {
			next.ExpiresAt = st.expiry(next.CreatedAt, now)
		}
		if err := st.seal(&next, values); err != nil {
			return err
		}
		_, err = st.table.On(tx).UpdateOne(ctx, st.id.Eq(next.ID), st.hash.Set(next.Hash), st.data.Set(next.Data),
			st.owner.Set(next.Owner), st.expiresAt.Set(next.ExpiresAt))
		return err
	})
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return nil, fault.Wrap(fault.Conflict, err, "the session ended, or got another id, while the request ran: try again")
	case err != nil:
		return nil, err
	case s.rotate || renewed:
		return st.cookie(s.secure, token, now, next.ExpiresAt), nil
	}
	return nil, nil
}

// apply makes to values the changes that the request made to its own.
func (s *Session) apply(values map[string]json.RawMessage) {
	if s.cleared {
		clear(values)
	}
	for key := range s.changed {
		if v, ok := s.values[key]; ok {
			values[key] = v
		} else {
			delete(values, key)
		}
	}
}

// renew gives a session that was only read more time. A session under an older
// key moves to the current one with it. That it cannot be renewed is no reason
// to fail the request: the next one tries again.
func (s *Session) renew(ctx context.Context, now time.Time) (*http.Cookie, error) {
	st := s.store
	if s.row.Hash != st.hashes(s.token)[0] || !st.cipher.Current(s.row.Data) {
		cookie, err := s.merge(ctx, now)
		if err != nil {
			st.cfg.warn(ctx, "not renewed", err)
		}
		return cookie, nil
	}
	end := st.expiry(s.row.CreatedAt, now)
	n, err := st.table.On(st.db).UpdateWhere(ctx, data.All(s.own(), st.expiresAt.Eq(s.row.ExpiresAt)), st.expiresAt.Set(end))
	if err != nil {
		st.cfg.warn(ctx, "not renewed", err)
	}
	if n == 0 { // or another request did it
		return nil, nil
	}
	return st.cookie(s.secure, s.token, now, end), nil
}
