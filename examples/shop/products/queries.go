package products

import (
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
)

// ByOwner returns the products that somebody offers, newest first: the active
// ones, or with inactive those that are not as well. It does not ask who calls.
func (s *Service) ByOwner(ctx context.Context, owner users.ID, inactive bool) ([]Product, error) {
	where := ownerID.Eq(owner)
	if !inactive {
		where = data.All(where, active.Eq(true))
	}
	page, err := table.On(s.DB).List(ctx, data.Query[Product]{Where: where, Order: data.By(id.Desc()), Limit: -1})
	return page.Items, err
}

// SearchLimit is how many products Search returns if it is not said.
const SearchLimit = 20

// Search returns active products that have text in their name, in either case,
// sorted by name: at most limit of them, or SearchLimit if limit is 0. Nothing
// in text is a wildcard. Products that have it in their description, or in
// other than plain letters, are found once UpdateIndex has done its work.
func (s *Service) Search(ctx context.Context, text string, limit int) ([]Product, error) {
	if limit <= 0 {
		limit = SearchLimit
	}
	page, err := table.On(s.DB).List(ctx, data.Query[Product]{
		Where: data.All(offered(), data.Any(name.ContainsFold(text), indexed(text))),
		Order: data.By(name.Asc()),
		Limit: limit,
	})
	return page.Items, err
}

// wildcards makes LIKE take them as they are.
var wildcards = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// indexed picks the products whose entry in the search index has text in it.
// Where a column alone cannot say what is meant, SQL can. It is part of the
// program; only its parameters come from requests.
func indexed(text string) data.Filter[Product] {
	return data.SQL(`EXISTS (SELECT 1 FROM product_search s WHERE s.product_id = products.id AND s.words LIKE ? ESCAPE '!')`,
		description.Column, "%"+wildcards.Replace(fold(text))+"%")
}

// PriceRange returns the lowest and the highest price of active products, or
// zeros if there are none.
func (s *Service) PriceRange(ctx context.Context) (lowest, highest decimal.Decimal, err error) {
	lowest, highest, _, err = data.Range(ctx, table.On(s.DB), price, offered())
	return lowest, highest, err
}

// export returns what somebody offers, for them to take away. It is erased with
// their account by its reference to users, so there is no function for that.
func (s *Service) export(ctx context.Context, who auth.Subject) (any, error) {
	page, err := table.On(s.DB).List(ctx, data.Query[Product]{Where: ownerID.Eq(users.IDOf(who)), Order: data.By(id.Asc()), Limit: -1})
	return page.Items, err
}
