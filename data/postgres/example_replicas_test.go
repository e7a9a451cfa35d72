package postgres_test

import (
	"context"
	"fmt"
	"time"

	"github.com/manorgo/manor/data/postgres"
)

// Units of reads are spread over two replicas, of which the first is read twice
// as often.
func ExampleOptions_replicas() {
	ctx := context.Background()
	db, err := postgres.Open(ctx, "postgres://manor@db-1/manor", postgres.Options{
		Replicas: []postgres.Replica{
			{Name: "near", URL: "postgres://manor@db-2/manor", Weight: 2},
			{Name: "far", URL: "postgres://manor@db-3/manor"},
		},
		MaxLag: 3 * time.Second,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	for _, r := range db.Replicas() {
		fmt.Println(r.Name, r.Up, r.Behind, r.Reason)
	}
}
