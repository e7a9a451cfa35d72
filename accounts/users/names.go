package users

import (
	"net/mail"
	"slices"
	"strings"

	"github.com/manorgo/manor/fault"
)

// NormalEmail returns an address as it is stored and written to: without
// spaces around it, its domain in lower case.
func NormalEmail(address string) string {
	address = strings.TrimSpace(address)
	local, host, ok := strings.Cut(address, "@")
	if !ok {
		return address
	}
	return local + "@" + lower(host)
}

// EmailKey returns an address as it is compared: two spellings of one mailbox
// have one key. Stores, limits and invitations all use this.
func EmailKey(address string) string { return lower(NormalEmail(address)) }

// UsernameKey returns a username as it is compared.
func UsernameKey(name string) string { return lower(name) }

// lower folds A–Z only. Nothing else gets into names and addresses.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// CheckEmail returns what is wrong with an address in normal form: fault.Invalid,
// or nil. An address is plain ASCII: internationalised domains are written in
// their xn-- form (RFC 5891), since look-alike letters would make two accounts
// of one mailbox.
func CheckEmail(address string) error {
	bad := fault.Field("email", "is not an e-mail address")
	if len(address) > 254 || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return bad
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" {
		return bad
	}
	local, host, _ := strings.Cut(address, "@")
	if len(local) > 64 || strings.ContainsAny(local, `"<>()[]\,;: `) || strings.Contains(host, "@") {
		return bad
	}
	for label := range strings.SplitSeq(host, ".") {
		ok := len(label) > 0 && len(label) <= 63 && label[0] != '-' && label[len(label)-1] != '-'
		if !ok || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return bad
		}
	}
	return nil
}

const usernameLetters = "abcdefghijklmnopqrstuvwxyz0123456789._-"

// reserved names would be taken for an address of the site or for its staff.
var reserved = []string{
	"abuse", "admin", "administrator", "anonymous", "api", "help", "hostmaster", "info", "me", "moderator", "noreply",
	"null", "owner", "postmaster", "root", "security", "staff", "superuser", "support", "system", "undefined", "webmaster",
}

// CheckUsername returns what is wrong with a username: fault.Invalid, or nil.
// It has 2 to 150 of the letters A–Z and a–z, digits, and . _ - between them.
func CheckUsername(name string) error {
	if err := checkUsername(name); err != nil {
		return err
	}
	if slices.Contains(reserved, UsernameKey(name)) {
		return fault.Field("username", "is reserved")
	}
	return nil
}

// checkUsername leaves out the reserved names, which the command line may give.
func checkUsername(name string) error {
	key := UsernameKey(name)
	switch {
	case len(key) < 2 || len(key) > 150:
		return fault.Field("username", "must have 2 to 150 characters")
	case strings.Trim(key, usernameLetters) != "":
		return fault.Field("username", "may have letters A to Z, digits, dots, dashes and underscores only")
	case strings.ContainsAny(key[:1]+key[len(key)-1:], ".-_"):
		return fault.Field("username", "must start and end with a letter or a digit")
	}
	return nil
}

// ServiceHost is that of the addresses of accounts which belong to programs and not
// to people. No mail can be delivered there, ever (RFC 2606), so that nobody proves
// to read it and signs in; and none is sent.
const ServiceHost = "service.invalid"

// IsService reports whether an address is that of a program's account.
func IsService(address string) bool {
	return strings.HasSuffix(EmailKey(address), "@"+ServiceHost)
}
