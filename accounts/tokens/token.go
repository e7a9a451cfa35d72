// Package tokens keeps one-time tokens: the secrets in mailed links that
// verify an address, reset a password, accept an invitation, confirm a new
// address or undo that, undo a deletion, or make the first administrator.
//
// Only a keyed digest of a token is stored. [Service.Consume] is the one place
// where a token is used up.
package tokens

import (
	"context"
	"embed"
	"encoding/json"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
)

// A Purpose is the one thing that a token is good for.
type Purpose string

// The purposes.
const (
	Verify    Purpose = "verify"    // the person reads mail at the address
	Reset     Purpose = "reset"     // choose a new password
	Invite    Purpose = "invite"    // register although registration is closed
	Email     Purpose = "email"     // change the address of the account
	Undo      Purpose = "undo"      // put the former address of the account back
	Return    Purpose = "return"    // undo the deletion of the account
	Bootstrap Purpose = "bootstrap" // make the first administrator
)

// kinds says, for each purpose, what its tokens look like, which key digests
// them and how long they live.
var kinds = map[Purpose]struct {
	prefix secret.Prefix
	label  secret.Label
	life   time.Duration
}{
	Verify:    {secret.VerifyToken, secret.LabelVerify, 24 * time.Hour},
	Reset:     {secret.ResetToken, secret.LabelReset, 30 * time.Minute},
	Invite:    {secret.InviteToken, secret.LabelInvite, 7 * 24 * time.Hour},
	Email:     {secret.EmailToken, secret.LabelEmail, time.Hour},
	Undo:      {secret.UndoToken, secret.LabelUndo, 7 * 24 * time.Hour},
	Return:    {secret.ReturnToken, secret.LabelReturn, 30 * 24 * time.Hour},
	Bootstrap: {secret.BootstrapToken, secret.LabelBootstrap, time.Hour},
}

// A Token is the row of a one-time token. The token itself is not in it.
type Token struct {
	data.Audited[Token]
	UserID    *users.ID       `json:"user_id" db:"user_id,references=users,ondelete=cascade,index"` // nil if there is no account yet
	Purpose   Purpose         `json:"purpose" db:"purpose,size=16,enum=verify|reset|invite|email|undo|return|bootstrap"`
	Digest    secret.Digest   `json:"-" db:"digest,unique"`
	Address   string          `json:"-" db:"address,size=254,default=''"` // the e-mail address it is bound to
	Payload   json.RawMessage `json:"-" db:"payload,json"`
	ExpiresAt time.Time       `json:"expires_at" db:"expires_at,index"`
	UsedAt    *time.Time      `json:"used_at" db:"used_at"`
}

var (
	table     = data.NewTable[Token]("tokens")
	id        = data.Col[data.ID[Token]](table, "id")
	userID    = data.Col[users.ID](table, "user_id")
	purpose   = data.Col[Purpose](table, "purpose")
	digest    = data.Col[secret.Digest](table, "digest")
	address   = data.Col[string](table, "address")
	expiresAt = data.Col[time.Time](table, "expires_at")
	usedAt    = data.Col[time.Time](table, "used_at")
)

// An Order says what a new token is for.
type Order struct {
	Purpose Purpose
	User    users.ID // zero if there is no account yet
	Address string   // the e-mail address it is sent to
	Payload any      // JSON that Consume gives back; nil for none

	Life time.Duration // 0 means that of the purpose

	KeepOthers bool // leave the earlier tokens of the same user and purpose good
}

// A Service issues and consumes tokens.
type Service struct {
	db   *data.DB
	keys *secret.Keyring
}

// NewService returns the service over db.
func NewService(db *data.DB, keys *secret.Keyring) *Service { return &Service{db, keys} }

// Issue makes a token and, unless the order says otherwise, ends the earlier
// ones of the same user and purpose; without a user, those for the address.
func (s *Service) Issue(ctx context.Context, tx *data.Tx, o Order) (secret.Token, error) {
	token, _, err := s.IssueRow(ctx, tx, o)
	return token, err
}

