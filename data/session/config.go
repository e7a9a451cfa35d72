package session

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// Config says how sessions are kept. The zero value works.
type Config struct {
	MaxAge  time.Duration // how long a session lasts that is not used; 0 means 14 days
	MaxLife time.Duration // how long it lasts at most, used or not, from its first value on; 0 means no limit
	// Fixed ends sessions MaxAge after they began. Otherwise one that is used
	// in the second half of its time gets MaxAge anew, and so does its cookie.
	Fixed    bool
	MaxBytes int // the size of all keys and values as JSON; 0 means 1 MiB

	Name       string        // of the cookie; "" means session
	Path       string        // of the cookie; "" means /
	Domain     string        // of the cookie; "" means the host alone, without its subdomains
	SameSite   http.SameSite // 0 means http.SameSiteLaxMode
	Secure     Secure        // whether the cookie needs HTTPS; 0 means SecureButLocal
	HostPrefix bool          // put __Host- before a secure cookie's name, so that no neighbouring host can plant one; needs Path / and no Domain

	Table   string  // "" means http_sessions
	Columns Columns // names of the table's columns

	SweepEvery time.Duration // how often Start removes expired sessions; 0 means every hour

	// Error answers a request whose session cannot be read or saved. The kind of
	// err is fault.Unavailable when the database is down or busy, fault.Conflict
	// when another request ended or rotated the session that this one wanted to
	// change, and fault.Internal or fault.Invalid otherwise. nil answers with
	// 503, 409 or 500 and a line of text.
	Error func(w http.ResponseWriter, r *http.Request, err error)

	Log *slog.Logger // what failed; nil means slog.Default()
}

// Secure says whether the cookie is sent by HTTPS only. It is always out of
// reach of scripts (HttpOnly).
type Secure int

// The ways.
const (
	// SecureButLocal sets a cookie that needs HTTPS, but for a request by plain
	// HTTP from this machine to a loopback address or localhost that shows no
	// trace of a proxy or of HTTPS: some browsers keep no secure cookies there.
	SecureButLocal Secure = iota
	SecureAlways
	SecureNever // for networks without HTTPS; whoever listens can take sessions over
)

// Columns are the names of the table's columns; "" means the name that stands
// here as a comment. A table may have more columns if they have a default or
// allow NULL.
type Columns struct {
	ID        string // id: a UUID, the primary key
	SessionID string // session_id: text of 64 characters, unique
	Data      string // data: bytes
	Owner     string // owner: text, '' for nobody
	ExpiresAt string // expires_at: a time
	CreatedAt string // created_at: a time
	UpdatedAt string // updated_at: a time
}

// byTag returns the names by those in row's tags.
func (c Columns) byTag() map[string]string {
	return map[string]string{
		"id": or(c.ID, "id"), "session_id": or(c.SessionID, "session_id"), "data": or(c.Data, "data"), "owner": or(c.Owner, "owner"),
		"expires_at": or(c.ExpiresAt, "expires_at"), "created_at": or(c.CreatedAt, "created_at"), "updated_at": or(c.UpdatedAt, "updated_at"),
	}
}

func or[T comparable](v, preset T) T {
	var zero T
	if v == zero {
		return preset
	}
	return v
}

const (
	defaultTable = "http_sessions"
	hostPrefix   = "__Host-"
	maxName      = 63 // bytes of a name in PostgreSQL
)

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// withDefaults fills in what is zero, and refuses what makes no sense.
func (c Config) withDefaults() (Config, error) {
	invalid := func(format string, args ...any) (Config, error) {
		return c, fault.Errorf(fault.Invalid, format, args...)
	}
	c.MaxAge, c.MaxBytes = or(c.MaxAge, 14*24*time.Hour), or(c.MaxBytes, 1<<20)
	c.Name, c.Path, c.SameSite = or(c.Name, "session"), or(c.Path, "/"), or(c.SameSite, http.SameSiteLaxMode)
	c.Table, c.SweepEvery, c.Log = or(c.Table, defaultTable), or(c.SweepEvery, time.Hour), or(c.Log, slog.Default())
	if c.MaxAge < time.Second || c.MaxLife < 0 || c.SweepEvery < 0 || c.MaxBytes < 0 {
		return invalid("session: a time or size is negative or less than a second")
	}
	if c.Secure < SecureButLocal || c.Secure > SecureNever || c.SameSite < 0 || c.SameSite > http.SameSiteNoneMode {
		return invalid("session: Secure or SameSite is none of the values that it can have")
	}
	if c.HostPrefix && (c.Secure == SecureNever || c.Domain != "" || c.Path != "/") {
		return invalid("session: the prefix %s needs a secure cookie with the path / and without a domain", hostPrefix)
	}
	if strings.HasPrefix(c.Name, "__") {
		return invalid("session: the cookie's name may not begin with __: set HostPrefix")
	}
	if c.SameSite == http.SameSiteNoneMode && c.Secure != SecureAlways {
		return invalid("session: a cookie for other sites must be secure: set SecureAlways")
	}
	cookie := http.Cookie{Name: c.Name, Value: "x", Path: c.Path, Domain: c.Domain}
	if err := cookie.Valid(); err != nil || !strings.HasPrefix(c.Path, "/") {
		return invalid("session: the cookie's name, path or domain is not valid")
	}
	return c, c.checkNames()
}

// checkNames refuses names that PostgreSQL would cut or SQL would need to
// quote in more than one way.
func (c Config) checkNames() error {
	names := c.Columns.byTag()
	seen := map[string]bool{}
	for _, name := range names {
		if !plainName.MatchString(name) || len(name) > maxName {
			return fault.Errorf(fault.Invalid, "session: the column name %q is not made of letters, digits and _, or too long", name)
		}
		if folded := strings.ToLower(name); seen[folded] {
			return fault.Errorf(fault.Invalid, "session: two columns are called %q", name)
		}
		seen[strings.ToLower(name)] = true
	}
	longest := data.UniqueName(c.Table, names["session_id"])
	for _, column := range []string{names["expires_at"], names["owner"]} {
		if name := data.UniqueName(c.Table, column); len(name) > len(longest) {
			longest = name
		}
	}
	if !plainName.MatchString(c.Table) || len(longest) > maxName {
		return fault.Errorf(fault.Invalid, "session: the table name %q is not made of letters, digits and _, or too long", c.Table)
	}
	return nil
}

// warn logs what no caller can be told.
func (c Config) warn(ctx context.Context, msg string, err error) {
	c.Log.WarnContext(ctx, "session: "+msg, "error", err)
}
