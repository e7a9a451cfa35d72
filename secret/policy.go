package secret

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/manorgo/manor/fault"
)

// Limits of passwords.
const (
	// MinPassword is the least number of code points where a password is all
	// that is asked for (NIST SP 800-63B-4).
	MinPassword = 15
	// MinPasswordWithFactor is the least where a second factor is always asked
	// for too, and the least that CheckPassword ever accepts.
	MinPasswordWithFactor = 8
	// MaxPassword is the greatest number of code points in a new password.
	MaxPassword = 256
	// MaxPasswordBytes is the size beyond which a password is not even hashed.
	MaxPasswordBytes = 1024
)

// minContext is the length from which a context word is looked for: shorter
// ones are in good passwords by chance.
const minContext = 4

// CheckPassword returns nil if password may be chosen, and otherwise
// fault.Invalid with the code PASSWORD_REJECTED and a reason that may be shown.
//
// It must have at least minLength code points in Unicode form NFC, where 0
// means MinPassword and anything below MinPasswordWithFactor means that, and
// at most MaxPassword. It must not be one character repeated or characters in
// order, such as 123… or zyx…. Context is what an attacker would try first:
// e-mail address, user name, host. A password from which these, and their
// parts of four letters or more, leave fewer than 8 code points is refused, in
// either case. There are no rules about kinds of characters.
func CheckPassword(password Text, minLength int, context ...string) error {
	clean, err := normalize(password)
	if err != nil {
		return err
	}
	if minLength <= 0 {
		minLength = MinPassword
	}
	minLength = max(minLength, MinPasswordWithFactor)
	length := utf8.RuneCount(clean)
	folded := strings.ToLower(string(clean))
	switch {
	case length < minLength:
		return rejected("must have at least %d characters", minLength)
	case length > MaxPassword:
		return rejected("must have at most %d characters", MaxPassword)
	case isSequence([]rune(folded)):
		return rejected("must not be a repeated character or characters in order")
	case isMostly(folded, context):
		return rejected("must be more than your name, your address or the name of this site")
	}
	return nil
}

// normalize returns the password in Unicode form NFC (as RFC 8265 has it), if
// it is one that every client sends alike. U+FFFD is what decoders put where
// they could not read on, so that different passwords would look the same; to
// package strings it is also every byte that is not UTF-8.
func normalize(password Text) ([]byte, error) {
	s := password.Reveal()
	switch {
	case len(s) > MaxPasswordBytes:
		return nil, rejected("must have at most %d bytes", MaxPasswordBytes)
	case strings.ContainsRune(s, utf8.RuneError), strings.ContainsRune(s, 0):
		return nil, rejected("holds characters that are not text")
	}
	return norm.NFC.Bytes([]byte(s)), nil
}

func rejected(format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	return &fault.Error{
		Kind:    fault.Invalid,
		Code:    "PASSWORD_REJECTED",
		Msg:     "the password " + msg,
		Details: []fault.Detail{{Location: "body.password", Message: msg}},
	}
}

// isSequence reports whether each character follows from the one before by the
// same step: the same, the next or the previous one, round from 9 to 0 and
// from z to a.
func isSequence(rs []rune) bool {
	same, up, down := true, true, true
	for i := 1; i < len(rs); i++ {
		same = same && rs[i] == rs[i-1]
		up = up && rs[i] == next(rs[i-1])
		down = down && rs[i-1] == next(rs[i])
	}
	return same || up || down
}

func next(r rune) rune {
	switch r {
	case '9':
		return '0'
	case 'z':
		return 'a'
	}
	return r + 1
}

// isMostly reports whether little is left of a folded password, which is long
// enough, once the words are taken out of it, longest first.
func isMostly(folded string, context []string) bool {
	var words []string
	for _, c := range context {
		c = strings.ToLower(norm.NFC.String(c))
		words = append(words, c)
		words = append(words, strings.FieldsFunc(c, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
		if local, _, ok := strings.Cut(c, "@"); ok {
			words = append(words, local)
		}
	}
	slices.SortStableFunc(words, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	rest := folded
	for _, w := range words {
		if utf8.RuneCountInString(w) >= minContext {
			rest = strings.ReplaceAll(rest, w, "")
		}
	}
	return utf8.RuneCountInString(rest) < MinPasswordWithFactor
}
