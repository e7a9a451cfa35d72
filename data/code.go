package data

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"time"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A OneTimeCode is the state of a short code that somebody was told, such as
// the six digits in a message. A field of type *OneTimeCode holds it; nil means
// that there is none. It is made and changed by its CodeColumn only: Upsert and
// UpdateAll leave it alone in rows that are there.
//
// It is stored as JSON, {hash, expires_at, used_at, attempts}, with times in
// microseconds since 1970. The hash is an HMAC-SHA-256 under a key that the
// database does not have, since a plain hash of six digits is found by trying
// them all; it is over the column, the row's ID and the code, so that a hash
// that was copied to another row is worth nothing there.
type OneTimeCode struct {
	ExpiresAt time.Time  `json:"expires_at"`
	UsedAt    *time.Time `json:"used_at"`
	Attempts  int        `json:"attempts"` // that failed

	hash secret.Text // in hexadecimal digits
}

type storedCode struct {
	Hash      string `json:"hash"`
	ExpiresAt int64  `json:"expires_at"`
	UsedAt    *int64 `json:"used_at"`
	Attempts  int    `json:"attempts"`
}

// CodeRules say what codes are like. The zero value means six digits and three
// attempts.
type CodeRules struct {
	Length   int    // characters, 4 to 64; 0 means 6
	Alphabet string // different letters, digits or signs of ASCII, 10 or more; "" means the digits
	Attempts int    // that may fail; 0 means 3
}

// A CodeColumn is a column of one-time codes.
type CodeColumn[T any] struct {
	t     *Table[T]
	f     *field
	rules CodeRules
}

// CodeCol returns the column of t called name, which holds *OneTimeCode. It
// panics if T has no such field, or the rules make no sense.
func CodeCol[T any](t *Table[T], name string, rules CodeRules) CodeColumn[T] {
	f := t.mustField(name)
	if rules.Length == 0 {
		rules.Length = 6
	}
	if rules.Alphabet == "" {
		rules.Alphabet = "0123456789"
	}
	if rules.Attempts == 0 {
		rules.Attempts = 3
	}
	bad := !f.code || rules.Length < 4 || rules.Length > 64 || len(rules.Alphabet) < 10 || rules.Attempts < 0
	for i, c := range rules.Alphabet {
		bad = bad || c <= ' ' || c > '~' || strings.ContainsRune(rules.Alphabet[i+1:], c)
	}
	if bad {
		panic(fmt.Sprintf("data: %s.%s holds no one-time codes, or none by these rules", t.name, name))
	}
	return CodeColumn[T]{t, f, rules}
}

// Issue makes a code that is valid for ttl, in place of any before it, and
// returns it: this is the only time that it can be read. A missing row is
// fault.NotFound. Each code brings new attempts, so how often somebody may ask
// for one must be limited. The row's UpdatedAt stays.
func (c CodeColumn[T]) Issue(ctx context.Context, h Handle, id ID[T], ttl time.Duration) (secret.Text, error) {
	db := h.database()
	k, err := db.keysFor(c.name())
	if err != nil {
		return secret.Text{}, err
	}
	plain := make([]byte, c.rules.Length)
	for i := range plain {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(c.rules.Alphabet))))
		if err != nil {
			return secret.Text{}, fault.Wrap(fault.Internal, err, "no code can be made")
		}
		plain[i] = c.rules.Alphabet[n.Int64()]
	}
	state := OneTimeCode{ExpiresAt: db.Now().Add(ttl), hash: secret.NewText(c.hashes(k, id, string(plain))[0])}
	if _, err := c.t.On(h).Update(ctx, id, Change[T]{f: c.f, v: state, sent: true}); err != nil {
		return secret.Text{}, err
	}
	return secret.NewText(string(plain)), nil
}

// Clear removes the code.
func (c CodeColumn[T]) Clear() Change[T] { return Change[T]{f: c.f, sent: true} }

// Redeem uses up the code of the row with this ID and returns the row. It is one
// statement, so that of any number of callers with the right code exactly one
// gets through. then, if there is one, runs in the same transaction; if it
// fails, the code has not been used. Spaces and hyphens in the code do not
// count.
//
// A wrong code is fault.Unauthenticated with the code CODE_INVALID, and is
// counted whatever becomes of the caller: that is why Redeem takes no Tx. When
// nothing can be redeemed any more, it is CODE_EXPIRED: there is no such row or
// no code, its time is over by the DB's clock, it was used, or too many
// attempts failed.
func (c CodeColumn[T]) Redeem(ctx context.Context, db *DB, id ID[T], code secret.Text, then ...func(context.Context, *Tx, *T) error) (row T, err error) {
	k, err := db.keysFor(c.name())
	if err != nil {
		return row, err
	}
	hashes := c.hashes(k, id, c.clean(code.Reveal()))
	if len(then) == 0 {
		return c.redeem(ctx, c.t.On(db), id, hashes)
	}
	var refused error
	err = db.Tx(ctx, func(tx *Tx) error {
		row, refused = c.redeem(ctx, c.t.On(tx), id, hashes)
		if refused != nil && fault.KindOf(refused) != fault.Unauthenticated {
			return refused
		}
		for _, fn := range then {
			if refused != nil {
				return nil // the attempt counts
			}
			if err := fn(ctx, tx, &row); err != nil {
				return err
			}
		}
		return nil
	})
	return row, errors.Join(err, refused)
}

