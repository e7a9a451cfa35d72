package drivertest

import (
	"fmt"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
)

// The tables of a library, which are related in every way. Their columns have
// the same names, so that a filter that confused two tables would be wrong and
// not an error.
type (
	author struct {
		data.Audited[author]
		Name   string           `json:"name" db:"name,size=100,filter,search"`
		Mentor *data.ID[author] `json:"mentor_id" db:"mentor_id,references=authors,ondelete=null"`

		Books    []book   `json:"books,omitzero"`
		Pupils   []author `json:"pupils,omitzero"`
		Mentored *author  `json:"mentor,omitzero"`
		Desk     *desk    `json:"desk,omitzero"`
		HowMany  int      `json:"how_many,omitzero"`
	}
	book struct {
		data.Audited[book]
		Name     string          `json:"name" db:"name,filter,search"`
		AuthorID data.ID[author] `json:"author_id" db:"author_id,references=authors,ondelete=cascade"`
		HouseID  *string         `json:"house_id" db:"house_id,references=houses,ondelete=restrict"`
		Year     *int            `json:"year" db:"year,filter"`

		Author *author `json:"author,omitzero"`
		House  *house  `json:"house,omitzero"`
		Topics []topic `json:"topics,omitzero"`
		Themes int     `json:"themes,omitzero"`
	}
	house struct { // has a text for a key
		ID    string `json:"id" db:"id,primary"`
		Name  string `json:"name" db:"name,filter"`
		Books []book `json:"books,omitzero"`
	}
	topic struct { // has a number for a key
		ID        int64     `json:"id" db:"id,primary"`
		Name      string    `json:"name" db:"name,filter"`
		CreatedAt time.Time `json:"created_at" db:"created_at"`
		Books     []book    `json:"books,omitzero"`
	}
	bookTopic struct {
		data.Audited[bookTopic]
		BookID  data.ID[book] `db:"book_id,references=books,ondelete=cascade"`
		TopicID int64         `db:"topic_id,references=topics,ondelete=cascade"`
	}
	desk struct {
		data.Identified[desk]
		AuthorID data.ID[author] `json:"author_id" db:"author_id,unique,references=authors,ondelete=cascade"`
		Name     string          `json:"name" db:"name,filter"`
	}
)

var (
	authors    = data.NewTable[author]("authors")
	books      = data.NewTable[book]("books")
	houses     = data.NewTable[house]("houses")
	topics     = data.NewTable[topic]("topics")
	bookTopics = data.NewTable[bookTopic]("book_topics", data.UniqueOn("book_id", "topic_id"))
	desks      = data.NewTable[desk]("desks")

	authorName   = data.TextCol(authors, "name")
	mentorID     = data.Col[data.ID[author]](authors, "mentor_id")
	bookName     = data.TextCol(books, "name")
	bookYear     = data.Col[int](books, "year")
	bookCreated  = data.Col[time.Time](books, "created_at")
	authorID     = data.Col[data.ID[author]](books, "author_id")
	houseID      = data.Col[string](books, "house_id")
	houseName    = data.TextCol(houses, "name")
	topicID      = data.Col[int64](topics, "id")
	topicName    = data.TextCol(topics, "name")
	topicCreated = data.Col[time.Time](topics, "created_at")
	linkBook     = data.Col[data.ID[book]](bookTopics, "book_id")
	linkTopic    = data.Col[int64](bookTopics, "topic_id")
	deskAuthor   = data.Col[data.ID[author]](desks, "author_id")
	deskName     = data.TextCol(desks, "name")

	authorBooks  = data.HasMany(authors, books, authorID, func(w *author) *[]book { return &w.Books })
	authorPupils = data.HasMany(authors, authors, mentorID, func(w *author) *[]author { return &w.Pupils })
	authorMentor = data.BelongsTo(authors, authors, mentorID, func(w *author) **author { return &w.Mentored })
	authorDesk   = data.HasOne(authors, desks, deskAuthor, func(w *author) **desk { return &w.Desk })
	bookAuthor   = data.BelongsTo(books, authors, authorID, func(b *book) **author { return &b.Author })
	bookHouse    = data.BelongsTo(books, houses, houseID, func(b *book) **house { return &b.House })
	houseBooks   = data.HasMany(houses, books, houseID, func(h *house) *[]book { return &h.Books })
	bookTopicsOf = data.ManyToMany(books, topics, bookTopics, linkBook, linkTopic, func(b *book) *[]topic { return &b.Topics })
	topicBooks   = data.ManyToMany(topics, books, bookTopics, linkTopic, linkBook, func(t *topic) *[]book { return &t.Books })
)

