// Package sessions keeps who is signed in where: browsers by a cookie, programs
// by an access token and the refresh tokens that renew it.
//
// [Service.Open] is the one place where a session begins. Only keyed digests
// of its secrets are stored. Every request looks its session up, so that
// ending one takes effect with the next request on every instance.
//
// A session keeps its id for as long as it lives. Its secret changes when
// somebody proves again who they are, and a cookie's also when their rights
// change, so that one which was planted or seen before is worth nothing after.
package sessions

import (
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
)

// A Kind says what carries a session.
type Kind string

// The kinds.
const (
	Cookie Kind = "cookie"
	Token  Kind = "token"
)

// A Session is somebody being signed in. Ended ones stay for a while, for the
// record.
type Session struct {
	data.Audited[Session]
	UserID          users.ID       `json:"user_id" db:"user_id,references=users,ondelete=cascade,index"`
	Kind            Kind           `json:"kind" db:"kind,size=16,enum=cookie|token"`
	Digest          secret.Digest  `json:"-" db:"digest,unique"` // of the cookie or of the newest access token
	AccessExpiresAt *time.Time     `json:"-" db:"access_expires_at"`
	Remember        bool           `json:"-" db:"remember,default=false"`
	AuthenticatedAt time.Time      `json:"authenticated_at" db:"authenticated_at"` // when they last proved who they are
	LastSeenAt      time.Time      `json:"last_seen_at" db:"last_seen_at,sort"`
	IdleExpiresAt   time.Time      `json:"-" db:"idle_expires_at"`
	ExpiresAt       time.Time      `json:"expires_at" db:"expires_at,index"`
	UserAgent       string         `json:"user_agent" db:"user_agent,size=255,default=''"`
	IPPrefix        string         `json:"ip_prefix" db:"ip_prefix,size=64,default=''"`
	Epoch           int            `json:"-" db:"epoch"` // the user's, when it began
	RevokedAt       *time.Time     `json:"-" db:"revoked_at"`
	Rights          int64          `json:"-" db:"rights,default=0"` // what the user might do when the cookie was made, see fingerprint
	Previous        *secret.Digest `json:"-" db:"previous,index"`   // of the cookie before this one
	RenewedAt       *time.Time     `json:"-" db:"renewed_at"`       // when the cookie was replaced
	Device          *secret.Digest `json:"-" db:"device"`           // where it began, see devicePlace; nil if that is not known
}

// A RefreshToken is one generation of a token session's renewal. Used ones
// stay as long as the session may, to recognise a thief.
type RefreshToken struct {
	data.Identified[RefreshToken]
	SessionID data.ID[Session] `json:"session_id" db:"session_id,references=sessions,ondelete=cascade,index"`
	Digest    secret.Digest    `json:"-" db:"digest,unique"`
	ExpiresAt time.Time        `json:"expires_at" db:"expires_at,index"`
	UsedAt    *time.Time       `json:"used_at" db:"used_at"`
}

// An ID names a session.
type ID = data.ID[Session]

var (
	table           = data.NewTable[Session]("sessions")
	id              = data.Col[ID](table, "id")
	owner           = data.Col[users.ID](table, "user_id")
	kind            = data.Col[Kind](table, "kind")
	digest          = data.Col[secret.Digest](table, "digest")
	accessExpiresAt = data.Col[time.Time](table, "access_expires_at")
	authenticatedAt = data.Col[time.Time](table, "authenticated_at")
	lastSeenAt      = data.Col[time.Time](table, "last_seen_at")
	idleExpiresAt   = data.Col[time.Time](table, "idle_expires_at")
	expiresAt       = data.Col[time.Time](table, "expires_at")
	revokedAt       = data.Col[time.Time](table, "revoked_at")
	rights          = data.Col[int64](table, "rights")
	previous        = data.Col[secret.Digest](table, "previous")
	renewedAt       = data.Col[time.Time](table, "renewed_at")

	refreshTable   = data.NewTable[RefreshToken]("refresh_tokens")
	refreshDigest  = data.Col[secret.Digest](refreshTable, "digest")
	refreshExpires = data.Col[time.Time](refreshTable, "expires_at")
	refreshUsed    = data.Col[time.Time](refreshTable, "used_at")
)
