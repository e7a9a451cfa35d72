package users

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// syncPage is how many accounts are compared at a time.
const syncPage = 200

// Sync compares all accounts of the store with their rows, and makes those that
// there are none of. An account that is gone has its row marked as deleted. One that
// cannot be used here does not keep the others, and is part of the error; an outage
// ends it.
func (m *Mirror) Sync(ctx context.Context) error {
	seed, seen := maphash.MakeSeed(), map[uint64]struct{}{} // of all that were listed, in little space
	var failed []error
	for offset := 0; ; {
		page, err := m.store.List(ctx, offset, syncPage)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		if len(page) == 0 {
			break
		}
		offset += len(page)
		for _, a := range page {
			seen[maphash.String(seed, a.ID)] = struct{}{}
		}
		failed = append(failed, m.takeAll(ctx, page)...)
	}
	err := m.lost(ctx, func(account string) bool {
		_, ok := seen[maphash.String(seed, account)]
		return ok
	})
	return errors.Join(append(failed, err)...)
}

// takeAll takes those of a page whose rows are not as they say.
func (m *Mirror) takeAll(ctx context.Context, page []Account) (failed []error) {
	db := m.people.DB
	accounts := make([]string, len(page))
	for i, a := range page {
		accounts[i] = a.ID
	}
	linked, err := links.On(db).List(ctx, data.Query[link]{Where: linkAccount.In(accounts...), Limit: -1})
	if err != nil {
		return []error{err}
	}
	var keys []ID
	byAccount := map[string]*link{}
	for i := range linked.Items {
		l := &linked.Items[i]
		keys, byAccount[l.Account] = append(keys, l.UserID), l
	}
	rows, err := table.On(db).WithDeleted().List(ctx, data.Query[User]{Where: id.In(keys...), Limit: -1})
	if err != nil {
		return []error{err}
	}
	byID := map[ID]*User{}
	for i := range rows.Items {
		byID[rows.Items[i].ID] = &rows.Items[i]
	}
	for _, a := range page {
		if l := byAccount[a.ID]; l != nil {
			if u := byID[l.UserID]; u != nil && says(u, l, a) {
				continue
			}
		}
		if err := m.take(ctx, db, a); err != nil {
			failed = append(failed, fmt.Errorf("account %q: %w", a.ID, err))
		}
	}
	return failed
}

// lost asks the store for those accounts that were not listed, some of which may
// only have moved between pages.
func (m *Mirror) lost(ctx context.Context, listed func(account string) bool) error {
	db := m.people.DB
	var failed []error
	for after := (data.ID[link]{}); ; {
		page, err := links.On(db).List(ctx, data.Query[link]{Where: linkID.Gt(after), Order: data.By(linkID.Asc()), Limit: syncPage})
		if err != nil || len(page.Items) == 0 {
			return errors.Join(append(failed, err)...)
		}
		for _, l := range page.Items {
			after = l.ID
			if listed(l.Account) {
				continue
			}
			if err := m.Refresh(ctx, db, l.UserID); err != nil && fault.KindOf(err) != fault.NotFound {
				failed = append(failed, err)
			}
		}
	}
}
