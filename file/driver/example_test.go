package driver_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/manorgo/manor/file/driver"
)

func Example() {
	fmt.Println(driver.CheckKey("3f/3f9c0d.bin"))
	fmt.Println(errors.Is(driver.CheckKey("../etc/passwd"), driver.ErrKey))
	// Output:
	// <nil>
	// true
}

func TestCheckKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", ".hidden", "a/.b", "a\\b", "a b", "a\x00", "ä", "C:", "a:b"} {
		if err := driver.CheckKey(key); !errors.Is(err, driver.ErrKey) {
			t.Errorf("CheckKey(%q) = %v", key, err)
		}
	}
	for _, key := range []string{"a", "a/b", "A-b_c.d/0", "tmp/x"} {
		if err := driver.CheckKey(key); err != nil {
			t.Errorf("CheckKey(%q) = %v", key, err)
		}
	}
}
