// Package accounts is the flows that cross the rooms beside it: registering,
// proving an address, signing in and out, and making the first administrator.
//
// Every flow answers strangers alike whether an account exists or not, and
// does the same work for it.
package accounts

import (
	"context"
	"io/fs"
	"net/url"
	"time"

	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/mail"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

// Registration says who may make an account for themselves.
type Registration string

// The choices. The zero Registration is Open.
const (
	Open   Registration = "open"   // everybody
	Invite Registration = "invite" // the invited
	Closed Registration = "closed" // nobody
)

// A Config sets how the flows behave. The zero Config is the safe one.
type Config struct {
	Registration Registration
	// Unverified lets people in before they have proved their e-mail address.
	Unverified bool
	// Hooks may refuse steps.
	Hooks Hooks
	// Grace is how long a deleted account waits to be erased. 0 means 30 days.
	Grace time.Duration
	// Sessions says how long people stay signed in, and by what.
	Sessions sessions.Config
	// Name is what mails call the app. "" means the host of its public URL.
	Name string
	// Templates are files that replace the built-in mails or add languages, see
	// ParseLetters. nil means none.
	Templates fs.FS

	// Store, if not nil, is where accounts are kept: a table, a directory or a service
	// that others change, too. It is the truth about who people are, how they prove it
	// and whether they may sign in; see docs/stores.md. nil means the app's own table.
	Store users.Store
	// StoreEvery is how often all accounts of Store are compared with what the app
	// knows of them. 0 means 15 minutes, less never: then what others change takes
	// effect when somebody signs in, renews tokens or proves who they are.
	StoreEvery time.Duration

	// Challenge, if not nil, is asked before an account is made, a password is
	// looked at, or a mail is sent to a stranger: a CAPTCHA, for instance. It
	// returns nil to go on. An error is answered with 403 and the code
	// CHALLENGE_REQUIRED, one of package fault as what it is. It must be safe for
	// concurrent use.
	Challenge func(context.Context, ChallengeRequest) error
}

// A Service runs the flows.
type Service struct {
	config   Config
	db       *data.DB
	hasher   *secret.Hasher
	events   *event.Bus
	outbox   *mail.Outbox
	queue    *task.Queue
	links    web.Links
	keys     *secret.Keyring
	limits   *limit.Limiter
	letters  *mail.Letters
	users    people
	sessions *sessions.Service
	tokens   *tokens.Service
	roles    *roles.Service
	domains  func() []domain.Domain // all of the app
}

// NewService returns the flows of an app. Mails that are replaced by something
// that cannot be used are fault.Invalid.
func NewService(env domain.Env, c Config) (*Service, error) {
	if c.Registration == "" {
		c.Registration = Open
	}
	if c.Grace == 0 {
		c.Grace = 30 * 24 * time.Hour
	}
	if c.Name == "" {
		if u, err := url.Parse(env.Links.To("/", nil)); err == nil {
			c.Name = u.Hostname()
		}
	}
	letters, err := ParseLetters(c.Templates)
	if err != nil {
		return nil, err
	}
	if c.StoreEvery == 0 {
		c.StoreEvery = 15 * time.Minute
	}
	own := users.NewService(env)
	s := &Service{
		config: c, db: env.DB, hasher: env.Hasher, events: env.Events, outbox: env.Mail, queue: env.Tasks, links: env.Links,
		keys: env.Keys, limits: env.Limits,
		letters:  letters,
		users:    people{Service: own},
		sessions: sessions.NewService(env, c.Sessions),
		tokens:   tokens.NewService(env.DB, env.Keys),
		roles:    roles.NewService(env, own, nil), // roles are given here, not written
		domains:  env.Domains,
	}
	if c.Store != nil {
		s.users.mirror = users.NewMirror(own, c.Store)
		s.users.mirror.Changed = s.changedElsewhere
	}
	return s, nil
}

// Sessions returns who is signed in where.
func (s *Service) Sessions() *sessions.Service { return s.sessions }

// A Registering is a request for an account of one's own.
type Registering struct {
	Email     string      `json:"email" maxLength:"254" format:"email"`
	Password  secret.Text `json:"password"`
	Username  string      `json:"username,omitempty" maxLength:"150" doc:"Yours once the address is verified, if nobody took it before; made up if it is left out."`
	FirstName string      `json:"first_name,omitempty" maxLength:"150"`
	LastName  string      `json:"last_name,omitempty" maxLength:"150"`

	Locale users.Locale `json:"locale,omitempty" maxLength:"35" doc:"The language of mails, as in en or zh-CN (BCP 47)."`
}

// claim is what a verify token brings to the account.
type claim struct {
	Username string `json:"username,omitempty"`
}

// Register makes an account that its owner must verify, and tells nobody but
// the owner of the address whether there was one already. If verification is
// off the user is returned, and a taken address is fault.Conflict.
//
// The fourth time in an hour for one address does nothing, and says so to nobody.
//
// A password that may not be chosen is fault.Invalid with PASSWORD_REJECTED,
// closed registration fault.Forbidden with REGISTRATION_CLOSED.
func (s *Service) Register(ctx context.Context, in Registering) (*users.User, error) {
	if s.config.Registration != Open {
		return nil, fault.Coded(fault.Forbidden, "REGISTRATION_CLOSED", "registration is closed")
	}
	create := users.Create{Email: users.NormalEmail(in.Email), FirstName: in.FirstName, LastName: in.LastName, Locale: in.Locale}
	if err := s.checkRegistering(ctx, in); err != nil {
		return nil, err
	}
	if err := s.before(ctx, Attempt{Step: StepRegister, Email: create.Email}); err != nil {
		return nil, err
	}
	if s.config.Unverified {
		return s.registerAtOnce(ctx, in, create)
	}
	if ok, err := s.mayMail(ctx, in.Email); err != nil {
		return nil, err
	} else if !ok {
		_, err := s.hasher.VerifyNone(ctx, in.Password) // as if something were done
		return nil, err
	}
	known, err := s.users.ByIdentifier(ctx, s.db, in.Email)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if err == nil && !known.EmailVerified {
		return nil, s.registerAgain(ctx, in)
	}
	hash, err := s.hasher.Hash(ctx, in.Password)
	if err != nil {
		return nil, err
	}
	added := false
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		var u users.User
		u, added, err = s.users.AddNew(ctx, tx, create, &hash)
		if err != nil || !added {
			return err
		}
		if err := s.sendVerify(ctx, tx, &u, claim{in.Username}); err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, Registered{UserID: u.ID})
	})
	if s.users.takenMeanwhile(err) {
		added, err = false, nil
	}
	if err != nil || added {
		return nil, err
	}
	return nil, s.registerAgain(ctx, in)
}

