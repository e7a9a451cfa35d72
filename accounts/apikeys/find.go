package apikeys

import (
	"context"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
)

// A Query says which keys Find returns. The zero Query is everybody's, whatever
// became of them.
type Query struct {
	User   users.ID // zero means everybody's
	States []State  // none means all
	Limit  int      // at most so many; 0 means 50, less than 0 all
	Offset int      // so many are left out before
}

// Find returns keys, the newest first, and how many there are in all, whoever asks. A
// state that there is not is fault.Malformed.
func (s *Service) Find(ctx context.Context, q Query) ([]APIKey, int, error) {
	where, err := s.states(q.States...)
	if err != nil {
		return nil, 0, err
	}
	if !q.User.IsZero() {
		where = data.All(where, owner.Eq(q.User))
	}
	if q.Limit == 0 {
		q.Limit = 50
	}
	page, err := table.On(s.db).List(ctx, data.Query[APIKey]{
		Where: where, Order: data.By(createdAt.Desc(), id.Desc()), Limit: q.Limit, Offset: q.Offset, Count: true,
	})
	return page.Items, page.Total, err
}

// ByKeyID returns a key, whoever's it is and whatever became of it, or fault.NotFound.
func (s *Service) ByKeyID(ctx context.Context, key string) (APIKey, error) {
	return table.On(s.db).GetBy(ctx, keyID.Eq(key))
}
