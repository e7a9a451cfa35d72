package drivertest

import (
	"slices"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A crate is bound to a table that calls its columns otherwise.
type crate struct {
	data.Audited[crate]
	Name  string      `db:"name,size=20,unique"`
	Token secret.Text `db:"token"`
	Rank  int         `db:"rank"`
}

var (
	crates = data.NewTable[crate]("OldCrates", data.RenameColumns(map[string]string{
		"id": "pk", "updated_at": "Touched", "name": "order", "token": "rank", "rank": "token",
	}))
	crateName = data.TextCol(crates, "order")
	crateRank = data.Col[int](crates, "token")
)

var renameTests = []test{
	{"everything goes by the real names", func(s suite) {
		now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
		db := s.dbAt(now, crates.Schema())
		db.SetKeys(keyring(s, 1))
		rows := []crate{{Name: "a", Token: secret.NewText("s"), Rank: 2}, {Name: "b", Rank: 1}}
		s.ok(crates.On(db).AddAll(s.ctx, rows))
		s.ok(crates.On(db).Add(s.ctx, &crate{Name: "c", Rank: 3}))
		err := crates.On(db).Add(s.ctx, &crate{Name: "a"})
		s.is(err, fault.Conflict)
		if !data.Taken(err, "order") {
			s.Errorf("the conflict is not about the column: %v", err)
		}
		got, err := crates.On(db).Update(s.ctx, rows[0].ID, crateRank.Plus(5))
		s.ok(err)
		if got.Rank != 7 || !got.Token.Equal(secret.NewText("s")) || !got.UpdatedAt.After(got.CreatedAt) {
			s.Errorf("updated to %+v", got)
		}
		created, err := crates.On(db).Upsert(s.ctx, &crate{Name: "b", Token: secret.NewText("t"), Rank: 9}, "order")
		s.ok(err)
		s.same("created", created, false)
		page, err := crates.On(db).List(s.ctx, data.Query[crate]{Where: crateName.Gt("a"), Order: data.By(crateRank.Desc()), Count: true})
		s.ok(err)
		if names := []string{page.Items[0].Name, page.Items[1].Name}; page.Total != 2 || !slices.Equal(names, []string{"b", "c"}) {
			s.Errorf("listed %v of %d", names, page.Total)
		}
		if !page.Items[0].Token.Equal(secret.NewText("t")) {
			s.Error("the sealed column was lost")
		}
		s.ok(crates.On(db).Delete(s.ctx, rows[0].ID))
		count(s, db, crates, 2)
	}},
}
