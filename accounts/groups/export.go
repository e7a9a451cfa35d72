package groups

import (
	"context"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
)

// export returns the groups that somebody submitted. They stay when the person
// goes, as nobody's.
func (s *Service) export(ctx context.Context, who auth.Subject) (any, error) {
	page, err := s.Table.On(s.DB).List(ctx, data.Query[Group]{Where: submitter.Eq(users.IDOf(who)), Order: data.By(id.Asc()), Limit: -1})
	return page.Items, err
}
