package sessions

import (
	"context"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A State says which sessions are looked for.
type State string

// The states. The zero State is Live.
const (
	Live  State = "live"  // somebody may be using it
	Ended State = "ended" // it was revoked, or its time was up, or its owner is switched off
	All   State = "all"
)

// A Query says which sessions Find returns. The zero Query is those of
// everybody that are live.
type Query struct {
	User   users.ID // zero means everybody's
	Kind   Kind     // "" means each
	State  State
	Limit  int // at most so many; 0 means 50, less than 0 all
	Offset int // so many are left out before
}

// A Found is a session as operators see it.
type Found struct {
	Session
	Live bool `json:"live"`
}

// Find returns sessions, those used last first, and how many there are in all,
// whoever asks. A Query that makes no sense is fault.Invalid.
func (s *Service) Find(ctx context.Context, q Query) (found []Found, total int, err error) {
	now := s.db.Now()
	var where []data.Filter[Session]
	if q.User != (users.ID{}) {
		where = append(where, owner.Eq(q.User))
	}
	switch q.Kind {
	case "":
	case Cookie, Token:
		where = append(where, kind.Eq(q.Kind))
	default:
		return nil, 0, fault.Errorf(fault.Invalid, "a session is a cookie or a token, not %q", q.Kind)
	}
	switch q.State {
	case "", Live:
		where = append(where, live(now))
	case Ended:
		where = append(where, data.Not(live(now)))
	case All:
	default:
		return nil, 0, fault.Errorf(fault.Invalid, "sessions are live, ended or all, not %q", q.State)
	}
	if q.Limit == 0 {
		q.Limit = 50
	}
	page, err := table.On(s.db).List(ctx, data.Query[Session]{
		Where: data.All(where...), Order: data.By(lastSeenAt.Desc()), Limit: q.Limit, Offset: q.Offset, Count: true,
	})
	if err != nil {
		return nil, 0, err
	}
	alive, err := s.alive(ctx, page.Items)
	for _, row := range page.Items {
		found = append(found, Found{row, alive[row.ID]})
	}
	return found, page.Total, err
}

// alive tells which of the sessions are live.
func (s *Service) alive(ctx context.Context, rows []Session) (map[ID]bool, error) {
	keys, alive := make([]ID, len(rows)), map[ID]bool{}
	for i := range rows {
		keys[i] = rows[i].ID
	}
	page, err := table.On(s.db).List(ctx, data.Query[Session]{Where: data.All(id.In(keys...), live(s.db.Now())), Limit: -1})
	for _, row := range page.Items {
		alive[row.ID] = true
	}
	return alive, err
}
