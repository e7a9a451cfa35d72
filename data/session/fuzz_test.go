package session

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What decodes is encoded to what decodes to the same.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "null", "{}", `{"a":1,"a":2}`, `{"":null}`, `{"\ud800":[{}]}`, `[]`, `{"a":}`, `{"k":"\u003c"} `, "{\"\xff\":1}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		values, err := decode(b)
		if err != nil {
			return
		}
		again, err := encode(values)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decode(again)
		if err != nil || len(back) != len(values) {
			t.Fatalf("%q became %q: %v", b, again, err)
		}
		for k, v := range values {
			var x, y any
			if json.Unmarshal(v, &x) == nil && json.Unmarshal(back[k], &y) == nil && !cmp.Equal(x, y) {
				t.Fatalf("%q: %q became %q", k, v, back[k])
			}
		}
	})
}
