package event_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/task"
)

type Ordered struct {
	Product string `json:"product"`
	Count   int    `json:"count"`
}

func (Ordered) Kind() string { return "orders.ordered" }

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

	queue := task.New(db, task.Config{})
	bus := event.NewBus(queue)
	shipped := make(chan string)
	bus.Listen(
		event.Inside(func(ctx context.Context, tx *data.Tx, e Ordered) error {
			if e.Count > 10 {
				return fmt.Errorf("we do not have %d of %s", e.Count, e.Product)
			}
			return nil
		}),
		event.On("shipping.ship", func(ctx context.Context, e Ordered) error {
			shipped <- e.Product
			return nil
		}))
	if err := queue.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	if err := queue.Start(ctx); err != nil {
		log.Fatal(err)
	}
	defer queue.Stop(ctx)

	for _, order := range []Ordered{{"tables", 99}, {"lamps", 2}} {
		err := db.Tx(ctx, func(tx *data.Tx) error {
			// Store the order here, and then:
			return bus.Emit(ctx, tx, order)
		})
		if err != nil {
			fmt.Println("refused:", err)
		}
	}
	fmt.Println("shipped:", <-shipped)
	// Output:
	// refused: we do not have 99 of tables
	// shipped: lamps
}
