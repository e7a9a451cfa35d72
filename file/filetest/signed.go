package filetest

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/file/driver"
)

// signed addresses do what they say, and nothing else.
func signed(t *testing.T, b driver.Bucket) {
	s, ok := b.(driver.Signer)
	if !ok {
		return
	}
	put(t, b, "doc", "hello")
	get, err := s.SignGet(t.Context(), "doc", time.Minute, "text/plain", `attachment; filename="a.txt"`)
	if err != nil {
		t.Fatal(err)
	}
	res, body := request(t, http.MethodGet, get, "")
	if res.StatusCode != http.StatusOK || body != "hello" || res.Header.Get("Content-Type") != "text/plain" ||
		res.Header.Get("Content-Disposition") != `attachment; filename="a.txt"` {
		t.Errorf("GET: %d %q %v", res.StatusCode, body, res.Header)
	}
	for name, address := range map[string]string{
		"another key":  strings.Replace(get, "doc", "dob", 1),
		"another type": strings.Replace(get, "text%2Fplain", "text%2Fhtml", 1),
	} {
		if res, _ := request(t, http.MethodGet, address, ""); res.StatusCode < 400 || address == get {
			t.Errorf("%s is answered %d", name, res.StatusCode)
		}
	}
	if res, _ := request(t, http.MethodPut, get, "changed"); res.StatusCode < 400 {
		t.Errorf("PUT to the address of a GET is answered %d", res.StatusCode)
	}
	in, err := s.SignPut(t.Context(), "up", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if res, body := request(t, http.MethodPut, in, "uploaded"); res.StatusCode != http.StatusOK {
		t.Errorf("PUT: %d %s", res.StatusCode, body)
	}
	if got := read(t, b, "up", 0, -1); got != "uploaded" {
		t.Errorf("PUT stored %q", got)
	}
	for _, key := range []string{"", "../x"} {
		_, get := s.SignGet(t.Context(), key, time.Minute, "", "")
		_, in := s.SignPut(t.Context(), key, time.Minute)
		if !errors.Is(get, driver.ErrKey) || !errors.Is(in, driver.ErrKey) {
			t.Errorf("%q is signed: %v, %v", key, get, in)
		}
	}
}

func request(t *testing.T, method, address, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(content)
}
