// Package memberships keeps people's standing with the organisation: at most
// one membership each, with what the organisation must know of its members.
package memberships

import (
	"strings"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

// A Type is a kind of membership.
type Type string

// The types. All but Basic are given by the organisation.
const (
	Basic        Type = "basic"
	Supporting   Type = "supporting"
	Sponsor      Type = "sponsor"
	Managing     Type = "managing"
	Contributing Type = "contributing"
	Fellow       Type = "fellow"
)

// A Membership is what one person is to the organisation.
type Membership struct {
	data.Audited[Membership]
	UserID users.ID `json:"user_id" db:"user_id,references=users,ondelete=cascade,unique"`
	Type   Type     `json:"membership_type" db:"membership_type,size=16,enum=basic|supporting|sponsor|managing|contributing|fellow,default='basic',sort,filter"`

	LegalName     string `json:"legal_name" db:"legal_name,size=255,search,sort,default=''"`
	PreferredName string `json:"preferred_name" db:"preferred_name,size=255,search,sort,default=''"`
	EmailAddress  string `json:"email_address" db:"email_address,size=254,search,default=''"`
	City          string `json:"city" db:"city,size=100,default=''"`
	Region        string `json:"region" db:"region,size=100,default=''"`
	Country       string `json:"country" db:"country,size=100,sort,filter,default=''"`
	PostalCode    string `json:"postal_code" db:"postal_code,size=20,default=''"`

	CodeOfConduct bool `json:"psf_code_of_conduct" db:"psf_code_of_conduct,default=false"` // the member agreed to it
	Announcements bool `json:"psf_announcements" db:"psf_announcements,default=false"`     // the member wants them
	Votes         bool `json:"votes" db:"votes,filter,default=false"`

	// LastVoteAffirmation is when the member last said that they go on voting;
	// nil means never.
	LastVoteAffirmation *data.Date `json:"last_vote_affirmation" db:"last_vote_affirmation"`
}

// An ID names a membership.
type ID = data.ID[Membership]

var (
	table           = data.NewTable[Membership]("memberships")
	owner           = data.Col[users.ID](table, "user_id")
	membershipType  = data.Col[Type](table, "membership_type")
	legalName       = data.TextCol(table, "legal_name")
	preferredName   = data.TextCol(table, "preferred_name")
	emailAddress    = data.TextCol(table, "email_address")
	city            = data.TextCol(table, "city")
	region          = data.TextCol(table, "region")
	country         = data.TextCol(table, "country")
	postalCode      = data.TextCol(table, "postal_code")
	codeOfConduct   = data.Col[bool](table, "psf_code_of_conduct")
	announcements   = data.Col[bool](table, "psf_announcements")
	votes           = data.Col[bool](table, "votes")
	lastAffirmation = data.Col[data.Date](table, "last_vote_affirmation")
)

// affirmedFor is how many days an affirmation to vote holds.
const affirmedFor = 365

// NeedsVoteAffirmation reports whether, on the day of now in UTC, the member
// must affirm that they go on voting: they never did, or more than 365 days
// ago.
func (m *Membership) NeedsVoteAffirmation(now time.Time) bool {
	if m.LastVoteAffirmation == nil {
		return true
	}
	since := data.DateOf(now).Time().Sub(m.LastVoteAffirmation.Time())
	return since > affirmedFor*24*time.Hour
}

// HigherLevel reports whether the membership is more than a basic one.
func (m *Membership) HigherLevel() bool { return m.Type != Basic }

// Validate reports what is wrong with a membership, by field.
func (m *Membership) Validate() error {
	if m.EmailAddress != "" && users.CheckEmail(m.EmailAddress) != nil {
		return fault.Field("email_address", "is not an e-mail address")
	}
	return nil
}

// A Profile is what people may say about themselves in a new membership.
type Profile struct {
	LegalName     string `json:"legal_name,omitempty" maxLength:"255"`
	PreferredName string `json:"preferred_name,omitempty" maxLength:"255"`
	EmailAddress  string `json:"email_address,omitempty" maxLength:"254" doc:"An e-mail address, or empty."`
	City          string `json:"city,omitempty" maxLength:"100"`
	Region        string `json:"region,omitempty" maxLength:"100"`
	Country       string `json:"country,omitempty" maxLength:"100"`
	PostalCode    string `json:"postal_code,omitempty" maxLength:"20"`
	CodeOfConduct bool   `json:"psf_code_of_conduct,omitempty"`
	Announcements bool   `json:"psf_announcements,omitempty"`
}

// New returns a basic membership of nobody yet.
func (p Profile) New() Membership {
	return Membership{
		Type: Basic, LegalName: strings.TrimSpace(p.LegalName), PreferredName: strings.TrimSpace(p.PreferredName),
		EmailAddress: users.NormalEmail(p.EmailAddress), City: p.City, Region: p.Region, Country: p.Country,
		PostalCode: p.PostalCode, CodeOfConduct: p.CodeOfConduct, Announcements: p.Announcements,
	}
}

// Create is a request by the organisation for somebody's membership.
type Create struct {
	UserID users.ID `json:"user_id"`
	Profile
	Type  Type `json:"membership_type,omitempty" enum:"basic,supporting,sponsor,managing,contributing,fellow" default:"basic"`
	Votes bool `json:"votes,omitempty"`
}

// New returns the membership that c asks for.
func (c Create) New() Membership {
	m := c.Profile.New()
	m.UserID, m.Votes = c.UserID, c.Votes
	if c.Type != "" {
		m.Type = c.Type
	}
	return m
}

// A ProfileUpdate is what people may change about their own membership.
type ProfileUpdate struct {
	LegalName     patch.Field[string] `json:"legal_name,omitzero" maxLength:"255"`
	PreferredName patch.Field[string] `json:"preferred_name,omitzero" maxLength:"255"`
	EmailAddress  patch.Field[string] `json:"email_address,omitzero" maxLength:"254" doc:"An e-mail address, or empty."`
	City          patch.Field[string] `json:"city,omitzero" maxLength:"100"`
	Region        patch.Field[string] `json:"region,omitzero" maxLength:"100"`
	Country       patch.Field[string] `json:"country,omitzero" maxLength:"100"`
	PostalCode    patch.Field[string] `json:"postal_code,omitzero" maxLength:"20"`
	CodeOfConduct patch.Field[bool]   `json:"psf_code_of_conduct,omitzero"`
	Announcements patch.Field[bool]   `json:"psf_announcements,omitzero"`
}

// Changes returns the columns that p changes.
func (p ProfileUpdate) Changes() []data.Change[Membership] {
	if s, ok := p.EmailAddress.Get(); ok {
		p.EmailAddress = patch.Of(users.NormalEmail(s))
	}
	return []data.Change[Membership]{
		legalName.Patch(p.LegalName), preferredName.Patch(p.PreferredName), emailAddress.Patch(p.EmailAddress),
		city.Patch(p.City), region.Patch(p.Region), country.Patch(p.Country), postalCode.Patch(p.PostalCode),
		codeOfConduct.Patch(p.CodeOfConduct), announcements.Patch(p.Announcements),
	}
}

// Update is what the organisation may change. A membership stays with its
// user.
type Update struct {
	ProfileUpdate
	Type                patch.Field[Type]      `json:"membership_type,omitzero" enum:"basic,supporting,sponsor,managing,contributing,fellow"`
	Votes               patch.Field[bool]      `json:"votes,omitzero"`
	LastVoteAffirmation patch.Field[data.Date] `json:"last_vote_affirmation,omitzero" format:"date" doc:"A day that is not in the future, or null."`
}

// Changes returns the columns that u changes.
func (u Update) Changes() []data.Change[Membership] {
	return append(u.ProfileUpdate.Changes(), membershipType.Patch(u.Type), votes.Patch(u.Votes), lastAffirmation.Patch(u.LastVoteAffirmation))
}
