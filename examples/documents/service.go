package documents

import (
	"context"
	"embed"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/file"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/web"
)

//go:embed migrations
var migrations embed.FS

// Domain returns everything documents add to an app.
func Domain(env domain.Env) domain.Domain {
	s := NewService(env)
	return domain.Domain{Name: "documents", Migrations: migrations, Schemas: []data.Schema{table.Schema()}, Mount: s.mount}
}

// A Service holds the rules for documents: everybody reads and changes their
// own, and to anybody else they do not exist.
type Service struct {
	data.Service[Document, Create, Update]
	files  *file.Store
	keeper *file.Keeper[Document]
}

// NewService returns the service of an app.
func NewService(env domain.Env) *Service {
	s := &Service{files: env.Files, keeper: file.Keep(env.Files, table, limits)}
	s.DB, s.Table = env.DB, table
	s.Fill = func(ctx context.Context, d *Document) error {
		d.OwnerID = users.IDOf(auth.From(ctx).Subject)
		return auth.Check(ctx, "") // somebody must own it
	}
	s.Visible = func(ctx context.Context) (data.Filter[Document], error) {
		return ownerID.Eq(users.IDOf(auth.From(ctx).Subject)), nil
	}
	s.Deleted = s.keeper.Deleted // the file goes with its row
	return s
}

// Update changes a document, and removes the file that it had if it has
// another. It stands before the Update of data.Service.
func (s *Service) Update(ctx context.Context, key data.Key[Document], in Update, version ...data.Version) (Document, error) {
	return s.keeper.Update(ctx, data.KeysIn(table, key), func(tx *data.Tx) (Document, error) {
		return s.UpdateIn(ctx, tx, key, in, version...)
	})
}

// upload stores what a form brings, if it brings a file, and calls save with it.
func (s *Service) upload(ctx context.Context, up *web.Upload, save func(*file.File) error) error {
	if up == nil {
		return save(nil)
	}
	return s.keeper.Save(ctx, up, file.Put{Filename: up.Filename}, func(f file.File) error { return save(&f) })
}

// An answer is a document as people see it.
type answer struct {
	Location string `header:"Location"`
	Body     View
}

func (s *Service) create(ctx context.Context, in *creating) (out *answer, err error) {
	var d Document
	err = s.upload(ctx, in.File, func(f *file.File) error {
		d, err = s.Create(ctx, Create{Name: in.Name, File: f})
		return err
	})
	if err != nil {
		return nil, err
	}
	out = &answer{Location: web.LocationOf(ctx, d.ID.String())}
	out.Body, err = s.view(ctx, &d)
	return out, err
}

func (s *Service) update(ctx context.Context, in *updating) (out *struct{ Body View }, err error) {
	d, err := s.Get(ctx, in.ID) // before its file is read
	if err != nil {
		return nil, err
	}
	err = s.upload(ctx, in.File, func(f *file.File) error {
		var u Update
		if in.Name != nil {
			u.Name = patch.Of(*in.Name)
		}
		if f != nil {
			u.File = patch.Of(*f)
		}
		d, err = s.Update(ctx, in.ID, u, in.IfMatch.Version())
		return err
	})
	if err != nil {
		return nil, err
	}
	out = new(struct{ Body View })
	out.Body, err = s.view(ctx, &d)
	return out, err
}

func (s *Service) mount(r *web.Router) {
	tag := web.Tag("Documents")
	// Reading and deleting are as with any table; what comes as a form is our own.
	web.Mount(r, "/documents", s, web.SignedIn, web.SignedIn, tag, web.Without("POST", "PATCH"), web.View(s.show))
	web.Handle(r, "POST /documents", s.create, web.SignedIn, tag, web.Status(201), web.OperationID("createDocument"))
	web.Handle(r, "PATCH /documents/{id}", s.update, web.SignedIn, tag, web.OperationID("updateDocument"))
}

// show is view for lists and rows, whose files can always be signed: what may
// fail is an address for too long a time.
func (s *Service) show(ctx context.Context, d *Document) View {
	v, err := s.view(ctx, d)
	if err != nil {
		v.FileURL = nil
	}
	return v
}
