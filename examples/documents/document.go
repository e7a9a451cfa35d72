// Package documents is an example of a domain with a file column: documents
// that people upload, and read and change as long as they are theirs.
package documents

import (
	"context"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/web"
)

// A Document is a name and a file, maybe, owned by the user who made it.
type Document struct {
	data.Audited[Document]
	OwnerID users.ID   `json:"owner_id" db:"owner_id,references=users,ondelete=cascade,index"`
	Name    string     `json:"name" db:"name,size=255,search,sort"`
	File    *file.File `json:"file" db:"file,json"`
}

// An ID names a document.
type ID = data.ID[Document]

var (
	table    = data.NewTable[Document]("documents")
	ownerID  = data.Col[users.ID](table, "owner_id")
	name     = data.TextCol(table, "name")
	fileCell = data.Col[file.File](table, "file")
)

// limits are what a document's file must hold to.
var limits = file.Limits{MaxSize: 10 << 20, Types: []string{"application/pdf", "image/*", "text/plain"}}

// Validate reports what is wrong with a document.
func (d *Document) Validate() error {
	if d.Name == "" {
		return fault.Field("name", "may not be empty")
	}
	return nil
}

// Create is what a new document is made of.
type Create struct {
	Name string
	File *file.File
}

// New returns the document that c asks for, without an owner.
func (c Create) New() Document { return Document{Name: c.Name, File: c.File} }

// Update is what changes of a document.
type Update struct {
	Name patch.Field[string]
	File patch.Field[file.File]
}

// Changes returns the columns that u changes.
func (u Update) Changes() []data.Change[Document] {
	return []data.Change[Document]{name.Patch(u.Name), fileCell.Patch(u.File)}
}

// A View is a document as people see it: with an address for its file, and
// nothing of where that is kept.
type View struct {
	ID       ID      `json:"id"`
	Name     string  `json:"name"`
	Filename *string `json:"filename"`
	Size     *int64  `json:"size"`
	FileURL  *string `json:"file_url" doc:"good for 15 minutes"`

	version data.Version
}

// Version returns the state of the document.
func (v View) Version() data.Version { return v.version }

// view shows a document to somebody who may read it.
func (s *Service) view(ctx context.Context, d *Document) (View, error) {
	v := View{ID: d.ID, Name: d.Name, version: d.Version()}
	if d.File == nil {
		return v, nil
	}
	address, err := s.files.URL(ctx, *d.File, file.Link{})
	v.Filename, v.Size, v.FileURL = &d.File.Filename, &d.File.Size, &address
	return v, err
}

// creating is a form with a document in it.
type creating struct {
	Name string      `form:"name" required:"true" minLength:"1" maxLength:"255"`
	File *web.Upload `form:"file" doc:"A PDF, an image or plain text of at most 10 MiB."`
}

// updating is a form with what is to change.
type updating struct {
	ID      ID          `path:"id"`
	IfMatch web.IfMatch `header:"If-Match"`
	Name    *string     `form:"name" minLength:"1" maxLength:"255"`
	File    *web.Upload `form:"file" doc:"A PDF, an image or plain text of at most 10 MiB."`
}
