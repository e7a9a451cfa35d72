package web

import (
	"net/http"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

func TestIfMatch(t *testing.T) {
	t.Parallel()
	at := data.Version(1_700_000_000_123_456)
	for text, want := range map[string]struct {
		version data.Version
		kind    fault.Kind
	}{
		tag(at):               {at, ""},
		" " + tag(at) + "\t":  {at, ""},
		"*":                   {data.Version(0), ""},
		"W/" + tag(at):        {kind: fault.Stale},
		`"ABC"`:               {kind: fault.Stale},
		`"0abc"`:              {kind: fault.Stale},
		`"-1"`:                {kind: fault.Stale},
		`""`:                  {kind: fault.Stale},
		`"1y2p0ij32e8e7"`:     {kind: fault.Stale}, // the year 294247
		`"zzzzzzzzzzzzzzzzz"`: {kind: fault.Stale},
		`abc`:                 {kind: fault.Malformed},
		`"abc`:                {kind: fault.Malformed},
		`"a", "b"`:            {kind: fault.Malformed},
		`"a b"`:               {kind: fault.Malformed},
		`w/"a"`:               {kind: fault.Malformed},
		``:                    {kind: fault.Malformed},
	} {
		var m IfMatch
		err := m.UnmarshalText([]byte(text))
		if fault.KindOf(err) != want.kind || m.Version() != want.version {
			t.Errorf("%q: %v, %v", text, m.Version(), err)
		}
	}
	var m IfMatch // the number of a versioned row goes the same way
	if err := m.UnmarshalText([]byte(tag(37))); err != nil || tag(37) != `"11"` || m.Version() != 37 {
		t.Errorf("version 37 is %s, and back %v, %v", tag(37), m.Version(), err)
	}
	if tag(data.Version(0)) != "" {
		t.Error("no version has a tag")
	}
}

func TestIfNoneMatch(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `*`: true, `"b", "a"`: true, `"b" , W/"a"`: true, `, "a"`: true,
		`"b"`: false, ``: false, `a`: false, `b, "a"`: false, `"aa"`: false,
	} {
		if got := notModified(http.Header{"If-None-Match": {header}}, `"a"`); got != want {
			t.Errorf("%s: %v", header, got)
		}
	}
}

func FuzzIfMatch(f *testing.F) {
	f.Add(`"abc"`)
	f.Add(`W/"abc"`)
	f.Add(`*`)
	f.Fuzz(func(t *testing.T, s string) {
		notModified(http.Header{"If-None-Match": {s}}, `"a"`) // must end
		var m IfMatch
		err := m.UnmarshalText([]byte(s))
		if k := fault.KindOf(err); err != nil && k != fault.Malformed && k != fault.Stale {
			t.Fatalf("%q: %v", s, err)
		}
		if err != nil || m.Version().IsZero() {
			return
		}
		var again IfMatch
		if again.UnmarshalText([]byte(tag(m.Version()))) != nil || again != m {
			t.Fatalf("%q: %v is not %v", s, m, again)
		}
	})
}