// IssueRow is Issue that returns the row, too.
func (s *Service) IssueRow(ctx context.Context, tx *data.Tx, o Order) (secret.Token, Token, error) {
	kind := kinds[o.Purpose]
	token := secret.NewToken(kind.prefix)
	if o.Life == 0 {
		o.Life = kind.life
	}
	payload, err := json.Marshal(o.Payload)
	if err != nil {
		return token, Token{}, fault.Wrap(fault.Internal, err, "token payload")
	}
	row := Token{
		Purpose: o.Purpose, Digest: s.keys.DigestOf(kind.label, token), Address: o.Address,
		Payload: payload, ExpiresAt: tx.DB().Now().Add(o.Life),
	}
	if !o.User.IsZero() {
		row.UserID = &o.User
	}
	if !o.KeepOthers {
		earlier := userID.Eq(o.User)
		if o.User.IsZero() {
			earlier = data.All(userID.IsNull(), address.Eq(o.Address))
		}
		if err := revoke(ctx, tx, earlier, o.Purpose); err != nil {
			return token, row, err
		}
	}
	err = table.On(tx).Add(ctx, &row)
	return token, row, err
}

// Revoke ends the open tokens of a user that have one of the purposes. The zero
// user means all tokens for people without an account.
func (s *Service) Revoke(ctx context.Context, tx *data.Tx, user users.ID, of ...Purpose) error {
	owner := userID.Eq(user)
	if user.IsZero() {
		owner = userID.IsNull()
	}
	return revoke(ctx, tx, owner, of...)
}

// RevokeLater ends the open tokens of the same user and purpose that were made
// after this one.
func (s *Service) RevokeLater(ctx context.Context, tx *data.Tx, t *Token) error {
	return revoke(ctx, tx, data.All(userID.Eq(*t.UserID), id.Gt(t.ID)), t.Purpose)
}

func revoke(ctx context.Context, tx *data.Tx, which data.Filter[Token], of ...Purpose) error {
	_, err := table.On(tx).UpdateWhere(ctx, data.All(which, purpose.In(of...), usedAt.IsNull()), usedAt.Set(tx.DB().Now()))
	return err
}

// lockOwner locks the account of a token, if it has one. SQLite has one writer.
var lockOwner = data.NewSelect[struct {
	ID users.ID `db:"id"`
}](
	`SELECT u.id FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.digest = ?`,
	`SELECT u.id FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.digest = ? FOR UPDATE OF u`,
)

// Consume uses a token up and returns its row. It works once: however many try
// at the same time, one succeeds. A token that is used, expired, for another
// purpose or no token at all is fault.Malformed with the code TOKEN_INVALID,
// all alike. If the transaction does not commit, the token stays good.
//
// The token's account is locked first, as by all flows that change an account
// and its tokens: two that took them the other way round would wait for each
// other.
func (s *Service) Consume(ctx context.Context, tx *data.Tx, p Purpose, text string) (Token, error) {
	kind := kinds[p]
	token, err := secret.ParseToken(kind.prefix, text)
	if err != nil {
		return Token{}, Invalid()
	}
	now := tx.DB().Now()
	for _, d := range s.keys.Digests(kind.label, token) {
		if _, err := lockOwner.All(ctx, tx, d[:]); err != nil {
			return Token{}, err
		}
	}
	row, err := table.On(tx).UpdateOne(ctx, data.All(digest.In(s.keys.Digests(kind.label, token)...), good(p, now)), usedAt.Set(now))
	if fault.KindOf(err) == fault.NotFound {
		return Token{}, Invalid()
	}
	return row, err
}

