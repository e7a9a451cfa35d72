package products

import (
	"context"
	"errors"
	"fmt"
	"html"
	"strings"
	"unicode"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// ProcessImages asks for a product's label to be drawn.
type ProcessImages struct {
	ProductID ID `json:"product_id"`
}

// Kind names the task.
func (ProcessImages) Kind() string { return "products.process_images" }

// UpdateIndex asks for a product to be put into the search index.
type UpdateIndex struct {
	ProductID ID `json:"product_id"`
}

// Kind names the task.
func (UpdateIndex) Kind() string { return "products.update_index" }

// An image is a product's label: an SVG with its name and price.
type image struct {
	ProductID data.ID[image] `db:"product_id,primary,references=products,ondelete=cascade"`
	SVG       string         `db:"svg"`
}

// An entry is a product in the search index.
type entry struct {
	ProductID data.ID[entry] `db:"product_id,primary,references=products,ondelete=cascade"`
	Words     string         `db:"words"`
}

// What tasks make of products. It goes with them.
var (
	images     = data.NewTable[image]("product_images")
	svg        = data.TextCol(images, "svg")
	searchable = data.NewTable[entry]("product_search")
	words      = data.TextCol(searchable, "words")
)

func (s *Service) processImages(ctx context.Context, t ProcessImages) error {
	return s.withProduct(ctx, t.ProductID, func(tx *data.Tx, p *Product) error {
		row := image{data.ID[image](p.ID), draw(p)}
		added, err := images.On(tx).AddNew(ctx, &row, "product_id")
		if err == nil && !added {
			_, err = images.On(tx).Update(ctx, row.ProductID, svg.Set(row.SVG))
		}
		return err
	})
}

func (s *Service) updateIndex(ctx context.Context, t UpdateIndex) error {
	return s.withProduct(ctx, t.ProductID, func(tx *data.Tx, p *Product) error {
		text := p.Name
		if p.Description != nil {
			text += "\n" + *p.Description
		}
		row := entry{data.ID[entry](p.ID), fold(text)}
		added, err := searchable.On(tx).AddNew(ctx, &row, "product_id")
		if err == nil && !added {
			_, err = searchable.On(tx).Update(ctx, row.ProductID, words.Set(row.Words))
		}
		return err
	})
}

// withProduct calls fn with a product as it is now, and keeps it so until fn is
// done: of two tasks about one product, the later one sees the later state. A
// product that is gone needs nothing any more.
func (s *Service) withProduct(ctx context.Context, key ID, fn func(tx *data.Tx, p *Product) error) error {
	err := s.DB.Tx(ctx, func(tx *data.Tx) error {
		p, err := table.On(tx).Lock(ctx, id.Eq(key))
		if err != nil {
			return err
		}
		return fn(tx, &p)
	})
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// fold returns text as searches compare it.
func fold(text string) string { return strings.ToLower(text) }

const label = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 160" role="img">
<rect width="640" height="160" rx="16" fill="#f4efe6"/>
<text x="32" y="72" font-family="sans-serif" font-size="32" fill="#2b2b2b">%s</text>
<text x="32" y="124" font-family="sans-serif" font-size="28" fill="#7a5c2e">%s</text>
</svg>
`

const maxLabel = 32 // characters that fit beside each other

// draw returns the label of p.
func draw(p *Product) string {
	text := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) { // XML 1.0 has no place for most of them
			return ' '
		}
		return r
	}, p.Name)
	if rs := []rune(text); len(rs) > maxLabel {
		text = string(rs[:maxLabel-1]) + "…"
	}
	return fmt.Sprintf(label, html.EscapeString(text), p.Price.StringFixed(2))
}
