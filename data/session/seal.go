package session

import (
	"encoding/hex"
	"encoding/json"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func encodeHash(d secret.Digest) string { return hex.EncodeToString(d[:]) }

// Values are stored as one JSON object, sealed by AES-256-GCM. JSON, because
// each value is decoded into the type that its reader names, and what it was
// when it was set does not matter: a program may be a version older or newer
// than the one that wrote it.

// encode returns the values as they are sealed.
func encode(values map[string]json.RawMessage) ([]byte, error) {
	b, err := json.Marshal(values)
	return b, fault.Wrap(fault.Internal, err, "the session cannot be written")
}

// decode reads what encode returned.
func decode(b []byte) (map[string]json.RawMessage, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(b, &values); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the session cannot be read")
	}
	if values == nil {
		return nil, fault.Errorf(fault.Internal, "the session cannot be read")
	}
	return values, nil
}

// bound is what a row's values are bound to: the digest, of which no two rows
// have the same, and so its id in the browser; and the owner. A digest is of one
// length, which keeps the two apart. The table is the cipher's use.
func bound(hash, owner string) []byte { return []byte(hash + owner) }

// seal puts values into r, whose Hash and Owner must be there.
func (st *Store) seal(r *row, values map[string]json.RawMessage) error {
	plain, err := encode(values)
	if err != nil {
		return err
	}
	size := 0
	for k, v := range values {
		size += len(k) + len(v)
	}
	if size > st.cfg.MaxBytes { // what several requests have set together
		return tooLarge(st.cfg.MaxBytes)
	}
	r.Data = st.cipher.Seal(plain, bound(r.Hash, r.Owner))
	return nil
}

// open returns the values in r. If somebody changed or moved them, it is
// fault.Internal with the code SEAL_BROKEN.
func (st *Store) open(r *row) (map[string]json.RawMessage, error) {
	plain, err := st.cipher.Open(r.Data, bound(r.Hash, r.Owner))
	if err != nil {
		return nil, err
	}
	return decode(plain)
}
