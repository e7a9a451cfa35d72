package apikeys_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// A bench is a service, and somebody who has keys.
type bench struct {
	*accountstest.Harness
	t    *testing.T
	keys *apikeys.Service
	ann  users.User
}

func each(t *testing.T, c apikeys.Config, test func(b *bench)) {
	t.Helper()
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		for _, d := range h.Domains {
			h.Env.Events.Listen(d.Handlers...)
		}
		test(&bench{h, t, apikeys.NewService(h.Env, c), h.Person("ann")})
	})
}

// issue makes a key of ann, of which more can be said.
func (b *bench) issue(mod func(*apikeys.Create)) apikeys.Issued {
	b.t.Helper()
	in := apikeys.Create{Name: "deploy"}
	if mod != nil {
		mod(&in)
	}
	i, err := b.keys.Create(b.t.Context(), b.ann.ID, in)
	b.Must(err)
	return i
}

// verify wants a key to be good, or to be refused with a code.
func (b *bench) verify(what, key, code string) *auth.Principal {
	b.t.Helper()
	p, err := b.keys.Verify(b.t.Context(), key)
	var got string
	if e, ok := err.(*fault.Error); ok {
		got = e.Code
	}
	if kind := fault.KindOf(err); got != code || err != nil && kind != fault.Unauthenticated {
		b.t.Errorf("%s: %+v, %v, want the code %q", what, p, err, code)
	}
	return p
}

func (b *bench) exec(sql string, args ...any) {
	b.t.Helper()
	_, err := b.Env.DB.Driver().Exec(b.t.Context(), driver.Call{Statement: &driver.Statement{SQL: sql}, Args: args})
	b.Must(err)
}

// A counter counts statements.
type counter struct {
	driver.Driver
	n atomic.Int32
}

func (c *counter) Query(ctx context.Context, call driver.Call) (driver.Rows, error) {
	c.n.Add(1)
	return c.Driver.Query(ctx, call)
}

func (c *counter) Exec(ctx context.Context, call driver.Call) (int64, error) {
	c.n.Add(1)
	return c.Driver.Exec(ctx, call)
}

func (c *counter) Begin(ctx context.Context, level driver.Isolation) (driver.Tx, error) {
	c.n.Add(100)
	return c.Driver.Begin(ctx, level)
}

// A good key is one statement, also for who must be noted to have used it; what is no
// key is none. Authorization and X-API-Key are alike, and of other prefixes nothing is
// said.
func TestVerifyIsOneStatement(t *testing.T) {
	each(t, apikeys.Config{}, func(b *bench) {
		count := &counter{Driver: b.Env.DB.Driver()}
		env := b.Env
		env.DB = data.New(count, b.Clock.Now)
		env.DB.SetKeys(env.Keys)
		gate := auth.Gate(apikeys.Domain(env).Schemes)
		key := b.issue(nil)
		text := key.Key.Reveal()
		last := text[len(text)-1:]
		for _, c := range []struct {
			what, header, value string
			statements          int32
			good                bool
		}{
			{"bearer", "Authorization", "bearer " + text, 1, true}, {"its own header", "X-API-Key", text, 1, true},
			{"mistyped", "X-API-Key", text[:len(text)-1] + string(last[0]^1), 0, false}, {"long", "X-API-Key", text + strings.Repeat("x", 5000), 0, false},
			{"cut off", "Authorization", "Bearer mnk_live_x", 0, false}, {"empty", "Authorization", "Bearer mnk_", 0, false},
			{"of another environment", "X-API-Key", "mnk_test_" + text[9:], 0, false}, {"of another prefix", "X-API-Key", "abc" + text[3:], 0, false},
			{"unknown", "X-API-Key", unknown(text), 1, false},
		} {
			r := httptest.NewRequestWithContext(b.t.Context(), "GET", "/", nil)
			r.Header.Set(c.header, c.value)
			count.n.Store(0)
			p, err := gate.Authenticate(r)
			if got := count.n.Load(); got != c.statements || (err == nil) != c.good {
				b.t.Errorf("%s: %+v, %v after %d statements, want %d", c.what, p, err, got, c.statements)
			}
			if c.good && (p.Subject != b.ann.Subject() || p.Key != key.KeyID || p.Session != "" || p.Scheme != "apikey" || !p.Verified || p.Roles != nil) {
				b.t.Errorf("%s: %+v", c.what, p)
			}
		}
	})
}

