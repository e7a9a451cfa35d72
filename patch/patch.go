// Package patch holds fields of a request that may be absent, null or a value.
//
// A PATCH request says three different things by leaving a field out, by
// sending null and by sending a value. A Go pointer cannot tell the first two
// apart; a [Field] can. Declare fields with `json:"name,omitzero"`, so that an
// absent one is left out again when the request is encoded.
package patch

import (
	"bytes"
	"encoding/json"
)

// A Field is absent, null, or a value. The zero Field is absent.
type Field[V any] struct {
	value V
	state state
}

type state uint8

const (
	absent state = iota
	null
	present
)

// Of returns a field that was sent with value v.
func Of[V any](v V) Field[V] { return Field[V]{v, present} }

// Null returns a field that was sent as null.
func Null[V any]() Field[V] { return Field[V]{state: null} }

// Sent reports whether the field was in the request at all, null included.
func (f Field[V]) Sent() bool { return f.state != absent }

// IsNull reports whether the field was sent as null.
func (f Field[V]) IsNull() bool { return f.state == null }

// Get returns the value and true, or the zero value and false if the field is
// absent or null.
func (f Field[V]) Get() (V, bool) { return f.value, f.state == present }

// Ptr returns the value's address, or nil if the field is absent or null.
func (f Field[V]) Ptr() *V {
	if f.state != present {
		return nil
	}
	return &f.value
}

// Or returns the value, or v if the field is absent or null.
func (f Field[V]) Or(v V) V {
	if f.state == present {
		return f.value
	}
	return v
}

// IsZero reports that the field is absent, so that `json:",omitzero"` drops it.
func (f Field[V]) IsZero() bool { return f.state == absent }

// UnmarshalJSON reads null or a value. It is not called for an absent field.
func (f *Field[V]) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		*f = Null[V]()
		return nil
	}
	var v V
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*f = Of(v)
	return nil
}

// MarshalJSON writes the value, or null.
func (f Field[V]) MarshalJSON() ([]byte, error) {
	if f.state != present {
		return []byte("null"), nil
	}
	return json.Marshal(f.value)
}
