// Package credits shows how an app gives users and roles columns of its own:
// what people have left to spend, and how a role is shown.
package credits

import (
	"context"
	"embed"

	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/web"
)

// A Credit is what users have beside what they have anyway.
type Credit struct {
	TokenCount int     `json:"token_count" db:"token_count,filter,sort,default=0" minimum:"0" doc:"What is left to spend."`
	Plan       string  `json:"plan" db:"plan,size=20,enum=free|paid,filter,default='free'" access:"public"`
	Theme      *string `json:"theme" db:"theme,size=20" maxLength:"20" access:"self"`
}

// A Badge is what roles have beside what they have anyway.
type Badge struct {
	Label string `json:"label" db:"label,size=40,search,sort,default=''" maxLength:"40"`
	Color string `json:"color" db:"color,size=7,default='#000000'" pattern:"^#[0-9a-f]{6}$"`
}

// The columns, and those of them that this package reads and changes.
var (
	Users = users.Extend[Credit]()
	Roles = roles.Extend[Badge]()

	userID     = data.Col[users.ID](Users.Table(), "id")
	tokenCount = data.Col[int](Users.Table(), "token_count")
)

//go:embed migrations
var migrations embed.FS

// Domain returns everything that credits add to an app.
func Domain(env domain.Env) domain.Domain {
	s := &Service{db: env.DB}
	return domain.Domain{
		Name:       "credits",
		Migrations: migrations,
		Extends:    []data.Extender{Users, Roles},
		Unaudited:  []string{"users.token_count"}, // spending is no deed of an administrator
		Mount: func(r *web.Router) {
			web.Handle(r, "POST /credits/spend", s.spend, web.SignedIn, web.Summary("Spend some of your tokens"), web.Errors("SPENT"))
		},
	}
}

// A Service spends.
type Service struct{ db *data.DB }

// Spend takes n tokens from somebody, who has them, or fault.Conflict. Any number
// may do so at once.
func (s *Service) Spend(ctx context.Context, of users.ID, n int) (left int, err error) {
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		u, err := Users.Table().On(tx).UpdateOne(ctx, data.All(userID.Eq(of), tokenCount.Ge(n)), tokenCount.Plus(-n))
		left = Users.Of(&u).TokenCount
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		err = fault.Coded(fault.Conflict, "SPENT", "so many tokens are not left")
	}
	return left, err
}

type spending struct {
	Body struct {
		Tokens int `json:"tokens" minimum:"1" maximum:"1000"`
	}
}

type spent struct {
	Body struct {
		Left int `json:"left"`
	}
}

func (s *Service) spend(ctx context.Context, in *spending) (out *spent, err error) {
	out = new(spent)
	out.Body.Left, err = s.Spend(ctx, users.IDOf(auth.From(ctx).Subject), in.Body.Tokens)
	return out, err
}
