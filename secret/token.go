package secret

import (
	"crypto/rand"
	"hash/crc32"
	"math/big"
	"strings"

	"github.com/manorgo/manor/fault"
)

// A Prefix says what a token is for. Its letters come first in the token, so
// that a server, and a scanner that looks for leaked ones, know it by sight.
type Prefix string

// The kinds of tokens.
const (
	SessionCookie  Prefix = "mns" // a signed-in browser
	BrowserCookie  Prefix = "mnw" // a browser, signed in or not, whose state a program keeps
	AccessToken    Prefix = "mna" // a bearer token that lives for minutes
	AccessID       Prefix = "mnj" // the id of an access token that is a JWT
	RefreshToken   Prefix = "mnr" // exchanged for the next access token
	VerifyToken    Prefix = "mnv" // proves an e-mail address
	ResetToken     Prefix = "mnp" // allows a new password
	InviteToken    Prefix = "mni" // allows an account
	EmailToken     Prefix = "mnm" // proves a new e-mail address
	UndoToken      Prefix = "mnu" // puts the former e-mail address back
	ReturnToken    Prefix = "mnd" // undoes the deletion of an account
	BootstrapToken Prefix = "mnb" // makes the first administrator
	APIKey         Prefix = "mnk" // a long-lived credential for programs
)

const (
	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

	tokenBytes = 32
	bodySize   = 43 // the fewest digits of base 62 that hold 256 bits

	// ChecksumSize is how many digits a Checksum has: the fewest that hold 32 bits.
	ChecksumSize = 6
)

// A Token is a random credential of 256 bits:
//
//	<prefix>_<43 digits of base 62><6 more, the CRC-32 of all before>
//
// It is printed, logged and marshalled as "[redacted]", and cannot be compared
// with ==. What is stored is its Digest. The zero Token is no token.
type Token struct {
	redacted
	text Text
}

// NewToken returns a new random token.
func NewToken(p Prefix) Token {
	random := make([]byte, tokenBytes)
	_, _ = rand.Read(random) // never fails
	return makeToken(p, random)
}

func makeToken(p Prefix, random []byte) Token {
	b := make([]byte, 0, len(p)+1+bodySize+ChecksumSize)
	b = append(append(b, p...), '_')
	b = appendBase62(b, new(big.Int).SetBytes(random), bodySize)
	sum := Checksum(string(b))
	return Token{text: NewText(string(append(b, sum[:]...)))}
}

// ParseToken reads a token that somebody presents. One that NewToken could not
// have made with this prefix is fault.Unauthenticated with the code
// TOKEN_INVALID, found out without looking anything up; all reasons give the
// same error. That a token has the right form does not mean that it was ever
// given out.
func ParseToken(p Prefix, s string) (Token, error) {
	if !LooksLike(p, s) || len(s) != len(p)+1+bodySize+ChecksumSize {
		return Token{}, invalidToken()
	}
	if !IsBase62(s[len(p)+1:]) {
		return Token{}, invalidToken()
	}
	body := s[:len(s)-ChecksumSize]
	if sum := Checksum(body); s[len(body):] != string(sum[:]) {
		return Token{}, invalidToken()
	}
	return Token{text: NewText(s)}, nil
}

func invalidToken() error {
	return fault.Coded(fault.Unauthenticated, "TOKEN_INVALID", "the token is not valid")
}

// LooksLike reports whether s claims to be a token of this kind, by its
// beginning alone. It decides how a credential is verified; that one which
// looks like a token then fails must not let another way be tried.
func LooksLike(p Prefix, s string) bool {
	rest, ok := strings.CutPrefix(s, string(p))
	return ok && strings.HasPrefix(rest, "_")
}

// Reveal returns the token as it is given to its holder.
func (t Token) Reveal() string { return t.text.Reveal() }

// IsZero reports whether t is no token.
func (t Token) IsZero() bool { return t.text.IsZero() }

// Checksum returns the CRC-32 (IEEE) of s in base 62, by which a text that was
// mistyped or made up is told without looking anything up. It does not allocate.
func Checksum(s string) (out [ChecksumSize]byte) {
	n := ^uint32(0) // as hash/crc32 has it, which wants a slice that escapes
	for i := range len(s) {
		n = crc32.IEEETable[byte(n)^s[i]] ^ n>>8
	}
	n = ^n
	for i := ChecksumSize - 1; i >= 0; i-- {
		out[i] = base62[n%62]
		n /= 62
	}
	return out
}

// IsBase62 reports whether s has nothing but digits of base 62: 0 to 9, A to Z
// and a to z.
func IsBase62(s string) bool {
	for i := range len(s) {
		if c := s[i]; c-'0' > 9 && c-'A' > 25 && c-'a' > 25 {
			return false
		}
	}
	return true
}

// NewBase62 returns n random digits of base 62, each as likely as the others: 43
// of them are as hard to guess as 256 bits.
func NewBase62(n int) Text {
	out, random := make([]byte, 0, n), make([]byte, 2*n)
	for {
		_, _ = rand.Read(random) // never fails
		for _, c := range random {
			if len(out) == n {
				return NewText(string(out))
			}
			if c < 248 { // 4 × 62, so that no digit comes up more often
				out = append(out, base62[c%62])
			}
		}
	}
}

// appendBase62 appends n in exactly width digits.
func appendBase62(b []byte, n *big.Int, width int) []byte {
	start := len(b)
	b = append(b, make([]byte, width)...)
	base, digit := big.NewInt(62), new(big.Int)
	for i := len(b) - 1; i >= start; i-- {
		n.QuoRem(n, base, digit)
		b[i] = base62[digit.Int64()]
	}
	return b
}
