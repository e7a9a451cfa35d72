package postgres_test

import (
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/secret"
)

// A safe has a secret and outlives its deletion.
type safe struct {
	data.Identified[safe]
	data.SoftDeleted
	Word secret.Text `db:"word"`
}

var safes = data.NewTable[safe]("safes")

// A replica opens what the primary sealed, and passes over what is marked there.
func TestReplicasReadSecrets(t *testing.T) {
	t.Parallel()
	s := newTown(t, []int{1}, postgres.Options{})
	for _, sql := range migrate.DDL(s.db.Dialect(), safes.Schema()) {
		_, err := s.db.Driver().Exec(s.ctx, driver.Call{Statement: &driver.Statement{SQL: sql}})
		s.ok(err)
	}
	keys, err := secret.NewKeyring([]byte("32 bytes, to be random elsewhere"))
	s.ok(err)
	s.db.SetKeys(keys)
	rows := []safe{{Word: secret.NewText("open")}, {Word: secret.NewText("sesame")}}
	s.ok(safes.On(s.db).AddAll(s.ctx, rows))
	s.ok(safes.On(s.db).Delete(s.ctx, rows[1].ID))
	s.caughtUp(s.replicas[0])
	s.await("the replica is read", func() bool { return s.units(1, data.ReadOptions{})[0] == "a" })
	s.ok(s.db.Read(s.ctx, func(r *data.Reads) error {
		s.want("the unit", []string{s.at(s.ctx, r)}, []string{"a"})
		v, err := safes.On(r).Get(s.ctx, rows[0].ID)
		if err != nil || v.Word.Reveal() != "open" {
			t.Errorf("the replica says %q, %v", v.Word.Reveal(), err)
		}
		n := 0
		for v, err := range safes.On(r).Each(s.ctx, data.Query[safe]{}) {
			if n++; err != nil || v.Word.Reveal() != "open" {
				t.Errorf("streamed %q, %v", v.Word.Reveal(), err)
			}
		}
		all, err := safes.On(r).WithDeleted().Count(s.ctx)
		if n != 1 || all != 2 {
			t.Errorf("%d of %d safes are alive", n, all)
		}
		return err
	}))
}
