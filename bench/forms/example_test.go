package forms_test

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/bench/forms"
)

// One type of a model is stored by two databases, each in its own form.
func Example() {
	price := decimal.RequireFromString("12.50")
	fmt.Println(forms.Price{Decimal: price, Form: forms.SQLite}.Value())
	fmt.Println(forms.Price{Decimal: price, Form: forms.Postgres}.Value())
	// Output:
	// 1250 <nil>
	// 12.5 <nil>
}
