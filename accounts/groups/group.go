// Package groups keeps a list of communities: meetups, mailing lists and the
// like. Anybody who is signed in submits one; it is listed once a moderator
// has approved it.
package groups

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

// A URLType says what is found at a group's address.
type URLType string

// The types.
const (
	Meetup           URLType = "meetup"
	DistributionList URLType = "distribution_list"
	Other            URLType = "other"
)

// A Group is a listed community.
type Group struct {
	data.Audited[Group]
	Name      string     `json:"name" db:"name,size=255,search,sort"`
	NameKey   string     `json:"-" db:"name_key,size=255,unique,for=name"` // Name as it is compared
	Location  string     `json:"location" db:"location,size=255,search,sort,default=''"`
	URL       string     `json:"url" db:"url,size=500,default=''"`
	URLType   URLType    `json:"url_type" db:"url_type,size=32,enum=meetup|distribution_list|other,default='other',sort,filter"`
	StartDate *data.Date `json:"start_date" db:"start_date,sort"`
	Approved  bool       `json:"approved" db:"approved,filter,default=false"` // it is listed
	Trusted   bool       `json:"trusted" db:"trusted,filter,default=false"`   // says nothing about being listed

	// SubmitterID is nil if the person's account is gone, and for callers who
	// may not know.
	SubmitterID *users.ID `json:"submitter_id" db:"submitter_id,references=users,ondelete=null" doc:"Only shown to the submitter and to moderators."`
}

var (
	table     = data.NewTable[Group]("groups")
	id        = data.Col[ID](table, "id")
	name      = data.TextCol(table, "name")
	nameKey   = data.TextCol(table, "name_key")
	location  = data.TextCol(table, "location")
	address   = data.TextCol(table, "url")
	urlType   = data.Col[URLType](table, "url_type")
	startDate = data.Col[data.Date](table, "start_date")
	approved  = data.Col[bool](table, "approved")
	trusted   = data.Col[bool](table, "trusted")
	submitter = data.Col[users.ID](table, "submitter_id")
)

// An ID names a group.
type ID = data.ID[Group]

// NormalName returns a name as it is stored: composed (NFC), with single
// spaces between its words and none around it.
func NormalName(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }

// nameAsKey returns a normal name as it is compared, without regard to case.
func nameAsKey(s string) string { return strings.ToLower(s) }

// Validate reports what is wrong with a group, by field.
func (g *Group) Validate() error {
	return fault.Fields(checkName(g.Name), checkURL(g.URL))
}

func checkName(s string) error {
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return fault.Field("name", "may not be empty")
	case n > 255:
		return fault.Field("name", "must have at most 255 characters")
	case strings.ContainsFunc(s, invisible):
		return fault.Field("name", "may not have characters that cannot be seen")
	}
	return nil
}

// invisible reports whether r could make two names look the same. The joiners
// are part of how some languages are written.
func invisible(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != nonJoiner && r != joiner
}

// checkURL holds an address to what a link on a page may be.
func checkURL(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return fault.Field("url", "must be an address that starts with http:// or https://")
	case u.User != nil:
		return fault.Field("url", "may not have a user name or a password")
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		return fault.Field("url", "may not have spaces or control characters")
	}
	return nil
}

// Create is a request to list a group. Whether it is approved and trusted is
// for moderators to say.
type Create struct {
	Name      string     `json:"name" minLength:"1" maxLength:"255"`
	Location  string     `json:"location,omitempty" maxLength:"255"`
	URL       string     `json:"url,omitempty" maxLength:"500" doc:"An http or https address, or empty."`
	URLType   URLType    `json:"url_type,omitempty" enum:"meetup,distribution_list,other" default:"other"`
	StartDate *data.Date `json:"start_date,omitempty" format:"date"`
}

// New returns the group that c asks for, submitted by nobody yet.
func (c Create) New() Group {
	g := Group{
		Name: NormalName(c.Name), Location: strings.TrimSpace(c.Location), URL: strings.TrimSpace(c.URL),
		URLType: c.URLType, StartDate: c.StartDate,
	}
	if g.URLType == "" {
		g.URLType = Other
	}
	g.NameKey = nameAsKey(g.Name)
	return g
}

// Update is a request to change a group.
type Update struct {
	Name      patch.Field[string]    `json:"name,omitzero" maxLength:"255"`
	Location  patch.Field[string]    `json:"location,omitzero" maxLength:"255"`
	URL       patch.Field[string]    `json:"url,omitzero" maxLength:"500" doc:"An http or https address, or empty."`
	URLType   patch.Field[URLType]   `json:"url_type,omitzero" enum:"meetup,distribution_list,other"`
	StartDate patch.Field[data.Date] `json:"start_date,omitzero" format:"date"`

	unlist bool // take the approval back
}

// normal returns u with its texts as they are stored.
func (u Update) normal() Update {
	for _, f := range []struct {
		field *patch.Field[string]
		to    func(string) string
	}{{&u.Name, NormalName}, {&u.Location, strings.TrimSpace}, {&u.URL, strings.TrimSpace}} {
		if s, ok := f.field.Get(); ok {
			*f.field = patch.Of(f.to(s))
		}
	}
	return u
}

// Changes returns the columns that u changes.
func (u Update) Changes() []data.Change[Group] {
	u = u.normal()
	changes := []data.Change[Group]{
		name.Patch(u.Name), location.Patch(u.Location), address.Patch(u.URL), urlType.Patch(u.URLType), startDate.Patch(u.StartDate),
	}
	if s, ok := u.Name.Get(); ok {
		changes = append(changes, nameKey.Set(nameAsKey(s)))
	}
	if u.unlist {
		changes = append(changes, approved.Set(false))
	}
	return changes
}

// reviewed reports whether u changes what a moderator looked at in old.
func (u Update) reviewed(old *Group) bool {
	u = u.normal()
	return u.Name.Or(old.Name) != old.Name || u.URL.Or(old.URL) != old.URL
}
