package httpsig

import (
	"net/http"
	"strings"
	"testing"
)

// value returns what a component, as Input has it, stands for.
func value(m *Message, text string) (string, error) {
	in := Input{Components: []string{text}}
	items, _, err := in.params()
	if err != nil {
		return "", err
	}
	components, err := readComponents(items)
	if err != nil {
		return "", err
	}
	b, err := m.appendValue(nil, components[0])
	return string(b), err
}

// The examples of RFC 9421 sections 2.1 and 2.2, and what they leave out.
func TestComponents(t *testing.T) {
	t.Parallel()
	h := http.Header{
		"Date": {"Tue, 20 Apr 2021 02:07:56 GMT"}, "X-Ows-Header": {"  Leading and trailing whitespace.   "},
		"X-Obs-Fold-Header": {"Obsolete\r\n    line folding."}, "Cache-Control": {"max-age=60", "   must-revalidate"},
		"Example-Dict": {"  a=1, b=2;x=1;y=2", " c=(a   b    c), d"}, "X-Empty-Header": {""}, "X-Injected": {"a\nb"}, "X-Latin": {"\xe9"}, "X-List": {"a, b=,"},
	}
	at := func(method, target string) *Message {
		return &Message{method: method, scheme: "https", host: "www.Example.com:443", target: target, header: h, length: 18}
	}
	m := at("POST", "/path?param=value&foo=bar&baz=batman&qux=")
	odd := at("GET", "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something&a&a=&b=%zz")
	fine := at("GET", strings.TrimSuffix(odd.target, "&b=%zz"))
	answer := &Message{status: 7, header: http.Header{"Date": {"now"}}, request: m}
	for _, c := range []struct {
		m    *Message
		text string
		want string // "!" for an error
	}{
		{m, "host", "www.Example.com:443"}, {m, "date", h["Date"][0]}, {m, "x-ows-header", "Leading and trailing whitespace."},
		{m, "x-obs-fold-header", "Obsolete line folding."}, {m, "cache-control", "max-age=60, must-revalidate"}, {m, "x-empty-header", ""},
		{m, "example-dict", "a=1, b=2;x=1;y=2, c=(a   b    c), d"}, {m, `example-dict;key="a"`, "1"}, {m, `"example-dict";key="b"`, "2;x=1;y=2"},
		{m, `example-dict;key="c"`, "(a b c)"}, {m, `example-dict;key="d"`, "?1"}, {m, `example-dict;key="e"`, "!"}, {m, `x-list;key="a"`, "!"}, {m, `x-gone;key="a"`, "!"},
		{m, "content-length", "18"}, {m, "x-gone", "!"}, {m, "x-injected", "!"}, {m, "x-latin", "!"},
		{m, "@method", "POST"}, {m, "@target-uri", "https://www.example.com/path?param=value&foo=bar&baz=batman&qux="}, {m, "@authority", "www.example.com"},
		{m, "@scheme", "https"}, {m, "@request-target", "/path?param=value&foo=bar&baz=batman&qux="}, {m, "@path", "/path"},
		{m, "@query", "?param=value&foo=bar&baz=batman&qux="}, {at("GET", "/path?queryString"), "@query", "?queryString"}, {at("GET", "/path"), "@query", "?"}, {at("GET", "/path?"), "@query", "?"},
		{at("GET", "/path?"), "@target-uri", "https://www.example.com/path?"}, {at("GET", "/path"), "@target-uri", "https://www.example.com/path"},
		{at("GET", "https://www.example.com"), "@path", "/"}, {at("GET", "https://www.example.com/path?param=value"), "@request-target", "https://www.example.com/path?param=value"},
		{at("GET", "HTTPS://www.example.com/path?param=value"), "@path", "/path"}, {at("GET", "https://www.example.com?a/b"), "@query", "?a/b"},
		{at("CONNECT", "www.example.com:80"), "@request-target", "www.example.com:80"}, {at("CONNECT", "www.example.com:80"), "@path", "!"}, {at("OPTIONS", "*"), "@request-target", "*"}, {at("OPTIONS", "*"), "@query", "!"},
		{at("GET", "ftp://x/y"), "@path", "!"}, {at("GET", "/\xe9"), "@path", "!"}, {at("GET", "/a b"), "@path", "!"}, {at("GET", "/?\x01"), "@query", "!"}, {at("GET", "/\xe9"), "@request-target", "!"}, {at("GET", ""), "@request-target", "!"}, {at("G T", "/"), "@method", "!"},
		{m, `@query-param;name="baz"`, "batman"}, {m, `@query-param;name="qux"`, ""}, {m, `@query-param;name="param"`, "value"}, {m, `@query-param;name="gone"`, "!"}, {m, "@query-param", "!"},
		{fine, `@query-param;name="var"`, "this%20is%20a%20big%0Amultiline%20value"}, {fine, `@query-param;name="bar"`, "with%20plus%20whitespace"}, {fine, `@query-param;name="fa%C3%A7ade%22%3A%20"`, "something"},
		{fine, `@query-param;name="a"`, "!"}, {odd, `@query-param;name="bar"`, "!"},
		{m, "@status", "!"}, {answer, "@status", "007"}, {answer, "@method;req", "POST"}, {answer, "@method", "!"}, {answer, "@status;req", "!"}, {answer, "date", "now"}, {answer, "date;req", h["Date"][0]}, {m, "date;req", "!"},
		{m, "date;sf", "!"}, {m, "date;bs", "!"}, {m, "date;tr", "!"}, {m, "date;req=?0", "!"}, {m, "date;key=a", "!"}, {m, "@path;key=\"a\"", "!"}, {m, "Date", "!"}, {m, "@", "!"}, {m, "", "!"}, {m, "a b", "!"}, {m, "date) (", "!"},
		{&Message{scheme: "http", host: "[::1]:80", target: "/"}, "@authority", "[::1]"}, {&Message{scheme: "http", host: "h:443", target: "/"}, "@authority", "h:443"}, {&Message{host: "a/b", target: "/"}, "@authority", "!"}, {&Message{target: "/"}, "@authority", "!"},
	} {
		got, err := value(c.m, c.text)
		if err != nil {
			got = "!"
		}
		if got != c.want {
			t.Errorf("%s of %s: %q, %v, want %q", c.text, c.m.target, got, err, c.want)
		}
	}
}
