package imports

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A person is one account as a file describes it.
type person struct {
	users.User
	line  int
	hash  string // of the password, as the other program stored it
	salt  string // of Firebase
	said  bool   // the file says whether the address is verified
	roles []string
}

// person reads one row. What is wrong with it is fault.Invalid.
func (r *run) person(rec transfer.Record) (p person, err error) {
	f := fieldsOf(rec.Fields)
	p.Active, p.SearchVisibility, p.EmailPrivacy, p.PublicProfile = true, users.SearchPublic, users.EmailPrivate, true
	switch r.o.From {
	case Django:
		err = p.django(f, r.o.Model)
	case PocketBase:
		err = p.pocketbase(f)
	case Kratos:
		err = p.kratos(f)
	case Supabase:
		err = p.supabase(f, r.db.Now())
	case Firebase:
		err = p.firebase(f)
	default:
		err = p.own(f)
	}
	if err != nil {
		return p, err
	}
	return p, r.complete(&p)
}

// complete checks what was read, and makes of it what is stored.
func (r *run) complete(p *person) error {
	p.Email = users.NormalEmail(p.Email)
	if p.Email == "" {
		return fault.Field("email", "is missing")
	}
	if !p.said {
		p.EmailVerified = r.o.Verified
	}
	if !r.o.Ranks {
		p.Staff, p.Superuser = false, false
	}
	if !r.o.Roles {
		p.roles = nil
	}
	if r.o.Strict && p.Username != "" {
		if err := users.CheckUsername(p.Username); err != nil {
			return err
		}
	}
	return fault.Fields(
		users.CheckEmail(p.Email), r.password(p),
		plain("first_name", p.FirstName, 150), plain("last_name", p.LastName, 150), plain("bio", p.Bio, 10000))
}

// password reads the hash. One that begins with an exclamation mark is how
// Django writes that there is none.
func (r *run) password(p *person) (err error) {
	if p.hash == "" || p.hash[0] == '!' {
		return nil
	}
	var hash secret.PasswordHash
	if p.salt != "" {
		hash, err = r.o.Firebase.Hash(p.hash, p.salt)
	} else {
		hash, err = secret.ParsePasswordHash(p.hash)
	}
	switch {
	case err == nil:
		p.Password = &hash
	case !r.o.Passwordless:
		return fault.Field("password", "cannot be used: %s", reasonOf(err))
	}
	return nil
}

func reasonOf(err error) string {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return ""
	}
	return e.Msg
}

// profile reads what most programs call alike.
func (p *person) profile(f fields) (err error) {
	p.Email, p.Username = f.text("email"), f.text("username")
	p.FirstName, p.LastName, p.Bio = f.text("first_name"), f.text("last_name"), f.text("bio")
	if p.FirstName == "" && p.LastName == "" {
		p.FirstName, p.LastName = named(f.text("name", "full_name", "display_name"))
	}
	return nil
}

// flags reads what most programs call alike.
func (p *person) flags(f fields) (err error) {
	var errs [4]error
	if is, there, err := f.flag("is_active"); there || err != nil {
		p.Active, errs[0] = is, err
	}
	p.Staff, _, errs[1] = f.flag("is_staff")
	p.Superuser, _, errs[2] = f.flag("is_superuser")
	p.EmailVerified, p.said, errs[3] = f.flag("email_verified", "is_verified", "verified")
	return fault.Fields(errs[:]...)
}

// times reads when somebody came and was last seen.
func (p *person) times(f fields, joined, seen []string) (err error) {
	if p.DateJoined, err = f.time(joined...); err != nil {
		return err
	}
	last, err := f.time(seen...)
	if !last.IsZero() {
		p.LastLogin = &last
	}
	return err
}

// django reads an object of dumpdata, or a row of the table of users.
func (p *person) django(f fields, model string) error {
	if f["fields"].JSON != nil {
		inner := f.object("fields")
		_, address := inner["email"]
		_, password := inner["password"]
		is := f.text("model")
		if model != "" && !strings.EqualFold(is, model) || model == "" && !(address && password) {
			return errSkip
		}
		f = inner
	}
	p.hash = f.text("password")
	return fault.Fields(p.profile(f), p.flags(f), p.times(f, []string{"date_joined", "created_at"}, []string{"last_login"}))
}

// pocketbase reads a row of the collection, as its database has it. The API has
// no hashes.
func (p *person) pocketbase(f fields) error {
	p.hash = f.text("password", "passwordHash", "password_hash")
	err := fault.Fields(p.profile(f), p.times(f, []string{"created"}, nil))
	shown, there, ferr := f.flag("emailVisibility")
	switch {
	case there && shown:
		p.EmailPrivacy = users.EmailPublic
	case there:
		p.EmailPrivacy = users.EmailNever
	}
	var verr error
	p.EmailVerified, p.said, verr = f.flag("verified")
	return fault.Fields(err, ferr, verr)
}

