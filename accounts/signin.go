package accounts

import (
	"context"
	"errors"

	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// A SigningIn is somebody who claims to be a user, with the proof.
type SigningIn struct {
	Identifier string // e-mail address or username
	Password   secret.Text
	Kind       sessions.Kind
	Remember   bool
	Client     web.Client
	Replaces   string // the cookie that the browser had until now; its session ends. "" if there is none
	Device     string // the cookie of a browser that has signed in before, "" if there is none
	Challenge  string // what shows that a person is there, if Config.Challenge asks for it
}

// SignIn opens a session. Whatever is wrong – no such account, another
// password, an address not verified, an account switched off – is
// fault.Unauthenticated with CREDENTIALS_INVALID, after the same work; so is
// everything, the right password too, while the account is locked by failures
// before. Too many at once are fault.Unavailable.
func (s *Service) SignIn(ctx context.Context, in SigningIn) (users.User, sessions.Issued, error) {
	u, issued, err := s.signIn(ctx, in)
	if changedMeanwhile(err) { // by another sign-in that hashed the same password anew, or by its owner
		u, issued, err = s.signIn(ctx, in)
	}
	if errors.Is(err, errNewHash) {
		err = credentialsInvalid()
	}
	return u, issued, err
}

// errNewHash says that the stored password changed while it was being proved.
var errNewHash = errors.New("accounts: the password changed meanwhile")

func (s *Service) signIn(ctx context.Context, in SigningIn) (users.User, sessions.Issued, error) {
	u, try, rehash, err := s.prove(ctx, in)
	if err != nil {
		return u, sessions.Issued{}, s.failed(ctx, try, err)
	}
	if err := s.before(ctx, Attempt{Step: StepSignIn, User: u.ID, Email: u.Email}); err != nil {
		return u, sessions.Issued{}, err
	}
	var fresh secret.PasswordHash
	if rehash {
		if fresh, err = s.hasher.Hash(ctx, in.Password); err != nil {
			return u, sessions.Issued{}, s.failed(ctx, try, err)
		}
	}
	var issued sessions.Issued
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		known, first := u.Password, u.LastLogin == nil
		if u, err = s.users.SawLogin(ctx, tx, u.ID); err != nil {
			return err
		}
		// The account may have changed while the password was being hashed.
		if !u.SignsIn() || u.Password == nil {
			return credentialsInvalid()
		}
		if *u.Password != *known {
			return errNewHash
		}
		if err := s.succeed(ctx, tx, try); err != nil {
			return err
		}
		if rehash {
			if u, err = s.users.SetPassword(ctx, tx, u.ID, fresh); err != nil {
				return err
			}
		}
		issued, err = s.sessions.Open(ctx, tx, sessions.Opening{User: &u, Kind: in.Kind, Remember: in.Remember, Client: in.Client, First: first})
		if err != nil {
			return err
		}
		if err := s.sessions.RevokeCookie(ctx, tx, in.Replaces); err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, SignedIn{UserID: u.ID, SessionID: issued.Session.ID})
	})
	if fault.KindOf(err) == fault.NotFound { // the account was deleted meanwhile
		err = credentialsInvalid()
	}
	return u, issued, err
}

// prove returns the user who has this password and may sign in, and the attempt
// that it was.
func (s *Service) prove(ctx context.Context, in SigningIn) (u users.User, try attempt, rehash bool, err error) {
	u, err = s.users.ByIdentifier(ctx, s.db, in.Identifier)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return u, try, false, err
	}
	if try, err = s.begin(ctx, in, &u); err != nil {
		return u, attempt{}, false, err
	}
	rehash, err = s.check(ctx, try, &u, in.Password)
	return u, try, rehash, err
}

// SignOut ends the session that the caller used for this request.
func (s *Service) SignOut(ctx context.Context, subject users.ID, session string) error {
	key, err := data.ParseID[sessions.Session](session)
	if err != nil {
		return fault.Errorf(fault.Conflict, "this credential is not a session")
	}
	err = s.sessions.Revoke(ctx, subject, key)
	if fault.KindOf(err) == fault.NotFound { // another request was first
		return nil
	}
	return err
}

// SetPassword gives a user a new password and ends everything that is signed
// in as them, and open links for another password. It is for operators, who have other proof.
func (s *Service) SetPassword(ctx context.Context, identifier string, password secret.Text) (u users.User, err error) {
	if u, err = s.users.ByIdentifier(ctx, s.db, identifier); err != nil {
		return u, err
	}
	if err := s.hasher.CheckPassword(password, 0, users.PasswordContext(u.Email, u.Username, u.FirstName, u.LastName, s.config.Name)...); err != nil {
		return u, err
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return u, err
	}
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		if _, err := s.users.SetPassword(ctx, tx, u.ID, hash); err != nil {
			return err
		}
		if err := s.tokens.Revoke(ctx, tx, u.ID, tokens.Reset, tokens.Email); err != nil {
			return err
		}
		if u, err = s.users.EndSessions(ctx, tx, u.ID); err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, PasswordChanged{UserID: u.ID})
	})
	return u, err
}
