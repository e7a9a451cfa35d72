package documents_test

import (
	"fmt"

	"github.com/manorgo/manor/examples/documents"
)

// A document needs a name.
func Example() {
	d := documents.Create{}.New()
	fmt.Println(d.Validate())
	// Output: name: may not be empty; body.name: may not be empty
}