// unknown returns a key of good form that nobody has, of the same id or another.
func unknown(text string) string {
	body := text[:26] + strings.Repeat("0", 43) + "_"
	sum := secret.Checksum(body)
	return body + string(sum[:])
}

// Only who has the secret is told what became of a key.
func TestVerify(t *testing.T) {
	each(t, apikeys.Config{MaxLife: apikeys.Unlimited}, func(b *bench) {
		ctx := b.t.Context()
		good := b.issue(nil)
		b.verify("a new key", good.Key.Reveal(), "")
		b.verify("a wrong secret", unknown(good.Key.Reveal()), apikeys.CodeInvalid)
		revoked := b.issue(nil)
		_, err := b.keys.Revoke(ctx, b.ann.ID, revoked.KeyID, 0)
		b.Must(err)
		b.verify("revoked", revoked.Key.Reveal(), apikeys.CodeRevoked)
		b.verify("revoked, with a wrong secret", unknown(revoked.Key.Reveal()), apikeys.CodeInvalid)
		short := b.issue(func(c *apikeys.Create) { c.ExpiresInDays = new(1) })
		idle := b.issue(func(c *apikeys.Create) { c.IdleDays = 2 })
		signs := b.issue(func(c *apikeys.Create) { c.Signing = apikeys.SignHMAC })
		b.verify("a key for signing", signs.Key.Reveal(), apikeys.CodeSigns)
		b.Clock.Advance(24*time.Hour - time.Microsecond)
		b.verify("a moment before the end", short.Key.Reveal(), "")
		b.verify("used", idle.Key.Reveal(), "")
		b.Must(b.keys.WriteSeen(ctx))
		b.Clock.Advance(time.Microsecond)
		b.verify("at the end", short.Key.Reveal(), apikeys.CodeExpired)
		b.verify("expired, with a wrong secret", unknown(short.Key.Reveal()), apikeys.CodeInvalid)
		b.Clock.Advance(47 * time.Hour)
		b.verify("used less than two days ago", idle.Key.Reveal(), "")
		b.Clock.Advance(48 * time.Hour)
		b.verify("unused for two days", idle.Key.Reveal(), apikeys.CodeExpired)
		never := b.issue(func(c *apikeys.Create) { c.ExpiresInDays = new(0) })
		b.Clock.Advance(100 * 365 * 24 * time.Hour)
		b.verify("one that never expires", never.Key.Reveal(), "")
		b.exec(`UPDATE users SET email_verified = false`)
		b.verify("while the address is not proved", never.Key.Reveal(), apikeys.CodeInvalid)
	})
}

// Who writes to the database, and has no key of it, makes no credential: neither by a
// row of another's, nor by one of their own that is moved to somebody else or allowed
// to sign by a key of theirs.
func TestRowsCannotBeForged(t *testing.T) {
	each(t, apikeys.Config{}, func(b *bench) {
		ctx, bob := b.t.Context(), b.Person("bob")
		mine, err := b.keys.Create(ctx, bob.ID, apikeys.Create{Name: "mine"})
		b.Must(err)
		own, err := b.keys.Create(ctx, bob.ID, apikeys.Create{Name: "mine", Signing: apikeys.SignEd25519, PublicKey: []byte(strings.Repeat("k", 32))})
		b.Must(err)
		hers := b.issue(func(c *apikeys.Create) { c.Signing, c.PublicKey = apikeys.SignEd25519, []byte(strings.Repeat("a", 32)) })
		sealed := b.issue(func(c *apikeys.Create) { c.Signing = apikeys.SignHMAC })
		signer, err := b.keys.Signer(ctx, sealed.KeyID)
		b.Must(err)
		if signer.Secret.Reveal() != sealed.SigningSecret.Reveal() || !strings.Contains(sealed.Key.Reveal(), sealed.SigningSecret.Reveal()) {
			b.t.Error("the secret that signatures are checked by is not what was shown")
		}
		p, err := b.keys.Admit(ctx, signer)
		if err != nil || p.Subject != b.ann.Subject() || p.Key != sealed.KeyID {
			b.t.Errorf("a signed request is of %+v, %v", p, err)
		}
		if own, err := b.keys.Signer(ctx, own.KeyID); err != nil || string(own.PublicKey) != strings.Repeat("k", 32) {
			b.t.Errorf("a public key is %+v, %v", own, err)
		}
		_, err = b.keys.Signer(ctx, mine.KeyID)
		b.Want("a key that does not sign", err, fault.Unauthenticated)

		b.verify("one's own", mine.Key.Reveal(), "")
		b.exec(`UPDATE api_keys SET user_id = (SELECT id FROM users WHERE username = 'ann') WHERE name = 'mine'`)
		b.verify("one that was moved", mine.Key.Reveal(), apikeys.CodeInvalid)
		_, err = b.keys.Signer(ctx, own.KeyID)
		b.Want("one that signs and was moved", err, fault.Unauthenticated)
		b.exec(`UPDATE api_keys SET public_key = (SELECT public_key FROM api_keys o WHERE o.key_id = '` + own.KeyID + `') WHERE key_id = '` + hers.KeyID + `'`)
		_, err = b.keys.Signer(ctx, hers.KeyID)
		b.Want("one with another public key", err, fault.Unauthenticated)
		sum := sha256.Sum256([]byte(mine.Key.Reveal()))
		b.exec(`UPDATE api_keys SET digest_kind = 'sha256', digest = ` + literal(b, sum[:]) + ` WHERE name = 'mine'`)
		b.verify("a digest that anybody can compute", mine.Key.Reveal(), apikeys.CodeInvalid)
	})
}

