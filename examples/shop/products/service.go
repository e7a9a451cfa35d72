package products

import (
	"context"
	"log/slog"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/task"
)

// A Service holds the rules for products. Its Get, Create, Update and Delete
// are those of data.Service, under these rules: everybody may read what is
// active, owners may read and change all of theirs, and to anybody else a
// product does not exist.
type Service struct {
	data.Service[Product, Create, Update]
	events *event.Bus
	tasks  *task.Queue
	log    *slog.Logger
}

// NewService returns the service of an app.
func NewService(env domain.Env) *Service {
	s := &Service{events: env.Events, tasks: env.Tasks, log: env.Log}
	s.DB, s.Table = env.DB, table
	s.Fill = s.fill
	s.Visible = visible
	s.Editable = editable
	s.Created = s.created
	s.Updated = s.updated
	s.Deleted = s.deleted
	return s
}

// caller returns who is calling. Nobody is the zero ID, which owns nothing.
func caller(ctx context.Context) users.ID { return users.IDOf(auth.From(ctx).Subject) }

// fill makes the caller the owner.
func (s *Service) fill(ctx context.Context, p *Product) error {
	p.OwnerID = caller(ctx)
	return auth.Check(ctx, "") // somebody must own it
}

// offered are the products that everybody sees: active ones, whose owner's
// account is not deleted.
func offered() data.Filter[Product] {
	return data.All(active.Eq(true), users.Present("products", ownerID))
}

func visible(ctx context.Context) (data.Filter[Product], error) {
	if !auth.From(ctx).SignedIn() {
		return offered(), nil
	}
	return data.Any(offered(), ownerID.Eq(caller(ctx))), nil
}

func editable(ctx context.Context) (data.Filter[Product], error) {
	return ownerID.Eq(caller(ctx)), nil
}

// The consequences of a change share its transaction: if it does not commit,
// there was no event and there is nothing to do.

func (s *Service) created(ctx context.Context, tx *data.Tx, p *Product) error {
	if err := s.refresh(ctx, tx, p); err != nil {
		return err
	}
	return s.events.Emit(ctx, tx, Created{ProductID: p.ID, OwnerID: p.OwnerID, Name: p.Name})
}

func (s *Service) updated(ctx context.Context, tx *data.Tx, p *Product) error {
	return s.refresh(ctx, tx, p)
}

func (s *Service) deleted(ctx context.Context, tx *data.Tx, p *Product) error {
	return s.events.Emit(ctx, tx, Deleted{ProductID: p.ID, OwnerID: p.OwnerID})
}

// refresh asks for what is made from a product to be made anew.
func (s *Service) refresh(ctx context.Context, tx *data.Tx, p *Product) error {
	if err := s.tasks.Enqueue(ctx, tx, ProcessImages{ProductID: p.ID}); err != nil {
		return err
	}
	return s.tasks.Enqueue(ctx, tx, UpdateIndex{ProductID: p.ID})
}

// List returns active products, the caller's among them: Mine has those that
// are not active. It stands before the List of data.Service.
func (s *Service) List(ctx context.Context, q data.Query[Product]) (data.Page[Product], error) {
	q.Where = data.All(q.Where, offered())
	return table.On(s.DB).List(ctx, q)
}

// Mine returns the caller's products, active or not.
func (s *Service) Mine(ctx context.Context, q data.Query[Product]) (data.Page[Product], error) {
	q.Where = data.All(q.Where, ownerID.Eq(caller(ctx)))
	return table.On(s.DB).List(ctx, q)
}
