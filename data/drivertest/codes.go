package drivertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

var storedCodes = data.NewSelect[struct {
	Code string `db:"code"`
}]("SELECT code FROM badges", "SELECT code::text FROM badges")

var codeTests = []test{
	{"once", func(s suite) {
		at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
		db, v, code := newBadge(s, func() time.Time { return at })
		if len(code.Reveal()) != 6 || strings.Trim(code.Reveal(), "0123456789") != "" {
			s.Errorf("the code is %q", code.Reveal())
		}
		_, err := badgeCode.Redeem(s.ctx, db, v.ID, wrong(code))
		s.refused(err, "CODE_INVALID")
		spaced := text(code.Reveal()[:3] + " " + code.Reveal()[3:])
		got, err := badgeCode.Redeem(s.ctx, db, v.ID, spaced)
		s.ok(err)
		s.same("row", got.Name, "a")
		s.same("state", []any{got.Code.ExpiresAt, *got.Code.UsedAt, got.Code.Attempts}, []any{at.Add(10 * time.Minute), at, 1})
		s.same("version", got.UpdatedAt, v.UpdatedAt)
		_, err = badgeCode.Redeem(s.ctx, db, v.ID, code)
		s.refused(err, "CODE_EXPIRED")
		stored, err := badges.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		s.same("attempts after use", stored.Code.Attempts, 1)
	}},
	{"expiry", func(s suite) {
		at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
		now := at
		db, v, code := newBadge(s, func() time.Time { return now })
		now = at.Add(10 * time.Minute)
		_, err := badgeCode.Redeem(s.ctx, db, v.ID, code)
		s.refused(err, "CODE_EXPIRED")
		now = now.Add(-time.Microsecond)
		_, err = badgeCode.Redeem(s.ctx, db, v.ID, code)
		s.ok(err)
	}},
	{"lock after failed attempts", func(s suite) {
		db, v, code := newBadge(s, nil)
		for _, want := range []string{"CODE_INVALID", "CODE_INVALID", "CODE_EXPIRED", "CODE_EXPIRED"} {
			_, err := badgeCode.Redeem(s.ctx, db, v.ID, wrong(code))
			s.refused(err, want)
		}
		_, err := badgeCode.Redeem(s.ctx, db, v.ID, code)
		s.refused(err, "CODE_EXPIRED")
		code, err = badgeCode.Issue(s.ctx, db, v.ID, time.Minute) // a new one brings new attempts
		s.ok(err)
		_, err = badgeCode.Redeem(s.ctx, db, v.ID, code)
		s.ok(err)
	}},
	{"of parallel redeems one passes", func(s suite) {
		db, v, code := newBadge(s, nil)
		var passed atomic.Int32
		s.all(16, func(int) error {
			_, err := badgeCode.Redeem(s.ctx, db, v.ID, code)
			switch {
			case err == nil:
				passed.Add(1)
			case fault.KindOf(err) != fault.Unauthenticated:
				return err
			}
			return nil
		})
		s.same("passed", int(passed.Load()), 1)
	}},
	{"parallel failures are all counted", func(s suite) {
		db, v, code := newBadge(s, nil)
		var invalid atomic.Int32
		s.all(16, func(int) error {
			_, err := badgeCode.Redeem(s.ctx, db, v.ID, wrong(code))
			if e, ok := errors.AsType[*fault.Error](err); ok && e.Code == "CODE_INVALID" {
				invalid.Add(1)
			}
			return nil
		})
		s.same("told that the code is wrong", int(invalid.Load()), 2)
		got, err := badges.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		s.same("attempts", got.Code.Attempts, 3)
	}},
	{"what follows shares the transaction", func(s suite) {
		db, v, code := newBadge(s, nil)
		rename := func(ctx context.Context, tx *data.Tx, b *badge) error {
			_, err := badges.On(tx).Update(ctx, b.ID, badgeName.Set("redeemed"))
			return err
		}
		oops := errors.New("oops")
		_, err := badgeCode.Redeem(s.ctx, db, v.ID, wrong(code), rename)
		s.refused(err, "CODE_INVALID")
		_, err = badgeCode.Redeem(s.ctx, db, v.ID, code, rename, func(context.Context, *data.Tx, *badge) error { return oops })
		if !errors.Is(err, oops) {
			s.Errorf("got %v", err)
		}
		got, err := badges.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		s.same("a failure counts, and what failed has not been", fmt.Sprint(got.Name, got.Code.Attempts, got.Code.UsedAt), "a1 <nil>")
		_, err = badgeCode.Redeem(s.ctx, db, v.ID, code, rename)
		s.ok(err)
		got, err = badges.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		s.same("name", got.Name, "redeemed")
	}},
	{"none, another row's, and keys", func(s suite) {
		db, v, code := newBadge(s, nil)
		other := badge{Name: "b"}
		s.ok(badges.On(db).Add(s.ctx, &other))
		_, err := badgeCode.Redeem(s.ctx, db, other.ID, code)
		s.refused(err, "CODE_EXPIRED")
		_, err = badgeCode.Redeem(s.ctx, db, data.ID[badge]{1}, code)
		s.refused(err, "CODE_EXPIRED")
		_, err = badgeCode.Issue(s.ctx, db, data.ID[badge]{1}, time.Minute)
		s.is(err, fault.NotFound)
		// The state of one row copied to another does not help there.
		s.exec(db, "UPDATE badges SET code = (SELECT code FROM badges WHERE name = 'a') WHERE name = 'b'")
		_, err = badgeCode.Redeem(s.ctx, db, other.ID, code)
		s.refused(err, "CODE_INVALID")

		db.SetKeys(nil)
		_, err = badgeCode.Redeem(s.ctx, db, v.ID, code)
		s.is(err, fault.Internal)
		db.SetKeys(keyring(s, 2, 1)) // the key has changed since
		_, err = badgeCode.Redeem(s.ctx, db, v.ID, code)
		s.ok(err)
		_, err = badges.On(db).Update(s.ctx, v.ID, badgeCode.Clear())
		s.ok(err)
		got, err := badges.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		if got.Code != nil {
			s.Errorf("cleared: %v", got.Code)
		}
	}},
	{"rows written as a whole keep the count", func(s suite) {
		db, v, code := newBadge(s, nil)
		before, err := badges.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		_, err = badgeCode.Redeem(s.ctx, db, v.ID, wrong(code))
		s.refused(err, "CODE_INVALID")
		before.Name = "z"
		rows, err := badges.On(db).UpdateAll(s.ctx, []badge{before})
		s.ok(err)
		s.same("by UpdateAll", fmt.Sprint(rows[0].Name, rows[0].Code.Attempts), "z1")
		before.Code = nil
		_, err = badges.On(db).Upsert(s.ctx, &before)
		s.ok(err)
		s.same("by Upsert", before.Code.Attempts, 1)
	}},
	{"nothing tells the code", func(s suite) {
		db, v, code := newBadge(s, nil)
		stored, err := storedCodes.One(s.ctx, db)
		s.ok(err)
		var state map[string]any
		s.ok(json.Unmarshal([]byte(stored.Code), &state))
		hash, _ := state["hash"].(string)
		if len(state) != 4 || len(hash) != 64 || state["used_at"] != nil || state["attempts"] != 0.0 {
			s.Errorf("stored: %v", state)
		}
		got, err := badges.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		b, err := json.Marshal(got)
		s.ok(err)
		said := string(b) + fmt.Sprintf("%v %+v %#v %v %v", got, *got.Code, got.Code, code, badgeCode)
		if strings.Contains(said, hash) || strings.Contains(said, code.Reveal()) || strings.Contains(stored.Code, code.Reveal()+`"`) {
			s.Error(said)
		}
	}},
	{"other alphabets", func(s suite) {
		db, v, _ := newBadge(s, nil)
		long := data.CodeCol(badges, "code", data.CodeRules{Length: 12, Alphabet: "ABCDEFGHJK-", Attempts: 1})
		code, err := long.Issue(s.ctx, db, v.ID, time.Minute)
		s.ok(err)
		if len(code.Reveal()) != 12 || strings.Trim(code.Reveal(), "ABCDEFGHJK-") != "" {
			s.Errorf("the code is %q", code.Reveal())
		}
		_, err = long.Redeem(s.ctx, db, v.ID, secret.NewText("x"))
		s.refused(err, "CODE_EXPIRED") // the only attempt
		_, err = long.Redeem(s.ctx, db, v.ID, code)
		s.refused(err, "CODE_EXPIRED")
	}},
}

