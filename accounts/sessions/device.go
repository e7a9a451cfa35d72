package sessions

import (
	"strings"

	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// deviceOf returns what tells the place where a session begins from others: a
// keyed digest of the program's name and the address prefix, or nil if neither
// is known. Digits do not count, so that a browser which was updated is the
// same. What it was made of stands in the session's row as well; the digest
// makes it one thing to look for.
func (s *Service) deviceOf(c web.Client) *secret.Digest {
	if c.UserAgent == "" && !c.IP.IsValid() {
		return nil
	}
	name := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, c.UserAgent)
	d := s.keys.Digest(secret.LabelDevice, []byte(ipPrefix(c.IP)+"|"+name))
	return &d
}
