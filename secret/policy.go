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
	// MinPassword is the least number of code points in a new password.
	MinPassword = 12
	// MinPasswordWithFactor is the least where a second factor is always asked
	// for too, and the least that CheckPassword ever accepts.
	MinPasswordWithFactor = 8
	// MaxPassword is the greatest number of code points in a new password.
	MaxPassword = 128
	// MaxPasswordBytes is the size beyond which a password is not even hashed.
	MaxPasswordBytes = 1024
)

// minContext is the length from which a context word is looked for, and what is
// left of a common password: shorter ones are in good passwords by chance.
const minContext = 4

// CheckPassword returns nil if password may be chosen, and otherwise
// fault.Invalid with the code PASSWORD_REJECTED and a reason that may be shown
// and that does not quote it.
//
// It must have at least minLength code points, where 0 means MinPassword and
// anything below MinPasswordWithFactor means that, and at most MaxPassword, in
// Unicode form NFKC. It must not be one character repeated or characters in
// order, such as 123… or zyx…. It must not be a common password, of which this
// package has a list of some 50,000, whatever the case of its letters, once or
// repeated, with digits for letters or less than 8 digits and signs around it.
// Context is what an attacker would try first: e-mail address, user name, names,
// host. A password from which these, and their parts of four letters or more,
// leave fewer than 8 code points is refused, in either case. There are no rules
// about kinds of characters.
func CheckPassword(password Text, minLength int, context ...string) error {
	clean, err := normalize(password)
	if err != nil {
		return err
	}
	if minLength <= 0 {
		minLength = MinPassword
	}
	minLength = max(minLength, MinPasswordWithFactor)
	folded := fold(string(clean))
	length := utf8.RuneCount(norm.NFKC.Bytes(clean)) // which may be more than what was typed
	switch {
	case min(length, utf8.RuneCount(clean)) < minLength:
		return rejected("must have at least %d characters", minLength)
	case length > MaxPassword:
		return rejected("must have at most %d characters", MaxPassword)
	case isSequence([]rune(folded)):
		return rejected("must not be a repeated character or characters in order")
	case isMostly(folded, context):
		return rejected("must be more than your name, your address or the name of this site")
	case isCommon(folded):
		return rejected("is one that many people choose, or too close to one")
	}
	return nil
}

// CheckPassword is the function of that name, and also refuses what is on the
// list Refused. It is what everything asks that sets a password. A list that
// cannot be read is fault.Internal.
func (h *Hasher) CheckPassword(password Text, minLength int, context ...string) error {
	if err := CheckPassword(password, minLength, context...); err != nil || h.Refused == nil {
		return err
	}
	clean, err := normalize(password)
	if err != nil {
		return err
	}
	for _, form := range []string{string(clean), fold(string(clean))} {
		found, err := h.Refused.has(form)
		if err != nil {
			return err
		}
		if found {
			return rejected("is known to others: it was in a leak or on a list of passwords")
		}
	}
	return nil
}

// isCommon reports whether a folded password is on the list that comes with this
// package, or little more than one of it.
func isCommon(folded string) bool {
	list := commonPasswords()
	tries := []string{folded, unit(folded)}
	core := strings.TrimFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && r != '@' && r != '$' })
	extra := utf8.RuneCountInString(folded) - utf8.RuneCountInString(core)
	if extra < MinPasswordWithFactor && utf8.RuneCountInString(core) >= minContext {
		tries = append(tries, core, unit(core))
	}
	for _, try := range tries {
		for _, form := range []string{try, spelt.Replace(try)} {
			if found, err := list.has(form); found || err != nil { // it is in memory: there is no error
				return found
			}
		}
	}
	return false
}

// spelt undoes what people put for letters.
var spelt = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// unit returns what text is a repetition of, or the text.
func unit(s string) string {
	for n := 1; n <= len(s)/2; n++ {
		if len(s)%n == 0 && s == strings.Repeat(s[:n], len(s)/n) {
			return s[:n]
		}
	}
	return s
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
		c = fold(c)
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
