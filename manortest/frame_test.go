package manortest_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/manortest"
)

func TestHosts(t *testing.T) {
	public := manortest.Config(func(c *manor.Config) { c.PublicURL = &url.URL{Scheme: "https", Host: "shop.example"} })
	each(t, func(t *testing.T, app *manortest.App) {
		anon := app.Anonymous(t)
		for host, status := range map[string]int{
			"shop.example": 200, "SHOP.example:443": 200, "evil.example": 421, "shop.example.evil.example": 421,
			"localhost": 421, "127.0.0.1": 421, "shop.example:8080": 421, "shop.example@evil.example": 0,
		} {
			if status != 0 {
				same(t, "the API for "+host, anon.Do("GET", "/products", nil, "Host", host).Status, status)
			}
			if status == 421 {
				same(t, "a page for "+host, anon.Do("GET", app.URL+"/verify?token=x", nil, "Host", host).Status, 421)
			}
		}
		r := anon.Do("GET", "/products", nil, "Host", "evil.example")
		same(t, "code", r.Text("code"), "MISDIRECTED")
		// Links are made from the configuration, whatever the request says.
		anon.Do("POST", "/auth/register", body{"email": "ann@example.com", "password": manortest.Password},
			"Host", "shop.example", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example").Want(202)
		if m := app.LastMail(t, "ann@example.com"); !strings.Contains(m.Text, "https://shop.example/verify?token=") || strings.Contains(m.Text, "evil") {
			t.Errorf("the mail's link is not ours:\n%s", m.Text)
		}
		cookie := anon.Do("POST", "/auth/token", login("ann"), "Host", "shop.example").Want(401).Header.Get("Strict-Transport-Security")
		if !strings.HasPrefix(cookie, "max-age=") {
			t.Errorf("Strict-Transport-Security is %q", cookie)
		}
	}, public, manortest.Idle())
}

func TestSecureCookie(t *testing.T) {
	public := manortest.Config(func(c *manor.Config) { c.PublicURL = &url.URL{Scheme: "https", Host: "shop.example"} })
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		r := app.Anonymous(t).Do("POST", "/auth/login", login("ann"), "Host", "shop.example").Want(200)
		cookie := r.Header.Get("Set-Cookie")
		for _, want := range []string{"__Host-manor_session=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
			if !strings.Contains(cookie, want) {
				t.Errorf("the cookie lacks %s", want)
			}
		}
		if strings.Contains(cookie, "Domain") {
			t.Error("the cookie is sent to other hosts, too")
		}
	}, public, manortest.Idle())
}

// Without a public URL only this machine is served.
func TestLoopbackOnly(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		anon := app.Anonymous(t)
		for host, status := range map[string]int{"localhost:1": 200, "127.0.0.1": 200, "[::1]:80": 200, "192.168.1.2": 421, "example.com": 421} {
			same(t, host, anon.Do("GET", "/products", nil, "Host", host).Status, status)
		}
	}, manortest.Idle())
}

// A browser that was lured into sending a request does not get through with the
// cookie it has.
func TestOtherSites(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		lamp := body{"name": "Lamp", "price": "1"}
		for _, h := range [][]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
			{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "http://127.0.0.1:1"},
		} {
			ann.Do("POST", "/products", lamp, h...).Want(403)
			ann.Do("PATCH", "/users/me", body{"bio": "x"}, h...).Want(403)
			ann.Do("POST", "/auth/logout", nil, h...).Want(403)
			ann.Do("GET", "/users/me", nil, h...).Want(200) // which nobody but the user sees
		}
		for _, h := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}, {"Origin", app.URL}} {
			ann.Do("POST", "/products", lamp, h...).Want(201)
		}
		same(t, "products", ann.Get("/products").Value("total"), any(3.0))
		if got := ann.Do("OPTIONS", "/products", nil, "Origin", "https://evil.example").Header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("Access-Control-Allow-Origin is %q", got)
		}
	}, manortest.Idle())
}

func TestForwardedFor(t *testing.T) {
	seen := func(t *testing.T, app *manortest.App) (prefix, request string) {
		app.User(t, "ann")
		ann := app.Anonymous(t)
		r := ann.Do("POST", "/auth/login", login("ann"), "X-Forwarded-For", "203.0.113.7", "X-Request-Id", "chosen-by-client").Want(200)
		list := ann.Get("/auth/sessions?orderBy=created_at&pageSize=1").Want(200)
		return list.Text("items.0.ip_prefix"), r.Header.Get("X-Request-Id")
	}
	t.Parallel()
	t.Run("nobody is believed", func(t *testing.T) {
		each(t, func(t *testing.T, app *manortest.App) {
			prefix, request := seen(t, app)
			same(t, "client", prefix, "127.0.0.0/24")
			if request == "chosen-by-client" {
				t.Error("a stranger chose the request id")
			}
		}, manortest.Idle())
	})
	t.Run("a proxy is", func(t *testing.T) {
		trusted := manortest.Config(func(c *manor.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
		each(t, func(t *testing.T, app *manortest.App) {
			prefix, request := seen(t, app)
			same(t, "client", []string{prefix, request}, []string{"203.0.113.0/24", "chosen-by-client"})
		}, trusted, manortest.Idle())
	})
}

func TestHeaders(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		anon := app.Anonymous(t)
		for _, path := range []string{app.URL + "/", app.URL + "/verify?token=x", app.URL + "/docs", app.URL + "/openapi.json", app.URL + "/livez", "/products", "/nothing"} {
			h := anon.Get(path).Header
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
				same(t, path+" "+name, h.Get(name), want)
			}
			if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
				t.Errorf("%s: Content-Security-Policy is %q", path, csp)
			}
		}
		ready := anon.Get(app.URL + "/readyz").Want(200)
		same(t, "database", ready.Text("checks.database"), "ok")
		app.Drain()
		anon.Get(app.URL + "/readyz").Want(503)
		anon.Get(app.URL + "/livez").Want(200)
		anon.Get("/products").Want(200)
	})
}

