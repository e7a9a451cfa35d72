package audit_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/manorgo/manor/audit"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/secret"
)

// An app does all this by itself: here is an audit alone.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "app.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		log.Fatal(err)
	}
	trail := audit.New(audit.Config{DB: db, Keys: keys})
	m, err := migrate.New(db, []migrate.Source{{Name: "audit", FS: trail.Domain().Migrations}}, migrate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := m.Upgrade(ctx); err != nil {
		log.Fatal(err)
	}
	db.SetWitness(trail)

	ctx = audit.WithActor(ctx, audit.Actor{Kind: audit.CLI, Name: "ada"})
	// Whoever changes something for somebody else says so.
	ctx = audit.OnBehalfOf(ctx, "0192…")
	err = db.Tx(ctx, func(tx *data.Tx) error {
		tx.Note(audit.Record{Action: "reports.printed", ObjectType: "reports"})
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}

	for e, err := range trail.Each(ctx, audit.Filter{Action: "reports.*"}.Where()) {
		fmt.Println(e.ActorKind, e.Actor, e.OnBehalfOf, e.Action, err)
	}
	if err := trail.Chain(ctx); err != nil {
		log.Fatal(err)
	}
	report, err := trail.Verify(ctx)
	fmt.Println(report.Entries, report.Broken, err)
	// Output:
	// cli ada 0192… reports.printed <nil>
	// 1 <nil> <nil>
}
