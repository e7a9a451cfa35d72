package main

import (
	"context"

	"github.com/manorgo/manor/data"
)

// A Store is what the program does with bookmarks. What a service has, Create, Get, List, Update and Delete, it has too.
type Store struct {
	data.Service[Bookmark, Create, Update]
}

// NewStore returns the store of a database.
func NewStore(db *data.DB) *Store {
	return &Store{data.Service[Bookmark, Create, Update]{DB: db, Table: bookmarks}}
}

// Follow counts a visit and notes when it was, both or neither, and returns the bookmark.
func (s *Store) Follow(ctx context.Context, id data.ID[Bookmark]) (b Bookmark, err error) {
	err = s.DB.Tx(ctx, func(tx *data.Tx) error {
		b, err = bookmarks.On(tx).Update(ctx, id, visitsOf.Plus(1))
		if err != nil {
			return err
		}
		return visits.On(tx).Add(ctx, &Visit{Bookmark: id, At: s.DB.Now()})
	})
	return b, err
}

// Import stores all of a file or nothing, and reports how many were new: those that are there take the file's title and
// tags. It runs outside of any request.
func (s *Store) Import(ctx context.Context, rows []Bookmark) (added int, err error) {
	err = s.DB.Tx(ctx, func(tx *data.Tx) error {
		added = 0
		for i := range rows {
			if err := rows[i].Validate(); err != nil {
				return err
			}
			there, found, err := bookmarks.On(tx).Find(ctx, address.Eq(rows[i].URL))
			if err != nil {
				return err
			}
			if found {
				_, err = bookmarks.On(tx).Update(ctx, there.ID, title.Set(rows[i].Title), tags.Set(rows[i].Tags))
			} else {
				added++
				err = bookmarks.On(tx).Add(ctx, &rows[i])
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return added, err
}