// Every route, every page and every refusal has the headers that keep browsers
// from being used against people, and nothing of the API is kept by caches.
func TestHeadersEverywhere(t *testing.T) {
	public := manortest.Config(func(c *manor.Config) { c.PublicURL = &url.URL{Scheme: "https", Host: "shop.example"} })
	each(t, func(t *testing.T, app *manortest.App) {
		anon := app.Anonymous(t)
		check := func(what string, h http.Header) {
			t.Helper()
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin",
				"Strict-Transport-Security": "max-age=31536000; includeSubDomains", "Cache-Control": "no-store",
			} {
				same(t, what+": "+name, h.Get(name), want)
			}
			if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
				t.Errorf("%s: Content-Security-Policy is %q", what, csp)
			}
		}
		for _, r := range app.Router().Routes() {
			check(short(r), anon.Do(r.Method, anyPath(r), nil, "Host", "shop.example").Header)
			check(short(r)+" with a wrong token", anon.Do(r.Method, anyPath(r), nil, "Host", "shop.example", "Authorization", "Bearer x").Header)
		}
		for _, path := range []string{"/verify", "/reset", "/setup", "/email/confirm", "/email/undo", "/invitation", "/deletion/undo"} {
			check(path, anon.Do("GET", app.URL+path+"?token=x", nil, "Host", "shop.example").Want(200).Header)
			check("POST "+path, anon.Do("POST", app.URL+path, "token=x", "Host", "shop.example", "Content-Type", "application/x-www-form-urlencoded").Want(422).Header)
		}
		check("/readyz", anon.Get(app.URL+"/readyz").Header)
		check("nothing", anon.Do("GET", "/nothing", nil, "Host", "shop.example").Header)

		// No other site is let in, however much it looks like this one.
		app.User(t, "ann")
		in := app.Anonymous(t).Do("POST", "/auth/login", login("ann"), "Host", "shop.example").Want(200)
		cookie, _, _ := strings.Cut(in.Header.Get("Set-Cookie"), ";")
		origins := nearMisses("shop.example")
		if len(origins) < 60 {
			t.Errorf("only %d origins", len(origins))
		}
		for _, origin := range origins {
			patch := anon.Do("PATCH", "/users/me", body{"bio": "x"}, "Host", "shop.example", "Origin", origin, "Cookie", cookie)
			if u, err := url.Parse(origin); origin != "" && (err != nil || u.Host != "shop.example") {
				patch.Want(403)
			}
			for _, r := range []*manortest.Response{
				anon.Do("GET", "/products", nil, "Host", "shop.example", "Origin", origin), patch,
				anon.Do("OPTIONS", "/users/me", nil, "Host", "shop.example", "Origin", origin, "Access-Control-Request-Method", "PATCH"),
			} {
				for name := range r.Header {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("%s is told %s: %s", origin, name, r.Header.Get(name))
					}
				}
			}
		}
		// Who brings a header as the credential is no browser that was lured.
		pair := anon.Do("POST", "/auth/token", login("ann"), "Host", "shop.example").Want(200)
		anon.Do("PATCH", "/users/me", body{"bio": "x"}, "Host", "shop.example", "Authorization", "Bearer "+pair.Text("access_token")).Want(200)
	}, public, manortest.Idle())
}

// nearMisses returns origins that are not that of a host, but could be taken for it.
func nearMisses(host string) (out []string) {
	for _, h := range []string{
		"x" + host, host + "x", "x." + host, "www." + host, host + ".evil.example", "evil.example." + host, "evil.example/" + host, "evil.example?" + host, "evil.example#" + host,
		host + ":80", host + ":443:443", host + ":8443", host + ":0", host + ":", host + "@evil.example", "evil.example@" + host, host + "%60.evil.example", host + "%00.evil.example",
		host + "_.evil.example", host + "-evil.example", strings.ReplaceAll(host, ".", "x"), strings.ReplaceAll(host, ".", ""), host + "..", "." + host, "[" + host + "]", "shop", "example", "localhost", "127.0.0.1", "[::1]",
	} {
		out = append(out, "https://"+h, "http://"+h)
	}
	return append(out, "http://"+host, "null", "*", "", "file://", "https://", "//"+host, host, "ftp://"+host, "HTTPS://evil.example", "chrome-extension://"+host)
}
