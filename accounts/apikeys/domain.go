package apikeys

import (
	"context"
	"embed"
	"strings"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

//go:embed migrations
var migrations embed.FS

// Domain returns everything keys add to an app, with the zero Config.
func Domain(env domain.Env) domain.Domain { return NewService(env, Config{}).Domain() }

// Domain returns what the service adds to an app.
func (s *Service) Domain() domain.Domain {
	return domain.Domain{
		Name:        "apikeys",
		Migrations:  migrations,
		Schemas:     []data.Schema{table.Schema(), nonces.Schema()},
		Permissions: []string{Admin, Ask},
		Schemes:     []auth.Scheme{s.scheme(), s.signedScheme()},
		Mount:       s.mount,
		Handlers:    s.handlers(),
		Workers:     []task.Worker{task.Work(s.remind), task.Work(s.sweep)},
		Schedules:   []task.Schedule{{Every: time.Hour, Args: Remind{}}, {Every: 10 * time.Minute, Args: Sweep{}}},
		Run:         s.run,
		Export:      s.export,
		Unaudited:   []string{"api_keys.last_used_at", "api_keys.idle_expires_at", "api_keys.noticed_at", "api_key_nonces"},
	}
}

// asking is the tier of whoever asks for many others: with the permission for it,
// 2,000 questions a second. What those others send is limited by key and address,
// see Refused.
var asking = web.Tier{Name: "asking", PerMinute: 6_000}

// None of these routes is for programs with a key, but the one that asks whose a key
// is: a key makes, changes and ends none.
func (s *Service) mount(r *web.Router) {
	tag, people, proof := web.Tag("API keys"), web.ForPeople(), web.Errors("CREDENTIALS_INVALID", "STEP_UP_REQUIRED")
	guess, onlyFailures := web.Limit(web.High), web.OnlyFailures()
	state := web.FilterBy("state", "", s.filterByState)
	ended := web.Errors(CodeRevoked, CodeExpired)
	web.HandleList(r, "GET /api-keys", table, s.listOwn, view, web.SignedIn, people, tag, state, web.Summary("List your API keys"),
		web.Describe("`state` is one or more of active, expired and revoked; without it all are listed."))
	web.Handle(r, "POST /api-keys", s.createOwn, web.SignedIn, people, proof, guess, onlyFailures, tag, web.Status(201), web.Errors(CodeLimit, CodeScope),
		web.Summary("Create an API key"), web.Describe("The key is in the answer, and nowhere else: it cannot be read again."))
	web.Handle(r, "GET /api-keys/{key_id}", s.getOwn, web.SignedIn, people, tag, web.Summary("Read one of your API keys"))
	web.Handle(r, "PATCH /api-keys/{key_id}", s.patchOwn, web.SignedIn, people, proof, guess, onlyFailures, ended, tag, web.Errors(CodeScope),
		web.Summary("Change one of your API keys"))
	web.Handle(r, "POST /api-keys/{key_id}/rotate", s.rotateOwn, web.SignedIn, people, proof, guess, onlyFailures, ended, tag, web.Status(201),
		web.Errors(CodeLimit, CodeScope, CodeReplaced), web.Summary("Replace one of your API keys"),
		web.Describe("Makes a successor with the same rights. The key itself works until the overlap is over; both count as active until then."))
	web.Handle(r, "DELETE /api-keys/{key_id}", s.revokeOwn, web.SignedIn, people, tag, web.Summary("Revoke one of your API keys"),
		web.Describe("For good. Once more it changes nothing."))
	web.Handle(r, "POST /api-keys/revoke-all", s.revokeAllOwn, web.SignedIn, people, tag, web.Summary("Revoke all your API keys"))

	web.Handle(r, "POST /api-keys/verify", s.answer, web.Require(Ask), web.Limit(asking), tag, web.Summary("Ask whose API key a request came with"),
		web.Describe("For services that trust this one. A request that is signed counts once, here or there."))

	admin := web.Require(Admin)
	web.HandleList(r, "GET /users/{id}/api-keys", table, s.listOf, view, admin, people, tag, state, web.Summary("List somebody's API keys"))
	web.Handle(r, "POST /users/{id}/api-keys", s.createOf, admin, people, proof, guess, onlyFailures, tag, web.Status(201), web.Errors(CodeLimit, CodeScope),
		web.Summary("Create an API key for somebody"), web.Describe("It may only do what both they and you may."))
	web.Handle(r, "DELETE /users/{id}/api-keys/{key_id}", s.revokeOf, admin, web.Sensitive(), tag, web.Summary("Revoke somebody's API key"))
}

func view(_ context.Context, row *APIKey) APIKey { return *row }

// filterByState reads states, each a parameter or several with commas.
func (s *Service) filterByState(values []string) (data.Filter[APIKey], error) {
	var of []State
	for _, v := range values {
		for one := range strings.SplitSeq(v, ",") {
			of = append(of, State(one))
		}
	}
	return s.states(of...)
}

func self(ctx context.Context) users.ID { return users.IDOf(auth.From(ctx).Subject) }

func (s *Service) listOwn(ctx context.Context, q data.Query[APIKey]) (data.Page[APIKey], error) {
	return s.List(ctx, self(ctx), q)
}

// listOf returns nothing of who is out of reach, as of who is not there.
func (s *Service) listOf(ctx context.Context, q data.Query[APIKey]) (data.Page[APIKey], error) {
	q.Where = data.All(q.Where, within(ctx))
	return s.List(ctx, users.IDOf(auth.Subject(web.PathValue(ctx, "id"))), q)
}

// within are the keys of people whose keys the caller may look after: superusers'
// are those of superusers alone.
func within(ctx context.Context) data.Filter[APIKey] {
	if auth.From(ctx).Can("*") {
		return users.Present("api_keys", owner)
	}
	return data.SQL(`EXISTS (SELECT 1 FROM users u WHERE u.id = api_keys.user_id AND u.deleted_at IS NULL AND NOT u.is_superuser)`, owner)
}

// A Proof of who is calling comes with the body of what is sensitive.
type Proof struct {
	Password secret.Text `json:"current_password,omitzero" doc:"May be left out for ten minutes after a proof of who you are."`
}

type whole struct{ Body APIKey }

// Shown is a key that has just come to be, with what is shown once.
type Shown struct {
	APIKey
	Key           string `json:"key,omitempty" doc:"What the program sends. It is not kept, and cannot be read again."`
	SigningSecret string `json:"signing_secret,omitempty" doc:"What the program signs with. It cannot be read again."`
}

type created struct {
	Location string `header:"Location"`
	Body     Shown
}

func show(location string, i Issued, err error) (*created, error) {
	if err != nil {
		return nil, err
	}
	return &created{location, Shown{i.APIKey, i.Key.Reveal(), i.SigningSecret.Reveal()}}, nil
}

type creating struct {
	Create
	Proof
}

func (s *Service) createOwn(ctx context.Context, in *struct{ Body creating }) (*created, error) {
	if err := s.config.Prove(ctx, in.Body.Password); err != nil {
		return nil, err
	}
	in.Body.Via = "http"
	i, err := s.Create(ctx, self(ctx), in.Body.Create)
	return show(web.LocationOf(ctx, i.KeyID), i, err)
}

func (s *Service) createOf(ctx context.Context, in *struct {
	ID   users.ID `path:"id"`
	Body creating
}) (*created, error) {
	if err := s.config.Prove(ctx, in.Body.Password); err != nil {
		return nil, err
	}
	in.Body.Via = "http"
	i, err := s.Create(ctx, in.ID, in.Body.Create)
	return show(web.LocationOf(ctx, i.KeyID), i, err)
}

type byKeyID struct {
	KeyID string `path:"key_id" maxLength:"128"`
}

func (s *Service) getOwn(ctx context.Context, in *byKeyID) (*whole, error) {
	row, err := s.Get(ctx, self(ctx), in.KeyID)
	return &whole{row}, err
}

func (s *Service) patchOwn(ctx context.Context, in *struct {
	KeyID   string      `path:"key_id" maxLength:"128"`
	IfMatch web.IfMatch `header:"If-Match"`
	Body    struct {
		Update
		Proof
	}
}) (*whole, error) {
	if err := s.config.Prove(ctx, in.Body.Password); err != nil {
		return nil, err
	}
	row, err := s.Update(ctx, self(ctx), in.KeyID, in.Body.Update, in.IfMatch.Version())
	return &whole{row}, err
}

func (s *Service) rotateOwn(ctx context.Context, in *struct {
	KeyID string `path:"key_id" maxLength:"128"`
	Body  struct {
		Overlap   int    `json:"overlap_seconds,omitempty" minimum:"0" maximum:"2592000" doc:"For how long the key itself goes on; 0 ends it at once."`
		PublicKey []byte `json:"public_key,omitempty" doc:"Of the successor, for ed25519."`
		Proof
	}
}) (*created, error) {
	if err := s.config.Prove(ctx, in.Body.Password); err != nil {
		return nil, err
	}
	i, err := s.Rotate(ctx, self(ctx), in.KeyID, time.Duration(in.Body.Overlap)*time.Second, in.Body.PublicKey)
	return show(strings.TrimSuffix(web.LocationOf(ctx, ""), in.KeyID+"/rotate/")+i.KeyID, i, err)
}

type ending struct {
	KeyID   string      `path:"key_id" maxLength:"128"`
	IfMatch web.IfMatch `header:"If-Match"`
}

func (s *Service) revokeOwn(ctx context.Context, in *ending) (*web.None, error) {
	_, err := s.Revoke(ctx, self(ctx), in.KeyID, in.IfMatch.Version())
	return nil, err
}

func (s *Service) revokeOf(ctx context.Context, in *struct {
	ID      users.ID    `path:"id"`
	KeyID   string      `path:"key_id" maxLength:"128"`
	IfMatch web.IfMatch `header:"If-Match"`
}) (*web.None, error) {
	if _, err := table.On(s.db).GetBy(ctx, keyID.Eq(in.KeyID), owner.Eq(in.ID), within(ctx)); err != nil {
		return nil, err
	}
	_, err := s.Revoke(ctx, in.ID, in.KeyID, in.IfMatch.Version())
	return nil, err
}

// Gone says how many keys have ended.
type Gone struct {
	Revoked int `json:"revoked"`
}

func (s *Service) revokeAllOwn(ctx context.Context, _ *web.None) (*struct{ Body Gone }, error) {
	n, err := s.RevokeAll(ctx, self(ctx))
	return &struct{ Body Gone }{Gone{n}}, err
}
