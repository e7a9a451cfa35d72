package web

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/fault"
)

func TestScanGrammar(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`null`: "", `true`: "", ` false `: "", `0`: "", `-0.5e+10`: "", `""`: "", `[]`: "", `{}`: "",
		"\t[1, {\"a\" : [ ]}, \"\\u00e9\\n\\ud83d\\ude00\"]\r\n": "",
		strings.Repeat("[", 32) + strings.Repeat("]", 32):        "",
		``:                                "body: ends too early",
		` `:                               "body: ends too early",
		`nul`:                             "body: is not JSON",
		`nulls`:                           "body: has data after its end",
		`01`:                              "body: is not JSON",
		`-`:                               "body: is not JSON",
		`1.`:                              "body: is not JSON",
		`1e`:                              "body: is not JSON",
		`+1`:                              "body: is not JSON",
		`.5`:                              "body: is not JSON",
		`NaN`:                             "body: is not JSON",
		`'a'`:                             "body: is not JSON",
		`[1,]`:                            "body[1]: is not JSON",
		`[1 2]`:                           "body: is not JSON",
		`[1`:                              "body: is not JSON",
		`[`:                               "body[0]: ends too early",
		`{"a":1,}`:                        "body: is not JSON",
		`{"a" 1}`:                         "body.a: is not JSON",
		`{a:1}`:                           "body: is not JSON",
		`{"a":1`:                          "body: is not JSON",
		`{`:                               "body: is not JSON",
		`"a`:                              "body: ends too early",
		`"\x"`:                            "body: is not JSON",
		`"\u12"`:                          "body: is not JSON",
		`"\`:                              "body: ends too early",
		"\"a\nb\"":                        "body: holds a control character",
		"\"\x00\"":                        "body: holds a NUL",
		`"\u0000"`:                        "body: holds a NUL",
		`{"\u0000":1}`:                    "body: holds a NUL",
		"\"\xc3\x28\"":                    "body: is not valid UTF-8",
		"\"\xed\xa0\x80\"":                "body: is not valid UTF-8",
		`"\udc00"`:                        "body: is not valid UTF-8",
		`"\ud800\u0041"`:                  "body: is not valid UTF-8",
		"\xef\xbb\xbf{}":                  "body: is not JSON",
		`{"a":{"b":1,"b":2}}`:             "body.a.b: is given twice",
		`[{"a":1},{"a":1,"\u0061":2}]`:    "body[1].a: is given twice",
		strings.Repeat("[", 33):           "body" + strings.Repeat("[0]", 32) + ": is nested too deep",
		strings.Repeat(`{"a":`, 40) + "1": "body" + strings.Repeat(".a", 32) + ": is nested too deep",
	} {
		got := ""
		if err := scan([]byte(text), nil, "body", false); err != nil {
			d := err.(*fault.Error).Details[0]
			got = d.Location + ": " + d.Message
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

type every struct {
	S     string            `json:"s,omitempty" minLength:"2" maxLength:"3" pattern:"^[a-zé]+$" patternDescription:"small letters"`
	P     string            `json:"p,omitempty" pattern:"^x"`
	I     int               `json:"i,omitempty" exclusiveMinimum:"0" exclusiveMaximum:"10" multipleOf:"2"`
	F     float64           `json:"f,omitempty" maximum:"1.5"`
	N     int               `json:"n,omitempty" enum:"1,2"`
	B     bool              `json:"b,omitempty"`
	Bytes []byte            `json:"bytes,omitempty"`
	L     []int             `json:"l,omitempty" minItems:"1" uniqueItems:"true"`
	M     map[string]string `json:"m,omitempty" minProperties:"1" maxProperties:"2"`
	URI   string            `json:"uri,omitempty" format:"uri"`
	IP    string            `json:"ip,omitempty" format:"ipv4"`
	Any   any               `json:"any,omitempty"`
	Pair  [2]int            `json:"pair,omitempty"`
	Kids  []*every          `json:"kids,omitempty"`
	RO    string            `json:"ro,omitempty" readOnly:"true"`
	WO    string            `json:"wo,omitempty" writeOnly:"true"`
	Must  string            `json:"must" readOnly:"true"`
	One   choose            `json:"one,omitzero"`
}

type choose struct{}

func (choose) Schema(huma.Registry) *huma.Schema {
	text, number, none := &huma.Schema{Type: "string"}, &huma.Schema{Type: "integer"}, &huma.Schema{Type: "null"}
	return &huma.Schema{OneOf: []*huma.Schema{text, number, none}}
}

func TestScanShape(t *testing.T) {
	t.Parallel()
	g := newRegistry()
	s := g.compile(g.Schema(reflect.TypeFor[every](), true, ""))
	for text, want := range map[string]string{
		`{}`:                              "",
		`{"s":"é"}`:                       "body.s: must have at least 2 characters",
		`{"s":"abé"}`:                     "",
		`{"s":"abéd"}`:                    "body.s: must have at most 3 characters",
		`{"s":"AB"}`:                      "body.s: must be small letters",
		`{"p":"y"}`:                       "body.p: must match ^x",
		`{"i":0}`:                         "body.i: must be more than 0",
		`{"i":10}`:                        "body.i: must be less than 10",
		`{"i":3}`:                         "body.i: must be a multiple of 2",
		`{"i":4}`:                         "",
		`{"i":99999999999999999999}`:      "body.i: is out of range",
		`{"i":true}`:                      "body.i: must be a whole number",
		`{"f":1.6}`:                       "body.f: must be at most 1.5",
		`{"f":1e999}`:                     "body.f: is out of range",
		`{"f":"1"}`:                       "body.f: must be a number",
		`{"n":3}`:                         "body.n: must be one of 1, 2",
		`{"b":"true"}`:                    "body.b: must be true or false",
		`{"bytes":"%"}`:                   "body.bytes: must be base64",
		`{"bytes":"aGk="}`:                "",
		`{"l":[]}`:                        "body.l: must have at least 1 entries",
		`{"l":[1,2,1]}`:                   "body.l[2]: is given twice",
		`{"l":[{},{}]}`:                   "body.l[0]: must be a whole number",
		`{"l":{}}`:                        "body.l: must be a list",
		`{"l":null}`:                      "body.l: may not be null",
		`{"m":{}}`:                        "body.m: must have at least 1 entries",
		`{"m":{"a":"","b":"","c":""}}`:    "body.m: must have at most 2 entries",
		`{"m":{"a":1}}`:                   "body.m.a: must be a string",
		`{"uri":"x"}`:                     "body.uri: is not an address with scheme, such as https://example.com",
		`{"ip":"::1"}`:                    "body.ip: is not an IP address",
		`{"any":[{"x":null}]}`:            "",
		`{"pair":[1]}`:                    "body.pair: must have at least 2 entries",
		`{"pair":[1,2,3]}`:                "body.pair: must have at most 2 entries",
		`{"kids":[{"kids":[{"s":"a"}]}]}`: "body.kids[0].kids[0].s: must have at least 2 characters",
		`{"kids":[null]}`:                 "body.kids[0]: may not be null",
		`{"ro":"x"}`:                      "body.ro: cannot be set",
		`{"wo":"x"}`:                      "",
		`{"one":"x"}`:                     "",
		`{"one":null}`:                    "",
		`{"one":[]}`:                      "body.one: has none of the forms that are allowed",
		`{"one":{"a":1,"a":2}}`:           "body.one.a: is given twice",
	} {
		got := ""
		if err := scan([]byte(text), s, "body", false); err != nil {
			d := err.(*fault.Error).Details[0]
			got = d.Location + ": " + d.Message
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	if err := scan([]byte(`{"must":"x","wo":"y"}`), s, "body", true); err == nil || !strings.Contains(err.Error(), "body.wo: may not be shown") {
		t.Errorf("an answer with a secret: %v", err)
	}
	if err := scan([]byte(`{"ro":"x"}`), s, "body", true); err == nil || !strings.Contains(err.Error(), "body.must: is required") {
		t.Errorf("an answer without a required field: %v", err)
	}
}

// What the scanner takes, the decoder takes, and it is what was said: encoding
// it again and scanning that gives the same.
func FuzzScan(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"x\u00e9",null,true]}`, `{"a":1,"a":2}`, "\"\xff\"", `"\ud83d\ude00"`, `[[[[`, `{"":{"":0}}`, `-0`} {
		f.Add([]byte(s))
	}
	g := newRegistry()
	s := g.compile(g.Schema(reflect.TypeFor[every](), true, ""))
	f.Fuzz(func(t *testing.T, b []byte) {
		shaped := scan(b, s, "body", false) // must not panic
		if err := scan(b, nil, "body", false); err != nil {
			if fault.KindOf(err) != fault.Malformed || shaped == nil {
				t.Fatalf("%q: %v, but with a shape %v", b, err, shaped)
			}
			return
		}
		if !json.Valid(b) {
			t.Fatalf("%q is not JSON but was taken", b)
		}
		var v any
		dec := json.NewDecoder(strings.NewReader(string(b)))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		again, err := json.Marshal(v)
		if err != nil || scan(again, nil, "body", false) != nil || strings.Contains(fmt.Sprint(v), "\x00") {
			t.Fatalf("%q came back as %q: %v", b, again, err)
		}
	})
}
