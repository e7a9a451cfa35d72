package sessions

import (
	"context"
	"strings"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// standing is what a session that begins must know of its owner.
type standing struct {
	Superuser bool           `db:"is_superuser"`
	Granted   []users.Grant  `db:"granted,json"`
	Known     bool           `db:"known"` // a session began here before
	device    *secret.Digest // where it begins; nil if that is not known
}

// Of a key that was just changed, the digests of before count, too.
const standingSQL = `SELECT u.is_superuser, GRANTED AS granted,
	EXISTS (SELECT 1 FROM sessions o WHERE o.user_id = u.id AND o.device IN (?, ?)) AS known
FROM users u WHERE u.id = ?`

func (s *Service) standing(ctx context.Context, tx *data.Tx, o Opening) (standing, error) {
	place := devicePlace(o.Client)
	digests := s.keys.DigestsOver(secret.LabelDevice, []byte(place))
	older := digests[min(1, len(digests)-1)]
	is, err := standings.One(ctx, tx, digests[0][:], older[:], o.User.ID)
	if place != "" {
		is.device = &digests[0]
	}
	return is, err
}

// devicePlace returns what tells the place where a session begins from others:
// the program's name and the address prefix, or "" if neither is known. Digits do
// not count, so that a browser which was updated is the same. Only a keyed digest
// of it is looked for; how long a place is remembered is how long sessions are
// kept after their end.
func devicePlace(c web.Client) string {
	if c.UserAgent == "" && !c.IP.IsValid() {
		return ""
	}
	return web.PrefixOf(c.IP) + "|" + strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, c.UserAgent)
}

// tellDevice says so if a session has begun where none of its owner's did.
func (s *Service) tellDevice(ctx context.Context, tx *data.Tx, o Opening, row *Session, known bool) error {
	if known || o.First || row.Device == nil || s.events == nil {
		return nil
	}
	return s.events.Emit(ctx, tx, NewDevice{
		UserID: row.UserID, SessionID: row.ID, UserAgent: row.UserAgent, IPPrefix: row.IPPrefix, At: row.CreatedAt,
	})
}
