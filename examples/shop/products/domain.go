package products

import (
	"context"
	"embed"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

//go:embed migrations
var migrations embed.FS

// Domain returns everything products add to an app.
func Domain(env domain.Env) domain.Domain {
	s := NewService(env)
	return domain.Domain{
		Name:       "products",
		Migrations: migrations,
		Schemas:    []data.Schema{table.Schema(), images.Schema(), searchable.Schema()},
		Mount:      s.mount,
		Export:     s.export,
		Handlers: []event.Handler{
			event.On("products.log_created", s.logCreated),
			event.On("products.log_deleted", s.logDeleted),
		},
		Workers: []task.Worker{task.Work(s.processImages), task.Work(s.updateIndex)},
	}
}

func (s *Service) mount(r *web.Router) {
	tag := web.Tag("Products")
	web.Mount(r, "/products", s, web.Anyone, web.SignedIn, tag, web.ListAs(listItem))
	web.HandleList(r, "GET /products/mine", table, s.Mine,
		func(_ context.Context, p *Product) ListItem { return listItem(p) },
		web.SignedIn, tag, web.Summary("List your own products, active or not"))
	web.Handle(r, "GET /products/search", s.search, web.Anyone, tag, web.Summary("Search active products"))
	web.Handle(r, "GET /products/price-range", s.priceRange, web.Anyone, tag, web.Summary("Read what active products cost"))
	web.Handle(r, "GET /products/{id}/image", s.image, web.Anyone, tag, web.Summary("Read a product's label"),
		web.Describe("The label is drawn soon after each change; until it was drawn once, the answer is 404."))
}

type searching struct {
	Text  string `query:"q" required:"true" minLength:"1" maxLength:"128" doc:"Nothing in it is a wildcard."`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

// Found is what a search has found.
type Found struct {
	Items []ListItem `json:"items"`
}

func (s *Service) search(ctx context.Context, in *searching) (*struct{ Body Found }, error) {
	rows, err := s.Search(ctx, in.Text, in.Limit)
	out := Found{Items: make([]ListItem, len(rows))}
	for i := range rows {
		out.Items[i] = listItem(&rows[i])
	}
	return &struct{ Body Found }{out}, err
}

// Prices are what active products cost.
type Prices struct {
	Min decimal.Decimal `json:"min"`
	Max decimal.Decimal `json:"max"`
}

func (s *Service) priceRange(ctx context.Context, _ *web.None) (*struct{ Body Prices }, error) {
	lowest, highest, err := s.PriceRange(ctx)
	return &struct{ Body Prices }{Prices{lowest, highest}}, err
}

type byID struct {
	ID ID `path:"id"`
}

// Image is a picture of a product.
type Image struct {
	ContentType string `json:"content_type" enum:"image/svg+xml"`
	SVG         string `json:"svg"`
}

func (s *Service) image(ctx context.Context, in *byID) (*struct{ Body Image }, error) {
	p, err := s.Get(ctx, in.ID) // by the rules
	if err != nil {
		return nil, err
	}
	row, err := images.On(s.DB).Get(ctx, data.ID[image](p.ID))
	return &struct{ Body Image }{Image{"image/svg+xml", row.SVG}}, err
}
