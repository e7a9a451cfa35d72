package contract_test

import (
	"context"
	"fmt"

	"github.com/manorgo/manor/accounts/internal/contract"
)

// A counter promises to count.
func Example() {
	counts := contract.Check[func() int]{Name: "it counts", Do: func(k *contract.Checker[func() int]) {
		if first, second := k.Store(), k.Store(); second != first+1 {
			k.Errorf("after %d comes %d", first, second)
		}
	}}
	n := 0
	fmt.Println(contract.Wrong(context.Background(), counts, func() int { n++; return n }))
	fmt.Println(contract.Wrong(context.Background(), counts, func() int { n += 2; return n }))
	// Output:
	// []
	// [after 4 comes 6]
}