// literal returns bytes as SQL has them.
func literal(b *bench, v []byte) string {
	if b.Env.DB.Dialect() == "postgres" {
		return `'\x` + hex.EncodeToString(v) + `'`
	}
	return `x'` + hex.EncodeToString(v) + `'`
}

// What a key may do is what it was made for and its owner may do now.
func TestAuthority(t *testing.T) {
	each(t, apikeys.Config{}, func(b *bench) {
		ctx, root := b.t.Context(), b.Superuser("root1")
		catalogue := func() []string { return []string{"users:read", "users:write", "groups:moderate"} }
		rolesOf := roles.NewService(b.Env, b.Users, catalogue)
		for name, list := range map[string][]string{"writers": {"users:*"}, "moderators": {"groups:moderate"}} {
			_, err := rolesOf.Create(b.As(root, "*"), roles.Create{Name: name, Permissions: list})
			b.Must(err)
			b.Must(rolesOf.Assign(b.As(root, "*"), name, b.ann.ID))
		}
		denied := func(what string, err error) {
			b.t.Helper()
			if e, ok := err.(*fault.Error); !ok || e.Kind != fault.Forbidden || e.Code != apikeys.CodeScope {
				b.t.Errorf("%s: %v", what, err)
			}
		}
		for _, scope := range []string{"*", "groups:*", "roles:read", "user:read"} {
			_, err := b.keys.Create(ctx, b.ann.ID, apikeys.Create{Name: "x", Scopes: []string{"users:read", scope}})
			denied("the scope "+scope, err)
		}
		for _, scope := range []string{"users", "users:Read:x", "", ":", "users:**"} {
			_, err := b.keys.Create(ctx, b.ann.ID, apikeys.Create{Name: "x", Scopes: []string{scope}})
			b.Want("the scope "+scope, err, fault.Invalid)
		}
		_, err := b.keys.Create(b.As(root, "users:read"), b.ann.ID, apikeys.Create{Name: "x", Scopes: []string{"users:write"}})
		denied("more than whoever makes it holds", err)
		_, err = b.keys.Create(b.As(b.ann, "api-keys:admin"), root.ID, apikeys.Create{Name: "x"})
		b.Want("a key of a superuser by another", err, fault.NotFound)
		if rows, err := b.keys.List(ctx, b.ann.ID, data.Query[apikeys.APIKey]{}); err != nil || len(rows.Items) != 0 {
			b.t.Errorf("after refusals there are %d keys, %v", len(rows.Items), err)
		}
		can := func(what, key string, want ...string) {
			b.t.Helper()
			p := b.verify(what, key, "")
			if p == nil || !slices.Equal(p.Permissions, want) || p.Roles != nil {
				b.t.Errorf("%s: %+v, want %q", what, p, want)
			}
		}
		some := b.issue(func(c *apikeys.Create) { c.Scopes = []string{" Users:Read", "groups:moderate", "users:read"} })
		all := b.issue(func(c *apikeys.Create) { c.Scopes = []string{"users:*"} })
		none := b.issue(nil)
		boss, err := b.keys.Create(b.As(root, "*"), root.ID, apikeys.Create{Name: "boss", Scopes: []string{"*"}})
		b.Must(err)
		can("what it was made for", some.Key.Reveal(), "groups:moderate", "users:read")
		can("a wildcard", all.Key.Reveal(), "users:*")
		can("nothing", none.Key.Reveal())
		can("everything", boss.Key.Reveal(), "*")

		_, err = b.keys.Update(ctx, b.ann.ID, none.KeyID, apikeys.Update{Scopes: patch.Of([]string{"roles:read"})}, 0)
		denied("widened to more", err)
		_, err = b.keys.Update(ctx, b.ann.ID, none.KeyID, apikeys.Update{Scopes: patch.Of([]string{"users:write"})}, 0)
		b.Must(err)
		can("widened", none.Key.Reveal(), "users:write")

		_, err = rolesOf.Update(b.As(root, "*"), "writers", roles.Update{Permissions: patch.Of([]string{"users:read"})})
		b.Must(err)
		can("when the role has less", all.Key.Reveal(), "users:read")
		can("when the role has less", none.Key.Reveal())
		b.Must(rolesOf.Unassign(b.As(root, "*"), "writers", b.ann.ID))
		can("without the role", some.Key.Reveal(), "groups:moderate")
		_, err = b.keys.Rotate(ctx, b.ann.ID, some.KeyID, 0, nil)
		denied("a successor for more than is held", err)
		b.Must(b.Env.DB.Tx(ctx, func(tx *data.Tx) error {
			_, err := b.Users.SetSuperuser(ctx, tx, b.ann.ID, true)
			return err
		}))
		can("of a superuser", some.Key.Reveal(), "groups:moderate", "users:read")
	})
}

