package main

import (
	"net/url"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

// A Bookmark is a row of the table bookmarks. Its address is unique among those that are not deleted.
type Bookmark struct {
	data.Versioned[Bookmark]
	data.SoftDeleted
	URL    string   `json:"url" db:"url,size=2000"`
	Title  string   `json:"title" db:"title,size=200,search,sort"`
	Tags   []string `json:"tags" db:"tags,size=40"`
	Visits int      `json:"visits" db:"visits,default=0,quiet"`
}

// A Visit says when somebody followed a bookmark. It is gone when the bookmark is purged.
type Visit struct {
	ID       data.Serial[Visit] `json:"id" db:"id,primary"`
	Bookmark data.ID[Bookmark]  `json:"-" db:"bookmark_id,references=bookmarks,ondelete=cascade"`
	At       time.Time          `json:"at" db:"at"`
}

// Misspelt columns, and tags that make no sense, stop the program here.
var (
	bookmarks = data.NewTable[Bookmark]("bookmarks", data.UniqueAlive("url"))
	address   = data.Col[string](bookmarks, "url")
	title     = data.TextCol(bookmarks, "title")
	tags      = data.ListCol[string](bookmarks, "tags")
	visitsOf  = data.Col[int](bookmarks, "visits")

	visits = data.NewTable[Visit]("visits")
)

// Validate is asked before a bookmark is created and after it was changed.
func (b *Bookmark) Validate() error {
	var wrong []error
	if b.Title == "" {
		wrong = append(wrong, fault.Field("title", "may not be empty"))
	}
	if u, err := url.Parse(b.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		wrong = append(wrong, fault.Field("url", "must be an address of the web"))
	}
	return fault.Fields(wrong...)
}

// Create is a request for a new bookmark.
type Create struct {
	URL   string   `json:"url"`
	Title string   `json:"title"`
	Tags  []string `json:"tags"`
}

// New returns the bookmark that c asks for.
func (c Create) New() Bookmark { return Bookmark{URL: c.URL, Title: c.Title, Tags: c.Tags} }

// Update is a request to change a bookmark. What is not sent stays as it is.
type Update struct {
	Title patch.Field[string]   `json:"title,omitzero"`
	Tags  patch.Field[[]string] `json:"tags,omitzero"`
}

// Changes returns the columns that u changes.
func (u Update) Changes() []data.Change[Bookmark] {
	return []data.Change[Bookmark]{title.Patch(u.Title), tags.Patch(u.Tags)}
}
