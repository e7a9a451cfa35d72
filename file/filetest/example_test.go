package filetest_test

import (
	"testing"

	"github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/file/filetest"
	"github.com/manorgo/manor/file/memory"
)

// A backend's test is this function.
func TestBackend(t *testing.T) {
	filetest.Run(t, func(*testing.T) driver.Bucket { return memory.New(nil) })
}

func Example() {
	// func TestBackend(t *testing.T) {
	//	filetest.Run(t, func(t *testing.T) driver.Bucket { return memory.New(nil) })
	// }

	// Output:
}
