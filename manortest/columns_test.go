package manortest_test

import (
	"log/slog"
	"testing"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

type safe struct {
	data.Identified[safe]
	Word secret.Text `db:"word"`
}

var safes = data.NewTable[safe]("safes")

// An app's keys are those of its domains' encrypted columns, and keys that the
// database had before stay.
func TestDomainsHaveEncryptedColumns(t *testing.T) {
	t.Parallel()
	keys, err := secret.NewKeyring([]byte("32 bytes, to be random elsewhere"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := secret.NewKeyring([]byte("another key, of 32 bytes as well"))
	if err != nil {
		t.Fatal(err)
	}
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		for _, sql := range migrate.DDL(db.Dialect(), safes.Schema()) {
			if _, err := db.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: sql}}); err != nil {
				t.Fatal(err)
			}
		}
		var id data.ID[safe]
		store := func(env domain.Env) domain.Domain {
			v := safe{Word: secret.NewText("open sesame")}
			if err := safes.On(env.DB).Add(t.Context(), &v); err != nil {
				t.Error(err)
			}
			id = v.ID
			return domain.Domain{Name: "safes"}
		}
		quiet := slog.New(slog.DiscardHandler)
		if _, err := manor.New(manor.Config{DB: db, Keys: keys, Domains: []domain.Func{store}, Log: quiet}); err != nil {
			t.Fatal(err)
		}
		if _, err := manor.New(manor.Config{DB: db, Keys: other, Log: quiet}); err != nil {
			t.Fatal(err)
		}
		got, err := safes.On(db).Get(t.Context(), id)
		if err != nil || got.Word.Reveal() != "open sesame" {
			t.Errorf("got %q, %v", got.Word.Reveal(), err)
		}
	})
}
