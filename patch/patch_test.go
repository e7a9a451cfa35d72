package patch_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/manorgo/manor/patch"
)

type update struct {
	Name patch.Field[string] `json:"name,omitzero"`
	Bio  patch.Field[string] `json:"bio,omitzero"`
	Age  patch.Field[int]    `json:"age,omitzero"`
}

func Example() {
	var u update
	if err := json.Unmarshal([]byte(`{"name":"Ann","bio":null}`), &u); err != nil {
		panic(err)
	}
	name, ok := u.Name.Get()
	fmt.Println(name, ok)
	fmt.Println(u.Bio.Sent(), u.Bio.IsNull())
	fmt.Println(u.Age.Sent())
	// Output:
	// Ann true
	// true true
	// false
}

func TestJSONRoundTrip(t *testing.T) {
	t.Parallel()
	for _, in := range []string{`{}`, `{"name":null}`, `{"name":""}`, `{"name":"x","bio":null,"age":0}`} {
		var u update
		if err := json.Unmarshal([]byte(in), &u); err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		out, err := json.Marshal(u)
		if err != nil || string(out) != in {
			t.Errorf("%s came back as %s, %v", in, out, err)
		}
	}
}

func TestAccessors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		f          patch.Field[int]
		sent, null bool
		or         int
	}{
		{"absent", patch.Field[int]{}, false, false, 7},
		{"null", patch.Null[int](), true, true, 7},
		{"zero", patch.Of(0), true, false, 0},
		{"value", patch.Of(3), true, false, 3},
	} {
		v, ok := c.f.Get()
		if c.f.Sent() != c.sent || c.f.IsNull() != c.null || c.f.Or(7) != c.or || c.f.IsZero() == c.sent {
			t.Errorf("%s: %+v", c.name, c.f)
		}
		if has := c.sent && !c.null; ok != has || (c.f.Ptr() != nil) != has || (has && (*c.f.Ptr() != v || v != c.or)) {
			t.Errorf("%s: Get gives %v, %v", c.name, v, ok)
		}
	}
}

func TestBadValueLeavesFieldAbsent(t *testing.T) {
	t.Parallel()
	var u update
	if err := json.Unmarshal([]byte(`{"age":"old"}`), &u); err == nil || u.Age.Sent() {
		t.Errorf("err %v, sent %v", err, u.Age.Sent())
	}
}
