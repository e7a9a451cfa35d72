package users

import (
	"fmt"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/web"
)

// Extend returns the users table with columns of an app's own, which are the
// fields of E: see data.Extend. A domain of the app names it in its Extends, and
// makes the columns by its revisions.
//
// In JSON they are members of whole accounts, and of requests to create and to
// change one, which holders of Write make. The tag access says more, by one or
// both of two words: "public" shows a column to whoever sees the person, and lets
// everybody list people by it; "self" lets people change it for themselves.
// Searches look at public columns only.
//
// Extend panics if E makes no sense, so the first test that runs finds the
// mistake.
func Extend[E any]() *data.Extension[User, E] {
	x := data.Extend[E](table)
	columnsOf(x.Table())
	return x
}

// columns are the members of users that an app has added, by who may do what.
type columns struct {
	table             *data.Table[User]
	all, public, self []data.Member
}

// columnsOf returns nil if there are none.
func columnsOf(t *data.Table[User]) *columns {
	c := &columns{table: t, all: t.Members()}
	if c.all == nil {
		return nil
	}
	for _, m := range c.all {
		public := false
		if words, ok := m.Field.Tag.Lookup("access"); ok {
			for word := range strings.SplitSeq(words, ",") {
				switch word {
				case "public":
					public = true
					c.public = append(c.public, m)
				case "self":
					c.self = append(c.self, m)
				default:
					panic(fmt.Sprintf("users: column %s: access is public, self or both, not %q", m.Name, word))
				}
			}
		}
		if m.Column.Search && !public {
			panic(fmt.Sprintf("users: column %s: everybody could find people by it, and it is not public", m.Name))
		}
	}
	return c
}

// of returns the members that a view has.
func (c *columns) of(v *View) []data.Member {
	if v.Private != nil {
		return c.all
	}
	return c.public
}

// addMembers makes what an app has added members of the bodies of its routes.
func (s *Service) addMembers(r *web.Router) {
	c := s.columns
	if c == nil {
		return
	}
	web.AddMembers(r, web.Members[User]{List: c.all, Always: true, Answer: s.Table.Whole})
	web.AddMembers(r, web.Members[View]{List: c.all, Answer: func(v *View) any {
		return c.table.Beside(v, v.extra, c.of(v))
	}})
	web.AddMembers(r, web.Members[Create]{List: c.all, Request: func(in *Create, body []byte) (err error) {
		in.Extra, err = c.table.ReadExtra(body)
		return err
	}})
	web.AddMembers(r, web.Members[Update]{List: c.all, Request: func(in *Update, body []byte) (err error) {
		in.Extra, err = c.table.ReadChanges(body, c.all)
		return err
	}})
	web.AddMembers(r, web.Members[Profile]{List: c.self, Request: func(in *Profile, body []byte) (err error) {
		in.Extra, err = c.table.ReadChanges(body, c.self)
		return err
	}})
}

// ListOptions restrict what a list of people can be asked for to what the caller
// may see of them.
func (s *Service) ListOptions() []web.Option {
	options := []web.Option{web.Restrict(Read, "isActive", "isStaff", "isSuperuser", "emailVerified", "ids",
		"updatedBefore", "updatedAfter", "orderBy=updated_at", "orderBy=last_login")} // signing in changes these
	if s.columns != nil {
		for _, m := range s.columns.all {
			if !slices.ContainsFunc(s.columns.public, func(p data.Member) bool { return p.Name == m.Name }) {
				options = append(options, web.RestrictField(Read, m.Name))
			}
		}
	}
	return options
}
