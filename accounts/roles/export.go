package roles

import (
	"context"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
)

// A Held is a role as the export of who holds it has it.
type Held struct {
	Name  string    `json:"name" db:"name"`
	Since time.Time `json:"since" db:"created_at"`
}

var heldBy = data.NewSelect[Held](`SELECT r.name, h.created_at FROM user_roles h JOIN roles r ON r.id = h.role_id
	WHERE h.user_id = ? ORDER BY r.name`, "")

// export returns the roles that somebody holds.
func (s *Service) export(ctx context.Context, who auth.Subject) (any, error) {
	return heldBy.All(ctx, s.DB, users.IDOf(who))
}
