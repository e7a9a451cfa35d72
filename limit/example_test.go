package limit_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/secret"
)

// Two exports an hour are enough for anybody.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "limit")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "app.db"), sqlite.Options{})
	if err != nil {
		panic(err)
	}
	defer db.Close()
	m, err := migrate.New(db, []migrate.Source{{Name: "limit", FS: limit.Migrations}}, migrate.Options{})
	if err != nil {
		panic(err)
	}
	if _, err := m.Upgrade(ctx); err != nil { // an app does this by itself
		panic(err)
	}
	keys, err := secret.CreateKeyFile(filepath.Join(dir, "app.key"))
	if err != nil {
		panic(err)
	}

	limits := limit.New(db, keys, limit.Config{})
	for range 3 {
		v, err := limits.Exactly(ctx, limit.Ask{Name: "export", About: limit.User("ann"), Rate: limit.Rate{N: 2, Per: time.Hour}})
		if err != nil {
			panic(err)
		}
		fmt.Println(v.Allowed, v.Retry.Round(time.Minute))
	}
	// Output:
	// true 0s
	// true 0s
	// false 30m0s
}