// kratos reads an identity, whose traits are what its schema says: e-mail address
// and names are looked for where its examples have them.
func (p *person) kratos(f fields) error {
	traits := f.object("traits")
	if traits == nil {
		return errSkip
	}
	if err := p.profile(traits); err != nil {
		return err
	}
	if name := traits.object("name"); name != nil {
		p.FirstName, p.LastName = name.text("first", "first_name", "given_name"), name.text("last", "last_name", "family_name")
	}
	for _, a := range f.objects("verifiable_addresses") {
		if p.Email == "" && a.text("via") == "email" {
			p.Email = a.text("value")
		}
		if users.EmailKey(a.text("value")) == users.EmailKey(p.Email) {
			p.EmailVerified, p.said, _ = a.flag("verified")
		}
	}
	credential := f.object("credentials").object("password")
	if p.Email == "" {
		for _, name := range credential.list("identifiers") {
			if strings.Contains(name, "@") {
				p.Email = name
				break
			}
		}
	}
	p.hash = credential.object("config").text("hashed_password")
	p.Active = f.text("state") != "inactive"
	return p.times(f, []string{"created_at"}, nil)
}

// supabase reads a row of auth.users.
func (p *person) supabase(f fields, now time.Time) error {
	p.Email = f.text("email") // for the report
	if f.text("deleted_at") != "" {
		return fault.Field("deleted_at", "says that the account is deleted")
	}
	meta := f.object("raw_user_meta_data")
	if err := p.profile(meta); err != nil {
		return err
	}
	p.Email, p.Username = f.text("email"), meta.text("username", "user_name", "preferred_username")
	p.hash = f.text("encrypted_password")
	p.EmailVerified, p.said = f.text("email_confirmed_at", "confirmed_at") != "", true
	banned, err := f.time("banned_until")
	if err == nil {
		p.Active = banned.Before(now)
	} else { // such as infinity
		p.Active = false
	}
	return p.times(f, []string{"created_at"}, []string{"last_sign_in_at"})
}

// firebase reads an account of auth:export.
func (p *person) firebase(f fields) (err error) {
	p.Email = f.text("email")
	p.FirstName, p.LastName = named(f.text("displayName"))
	p.hash, p.salt = f.text("passwordHash"), f.text("salt")
	disabled, _, err := f.flag("disabled")
	p.Active = !disabled
	var verr error
	p.EmailVerified, p.said, verr = f.flag("emailVerified")
	p.DateJoined = millis(f, "createdAt")
	if seen := millis(f, "lastSignedInAt"); !seen.IsZero() {
		p.LastLogin = &seen
	}
	return fault.Fields(err, verr)
}

// millis reads a time in milliseconds since 1970.
func millis(f fields, name string) time.Time {
	n, err := strconv.ParseInt(strings.Trim(f[name].Text+string(f[name].JSON), `"`), 10, 64)
	if err != nil || n <= 0 || n > 32503680000000 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// Columns returns what the sources CSV and JSON may say of a person. Only email
// is needed.
func Columns() []string {
	return []string{
		"email", "username", "password_hash", "password_salt", "first_name", "last_name", "name", "bio",
		"is_active", "is_staff", "is_superuser", "email_verified", "date_joined", "last_login",
		"search_visibility", "email_privacy", "public_profile", "roles",
	}
}

// own reads the columns of Columns.
func (p *person) own(f fields) error {
	p.Email = f.text("email") // for the report
	if err := f.known(Columns()); err != nil {
		return err
	}
	p.hash, p.salt, p.roles = f.text("password_hash"), f.text("password_salt"), f.list("roles")
	var errs [3]error
	if v := users.SearchVisibility(f.text("search_visibility")); v != "" {
		if p.SearchVisibility = v; v != users.SearchPublic && v != users.SearchPrivate {
			errs[0] = fault.Field("search_visibility", "must be public or private")
		}
	}
	if v := users.EmailPrivacy(f.text("email_privacy")); v != "" {
		if p.EmailPrivacy = v; v != users.EmailPublic && v != users.EmailPrivate && v != users.EmailNever {
			errs[1] = fault.Field("email_privacy", "must be public, private or never")
		}
	}
	if is, there, err := f.flag("public_profile"); there || err != nil {
		p.PublicProfile, errs[2] = is, err
	}
	return fault.Fields(append(errs[:], p.profile(f), p.flags(f), p.times(f, []string{"date_joined"}, []string{"last_login"}))...)
}
