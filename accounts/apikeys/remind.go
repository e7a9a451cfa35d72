package apikeys

import (
	"context"
	"time"

	"github.com/manorgo/manor/data"
)

// Remind asks for the owners of keys that expire soon to be told.
type Remind struct{}

// Kind names the task.
func (Remind) Kind() string { return "api_keys.remind" }

// notices are how long before a key expires its owner is told, the last at first.
var notices = []time.Duration{3 * day, 14 * day}

func (s *Service) remind(ctx context.Context, _ Remind) error { return s.RemindOwners(ctx) }

// RemindOwners tells of the keys that expire soon, see Expiring: once fourteen days
// before, and once three days before. A key that was made later than that, or has a
// successor, is none of them. It is done every hour.
func (s *Service) RemindOwners(ctx context.Context) error {
	now := s.db.Now()
	page, err := table.On(s.db).List(ctx, data.Query[APIKey]{
		Where: data.All(active(now), replacedBy.IsNull(), expiresAt.Le(now.Add(notices[len(notices)-1]))),
		Order: data.By(expiresAt.Asc(), id.Asc()), Limit: -1,
	})
	if err != nil {
		return err
	}
	for i := range page.Items {
		if row := &page.Items[i]; row.noticeDue(now) {
			if err := s.remindOf(ctx, row, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// noticeDue reports whether the time has come to tell of a key since it was made, or
// told of.
func (k *APIKey) noticeDue(now time.Time) bool {
	since := k.CreatedAt
	if k.NoticedAt != nil {
		since = *k.NoticedAt
	}
	for _, before := range notices {
		if at := k.ExpiresAt.Add(-before); !at.After(now) {
			return since.Before(at)
		}
	}
	return false
}

// remindOf tells of one key, unless another instance does.
func (s *Service) remindOf(ctx context.Context, row *APIKey, now time.Time) error {
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		as := noticedAt.IsNull()
		if row.NoticedAt != nil {
			as = noticedAt.Eq(*row.NoticedAt)
		}
		n, err := table.On(tx).UpdateWhere(ctx, data.All(id.Eq(row.ID), as), noticedAt.Set(now))
		if err != nil || n == 0 {
			return err
		}
		return s.emit(ctx, tx, Expiring{row.ID, row.KeyID, row.UserID, row.Name, row.Hint, *row.ExpiresAt})
	})
}
