package imports_test

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts/imports"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/secret"
)

// example stands for a folder.
func example() fs.FS {
	return fstest.MapFS{"people.csv": {Data: []byte(`email,username,email_verified
ada@example.com,ada,true
nobody,,
`)}}
}

func ExampleImporter() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "app.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	keys, _ := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	app, err := manor.New(manor.Config{DB: db, Keys: keys, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := app.Upgrade(ctx); err != nil {
		log.Fatal(err)
	}
	file, err := transfer.OpenFile(example(), "people.csv") // or os.DirFS
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()

	importer := imports.New(db, app.Users(), app.Roles())
	sum, err := importer.Run(ctx, file, imports.Options{
		From:    imports.CSV,
		Refused: func(x imports.Refusal) error { fmt.Printf("line %d: %s\n", x.Line, x.Reason); return nil },
	})
	fmt.Println(sum.Created, "created,", sum.Refused, "refused,", err)
	// Output:
	// line 3: email is not an e-mail address
	// 1 created, 1 refused, <nil>
}