// A badge has a one-time code.
type badge struct {
	data.Audited[badge]
	Name string            `db:"name"`
	Code *data.OneTimeCode `json:"code" db:"code"`
}

var (
	badges    = data.NewTable[badge]("badges")
	badgeCode = data.CodeCol(badges, "code", data.CodeRules{})
	badgeName = data.TextCol(badges, "name")
)

// newBadge stores a badge with a code, in a database with a clock.
func newBadge(s suite, now func() time.Time) (*data.DB, badge, secret.Text) {
	s.Helper()
	db := data.New(s.db(badges.Schema()).Driver(), now)
	db.SetKeys(keyring(s, 1))
	v := badge{Name: "a"}
	s.ok(badges.On(db).Add(s.ctx, &v))
	code, err := badgeCode.Issue(s.ctx, db, v.ID, 10*time.Minute)
	s.ok(err)
	return db, v, code
}

// wrong returns a code that is not right.
func wrong(code secret.Text) secret.Text {
	digit := byte('0' + (code.Reveal()[0]-'0'+1)%10)
	return text(string(digit) + code.Reveal()[1:])
}

func (s suite) refused(err error, code string) {
	s.Helper()
	s.is(err, fault.Unauthenticated)
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Code != code {
		s.Errorf("the code is %s, want %s", e.Code, code)
	}
}
