package data_test

import (
	"context"
	"errors"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

type newBook struct{ Title string }

func (n newBook) New() book { return book{Title: n.Title} }

type bookPatch struct{ Pages patch.Field[int] }

func (p bookPatch) Changes() []data.Change[book] { return []data.Change[book]{pages.Patch(p.Pages)} }

func TestARuleMustDecide(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, r := newRecorder("sqlite")
	service := data.Service[book, newBook, bookPatch]{
		DB: db, Table: books,
		Visible: func(context.Context) (data.Filter[book], error) { return data.All[book](), nil },
	}
	for name, run := range map[string]func() error{
		"get":    func() error { _, err := service.Get(ctx, data.ID[book]{1}); return err },
		"list":   func() error { _, err := service.List(ctx, data.Query[book]{Where: pages.Eq(1)}); return err },
		"update": func() error { _, err := service.Update(ctx, data.ID[book]{1}, bookPatch{patch.Of(1)}); return err },
		"delete": func() error { return service.Delete(ctx, data.ID[book]{1}) },
	} {
		if err := run(); fault.KindOf(err) != fault.Internal {
			t.Errorf("%s: %v, want %s", name, err, fault.Internal)
		}
	}
	for _, said := range r.said {
		if said != "rollback" {
			t.Errorf("it ran %s", said)
		}
	}
}

func TestRulesAreInTheStatement(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, r := newRecorder("sqlite")
	service := data.Service[book, newBook, bookPatch]{
		DB: db, Table: books,
		Visible:  func(context.Context) (data.Filter[book], error) { return pages.Lt(5), nil },
		Editable: func(context.Context) (data.Filter[book], error) { return pages.Lt(2), nil },
	}
	service.Get(ctx, data.ID[book]{0xab, 1})
	check(t, "get", r.take(), `query SELECT `+list+` FROM "books" WHERE ("id" = ? AND "pages" < ?) LIMIT 2; ab01; 5`)
	service.List(ctx, data.Query[book]{Where: data.Any(pages.Eq(9), pages.Eq(1)), Limit: -1})
	check(t, "list", r.take(), `query SELECT `+list+` FROM "books" WHERE (("pages" = ? OR "pages" = ?) AND "pages" < ?) ORDER BY "id"; 9; 1; 5`)
	service.Update(ctx, data.ID[book]{0xab, 1}, bookPatch{patch.Of(7)})
	check(t, "update", r.take(), `query UPDATE "books" SET "pages" = ?, "updated_at" = CASE WHEN "pages" IS DISTINCT FROM ?1 THEN later(?, "updated_at") ELSE "updated_at" END WHERE ("id" = ? AND "pages" < ?) RETURNING `+list+`; 7; 03:04:05; ab01; 2
rollback`)
	service.Delete(ctx, data.ID[book]{0xab, 1}, data.VersionAt(db.Now()))
	check(t, "delete", r.take(), `query DELETE FROM "books" WHERE (("id" = ? AND "pages" < ?) AND "updated_at" = ?) RETURNING `+list+`; ab01; 2; 03:04:05
query SELECT 1 FROM "books" WHERE ("id" = ? AND "pages" < ?) LIMIT 1; ab01; 2
rollback`)
	service.Create(ctx, newBook{"x"})
	said := r.take()
	if len(said) < 10 || said[len(said)-6:] != "commit" {
		t.Errorf("create: %s", said)
	}
}

// The causes of a failure are for the log and never in the message.
func TestMessagesAreSafe(t *testing.T) {
	t.Parallel()
	secret := errors.New("s3cret at 10.0.0.7")
	for class, kind := range map[driver.Class]fault.Kind{
		driver.Unclassified: fault.Internal, driver.Unique: fault.Conflict, driver.ForeignKey: fault.Conflict, driver.Check: fault.Invalid,
		driver.NotNull: fault.Invalid, driver.BadValue: fault.Invalid, driver.Retryable: fault.Unavailable, driver.TimedOut: fault.Unavailable, driver.Down: fault.Unavailable,
	} {
		db, r := newRecorder("postgres")
		broken := data.New(failing{r, &driver.Error{Class: class, Constraint: "uq_books_title_author", Err: secret}}, nil)
		_, err := books.On(broken).Count(context.Background())
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || e.Kind != kind || !errors.Is(err, secret) {
			t.Errorf("class %d became %v, want %s", class, err, kind)
			continue
		}
		for _, shown := range append(e.Details, fault.Detail{Message: e.Msg + e.Code}) {
			if e.Msg == "" || shown.Message == secret.Error() || len(shown.Message) > 100 {
				t.Errorf("class %d shows %q", class, shown)
			}
		}
		if (kind == fault.Unavailable) != (e.Retry > 0) {
			t.Errorf("class %d: retry after %v", class, e.Retry)
		}
		if data.Taken(err, "author", "title") != (class == driver.Unique) {
			t.Errorf("class %d: Taken is wrong about %v", class, err)
		}
		db.Close()
	}
}

type failing struct {
	*recorder
	err error
}

func (f failing) Query(context.Context, driver.Call) (driver.Rows, error) { return nil, f.err }
