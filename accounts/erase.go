package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// Purge asks for the erasure of the accounts whose time to come back is over.
type Purge struct{}

// Kind names the task.
func (Purge) Kind() string { return "accounts.purge" }

const purgeTimeout = 30 * time.Minute

func (s *Service) purge(ctx context.Context, _ Purge) error { return s.PurgeDue(ctx) }

// PurgeDue erases the accounts that were deleted longer than Config.Grace ago, the
// longest gone first. It is done every hour. One that cannot be erased now does
// not keep the others, and is part of the error.
func (s *Service) PurgeDue(ctx context.Context) error {
	for {
		due, err := s.users.Due(ctx, s.db.Now().Add(-s.config.Grace))
		if err != nil || len(due) == 0 {
			return err
		}
		var failed []error
		for _, u := range due {
			if err := s.Erase(ctx, u.ID); err != nil {
				failed = append(failed, fmt.Errorf("user %s: %w", u.ID, err))
			}
		}
		if len(failed) > 0 { // they would come first again
			return errors.Join(failed...)
		}
	}
}

// eraseAtOnce erases an account that is not to wait.
func (s *Service) eraseAtOnce(ctx context.Context, e users.Deleted) error {
	if !e.Erase {
		return nil
	}
	return s.Erase(ctx, e.ID)
}

// Erase removes a deleted account for good, with all that the app's domains hold
// about the person: each is asked, in one transaction. One that is erased by now,
// or came back, is left alone.
func (s *Service) Erase(ctx context.Context, key users.ID) error {
	err := s.db.Tx(ctx, func(tx *data.Tx) error {
		return s.users.Erase(ctx, tx, key, func(u *users.User) error {
			for _, d := range s.domains() {
				if d.Erase == nil {
					continue
				}
				if err := d.Erase(ctx, tx, u.Subject()); err != nil {
					return fmt.Errorf("domain %s: %w", d.Name, err)
				}
			}
			return nil
		})
	})
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// An Export is everything that an app holds about a person.
type Export struct {
	Subject    auth.Subject   `json:"subject"`
	ExportedAt time.Time      `json:"exported_at"`
	Domains    map[string]any `json:"domains" doc:"What each domain holds, by its name."`
}

// Export asks every domain of the app what it holds about a user.
func (s *Service) Export(ctx context.Context, key users.ID) (Export, error) {
	out := Export{Subject: auth.Subject(key.String()), ExportedAt: s.db.Now().UTC(), Domains: map[string]any{}}
	for _, d := range s.domains() {
		if d.Export == nil {
			continue
		}
		held, err := d.Export(ctx, out.Subject)
		if err != nil {
			return out, fmt.Errorf("domain %s: %w", d.Name, err)
		}
		if held != nil {
			out.Domains[d.Name] = held
		}
	}
	return out, nil
}

// exportMails returns what was mailed to a person.
func (s *Service) exportMails(ctx context.Context, who auth.Subject) (any, error) {
	u, err := s.users.Table.On(s.db).Get(ctx, users.IDOf(who))
	if err != nil {
		return nil, err
	}
	sent, err := s.outbox.To(ctx, u.Email)
	return map[string]any{"mails": sent}, err
}

// eraseMails removes what was mailed to a person, also at addresses that they had,
// or said that they have, as far as their links tell, unless others have these.
func (s *Service) eraseMails(ctx context.Context, tx *data.Tx, who auth.Subject) error {
	u, err := s.users.Table.On(tx).WithDeleted().Get(ctx, users.IDOf(who))
	if err != nil {
		return err
	}
	more, err := s.tokens.Addresses(ctx, tx, u.ID)
	if err != nil {
		return err
	}
	for _, address := range more {
		taken, err := s.users.Service.EmailTaken(ctx, tx, address, u.ID)
		if err == nil && !taken {
			err = s.outbox.EraseTo(ctx, tx, address)
		}
		if err != nil {
			return err
		}
	}
	return s.outbox.EraseTo(ctx, tx, u.Email)
}
