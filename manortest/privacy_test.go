package manortest_test

import (
	"context"
	"testing"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/examples/shop/products"
	"github.com/manorgo/manor/secret"
)

type badge struct {
	data.Identified[badge]
	Wearer users.ID  `db:"wearer_id,references=users"`
	Giver  *users.ID `db:"giver_id,references=users,ondelete=null"`
}

var badges = data.NewTable[badge]("badges")

// Whoever refers to users and forgets what people may ask of an app is noticed.
func TestPrivacyGaps(t *testing.T) {
	t.Parallel()
	export := func(context.Context, auth.Subject) (any, error) { return nil, nil }
	erase := func(context.Context, *data.Tx, auth.Subject) error { return nil }
	db, err := sqlite.Open(t.Context(), datatest.Setup{}.SQLiteFile(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	keys, err := secret.NewKeyring([]byte("32 bytes, to be random elsewhere"))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name string
		d    domain.Domain
		want []string
	}{
		{"neither", domain.Domain{}, []string{"badges.badges.giver_id", "badges.badges.wearer_id"}},
		{"export", domain.Domain{Export: export}, []string{"badges.badges.wearer_id"}},
		{"erase", domain.Domain{Erase: erase}, []string{"badges.badges.giver_id", "badges.badges.wearer_id"}},
		{"both", domain.Domain{Export: export, Erase: erase}, nil},
	} {
		badgesDomain := func(domain.Env) domain.Domain {
			x.d.Name, x.d.Schemas = "badges", []data.Schema{badges.Schema()}
			return x.d
		}
		app, err := manor.New(manor.Config{DB: db, Keys: keys, Domains: []domain.Func{products.Domain, badgesDomain}})
		if err != nil {
			t.Fatal(err)
		}
		same(t, x.name, app.PrivacyGaps(), x.want)
	}
}
