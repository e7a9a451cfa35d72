package users

import (
	"golang.org/x/text/language"

	"github.com/manorgo/manor/fault"
)

// A Locale is the language that somebody reads, and perhaps how it is used where
// they live: a tag of BCP 47 such as en, zh-CN or pt-BR.
type Locale string

// maxLocale is how many bytes a tag may have (RFC 5646 §4.4.1).
const maxLocale = 35

// Check returns what is wrong with a locale: fault.Invalid, or nil. "" is none,
// and nothing is wrong with it.
func (l Locale) Check() error {
	if l == "" {
		return nil
	}
	if len(l) <= maxLocale {
		if tag, err := language.Parse(string(l)); err == nil && tag != language.Und {
			return nil
		}
	}
	return fault.Field("locale", "is not a language such as en or zh-CN")
}

// normal returns a locale as it is stored: in the usual case, with dashes. One
// that is wrong stays as it is.
func (l Locale) normal() Locale {
	if l == "" || l.Check() != nil {
		return l
	}
	tag, err := language.Raw.Parse(string(l)) // without replacing what is outdated
	if err != nil {
		return l
	}
	return Locale(tag.String())
}

// Language returns the locale that somebody chose, or "".
func (u *User) Language() string {
	if u.Locale == nil {
		return ""
	}
	return string(*u.Locale)
}
