package data

import "time"

// Identified gives a model its identity. Embed it, or Audited.
type Identified[T any] struct {
	ID ID[T] `json:"id" db:"id,primary"`
}

// Audited gives a model its identity and the times of its creation and its last
// change, in UTC with microseconds. Add fills what is zero and keeps what is
// not, as an import needs. Every change that makes a column other than it was
// moves UpdatedAt, to a later time than it was, so that it tells versions
// apart; a change that names UpdatedAt itself sets it, and columns marked quiet
// do not move it.
type Audited[T any] struct {
	ID        ID[T]     `json:"id" db:"id,primary"`
	CreatedAt time.Time `json:"created_at" db:"created_at,index,sort"`
	UpdatedAt time.Time `json:"updated_at" db:"updated_at,sort"`
}

// Version returns what a caller must name to change exactly this state of the
// row.
func (a Audited[T]) Version() Version { return VersionAt(a.UpdatedAt) }

// Versioned is Audited with a number that grows by one whenever UpdatedAt would
// move, and that starts at 1, also for the rows that a table has when it gets
// the column. It tells versions apart by itself, also for rows whose UpdatedAt is
// set by hand. Embed it in place of Audited.
//
// A table whose rows have another identity gets the same from a field of the
// type Version, which its method Version() Version returns.
type Versioned[T any] struct {
	Audited[T]
	Number Version `json:"version" db:"version,default=1"`
}

// Version returns what a caller must name to change exactly this state of the
// row.
func (v Versioned[T]) Version() Version { return v.Number }

// A Version is one state of a row: its number where the table has a column of
// this type, otherwise the microseconds from 1970 to its UpdatedAt. The zero
// Version matches any.
type Version int64

// VersionAt returns the version of an audited row that changed last at t, zero
// for the zero time.
func VersionAt(t time.Time) Version {
	if t.IsZero() {
		return 0
	}
	return Version(t.UnixMicro())
}

// IsZero reports whether v matches any state.
func (v Version) IsZero() bool { return v == 0 }

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