// Peek returns the row of a good token and leaves it good. Whatever follows
// from it waits for Consume. Errors are those of Consume.
func (s *Service) Peek(ctx context.Context, h data.Handle, p Purpose, text string) (Token, error) {
	kind := kinds[p]
	token, err := secret.ParseToken(kind.prefix, text)
	if err != nil {
		return Token{}, Invalid()
	}
	row, err := table.On(h).GetBy(ctx, digest.In(s.keys.Digests(kind.label, token)...), good(p, s.db.Now()))
	if fault.KindOf(err) == fault.NotFound {
		return Token{}, Invalid()
	}
	return row, err
}

// Good returns the good tokens of a user and a purpose, the newest first.
func (s *Service) Good(ctx context.Context, tx *data.Tx, user users.ID, p Purpose) ([]Token, error) {
	page, err := table.On(tx).List(ctx, data.Query[Token]{
		Where: data.All(userID.Eq(user), good(p, tx.DB().Now())), Order: data.By(id.Desc()), Limit: -1,
	})
	return page.Items, err
}

var addressesOf = data.NewSelect[struct {
	Address string `db:"address"`
}](`SELECT DISTINCT address FROM tokens WHERE user_id = ? ORDER BY address`, "")

// Addresses returns the addresses that tokens of a user are or were bound to, as far
// back as tokens are kept.
func (s *Service) Addresses(ctx context.Context, h data.Handle, user users.ID) (out []string, err error) {
	rows, err := addressesOf.All(ctx, h, user)
	for _, r := range rows {
		out = append(out, r.Address)
	}
	return out, err
}

// Open returns good tokens of a purpose, the newest first, at most limit of them.
func (s *Service) Open(ctx context.Context, p Purpose, limit int) ([]Token, error) {
	page, err := table.On(s.db).List(ctx, data.Query[Token]{Where: good(p, s.db.Now()), Order: data.By(id.Desc()), Limit: limit})
	return page.Items, err
}

// RevokeOne ends one good token of a purpose. Any other is fault.NotFound.
func (s *Service) RevokeOne(ctx context.Context, p Purpose, key data.ID[Token]) error {
	now := s.db.Now()
	_, err := table.On(s.db).UpdateOne(ctx, data.All(id.Eq(key), good(p, now)), usedAt.Set(now))
	return err
}

// good picks the tokens of a purpose that can be used.
func good(p Purpose, now time.Time) data.Filter[Token] {
	return data.All(purpose.Eq(p), usedAt.IsNull(), expiresAt.Gt(now))
}

// Invalid returns the error for a token that is good for nothing, whatever the
// reason.
func Invalid() error {
	return fault.Coded(fault.Malformed, "TOKEN_INVALID", "this link is not valid any more")
}

//go:embed migrations
var migrations embed.FS

// Domain returns everything tokens add to an app. They have no routes of their
// own.
func Domain(env domain.Env) domain.Domain {
	s := NewService(env.DB, env.Keys)
	return domain.Domain{
		Name:       "tokens",
		Migrations: migrations,
		Schemas:    []data.Schema{table.Schema()},
		Export:     s.export,
		Workers:    []task.Worker{task.Work(s.sweep)},
		Schedules:  []task.Schedule{{Every: time.Hour, Args: Sweep{}}},
	}
}

// Sweep asks for the removal of tokens that ended long ago.
type Sweep struct{}

// Kind names the task.
func (Sweep) Kind() string { return "tokens.sweep" }

// kept is how long ended tokens stay, to be looked at when something went wrong.
const kept = 7 * 24 * time.Hour

func (s *Service) sweep(ctx context.Context, _ Sweep) error {
	_, err := table.On(s.db).DeleteWhere(ctx, expiresAt.Lt(s.db.Now().Add(-kept)))
	return err
}

// export returns the links that were mailed to somebody, without their secrets.
func (s *Service) export(ctx context.Context, who auth.Subject) (any, error) {
	page, err := table.On(s.db).List(ctx, data.Query[Token]{Where: userID.Eq(users.IDOf(who)), Order: data.By(id.Asc()), Limit: -1})
	return page.Items, err
}