// Keys end for good with the account, whoever ends it, and not with the password.
func TestKeysEndWithTheAccount(t *testing.T) {
	each(t, apikeys.Config{}, func(b *bench) {
		ctx, root := b.t.Context(), b.Superuser("root1")
		admin := b.As(root, "*")
		refused := map[string]fault.Kind{"switched off": fault.Forbidden, "deleted": fault.NotFound}
		for what, end := range map[string]func() error{
			"switched off": func() error { _, err := b.Users.SetActive(admin, b.ann.ID, false); return err },
			"deleted":      func() error { return b.Users.Delete(admin, b.ann.ID) },
		} {
			key := b.issue(nil)
			b.Must(b.Env.DB.Tx(ctx, func(tx *data.Tx) error {
				_, err := b.Users.SetPassword(ctx, tx, b.ann.ID, "$argon2id$a")
				if err == nil {
					_, err = b.Users.EndSessions(ctx, tx, b.ann.ID)
				}
				return err
			}))
			b.verify("after a new password", key.Key.Reveal(), "")
			b.Must(end())
			b.verify(what, key.Key.Reveal(), apikeys.CodeRevoked)
			_, err := b.keys.Create(ctx, b.ann.ID, apikeys.Create{Name: "x"})
			b.Want("a new key, "+what, err, refused[what])
			_, err = b.Users.Reactivate(admin, b.ann.ID)
			b.Must(err)
			b.verify(what+" and back", key.Key.Reveal(), apikeys.CodeRevoked)
		}
		b.Must(b.Users.Delete(admin, b.ann.ID))
		b.Must(b.Env.DB.Tx(ctx, func(tx *data.Tx) error {
			return b.Users.Erase(ctx, tx, b.ann.ID, func(*users.User) error { return nil })
		}))
		keys, err := apikeys.NewStore(b.Env.DB).ListForUser(ctx, b.ann.ID.String(), true)
		if err != nil || len(keys) != 0 {
			b.t.Errorf("of who is erased %d keys are left, %v", len(keys), err)
		}
	})
}