// registerAgain is for an address that has an account. Its owner is told. If
// nobody has proved yet to read mail there, and this is another password than
// the first time, then two people claim the address, and neither password can
// be trusted to be its owner's: both are forgotten, and so are the links sent
// before. Whoever reads the mail chooses a new one.
func (s *Service) registerAgain(ctx context.Context, in Registering) error {
	known, err := s.users.ByIdentifier(ctx, s.db, in.Email)
	if fault.KindOf(err) == fault.NotFound { // deleted, and not erased yet
		return s.registerDeleted(ctx, in.Email)
	}
	if err != nil {
		return err
	}
	same := false
	if !known.EmailVerified {
		var hash secret.PasswordHash
		if known.Password != nil {
			hash = *known.Password
		}
		if same, _, err = s.hasher.Verify(ctx, hash, in.Password); err != nil {
			return err
		}
	}
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		u, err := s.users.LockByEmail(ctx, tx, in.Email)
		if err != nil {
			return err
		}
		if err := s.events.Emit(ctx, tx, RegisteredAgain{UserID: u.ID}); err != nil {
			return err
		}
		if u.EmailVerified || !u.Active {
			return s.send(ctx, tx, letterKnown, u.Email, letterTo(&u))
		}
		if same {
			return s.sendVerifyAgain(ctx, tx, &u, claim{in.Username}, openLinks)
		}
		if u, err = s.users.Contest(ctx, tx, u.ID); err != nil {
			return err
		}
		if err := s.tokens.Revoke(ctx, tx, u.ID, tokens.Verify); err != nil {
			return err
		}
		return s.sendVerify(ctx, tx, &u, claim{})
	})
}

// checkRegistering looks at what does not depend on whether the address is
// known.
func (s *Service) checkRegistering(ctx context.Context, in Registering) error {
	var name error
	if in.Username != "" {
		name = users.CheckUsername(in.Username)
	}
	if err := fault.Fields(users.CheckEmail(users.NormalEmail(in.Email)), name, in.Locale.Check()); err != nil {
		return err
	}
	if err := s.hasher.CheckPassword(in.Password, 0, users.PasswordContext(in.Email, in.Username, in.FirstName, in.LastName, s.config.Name)...); err != nil {
		return err
	}
	if in.Username == "" {
		return nil
	}
	taken, err := s.users.UsernameTaken(ctx, s.db, in.Username)
	if err == nil && taken {
		return users.UsernameTaken()
	}
	return err
}

func (s *Service) registerAtOnce(ctx context.Context, in Registering, create users.Create) (*users.User, error) {
	create.Username, create.EmailVerified = in.Username, true
	hash, err := s.hasher.Hash(ctx, in.Password)
	if err != nil {
		return nil, err
	}
	var u users.User
	err = s.db.Tx(ctx, func(tx *data.Tx) (err error) {
		if u, err = s.users.Add(ctx, tx, create, &hash); err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, Registered{UserID: u.ID})
	})
	return &u, err
}
