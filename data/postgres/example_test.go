package postgres_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/postgres"
)

func ExampleOpen() {
	// Nothing listens on port 1.
	db, err := postgres.Open(context.Background(), "postgres://manor:secret@127.0.0.1:1/manor", postgres.Options{})
	if err != nil {
		e, ok := errors.AsType[*driver.Error](err)
		fmt.Println("not available:", ok && e.Class == driver.Down)
		return
	}
	defer db.Close()
	// Output: not available: true
}