// A library is what library stores: ann wrote a1 to a3, the pupil bob b1 and
// b2, and eve, a pupil of bob, nothing.
type library struct {
	db            *data.DB
	count         *datatest.Counter
	ann, bob, eve author
	books         map[string]book
}

func (s suite) library() *library {
	s.Helper()
	l := &library{books: map[string]book{}}
	l.db, l.count = datatest.Count(s.db(authors.Schema(), houses.Schema(), topics.Schema(), books.Schema(), bookTopics.Schema(), desks.Schema()))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }

	l.ann.Name, l.bob.Name, l.eve.Name = "ann", "bob", "eve"
	for i, w := range []*author{&l.ann, &l.bob, &l.eve} {
		w.CreatedAt, w.UpdatedAt = at(i), at(i)
		s.ok(authors.On(l.db).Add(s.ctx, w))
		id := w.ID
		switch w {
		case &l.ann:
			l.bob.Mentor = &id
		case &l.bob:
			l.eve.Mentor = &id
		}
	}
	s.ok(houses.On(l.db).AddAll(s.ctx, []house{{ID: "ace", Name: "Ace"}, {ID: "orb", Name: "Orbit"}}))
	for i, n := range []string{"space", "love", "war"} {
		s.ok(topics.On(l.db).Add(s.ctx, &topic{ID: int64(i + 1), Name: n, CreatedAt: at(i)}))
	}
	s.ok(desks.On(l.db).AddAll(s.ctx, []desk{{AuthorID: l.ann.ID, Name: "oak"}, {AuthorID: l.bob.ID, Name: "elm"}}))
	for i, b := range []book{
		{Name: "a1", AuthorID: l.ann.ID, HouseID: ptr("ace"), Year: ptr(1999)},
		{Name: "b1", AuthorID: l.bob.ID, HouseID: ptr("orb"), Year: ptr(2001)},
		{Name: "a2", AuthorID: l.ann.ID, HouseID: ptr("orb")},
		{Name: "b2", AuthorID: l.bob.ID, Year: ptr(2009)},
		{Name: "a3", AuthorID: l.ann.ID, HouseID: ptr("ace"), Year: ptr(2005)},
	} {
		b.CreatedAt, b.UpdatedAt = at(10-i), at(10-i)
		s.ok(books.On(l.db).Add(s.ctx, &b))
		l.books[b.Name] = b
	}
	for name, of := range map[string][]int64{"a1": {1, 2}, "a3": {1}, "b1": {3, 1}} {
		_, err := bookTopicsOf.Add(s.ctx, l.db, l.books[name].ID, of...)
		s.ok(err)
	}
	l.count.Reset()
	return l
}

// all returns the authors by name, with what is loaded.
func (l *library) all(s suite, loads ...data.Load[author]) map[string]author {
	s.Helper()
	page, err := authors.On(l.db).List(s.ctx, data.Query[author]{Load: loads})
	s.ok(err)
	out := map[string]author{}
	for _, w := range page.Items {
		out[w.Name] = w
	}
	return out
}

// statements fails the test unless n statements ran since the last call.
func (l *library) statements(s suite, what string, n int) {
	s.Helper()
	if got := l.count.Statements(); len(got) != n {
		s.Errorf("%s took %d statements, want %d:\n%q", what, len(got), n, got)
	}
	l.count.Reset()
}

// titles is what the books are called, as fmt prints it: [] for none, nil for
// not loaded.
func titles(rows []book) string {
	if rows == nil {
		return "nil"
	}
	out := make([]string, len(rows))
	for i, b := range rows {
		out[i] = b.Name
	}
	return fmt.Sprint(out)
}

func topicsOf(b book) string {
	if b.Topics == nil {
		return "nil"
	}
	out := make([]string, len(b.Topics))
	for i, t := range b.Topics {
		out[i] = t.Name
	}
	return fmt.Sprint(out)
}
