package products

import (
	"context"
	"log/slog"

	"github.com/manorgo/manor/accounts/users"
)

// Created says that somebody offers a new product.
type Created struct {
	ProductID ID       `json:"product_id"`
	OwnerID   users.ID `json:"owner_id"`
	Name      string   `json:"name"`
}

// Kind names the event.
func (Created) Kind() string { return "products.created" }

// Deleted says that its owner has removed a product.
type Deleted struct {
	ProductID ID       `json:"product_id"`
	OwnerID   users.ID `json:"owner_id"`
}

// Kind names the event.
func (Deleted) Kind() string { return "products.deleted" }

func (s *Service) logCreated(ctx context.Context, e Created) error {
	s.log.InfoContext(ctx, "product created", slog.String("product", e.ProductID.String()), slog.String("name", e.Name))
	return nil
}

func (s *Service) logDeleted(ctx context.Context, e Deleted) error {
	s.log.InfoContext(ctx, "product deleted", slog.String("product", e.ProductID.String()))
	return nil
}
