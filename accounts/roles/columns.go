package roles

import (
	"fmt"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/web"
)

// Extend returns the roles table with columns of an app's own, which are the
// fields of E: see data.Extend. A domain of the app names it in its Extends, and
// makes the columns by its revisions. Who may read and write roles may read and
// write them; there is no tag access.
//
// Extend panics if E makes no sense, so the first test that runs finds the
// mistake.
func Extend[E any]() *data.Extension[Role, E] {
	x := data.Extend[E](table)
	for _, m := range x.Table().Members() {
		if _, ok := m.Field.Tag.Lookup("access"); ok {
			panic(fmt.Sprintf("roles: column %s: access is for columns of users", m.Name))
		}
	}
	return x
}

// addMembers makes what an app has added members of the bodies of its routes.
func (s *Service) addMembers(r *web.Router) {
	all := s.Table.Members()
	if all == nil {
		return
	}
	web.AddMembers(r, web.Members[Role]{List: all, Always: true, Answer: s.Table.Whole})
	web.AddMembers(r, web.Members[Create]{List: all, Request: func(in *Create, body []byte) (err error) {
		in.Extra, err = s.Table.ReadExtra(body)
		return err
	}})
	web.AddMembers(r, web.Members[Update]{List: all, Request: func(in *Update, body []byte) (err error) {
		in.Extra, err = s.Table.ReadChanges(body, all)
		return err
	}})
}
