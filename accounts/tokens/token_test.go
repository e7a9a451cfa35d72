package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A token for somebody who has no account yet is mailed, and used up when they
// open the link.
func Example() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "tokens")
	defer os.RemoveAll(dir)
	db, _ := sqlite.Open(ctx, filepath.Join(dir, "app.db"), sqlite.Options{})
	defer db.Close()
	keys, _ := secret.CreateKeyFile(filepath.Join(dir, "app.key"))
	env := domain.Env{DB: db, Keys: keys}
	m, _ := migrate.New(db, []migrate.Source{
		{Name: "users", FS: users.Domain(env).Migrations},
		{Name: "tokens", FS: tokens.Domain(env).Migrations},
	}, migrate.Options{Log: slog.New(slog.DiscardHandler)})
	_, _ = m.Upgrade(ctx)

	s := tokens.NewService(db, keys)
	var mailed secret.Token
	_ = db.Tx(ctx, func(tx *data.Tx) (err error) {
		mailed, err = s.Issue(ctx, tx, tokens.Order{Purpose: tokens.Invite, Address: "ada@example.com"})
		return err
	})
	for range 2 {
		err := db.Tx(ctx, func(tx *data.Tx) error {
			row, err := s.Consume(ctx, tx, tokens.Invite, mailed.Reveal())
			fmt.Println(row.Address, err)
			return err
		})
		if err != nil {
			fmt.Println("nothing happened")
		}
	}
	// Output:
	// ada@example.com <nil>
	//  this link is not valid any more
	// nothing happened
}

func issue(t *testing.T, h *accountstest.Harness, s *tokens.Service, o tokens.Order) (token secret.Token) {
	t.Helper()
	h.Must(h.Env.DB.Tx(t.Context(), func(tx *data.Tx) (err error) {
		token, err = s.Issue(t.Context(), tx, o)
		return err
	}))
	return token
}

func consume(t *testing.T, h *accountstest.Harness, s *tokens.Service, p tokens.Purpose, text string) (row tokens.Token, err error) {
	err = h.Env.DB.Tx(t.Context(), func(tx *data.Tx) error {
		row, err = s.Consume(t.Context(), tx, p, text)
		return err
	})
	return row, err
}

func wantInvalid(t *testing.T, what string, err error) {
	t.Helper()
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Malformed || e.Code != "TOKEN_INVALID" {
		t.Errorf("%s: %v, want TOKEN_INVALID", what, err)
	}
}

var lives = map[tokens.Purpose]time.Duration{
	tokens.Verify: 24 * time.Hour, tokens.Reset: 30 * time.Minute, tokens.Invite: 7 * 24 * time.Hour,
	tokens.Email: time.Hour, tokens.Bootstrap: time.Hour,
}

func TestConsume(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada := tokens.NewService(h.Env.DB, h.Env.Keys), h.Person("ada")
		for p, life := range lives {
			order := tokens.Order{Purpose: p, User: ada.ID, Address: "ada@example.com", Payload: map[string]string{"k": string(p)}}
			token := issue(t, h, s, order)
			for other := range lives {
				if other != p {
					_, err := consume(t, h, s, other, token.Reveal())
					wantInvalid(t, fmt.Sprintf("a token for %s used for %s", p, other), err)
				}
			}
			h.Clock.Advance(life - time.Microsecond)
			row, err := consume(t, h, s, p, token.Reveal())
			if err != nil || *row.UserID != ada.ID || row.Address != order.Address || string(row.Payload) != `{"k":"`+string(p)+`"}` && string(row.Payload) != `{"k": "`+string(p)+`"}` {
				t.Errorf("%s at the end of its life: %+v, %v", p, row, err)
			}
			_, err = consume(t, h, s, p, token.Reveal())
			wantInvalid(t, string(p)+" a second time", err)

			late := issue(t, h, s, order)
			h.Clock.Advance(life)
			_, err = consume(t, h, s, p, late.Reveal())
			wantInvalid(t, string(p)+" after its life", err)
		}
		for _, junk := range []string{"", "mnv_", "mnv_x", secret.NewToken(secret.VerifyToken).Reveal(), "' OR 1=1 --"} {
			_, err := consume(t, h, s, tokens.Verify, junk)
			wantInvalid(t, fmt.Sprintf("%q", junk), err)
		}
	})
}

func TestIssueEndsEarlierOnes(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada, bob := tokens.NewService(h.Env.DB, h.Env.Keys), h.Person("ada"), h.Person("bob")
		first := issue(t, h, s, tokens.Order{Purpose: tokens.Reset, User: ada.ID})
		bobs := issue(t, h, s, tokens.Order{Purpose: tokens.Reset, User: bob.ID})
		second := issue(t, h, s, tokens.Order{Purpose: tokens.Reset, User: ada.ID})
		third := issue(t, h, s, tokens.Order{Purpose: tokens.Reset, User: ada.ID, KeepOthers: true})
		_, err := consume(t, h, s, tokens.Reset, first.Reveal())
		wantInvalid(t, "an earlier token", err)
		for what, token := range map[string]secret.Token{"another's": bobs, "the one kept": second, "the newest": third} {
			if _, err := consume(t, h, s, tokens.Reset, token.Reveal()); err != nil {
				t.Errorf("%s token: %v", what, err)
			}
		}

		toAda := issue(t, h, s, tokens.Order{Purpose: tokens.Invite, Address: "new-ada@example.com"})
		toBob := issue(t, h, s, tokens.Order{Purpose: tokens.Invite, Address: "new-bob@example.com"})
		again := issue(t, h, s, tokens.Order{Purpose: tokens.Invite, Address: "new-bob@example.com"})
		if _, err := consume(t, h, s, tokens.Invite, toAda.Reveal()); err != nil {
			t.Errorf("an invitation ended another's: %v", err)
		}
		_, err = consume(t, h, s, tokens.Invite, toBob.Reveal())
		wantInvalid(t, "an earlier invitation of the same address", err)

		h.Must(h.Env.DB.Tx(t.Context(), func(tx *data.Tx) error { return s.Revoke(t.Context(), tx, users.ID{}, tokens.Invite) }))
		_, err = consume(t, h, s, tokens.Invite, again.Reveal())
		wantInvalid(t, "a revoked invitation", err)
	})
}

