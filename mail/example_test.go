package mail_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/mail"
	"github.com/manorgo/manor/task"
)

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "shop.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	quiet := slog.New(slog.DiscardHandler)
	tables, err := migrate.New(db, []migrate.Source{{Name: "mail", FS: mail.Migrations}}, migrate.Options{Log: quiet})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := tables.Upgrade(ctx); err != nil {
		log.Fatal(err)
	}

	queue := task.New(db, task.Config{})
	printed := make(printer, 1)
	outbox, err := mail.NewOutbox(db, queue, mail.Config{Print: printed, Log: quiet}) // no SMTP server
	if err != nil {
		log.Fatal(err)
	}
	if err := queue.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	if err := queue.Start(ctx); err != nil {
		log.Fatal(err)
	}
	defer queue.Stop(ctx)

	welcome, err := mail.ParseTemplate("Welcome, {{.Name}}", "Please confirm: {{.Link}}", "")
	if err != nil {
		log.Fatal(err)
	}
	m, err := welcome.Message("ana@example.org", map[string]string{"Name": "Ana", "Link": "https://example.org/verify"})
	if err != nil {
		log.Fatal(err)
	}
	err = db.Tx(ctx, func(tx *data.Tx) error {
		_, err := outbox.Send(ctx, tx, m)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	_, text, _ := strings.Cut(<-printed, "\n") // without the ID
	fmt.Print(text)
	// Output:
	// From: <manor@localhost>
	// To: ana@example.org
	// Subject: Welcome, Ana
	//
	// Please confirm: https://example.org/verify
	// --- end of mail
}

type printer chan string

func (p printer) Write(b []byte) (int, error) {
	p <- string(b)
	return len(b), nil
}
