package manortest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// Password is the password of the users that a Client is made for.
const Password = "tidal lantern 4827 orchard"

// prefix is where the routes of domains are.
const prefix = "/api/v1"

// A Client sends requests to an app as one caller, and keeps the cookies it is
// given. It is safe for concurrent use as long as Header is not changed.
type Client struct {
	User   users.User  // the caller; zero for nobody
	Header http.Header // sent with every request
	t      *testing.T
	app    *App
	http   *http.Client
}

// Anonymous returns a client without a credential.
func (a *App) Anonymous(t *testing.T) *Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &Client{t: t, app: a, Header: http.Header{}, http: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// User makes an account with a verified address, name@example.com, and the
// password Password, and returns a client that is signed in as it by a cookie.
func (a *App) User(t *testing.T, name string) *Client {
	t.Helper()
	return a.signIn(t, name, false)
}

// Admin is User for a superuser, who is called admin-of-tests.
func (a *App) Admin(t *testing.T) *Client {
	t.Helper()
	return a.signIn(t, "admin-of-tests", true)
}

// As is User for somebody who holds a role with these permissions, which the
// app must know. Their name and that of the role is name.
func (a *App) As(t *testing.T, name string, permissions ...string) *Client {
	t.Helper()
	c := a.User(t, name)
	ctx := auth.NewContext(t.Context(), &auth.Principal{Subject: "test", Permissions: auth.Permissions{"*"}})
	if _, err := a.Roles().Create(ctx, roles.Create{Name: name, Permissions: permissions}); err != nil {
		t.Fatalf("manortest: role %s: %v", name, err)
	}
	if err := a.Roles().Assign(ctx, name, c.User.ID); err != nil {
		t.Fatalf("manortest: role %s: %v", name, err)
	}
	return c
}

func (a *App) signIn(t *testing.T, name string, admin bool) *Client {
	t.Helper()
	c, ctx := a.Anonymous(t), t.Context()
	password := secret.NewText(Password)
	_, err := a.Accounts().CreateUser(ctx, users.Create{Email: name + "@example.com", Username: name, Password: password}, admin)
	if err != nil {
		t.Fatalf("manortest: user %s: %v", name, err)
	}
	// As the client would by itself, so that it is no new device later.
	u, issued, err := a.Accounts().SignIn(ctx, accounts.SigningIn{
		Identifier: name, Password: password, Kind: sessions.Cookie,
		Client: web.Client{IP: netip.AddrFrom4([4]byte{127, 0, 0, 1}), UserAgent: "Go-http-client/1.1"},
	})
	if err != nil {
		t.Fatalf("manortest: sign in %s: %v", name, err)
	}
	c.User = u
	at, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	c.http.Jar.SetCookies(at, []*http.Cookie{issued.SetCookie(false)})
	return c
}

// Get asks for a path of the API, below /api/v1. A path that starts with the
// app's URL is anywhere on its server.
func (c *Client) Get(path string) *Response { return c.Do(http.MethodGet, path, nil) }

// Post sends body as JSON, or nothing for nil.
func (c *Client) Post(path string, body any) *Response { return c.Do(http.MethodPost, path, body) }

// Put is as Post.
func (c *Client) Put(path string, body any) *Response { return c.Do(http.MethodPut, path, body) }

// Patch is as Post.
func (c *Client) Patch(path string, body any) *Response { return c.Do(http.MethodPatch, path, body) }

// Delete sends no body.
func (c *Client) Delete(path string) *Response { return c.Do(http.MethodDelete, path, nil) }

// Do sends a request with more headers, each a name and a value. A body that is
// a string or json.RawMessage is sent as it is. An answer of the API that its
// OpenAPI document does not describe is an error of the test; no answer at all,
// too, and gives the status 0.
func (c *Client) Do(method, path string, body any, header ...string) *Response {
	c.t.Helper()
	r := &Response{t: c.t, what: method + " " + path}
	var text io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		text = strings.NewReader(b)
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			c.t.Errorf("%s: %v", r.what, err)
			return r
		}
		text = bytes.NewReader(encoded)
	}
	address := path
	if !strings.HasPrefix(path, c.app.URL) {
		address = c.app.URL + prefix + path
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(c.t.Context()), method, address, text)
	if err != nil {
		c.t.Errorf("%s: %v", r.what, err)
		return r
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range c.Header {
		req.Header[name] = values
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	req.Host = req.Header.Get("Host") // "" leaves it as it is
	c.send(req, r)
	return r
}

func (c *Client) send(req *http.Request, r *Response) {
	c.t.Helper()
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Errorf("%s: %v", r.what, err)
		return
	}
	defer res.Body.Close()
	if r.Body, err = io.ReadAll(res.Body); err != nil {
		c.t.Errorf("%s: %v", r.what, err)
		return
	}
	r.Status, r.Header = res.StatusCode, res.Header
	if strings.HasPrefix(req.URL.Path, prefix+"/") {
		if err := c.app.Router().CheckResponse(req, r.Status, r.Header, r.Body); err != nil {
			c.t.Errorf("the answer is not as documented: %v\n%s", err, r.Body)
		}
	}
}

// Bearer returns a client that signs its requests with a token, as the same
// caller.
func (c *Client) Bearer(token string) *Client {
	c.t.Helper()
	out := c.app.Anonymous(c.t)
	out.User = c.User
	out.Header.Set("Authorization", "Bearer "+token)
	return out
}

// At returns a client of another instance with the same credential.
func (c *Client) At(a *App) *Client {
	out := *c
	out.app, out.Header = a, c.Header.Clone()
	return &out
}
