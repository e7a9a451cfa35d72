package data

import "time"

// Identified gives a model its identity. Embed it, or Audited.
type Identified[T any] struct {
	ID ID[T] `json:"id" db:"id,primary"`
}

// Audited gives a model its identity and the times of its creation and its last
// change, in UTC with microseconds. Add fills what is zero; every change moves
// UpdatedAt, to a later time than it was, so that it tells versions apart.
type Audited[T any] struct {
	ID        ID[T]     `json:"id" db:"id,primary"`
	CreatedAt time.Time `json:"created_at" db:"created_at,index,sort"`
	UpdatedAt time.Time `json:"updated_at" db:"updated_at,sort"`
}

// Version returns what a caller must name to change exactly this state of the
// row.
func (a Audited[T]) Version() Version { return Version(a.UpdatedAt) }

// A Version is one state of an audited row. The zero Version matches any.
type Version time.Time

// IsZero reports whether v matches any state.
func (v Version) IsZero() bool { return time.Time(v).IsZero() }

// Numbered gives a model a number that the database makes as its identity. Embed
// it, with Times if the model is to know those.
type Numbered[T any] struct {
	ID Serial[T] `json:"id" db:"id,primary"`
}

// NanoIdentified gives a model a short random text as its identity. Embed it,
// with Times if the model is to know those.
type NanoIdentified[T any] struct {
	ID NanoID[T] `json:"id" db:"id,primary"`
}

// Times gives a model what Audited has beside the identity. Embed it in a model
// whose primary key is not an ID.
type Times struct {
	CreatedAt time.Time `json:"created_at" db:"created_at,index,sort"`
	UpdatedAt time.Time `json:"updated_at" db:"updated_at,sort"`
}

// Version returns what a caller must name to change exactly this state of the
// row.
func (t Times) Version() Version { return Audited[Times]{UpdatedAt: t.UpdatedAt}.Version() }