// TestConsumeOnce has 64 use one token at once, 25 times, by turns for each
// purpose.
func TestConsumeOnce(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada := tokens.NewService(h.Env.DB, h.Env.Keys), h.Person("ada")
		purposes := slices.Sorted(maps.Keys(lives))
		for round := range 25 {
			p := purposes[round%len(purposes)]
			token := issue(t, h, s, tokens.Order{Purpose: p, User: ada.ID})
			var good atomic.Int32
			var wg sync.WaitGroup
			begin := make(chan struct{})
			for range 64 {
				wg.Go(func() {
					<-begin
					_, err := consume(t, h, s, p, token.Reveal())
					for fault.KindOf(err) == fault.Unavailable { // busy: try again
						_, err = consume(t, h, s, p, token.Reveal())
					}
					if err == nil {
						good.Add(1)
						return
					}
					wantInvalid(t, "a late one", err)
				})
			}
			close(begin)
			wg.Wait()
			if good.Load() != 1 {
				t.Fatalf("a token for %s was good %d times", p, good.Load())
			}
		}
	})
}

func TestRollbackKeepsTheToken(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s := tokens.NewService(h.Env.DB, h.Env.Keys)
		token := issue(t, h, s, tokens.Order{Purpose: tokens.Reset, User: h.Person("ada").ID})
		rejected := errors.New("the new password is bad")
		err := h.Env.DB.Tx(t.Context(), func(tx *data.Tx) error {
			if _, err := s.Consume(t.Context(), tx, tokens.Reset, token.Reveal()); err != nil {
				t.Error(err)
			}
			return rejected
		})
		if !errors.Is(err, rejected) {
			t.Fatal(err)
		}
		if _, err := consume(t, h, s, tokens.Reset, token.Reveal()); err != nil {
			t.Errorf("a token whose transaction was rolled back: %v", err)
		}
	})
}

func TestTokensSurviveANewMasterKey(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		old, young := []byte("0123456789abcdefghijklmnopqrstuv"), []byte("vutsrqponmlkjihgfedcba9876543210")
		token := issue(t, h, tokens.NewService(h.Env.DB, h.Env.Keys), tokens.Order{Purpose: tokens.Verify, User: h.Person("ada").ID})
		stranger, err := secret.NewKeyring(young)
		h.Must(err)
		_, err = consume(t, h, tokens.NewService(h.Env.DB, stranger), tokens.Verify, token.Reveal())
		wantInvalid(t, "under another key", err)
		both, err := secret.NewKeyring(young, old)
		h.Must(err)
		if _, err := consume(t, h, tokens.NewService(h.Env.DB, both), tokens.Verify, token.Reveal()); err != nil {
			t.Errorf("under a new key with the old one beside it: %v", err)
		}
	})
}

func TestSweepAndGood(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada := tokens.NewService(h.Env.DB, h.Env.Keys), h.Person("ada")
		count := func() (n int) {
			t.Helper()
			h.Must(h.Env.DB.Tx(t.Context(), func(tx *data.Tx) error {
				good, err := s.Good(t.Context(), tx, ada.ID, tokens.Reset)
				n = len(good)
				return err
			}))
			return n
		}
		token := issue(t, h, s, tokens.Order{Purpose: tokens.Reset, User: ada.ID})
		issue(t, h, s, tokens.Order{Purpose: tokens.Reset, User: ada.ID, KeepOthers: true})
		if n := count(); n != 2 {
			t.Errorf("%d tokens are good, want 2", n)
		}
		if _, err := consume(t, h, s, tokens.Reset, token.Reveal()); err != nil {
			t.Error(err)
		}
		if n := count(); n != 1 {
			t.Errorf("%d tokens are good, want 1", n)
		}
		rows := func() int {
			t.Helper()
			n, err := countTokens.One(t.Context(), h.Env.DB)
			h.Must(err)
			return n.N
		}
		h.Clock.Advance(7 * 24 * time.Hour)
		h.Must(s.SweepNow(t.Context()))
		if rows() != 2 {
			t.Error("tokens were removed too early")
		}
		h.Clock.Advance(31 * time.Minute)
		h.Must(s.SweepNow(t.Context()))
		if rows() != 0 {
			t.Error("tokens stay for ever")
		}
	})
}

var countTokens = data.NewSelect[struct {
	N int `db:"n"`
}](`SELECT count(*) AS n FROM tokens`, "")
