package apikeys

import (
	"regexp"
	"strings"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Format is what the keys of an app look like:
//
//	<prefix>_<environment>_<key id>_<secret>_<checksum>
//
// The key id has 16 digits of base 62 and is no secret, the secret 43, which are
// 256 bits, and the checksum 6, the CRC-32 of all before. So what was cut off or
// made up is told without looking anything up, and Pattern finds keys in places
// where none should be.
type Format struct {
	Prefix      string // of the program: 2 to 16 of a-z and 0-9, a letter first
	Environment string // where the keys are good: 1 to 32 of a-z, 0-9 and -
}

const (
	idSize     = 16
	secretSize = 43
	tailSize   = 1 + idSize + 1 + secretSize + 1 + secret.ChecksumSize // from the _ before the key id on

	// Pattern is a regular expression for keys of every Format, for programs that
	// look for secrets where none should be. With the prefix of an app in place of its
	// first group it finds the keys of that app alone.
	Pattern = `\b([a-z][a-z0-9]{1,15})_[a-z0-9][a-z0-9-]{0,31}_[0-9A-Za-z]{16}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}\b`
)

var (
	prefixForm      = regexp.MustCompile(`^[a-z][a-z0-9]{1,15}$`)
	environmentForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
)

// taken are prefixes of other credentials, which programs tell apart by them.
var taken = []secret.Prefix{
	secret.SessionCookie, secret.BrowserCookie, secret.AccessToken, secret.AccessID, secret.RefreshToken, secret.VerifyToken,
	secret.ResetToken, secret.InviteToken, secret.EmailToken, secret.UndoToken, secret.ReturnToken, secret.BootstrapToken,
}

// Check returns what is wrong with a format, as fault.Invalid, or nil.
func (f Format) Check() error {
	if !prefixForm.MatchString(f.Prefix) {
		return fault.Errorf(fault.Invalid, "the prefix of API keys must have 2 to 16 of a-z and 0-9, a letter first, not be %q", f.Prefix)
	}
	for _, p := range taken {
		if string(p) == f.Prefix {
			return fault.Errorf(fault.Invalid, "the prefix %s is that of other credentials", f.Prefix)
		}
	}
	if !environmentForm.MatchString(f.Environment) {
		return fault.Errorf(fault.Invalid, "the environment of API keys must have 1 to 32 of a-z, 0-9 and -, no - first, not be %q", f.Environment)
	}
	return nil
}

// start is what all keys of the format begin with, but for a _ at the end.
func (f Format) start() string { return f.Prefix + "_" + f.Environment }

// make returns a new key and its public id.
func (f Format) make() (id string, key secret.Text) {
	id = secret.NewBase62(idSize).Reveal()
	return id, f.key(id, secret.NewBase62(secretSize))
}

// key returns the key of an id and a secret.
func (f Format) key(id string, s secret.Text) secret.Text {
	body := f.start() + "_" + id + "_" + s.Reveal() + "_"
	sum := secret.Checksum(body)
	return secret.NewText(body + string(sum[:]))
}

// secretOf returns the secret in a key of some Format.
func secretOf(key string) secret.Text {
	end := len(key) - secret.ChecksumSize - 1
	return secret.NewText(key[end-secretSize : end])
}

// A Form says which program made a key.
type Form string

// The forms.
const (
	Own    Form = ""            // this one
	SHA256 Form = "sha256"      // one that keeps the SHA-256 of pyorg_ and 43 characters
	HMAC   Form = "hmac-sha256" // one that keeps the HMAC-SHA-256 of the secret in ak_ENVIRONMENT_ID.SECRET
)

// A presented key is one that somebody has sent, taken apart by its looks.
type presented struct {
	form        Form
	environment string // "" if the form has none
	id          string // "" if it must be computed, which is so with SHA256
	text        string // all of it
	secret      string
}

// claims reports whether a text says of itself to be a key that this app decides
// about: one of its prefix, or of a form that is imported.
func (f Format) claims(s string) bool {
	if rest, ok := strings.CutPrefix(s, f.Prefix); ok && strings.HasPrefix(rest, "_") {
		return true
	}
	_, ok := parseImported(s)
	return ok
}

// parse takes a key apart. Of what is no key it allocates nothing.
func (f Format) parse(s string) (p presented, ok bool) {
	if p, ok = f.parseOwn(s); ok {
		return p, true
	}
	return parseImported(s)
}

func (f Format) parseOwn(s string) (p presented, ok bool) {
	head, env := len(f.Prefix), len(f.Environment)
	if len(s) != head+1+env+tailSize || s[:head] != f.Prefix || s[head] != '_' || s[head+1:head+1+env] != f.Environment {
		return p, false
	}
	tail := s[head+1+env:]
	id, secretPart, sum := tail[1:1+idSize], tail[2+idSize:2+idSize+secretSize], tail[tailSize-secret.ChecksumSize:]
	if tail[0] != '_' || tail[1+idSize] != '_' || tail[2+idSize+secretSize] != '_' || !secret.IsBase62(id) || !secret.IsBase62(secretPart) {
		return p, false
	}
	if want := secret.Checksum(s[:len(s)-secret.ChecksumSize]); string(want[:]) != sum {
		return p, false
	}
	return presented{environment: f.Environment, id: id, text: s, secret: secretPart}, true
}

// The forms of imported keys.
const (
	hashedPrefix = "pyorg_"
	hashedSize   = len(hashedPrefix) + 43
	dottedPrefix = "ak_"
	maxDotted    = 4096
	maxSecret    = 1024
	maxID        = 128
)

func parseImported(s string) (p presented, ok bool) {
	if len(s) == hashedSize && strings.HasPrefix(s, hashedPrefix) {
		for i := len(hashedPrefix); i < len(s); i++ {
			if !isWord(s[i]) && s[i] != '-' {
				return p, false
			}
		}
		return presented{form: SHA256, text: s, secret: s[len(hashedPrefix):]}, true
	}
	if len(s) > maxDotted || !strings.HasPrefix(s, dottedPrefix) {
		return p, false
	}
	public, secretPart, ok := strings.Cut(s[len(dottedPrefix):], ".")
	environment, id, named := strings.Cut(public, "_")
	if !ok || !named || !isEnvironment(environment) || !isID(id) || secretPart == "" || len(secretPart) > maxSecret {
		return p, false
	}
	for i := range len(secretPart) {
		if c := secretPart[i]; c <= ' ' || c >= 0x7f {
			return p, false
		}
	}
	return presented{form: HMAC, environment: environment, id: id, text: s, secret: secretPart}, true
}

// isWord reports whether c is a letter, a digit or _.
func isWord(c byte) bool { return c-'0' <= 9 || c-'A' <= 25 || c-'a' <= 25 || c == '_' }

func isEnvironment(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == '_' || !isWord(c) && (c != '-' || i == 0) {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

func isID(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isWord(c) && c != '-' || i == 0 && c == '_' {
			return false
		}
	}
	return s != "" && len(s) <= maxID && s[0] != '-'
}