// Keys of other programs are verified by what those kept of them.
func TestImportedKeys(t *testing.T) {
	each(t, apikeys.Config{}, func(b *bench) {
		ctx := b.t.Context()
		hashed, dotted := "pyorg_"+strings.Repeat("aB3-_", 8)+"abc", "ak_prod_k_1-2.se.cret"
		sum := sha256.Sum256([]byte(hashed))
		pepper := strings.Repeat("0", 32)
		m := hmac.New(sha256.New, []byte(pepper))
		m.Write([]byte("se.cret"))
		for _, in := range []apikeys.Import{
			{Name: "old", SHA256: hex.EncodeToString(sum[:])},
			{Name: "older", KeyID: "k_1-2", Environment: "prod", HMAC: hex.EncodeToString(m.Sum(nil)), Pepper: secret.NewText(pepper), Scopes: []string{"users:read"}},
		} {
			row, err := b.keys.Import(ctx, b.ann.ID, in)
			b.Must(err)
			if row.CreatedVia != "import" || strings.Contains(row.Hint, "aB3") {
				b.t.Errorf("imported %+v", row)
			}
			_, err = b.keys.Import(ctx, b.ann.ID, in)
			b.Want("the same again", err, fault.Conflict)
		}
		for _, key := range []string{hashed, dotted} {
			b.verify(key, key, "")
		}
		for _, key := range []string{hashed[:48] + "x", "ak_prod_k_1-2.se.creT", "ak_test_k_1-2.se.cret", "ak_prod_k_1-3.se.cret"} {
			b.verify(key, key, apikeys.CodeInvalid)
		}
		next, err := b.keys.Rotate(ctx, b.ann.ID, "k_1-2", time.Hour, nil)
		b.Want("a successor that could do more", err, fault.Forbidden)
		_, err = b.keys.Update(ctx, b.ann.ID, "k_1-2", apikeys.Update{Scopes: patch.Of([]string{})}, 0)
		b.Must(err)
		next, err = b.keys.Rotate(ctx, b.ann.ID, "k_1-2", time.Hour, nil)
		b.Must(err)
		b.verify("the successor", next.Key.Reveal(), "")
		b.verify("beside it", dotted, "")
		// The vector of the specification, by the same steps.
		m = hmac.New(sha256.New, []byte(pepper))
		m.Write([]byte("secret"))
		if got := hex.EncodeToString(m.Sum(nil)); got != "e13a6d5d77774119993d7c02896b188b19a4554e78dfaa4edd7efbc08ee1cb6f" {
			b.t.Errorf("the HMAC is %s", got)
		}
	})
}

// Rates and networks hold back who has a key, and guesses who has none.
func TestLimits(t *testing.T) {
	each(t, apikeys.Config{}, func(b *bench) {
		env := b.Env
		env.Limits = limit.New(env.DB, env.Keys, limit.Config{Clock: b.Clock.Now, Log: slog.New(slog.DiscardHandler)})
		b.keys = apikeys.NewService(env, apikeys.Config{})
		key := b.issue(func(c *apikeys.Create) { c.RatePerMinute = 3 })
		for range 3 {
			b.verify("within the rate", key.Key.Reveal(), "")
		}
		_, err := b.keys.Verify(b.t.Context(), key.Key.Reveal())
		b.Want("one too many", err, fault.Limited)
		b.Clock.Advance(time.Minute)
		b.verify("a minute later", key.Key.Reveal(), "")
		for i := range 25 {
			_, err = b.keys.Verify(b.t.Context(), unknown(key.Key.Reveal()))
			if want := map[bool]fault.Kind{true: fault.Unauthenticated, false: fault.Limited}[i < 20]; fault.KindOf(err) != want {
				b.t.Errorf("guess %d: %v, want %s", i, err, want)
			}
		}
		b.verify("its holder all the same", key.Key.Reveal(), "")
		near := b.issue(func(c *apikeys.Create) { c.AllowedIPs = []string{"192.0.2.0/24", "2001:db8::1"} })
		_, err = b.keys.Verify(b.t.Context(), near.Key.Reveal())
		b.Want("from an address that cannot be told", err, fault.Unauthenticated)
		for _, text := range []string{"nowhere", "192.0.2.0/33", "::ffff:192.0.2.0/120", "fe80::1%eth0"} {
			_, err := b.keys.Create(b.t.Context(), b.ann.ID, apikeys.Create{Name: "x", AllowedIPs: []string{text}})
			b.Want(text, err, fault.Invalid)
		}
	})
}
