package imports

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// tries is how often a batch is stored that meets somebody who registers at the
// same moment.
const tries = 3

// flush stores a batch.
func (r *run) flush(ctx context.Context, b *batch) error {
	if err := r.settle(ctx, b); err != nil || len(b.people) == 0 {
		return err
	}
	var done Result
	var refused []Refusal
	if r.tx != nil {
		if err := r.store(ctx, r.tx, b.people, &done, &refused); err != nil {
			return err
		}
		return r.stored(done, refused)
	}
	for n := 1; ; n++ {
		done, refused = Result{}, nil
		err := r.db.Tx(ctx, func(tx *data.Tx) error {
			if err := r.mark.Note(ctx, tx, b.place); err != nil {
				return err
			}
			return r.store(ctx, tx, b.people, &done, &refused)
		})
		if err == nil {
			r.mark.Noted(b.place)
			return r.stored(done, refused)
		}
		if n == tries || !data.Taken(err, "email_key") && !data.Taken(err, "username_key") {
			return err
		}
	}
}

// stored counts what was stored.
func (r *run) stored(done Result, refused []Refusal) error {
	r.sum.Created += done.Created
	r.sum.Updated += done.Updated
	r.sum.Present += done.Present
	return r.refuse(refused)
}

// store stores some people: first those whose address is new, of two of them the
// one that comes first, and then it changes those who are there.
func (r *run) store(ctx context.Context, tx *data.Tx, people []person, done *Result, refused *[]Refusal) error {
	known, err := r.accounts(ctx, tx, people)
	if err != nil {
		return err
	}
	var fresh, there []person
	seen := map[string]bool{}
	for _, p := range people {
		if _, ok := known[p.EmailKey]; ok || seen[p.EmailKey] {
			there = append(there, p)
			continue
		}
		seen[p.EmailKey] = true
		fresh = append(fresh, p)
	}
	if fresh, err = r.name(ctx, tx, fresh, refused); err != nil {
		return err
	}
	if err := r.add(ctx, tx, fresh); err != nil {
		return err
	}
	done.Created = int64(len(fresh))
	if !r.o.Update || len(there) == 0 {
		done.Present = int64(len(there))
		return nil
	}
	if known, err = r.accounts(ctx, tx, there); err != nil { // with those just added
		return err
	}
	for i := range there {
		k, ok := known[there[i].EmailKey]
		changed := false
		if ok { // or it was refused for its username the first time
			if changed, err = r.users.Renew(ctx, tx, k, &there[i].User); err != nil {
				return err
			}
		}
		if changed {
			done.Updated++
		} else {
			done.Present++
		}
	}
	return nil
}

// accounts returns those of some people who have accounts.
func (r *run) accounts(ctx context.Context, tx *data.Tx, people []person) (map[string]users.Known, error) {
	keys := make([]string, len(people))
	for i := range people {
		keys[i] = people[i].EmailKey
	}
	slices.Sort(keys) // so that what is read of the index is read once
	return r.users.KnownByEmail(ctx, tx, keys)
}

// add stores new people, with their roles.
func (r *run) add(ctx context.Context, tx *data.Tx, fresh []person) error {
	// Neighbours in an index are written together.
	slices.SortFunc(fresh, func(a, b person) int { return strings.Compare(a.EmailKey, b.EmailKey) })
	rows := make([]users.User, len(fresh))
	for i := range fresh {
		rows[i] = fresh[i].User
	}
	if err := r.users.AddAll(ctx, tx, rows, string(r.o.From)); err != nil {
		return err
	}
	for i := range fresh {
		for _, role := range fresh[i].roles {
			if err := r.roles.Grant(ctx, tx, role, rows[i].ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// name gives everybody a username that is free, and leaves out whom it refuses.
func (r *run) name(ctx context.Context, tx *data.Tx, fresh []person, refused *[]Refusal) ([]person, error) {
	wanted := map[string]bool{}
	var open []int // whose name is not settled
	for i := range fresh {
		fresh[i].Username = wish(&fresh[i])
		open = append(open, i)
	}
	for round := 0; len(open) > 0; round++ {
		var keys []string
		for _, i := range open {
			keys = append(keys, users.UsernameKey(fresh[i].Username))
		}
		taken, err := r.users.UsernamesTaken(ctx, tx, keys)
		if err != nil {
			return nil, err
		}
		var still []int
		for n, i := range open {
			if !taken[keys[n]] && !wanted[keys[n]] && users.CheckUsername(fresh[i].Username) == nil {
				wanted[keys[n]] = true
				continue
			}
			if r.o.Strict {
				*refused = append(*refused, Refusal{fresh[i].line, fresh[i].Email, "username is already taken"})
				fresh[i].line = -1
				continue
			}
			fresh[i].Username = suffixed(fresh[i].Username)
			still = append(still, i)
		}
		open = still
	}
	kept := fresh[:0]
	for _, p := range fresh {
		if p.line >= 0 {
			kept = append(kept, p)
		}
	}
	return kept, nil
}

// wish returns the username that somebody would have, were it free: theirs, or
// what is left of it.
func wish(p *person) string {
	if p.Username == "" || users.CheckUsername(p.Username) == nil {
		if p.Username == "" {
			return "user-" + strings.ToLower(rand.Text()[:10])
		}
		return p.Username
	}
	local, _, _ := strings.Cut(p.Username, "@")
	name := strings.Trim(data.Slugify(local), "._-")
	if len(name) > 140 {
		name = strings.Trim(name[:140], "._-")
	}
	if len(name) < 2 {
		return suffixed("user")
	}
	return name
}

// suffixed returns another name.
func suffixed(name string) string {
	if len(name) > 140 {
		name = strings.Trim(name[:140], "._-")
	}
	return name + "-" + strings.ToLower(rand.Text()[:5])
}

// rolesExist refuses people with roles that do not.
func (r *run) rolesExist(ctx context.Context, p person) error {
	for _, role := range p.roles {
		name := roles.NormalName(role)
		if (name == roles.Superuser || name == roles.Staff) && !r.o.Ranks {
			return fault.Field("roles", "names a rank, which nobody gets who is not asked for it")
		}
		exists, asked := r.known[name]
		if !asked {
			_, err := r.roles.ByName(ctx, name)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				return err
			}
			exists = err == nil
			r.known[name] = exists
		}
		if !exists {
			return fault.Field("roles", "names a role that does not exist")
		}
	}
	return nil
}
