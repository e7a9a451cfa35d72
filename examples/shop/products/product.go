// Package products is an example of a domain: things that people offer for
// sale. Everybody sees what is active, owners see and change all of theirs.
//
// A domain of your own has the same files. This one has the row, its columns
// and the requests that change it in product.go, the rules in service.go,
// queries in queries.go, events and tasks in events.go and tasks.go, and what
// an app gets of it in domain.go.
package products

import (
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

// A Product is something for sale, owned by the user who offers it. It goes
// when its owner goes.
type Product struct {
	data.Audited[Product]
	OwnerID     users.ID        `json:"owner_id" db:"owner_id,references=users,ondelete=cascade,filter"`
	Name        string          `json:"name" db:"name,size=255,search,sort"`
	Description *string         `json:"description" db:"description"`
	Price       decimal.Decimal `json:"price" db:"price,numeric=10.2,sort,filter,check=price > 0"`
	Active      bool            `json:"is_active" db:"is_active,filter,default=true"`
}

// An ID names a product.
type ID = data.ID[Product]

// The products table and its columns, for filters, orders and changes.
var (
	table       = data.NewTable[Product]("products")
	id          = data.Col[ID](table, "id")
	ownerID     = data.Col[users.ID](table, "owner_id")
	name        = data.TextCol(table, "name")
	description = data.TextCol(table, "description")
	price       = data.Col[decimal.Decimal](table, "price")
	active      = data.Col[bool](table, "is_active")
)

const maxName = 255 // characters

// String returns the name.
func (p Product) String() string { return p.Name }

// Validate reports what is wrong with a product, by field. It is asked before
// every creation and after every change.
func (p *Product) Validate() error {
	var badName, badPrice error
	switch {
	case p.Name == "":
		badName = fault.Field("name", "may not be empty")
	case utf8.RuneCountInString(p.Name) > maxName:
		badName = fault.Field("name", "must have at most %d characters", maxName)
	}
	if !p.Price.IsPositive() {
		badPrice = fault.Field("price", "must be more than 0")
	}
	return fault.Fields(badName, badPrice)
}

// Create is a request for a new product. It is active unless it says
// otherwise. Whose it is cannot be said: it is the caller's.
type Create struct {
	Name        string          `json:"name" minLength:"1" maxLength:"255"`
	Description *string         `json:"description,omitempty"`
	Price       decimal.Decimal `json:"price" pattern:"^[0-9]{1,8}(\\.[0-9]{1,2})?$" patternDescription:"a price in a string, such as \"12.50\"" example:"12.50" doc:"More than 0, exact, in a string."`
	Active      *bool           `json:"is_active,omitempty"`
}

// New returns the product that c asks for, without an owner.
func (c Create) New() Product {
	return Product{
		Name: strings.TrimSpace(c.Name), Description: c.Description, Price: c.Price,
		Active: c.Active == nil || *c.Active,
	}
}

// Update is a request to change a product. What is not sent stays as it is.
type Update struct {
	Name        patch.Field[string]          `json:"name,omitzero" minLength:"1" maxLength:"255"`
	Description patch.Field[string]          `json:"description,omitzero" nullable:"true"`
	Price       patch.Field[decimal.Decimal] `json:"price,omitzero" pattern:"^[0-9]{1,8}(\\.[0-9]{1,2})?$" patternDescription:"a price in a string, such as \"12.50\"" example:"12.50"`
	Active      patch.Field[bool]            `json:"is_active,omitzero"`
}

// Changes returns the columns that u changes.
func (u Update) Changes() []data.Change[Product] {
	if s, ok := u.Name.Get(); ok {
		u.Name = patch.Of(strings.TrimSpace(s))
	}
	return []data.Change[Product]{
		name.Patch(u.Name), description.Patch(u.Description), price.Patch(u.Price), active.Patch(u.Active),
	}
}

// A ListItem is a product as lists show it.
type ListItem struct {
	ID     ID              `json:"id"`
	Name   string          `json:"name"`
	Price  decimal.Decimal `json:"price"`
	Active bool            `json:"is_active"`
}

// listItem returns p as lists show it.
func listItem(p *Product) ListItem {
	return ListItem{ID: p.ID, Name: p.Name, Price: p.Price, Active: p.Active}
}
