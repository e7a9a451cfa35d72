// Package users keeps accounts: who people are, what they show of themselves,
// and whether they may sign in.
package users

import (
	"strings"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// A User is a person's account and profile. Its JSON is the whole row, for the
// person and for those who may read users; everybody else gets a Public.
type User struct {
	data.Audited[User]
	data.SoftDeleted        // the account waits to be erased, and keeps its names until then
	Username         string `json:"username" db:"username,size=150,search,sort,filter"`
	UsernameKey      string `json:"-" db:"username_key,size=150,unique,for=username"` // Username as it is compared
	Email            string `json:"email" db:"email,size=254"`
	EmailKey         string `json:"-" db:"email_key,size=254,unique,for=email"` // Email as it is compared

	// Password is nil for people who only sign in elsewhere.
	Password *secret.PasswordHash `json:"-" db:"password_hash,size=255"`

	FirstName string `json:"first_name" db:"first_name,size=150,search,sort,default=''"`
	LastName  string `json:"last_name" db:"last_name,size=150,search,sort,default=''"`
	Bio       string `json:"bio" db:"bio,size=10000,default=''"`

	Active        bool       `json:"is_active" db:"is_active,filter,default=true"`
	Staff         bool       `json:"is_staff" db:"is_staff,filter,default=false"`
	Superuser     bool       `json:"is_superuser" db:"is_superuser,filter,default=false"`
	EmailVerified bool       `json:"email_verified" db:"email_verified,filter,default=false"`
	DateJoined    time.Time  `json:"date_joined" db:"date_joined,sort"`
	LastLogin     *time.Time `json:"last_login" db:"last_login,sort,quiet"`

	SearchVisibility SearchVisibility `json:"search_visibility" db:"search_visibility,size=16,enum=public|private,default='public'"`
	EmailPrivacy     EmailPrivacy     `json:"email_privacy" db:"email_privacy,size=16,enum=public|private|never,default='private'"`
	PublicProfile    bool             `json:"public_profile" db:"public_profile,default=true"`

	Locale *Locale `json:"locale" db:"locale,size=35"` // nil if unknown

	// Epoch counts the changes that end everything signed in before them.
	Epoch int `json:"-" db:"epoch,default=0"`

	// Extra holds the columns that the app has added: see Extend.
	Extra data.Extra `json:"-"`
}

// SearchVisibility says whether lists and searches show a person.
type SearchVisibility string

// EmailPrivacy says who sees a person's e-mail address.
type EmailPrivacy string

// The choices.
const (
	SearchPublic  SearchVisibility = "public"
	SearchPrivate SearchVisibility = "private"

	EmailPublic  EmailPrivacy = "public"  // everybody
	EmailPrivate EmailPrivacy = "private" // people who are signed in
	EmailNever   EmailPrivacy = "never"   // nobody else
)

// The users table and those columns that other packages may change.
var (
	table         = data.NewTable[User]("users", data.SearchIndex())
	username      = data.TextCol(table, "username")
	usernameKey   = data.TextCol(table, "username_key")
	email         = data.TextCol(table, "email")
	emailKey      = data.TextCol(table, "email_key")
	password      = data.Col[secret.PasswordHash](table, "password_hash")
	firstName     = data.TextCol(table, "first_name")
	lastName      = data.TextCol(table, "last_name")
	bio           = data.TextCol(table, "bio")
	active        = data.Col[bool](table, "is_active")
	staff         = data.Col[bool](table, "is_staff")
	superuser     = data.Col[bool](table, "is_superuser")
	emailVerified = data.Col[bool](table, "email_verified")
	lastLogin     = data.Col[time.Time](table, "last_login")
	visibility    = data.Col[SearchVisibility](table, "search_visibility")
	emailPrivacy  = data.Col[EmailPrivacy](table, "email_privacy")
	publicProfile = data.Col[bool](table, "public_profile")
	locale        = data.Col[Locale](table, "locale")
	epoch         = data.Col[int](table, "epoch")
	id            = data.Col[ID](table, "id")
	createdAt     = data.Col[time.Time](table, "created_at")
	deletedAt     = data.Col[time.Time](table, "deleted_at")
)

// An ID names a user.
type ID = data.ID[User]

// IDOf returns the user that a principal's subject names, or the zero ID.
func IDOf(s auth.Subject) ID {
	id, err := data.ParseID[User](string(s))
	if err != nil {
		return ID{}
	}
	return id
}

// Subject returns the name of the user in protocols.
func (u *User) Subject() auth.Subject { return auth.Subject(u.ID.String()) }

// FullName returns the first and the last name, or what there is of them.
func (u *User) FullName() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// SignsIn reports whether the account may be signed in to at all.
func (u *User) SignsIn() bool { return u.Active && u.EmailVerified }

// Validate reports what is wrong with a user, by field.
func (u *User) Validate() error {
	return fault.Fields(checkUsername(u.Username), CheckEmail(u.Email), Locale(u.Language()).Check())
}

// Create is a request for a new account by somebody with users:write, or by
// the command line. Registration has its own.
type Create struct {
	Email            string           `json:"email" maxLength:"254" format:"email"`
	Username         string           `json:"username,omitempty" maxLength:"150" doc:"Made up if it is left out."`
	Password         secret.Text      `json:"password,omitzero" doc:"Without one, the person sets it by the link for a forgotten password."`
	FirstName        string           `json:"first_name,omitempty" maxLength:"150"`
	LastName         string           `json:"last_name,omitempty" maxLength:"150"`
	Bio              string           `json:"bio,omitempty" maxLength:"10000"`
	SearchVisibility SearchVisibility `json:"search_visibility,omitempty" enum:"public,private"`
	EmailPrivacy     EmailPrivacy     `json:"email_privacy,omitempty" enum:"public,private,never"`
	PublicProfile    *bool            `json:"public_profile,omitempty"`
	Locale           Locale           `json:"locale,omitempty" maxLength:"35" doc:"The language of mails, as in en or zh-CN (BCP 47)."`
	Active           *bool            `json:"is_active,omitempty"`
	Staff            bool             `json:"is_staff,omitempty"`
	EmailVerified    bool             `json:"email_verified,omitempty"`
	Extra            data.Extra       `json:"-"` // columns that the app has added
}

// New returns the user that c asks for, without ID, keys and password.
func (c Create) New() User {
	u := User{
		Username: c.Username, Email: NormalEmail(c.Email),
		FirstName: c.FirstName, LastName: c.LastName, Bio: c.Bio,
		Active: c.Active == nil || *c.Active, Staff: c.Staff, EmailVerified: c.EmailVerified,
		SearchVisibility: SearchPublic, EmailPrivacy: EmailPrivate,
		PublicProfile: c.PublicProfile == nil || *c.PublicProfile, Extra: c.Extra,
	}
	if c.SearchVisibility != "" {
		u.SearchVisibility = c.SearchVisibility
	}
	if c.EmailPrivacy != "" {
		u.EmailPrivacy = c.EmailPrivacy
	}
	if c.Locale != "" {
		u.Locale = new(c.Locale.normal())
	}
	return u
}

// Profile is what people may change about themselves.
type Profile struct {
	FirstName        patch.Field[string]           `json:"first_name,omitzero" maxLength:"150"`
	LastName         patch.Field[string]           `json:"last_name,omitzero" maxLength:"150"`
	Bio              patch.Field[string]           `json:"bio,omitzero" maxLength:"10000"`
	SearchVisibility patch.Field[SearchVisibility] `json:"search_visibility,omitzero" enum:"public,private"`
	EmailPrivacy     patch.Field[EmailPrivacy]     `json:"email_privacy,omitzero" enum:"public,private,never"`
	PublicProfile    patch.Field[bool]             `json:"public_profile,omitzero"`
	Locale           patch.Field[Locale]           `json:"locale,omitzero" maxLength:"35" doc:"The language of mails, as in en or zh-CN (BCP 47). Null forgets it."`

	Extra []data.Change[User] `json:"-"` // of columns that the app has added
}

// Changes returns the columns that p changes.
func (p Profile) Changes() []data.Change[User] {
	if l, ok := p.Locale.Get(); ok {
		p.Locale = patch.Of(l.normal())
	}
	return append([]data.Change[User]{
		firstName.Patch(p.FirstName), lastName.Patch(p.LastName), bio.Patch(p.Bio),
		visibility.Patch(p.SearchVisibility), emailPrivacy.Patch(p.EmailPrivacy), publicProfile.Patch(p.PublicProfile),
		locale.Patch(p.Locale),
	}, p.Extra...)
}

// Update is what somebody with users:write may change about others.
type Update struct {
	Profile
	Username      patch.Field[string] `json:"username,omitzero" maxLength:"150"`
	Email         patch.Field[string] `json:"email,omitzero" maxLength:"254" format:"email"`
	Active        patch.Field[bool]   `json:"is_active,omitzero"`
	Staff         patch.Field[bool]   `json:"is_staff,omitzero"`
	EmailVerified patch.Field[bool]   `json:"email_verified,omitzero"`
}

// Changes returns the columns that u changes. A new e-mail address is not
// verified, unless u says so.
func (u Update) Changes() []data.Change[User] {
	changes := append(u.Profile.Changes(), active.Patch(u.Active), staff.Patch(u.Staff))
	if u.Username.Sent() {
		name := u.Username.Or("")
		changes = append(changes, username.Patch(u.Username), usernameKey.Set(UsernameKey(name)))
	}
	if u.Email.Sent() {
		address := NormalEmail(u.Email.Or(""))
		changes = append(changes, email.Set(address), emailKey.Set(EmailKey(address)))
		if !u.EmailVerified.Sent() {
			u.EmailVerified = patch.Of(false)
		}
	}
	return append(changes, emailVerified.Patch(u.EmailVerified))
}