func (c CodeColumn[T]) redeem(ctx context.Context, r Repository[T], id ID[T], hashes []string) (row T, err error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	now := r.db.Now().UnixMicro()
	b.text("UPDATE ").text(quote(c.t.name)).text(" SET ").name(c.f).text(" = CASE WHEN ").name(c.f).text(" ->> 'hash' IN (")
	for i, h := range hashes {
		b.text([]string{"", ", "}[min(i, 1)]).param(h)
	}
	b.text(") THEN ")
	b.number(c.f, "used_at", func() { b.param(now) })
	b.text(" ELSE ")
	b.number(c.f, "attempts", func() { b.numberOf(c.f, "attempts").text(" + 1") })
	b.text(" END WHERE ").name(c.t.id).text(" = ")
	if err := b.arg(c.t.id, [16]byte(id)); err != nil {
		return row, err
	}
	b.text(" AND ").name(c.f).text(" ->> 'used_at' IS NULL AND ").numberOf(c.f, "attempts").text(" < ").param(int64(c.rules.Attempts))
	b.text(" AND ").numberOf(c.f, "expires_at").text(" > ").param(now)
	if c.t.deleted != nil {
		b.text(" AND ").name(c.t.deleted).text(" IS NULL")
	}
	b.text(" RETURNING ").text(r.p.list)
	row, err = r.one(ctx, r.call(b, r.p.columns))
	if fault.KindOf(err) == fault.NotFound {
		return row, fault.Coded(fault.Unauthenticated, "CODE_EXPIRED", "the code is not valid any more: ask for another")
	}
	if err != nil {
		return row, err
	}
	// The database compared digests under a key that it does not know, so the
	// time that took says nothing of the code. What it found is checked once
	// more, in constant time.
	state, right := *(**OneTimeCode)(unsafe.Add(unsafe.Pointer(&row), c.f.offset)), false
	for _, h := range hashes {
		right = state.hash.Equal(secret.NewText(h)) || right
	}
	var none T
	switch {
	case right != (state.UsedAt != nil):
		return none, fault.Errorf(fault.Internal, "%s: the database takes another code for right", c.name())
	case right:
		return row, nil
	case state.Attempts >= c.rules.Attempts:
		return none, fault.Coded(fault.Unauthenticated, "CODE_EXPIRED", "the code is wrong, and not valid any more: ask for another")
	}
	return none, fault.Coded(fault.Unauthenticated, "CODE_INVALID", "the code is wrong")
}

// number writes the column with one number in it changed.
func (b *builder) number(f *field, name string, value func()) {
	parts := strings.Split(b.d.Field, "%s")
	b.text(parts[0]).name(f).text(parts[1] + name + parts[2])
	value()
	b.text(parts[3])
}

// numberOf writes one number of the column.
func (b *builder) numberOf(f *field, name string) *builder {
	return b.text("CAST(").name(f).text(" ->> '" + name + "' AS bigint)")
}

func (c CodeColumn[T]) name() string { return c.t.name + "." + c.f.column.Name }

// clean takes out what people put into codes to read them better.
func (c CodeColumn[T]) clean(code string) string {
	return strings.Map(func(r rune) rune {
		if (r == ' ' || r == '-') && !strings.ContainsRune(c.rules.Alphabet, r) {
			return -1
		}
		return r
	}, code)
}

// hashes returns the hash under each version of the key, the current one first.
func (c CodeColumn[T]) hashes(k *keys, id ID[T], code string) []string {
	s := seal{as: c.name()}
	digests := k.ring.DigestsOver(secret.LabelCode, append(s.bound(id[:]), code...))
	out := make([]string, len(digests))
	for i, d := range digests {
		out[i] = hex.EncodeToString(d[:])
	}
	return out
}

func (f *field) codeAccess() error {
	if f.typ.Kind() != reflect.Pointer {
		return fmt.Errorf("a OneTimeCode needs a pointer: there is none before one is issued")
	}
	f.code, f.indirect, f.quiet = true, true, true
	f.column.Kind, f.column.Null = driver.JSON, true
	off := f.offset
	f.at = func(p unsafe.Pointer) any { return &codeCell{(**OneTimeCode)(unsafe.Add(p, off))} }
	f.value = func(p unsafe.Pointer) any {
		if v := *(**OneTimeCode)(unsafe.Add(p, off)); v != nil {
			return *v
		}
		return nil
	}
	return nil
}

// stored returns what is stored.
func (c OneTimeCode) stored() storedCode {
	out := storedCode{Hash: c.hash.Reveal(), ExpiresAt: c.ExpiresAt.UnixMicro(), Attempts: c.Attempts}
	if c.UsedAt != nil {
		at := c.UsedAt.UnixMicro()
		out.UsedAt = &at
	}
	return out
}

// A codeCell is a sql.Scanner that decodes a code's state.
type codeCell struct{ into **OneTimeCode }

// Scan decodes a column's JSON.
func (c *codeCell) Scan(src any) error {
	var text []byte
	switch v := src.(type) {
	case nil:
		*c.into = nil
		return nil
	case []byte:
		text = v
	case string:
		text = []byte(v)
	default:
		return fmt.Errorf("a one-time code is a %T", src)
	}
	var s storedCode
	if err := json.Unmarshal(text, &s); err != nil {
		return errors.New("the state of a one-time code cannot be read") // json would quote it
	}
	*c.into = &OneTimeCode{ExpiresAt: time.UnixMicro(s.ExpiresAt).UTC(), Attempts: s.Attempts, hash: secret.NewText(s.Hash)}
	if s.UsedAt != nil {
		at := time.UnixMicro(*s.UsedAt).UTC()
		(*c.into).UsedAt = &at
	}
	return nil
}
