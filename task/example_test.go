package task_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/task"
)

type Resize struct {
	Picture string `json:"picture"`
	Width   int    `json:"width"`
}

func (Resize) Kind() string { return "pictures.resize" }

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "pictures.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	queue := task.New(db, task.Config{})
	resized := make(chan string)
	queue.Add(task.Work(func(ctx context.Context, r Resize) error {
		resized <- fmt.Sprintf("%s is %d wide", r.Picture, r.Width)
		return nil
	}))
	if err := queue.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	if err := queue.Start(ctx); err != nil {
		log.Fatal(err)
	}
	defer queue.Stop(ctx)

	err = db.Tx(ctx, func(tx *data.Tx) error {
		if err := queue.Enqueue(ctx, tx, Resize{"dog.jpg", 640}); err != nil {
			return err
		}
		return errors.New("the picture is no dog")
	})
	fmt.Println("not resized:", err)

	err = db.Tx(ctx, func(tx *data.Tx) error {
		return queue.Enqueue(ctx, tx, Resize{"cat.jpg", 320})
	})
	fmt.Println(<-resized, err)
	// Output:
	// not resized: the picture is no dog
	// cat.jpg is 320 wide <nil>
}
