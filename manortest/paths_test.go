package manortest_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/manorgo/manor/manortest"
)

// However a path is written that is not open to a caller, it is not open. The
// requests go over the wire as they are: no client makes them tidy.
func TestPathsThatAreNotTidy(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		bearer := app.Anonymous(t).Post("/auth/token", login("ann")).Want(200).Text("access_token")
		base, err := url.Parse(app.URL)
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		for _, path := range []string{"/api/v1/users/by-email/ann@example.com", "/api/v1/roles", "/api/v1/memberships", "/api/v1/audit", "/api/v1/users/" + ann.User.ID.String() + "/permissions"} {
			if s := ann.Get(app.URL + path).Status; s != http.StatusForbidden {
				t.Fatalf("%s: %d", path, s)
			}
			for _, target := range untidy(path, base.Host) {
				for _, head := range []string{"", "X-Original-URL: " + path, "X-Rewrite-URL: " + path, "X-HTTP-Method-Override: GET", "X-Forwarded-Prefix: /api"} {
					asked++
					status, location := wire(t, base.Host, "GET "+target+" HTTP/1.1\r\nHost: "+base.Host+"\r\nAuthorization: Bearer "+bearer+"\r\n"+head+strings.Repeat("\r\n", min(1, len(head)))+"Connection: close\r\n\r\n")
					if status/100 == 2 || status/100 == 5 || location != "" {
						t.Errorf("%q with %q: %d, to %q", target, head, status, location)
					}
				}
			}
		}
		if asked < 5*120 {
			t.Errorf("only %d requests", asked)
		}
	}, manortest.Idle())
}

// untidy returns ways to write a path.
func untidy(path, host string) []string {
	dir, last := path[:strings.LastIndex(path, "/")], path[strings.LastIndex(path, "/")+1:]
	out := []string{
		path, path + "/", path + "//", path + "/.", path + "/..", path + "/x/..", path + "/%2e", path + "/%2e%2e/" + last, path + ";x", path + ";/../" + last, path + "%20", path + "%00",
		path + "%09", path + "%0d%0a", path + "%3f", path + "%23", path + "?", path + "?&", path + ".json", path + "%2f", path + "\\", path + "%5c", "/" + path, "//" + path, "/." + path, "/./" + path,
		"/%2e" + path, "/x/.." + path, "/x/%2e%2e" + path, "/livez/.." + path, "/docs/.." + path, dir + "//" + last, dir + "/./" + last, dir + "/../v1/" + last, dir + "%2f" + last, dir + "%252f" + last,
		dir + "\\" + last, dir + "%5c" + last, strings.ToUpper(path), strings.Replace(path, "api", "API", 1), strings.Replace(path, "v1", "v01", 1), strings.Replace(path, "v1", "%76%31", 1),
		strings.Replace(path, "a", "%61", 1), "http://" + host + path, "http://evil.example" + path, "https://" + host + "/" + path, "http://x@" + host + path, path + "#x",
	}
	for _, r := range last[:1] {
		out = append(out, dir+"/"+fmt.Sprintf("%%%02x", r)+last[1:], dir+"/"+fmt.Sprintf("%%%02X", r)+last[1:], dir+"/"+fmt.Sprintf("%%u00%02x", r)+last[1:])
	}
	return out
}

// Whatever a request says of where to go, nobody is sent to another site.
func TestNothingLeadsElsewhere(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		base, err := url.Parse(app.URL)
		if err != nil {
			t.Fatal(err)
		}
		texts := elsewhere(base.Host)
		if len(texts) < 150 {
			t.Errorf("only %d texts", len(texts))
		}
		credentials := `{"identifier":"ann","password":"` + manortest.Password + `"}`
		for _, text := range texts {
			query := url.Values{}
			for _, name := range []string{"next", "return_to", "redirect_uri", "RelayState", "continue"} {
				query.Set(name, text)
			}
			header := "Host: " + base.Host + "\r\nConnection: close\r\nReferer: " + strings.Map(func(r rune) rune {
				if r < ' ' {
					return -1
				}
				return r
			}, text) + "\r\n"
			for _, request := range []string{
				"GET /verify?" + query.Encode() + " HTTP/1.1\r\n" + header + "\r\n",
				"GET /" + url.PathEscape(text) + "/ HTTP/1.1\r\n" + header + "\r\n",
				"GET /api/v1/users/?" + query.Encode() + " HTTP/1.1\r\n" + header + "\r\n",
				"POST /reset HTTP/1.1\r\n" + header + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + itoa(len(query.Encode())) + "\r\n\r\n" + query.Encode(),
				"POST /api/v1/auth/login?" + query.Encode() + " HTTP/1.1\r\n" + header + "Content-Type: application/json\r\nContent-Length: " + itoa(len(credentials)) + "\r\n\r\n" + credentials,
			} {
				status, location := wire(t, base.Host, request)
				if location != "" || status/100 == 3 || status/100 == 5 {
					t.Errorf("%.120q leads to %q with %d", request, location, status)
				}
			}
		}
	}, manortest.Idle())
}

// elsewhere returns ways to write that somebody should go to another site than host.
func elsewhere(host string) (out []string) {
	for _, site := range []string{"evil.example", "evil.example%2f@" + host, host + ".evil.example", host + "@evil.example", "evil%E3%80%82example", "[::ffff:192.0.2.1]", "3232235777"} {
		for _, before := range []string{
			"//", "///", "////", "/\\", "\\\\", "\\/", "/\t/", "/\n/", "https:", "https:/", "https://", "HTTPS://", "http:\\\\", "//" + host + "/../", "/%2f", "/%5c", "%2f%2f", "/.//", "?//", "#//", " //", "\u2028//",
		} {
			out = append(out, before+site)
		}
	}
	return append(out, "javascript:alert(1)", "JavaScript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "/\r\nLocation: https://evil.example", "file:///etc/passwd", "blob:https://evil.example/1")
}

// wire sends a request as it is and returns the status of the answer, and where
// it leads.
func wire(t *testing.T, host, request string) (status int, location string) {
	t.Helper()
	c, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer r.Body.Close()
	return r.StatusCode, r.Header.Get("Location")
}
