package users

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
)

// A View is a user as one caller sees them: what everybody sees, and the rest
// of the row for the person and for holders of users:read.
type View struct {
	ID        ID     `json:"id"`
	Username  string `json:"username"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Bio       string `json:"bio"`
	Email     string `json:"email,omitempty" doc:"Only if the person shows it to you."`

	*Private

	version data.Version // of the row; zero if the caller must not see it
	columns *columns     // that the app has added; nil if there are none
	extra   data.Extra
}

// Private is what only the person and holders of users:read see.
type Private struct {
	Active           *bool            `json:"is_active,omitempty"`
	Staff            *bool            `json:"is_staff,omitempty"`
	Superuser        *bool            `json:"is_superuser,omitempty"`
	EmailVerified    *bool            `json:"email_verified,omitempty"`
	DateJoined       *time.Time       `json:"date_joined,omitempty"`
	LastLogin        *time.Time       `json:"last_login,omitempty"`
	SearchVisibility SearchVisibility `json:"search_visibility,omitempty"`
	EmailPrivacy     EmailPrivacy     `json:"email_privacy,omitempty"`
	PublicProfile    *bool            `json:"public_profile,omitempty"`
	Locale           *Locale          `json:"locale,omitempty"`
	CreatedAt        *time.Time       `json:"created_at,omitempty"`
	UpdatedAt        *time.Time       `json:"updated_at,omitempty"`
}

// Version returns which state of the user this is. The row's own tells when the
// person last signed in, so others get one that is made of what they see.
func (v View) Version() data.Version {
	if !v.version.IsZero() {
		return v.version
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %q %q %q %q %q", v.ID, v.Username, v.FirstName, v.LastName, v.Bio, v.Email)
	if v.columns != nil {
		_ = json.NewEncoder(h).Encode(v.columns.table.Beside(struct{}{}, v.extra, v.columns.public)) // which the answer tells of
	}
	return data.Version(int64(h.Sum64()>>8) + 1) // in a year that a Version can be
}

// View returns what the caller sees of one user.
func (s *Service) View(ctx context.Context, u *User) View {
	return s.view(auth.From(ctx), u, u.EmailPrivacy == EmailPrivate)
}

// ListView is View for lists, which do not hand out the addresses of everybody
// to whoever is signed in.
func (s *Service) ListView(ctx context.Context, u *User) View {
	return s.view(auth.From(ctx), u, false)
}

func (s *Service) view(p *auth.Principal, u *User, toMembers bool) View {
	v := View{
		ID: u.ID, Username: u.Username, FirstName: u.FirstName, LastName: u.LastName, Bio: u.Bio,
		columns: s.columns, extra: u.Extra,
	}
	whole := p.Can(Read) || (p.SignedIn() && p.Subject == u.Subject())
	if whole || u.EmailPrivacy == EmailPublic || (toMembers && p.SignedIn()) {
		v.Email = u.Email
	}
	if whole || p.Can(Write) {
		v.version = u.Version()
	}
	if whole {
		v.Private = &Private{
			Active: &u.Active, Staff: &u.Staff, Superuser: &u.Superuser, EmailVerified: &u.EmailVerified,
			DateJoined: &u.DateJoined, LastLogin: u.LastLogin,
			SearchVisibility: u.SearchVisibility, EmailPrivacy: u.EmailPrivacy, PublicProfile: &u.PublicProfile, Locale: u.Locale,
			CreatedAt: &u.CreatedAt, UpdatedAt: &u.UpdatedAt,
		}
	}
	return v
}
