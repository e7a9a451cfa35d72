package memory_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/file/filetest"
	"github.com/manorgo/manor/file/memory"
)

func TestBucket(t *testing.T) {
	t.Parallel()
	filetest.Run(t, func(*testing.T) driver.Bucket { return memory.New(nil) })
}

func Example() {
	ctx := context.Background()
	b := memory.New(nil)
	if _, err := b.Put(ctx, "greeting", strings.NewReader("hello"), driver.PutOptions{Size: 5}); err != nil {
		panic(err)
	}
	r, err := b.Open(ctx, "greeting", 1, 3)
	if err != nil {
		panic(err)
	}
	defer r.Close()
	text, _ := io.ReadAll(r)
	fmt.Println(string(text))
	// Output: ell
}
