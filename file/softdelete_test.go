package file_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/file"
)

// A folder's file stays as long as the folder can be restored.
type folder struct {
	data.Identified[folder]
	data.SoftDeleted
	Text file.File `db:"text,json"`
}

var (
	folders  = data.NewTable[folder]("folders")
	folderID = data.Col[data.ID[folder]](folders, "id")
)

func TestMarkedRowsKeepTheirFiles(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		up, _ := migrate.Draft(b.db.Dialect(), []data.Schema{folders.Schema()})
		sql := &fstest.MapFile{Data: []byte("-- up\n" + up)}
		m, err := migrate.New(b.db, []migrate.Source{{Name: "papers", FS: revisions}, {
			Name: "folders", FS: fstest.MapFS{"0001_folders.sqlite.sql": sql, "0001_folders.postgres.sql": sql},
		}}, migrate.Options{Log: slog.New(slog.DiscardHandler)})
		b.check(err)
		_, err = m.Upgrade(ctx)
		b.check(err)
		keeper := file.Keep(b.store, folders, file.Limits{MaxSize: 1 << 20})
		b.work()

		var rows [2]folder
		for i := range rows {
			b.check(keeper.Save(ctx, strings.NewReader("text"), file.Put{}, func(f file.File) error {
				rows[i].Text = f
				return folders.On(b.db).Add(ctx, &rows[i])
			}))
		}
		b.check(b.db.Tx(ctx, func(tx *data.Tx) error { // one by one
			v, err := folders.On(tx).DeleteOne(ctx, folderID.Eq(rows[0].ID))
			if err != nil {
				return err
			}
			return keeper.Deleted(ctx, tx, &v)
		}))
		b.check(b.db.Tx(ctx, func(tx *data.Tx) error { // and many
			n, err := keeper.DeleteWhere(ctx, tx, folderID.Eq(rows[1].ID))
			if n != 1 {
				t.Errorf("marked %d", n)
			}
			return err
		}))
		b.done()
		b.clock.Advance(100 * 24 * time.Hour)
		b.sweep(0)
		b.holds(rows[0].Text, rows[1].Text)

		back, err := folders.On(b.db).Restore(ctx, folderID.Eq(rows[0].ID))
		if back != 1 || err != nil {
			t.Errorf("restored %d, %v", back, err)
		}
		purged, err := folders.On(b.db).Purge(ctx, data.Everything[folder]())
		if purged != 1 || err != nil {
			t.Errorf("purged %d, %v", purged, err)
		}
		b.sweep(1)
		b.holds(rows[0].Text)
		if got := b.read(rows[0].Text); got != "text" {
			t.Errorf("the restored one reads %q", got)
		}
	})
}
