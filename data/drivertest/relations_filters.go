package drivertest

import (
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

var existsTests = []test{
	{"filters", func(s suite) { // AT-F: exists and not-exists, and, or, empty
		l := s.library()
		first := l.books["b2"].CreatedAt // only a3 is older
		for _, x := range []struct {
			what  string
			where data.Filter[author]
			want  string
		}{
			{"some", authorBooks.Some(bookName.Eq("a1")), "[ann]"},
			{"some of any", authorBooks.Some(), "[ann bob]"},
			{"some of an empty or", authorBooks.Some(data.Any[book]()), "[]"},
			{"and", authorBooks.Some(bookYear.Gt(2000), bookHouse.Where(houseName.Eq("Ace"))), "[ann]"},
			{"and, by different books", data.All(authorBooks.Some(bookName.Eq("a2")), authorBooks.Some(bookYear.Eq(1999))), "[ann]"},
			{"and, by one book", authorBooks.Some(bookName.Eq("a2"), bookYear.Eq(1999)), "[]"},
			{"or", authorBooks.Some(data.Any(bookName.Eq("a2"), bookName.Eq("b1"))), "[ann bob]"},
			{"none", authorBooks.None(bookName.Eq("a1")), "[bob eve]"},
			{"none of any", authorBooks.None(), "[eve]"},
			{"none of an empty or", authorBooks.None(data.Any[book]()), "[ann bob eve]"},
			{"not", data.Not(authorBooks.Some(bookName.Eq("a1"))), "[bob eve]"},
			{"every", authorBooks.Every(bookYear.Gt(2000)), "[bob eve]"},
			{"every, where one is NULL", authorBooks.Every(bookYear.Gt(1900)), "[bob eve]"},
			{"every of those there", authorBooks.Only(bookYear.NotNull()).Every(bookYear.Gt(1900)), "[ann bob eve]"},
			{"every, of any", authorBooks.Every(), "[ann bob eve]"},
			{"every, of none", authorBooks.Every(data.Nothing[book]()), "[eve]"},
			{"or outside", data.Any(authorBooks.Some(bookName.Eq("b1")), authorName.Eq("eve")), "[bob eve]"},
			{"the inner name", authorBooks.Some(bookName.Eq("ann")), "[]"},
			{"both names", data.All(authorName.Eq("ann"), authorBooks.Some(bookName.HasPrefix("a"), bookName.NotIn("a1", "a2"))), "[ann]"},
			{"the inner time", authorBooks.Some(bookCreated.Lt(first)), "[ann]"},
			{"one", authorDesk.Where(deskName.Eq("elm")), "[bob]"},
			{"no one", authorDesk.None(), "[eve]"},
			{"no such one", authorDesk.None(deskName.Eq("elm")), "[ann eve]"},
			{"mentor", authorMentor.Where(authorName.Eq("ann")), "[bob]"},
			{"mentor's mentor", authorMentor.Where(authorMentor.Where(authorName.Eq("ann"))), "[eve]"},
			{"no mentor", authorMentor.None(), "[ann]"},
			{"pupils", authorPupils.Some(authorName.Eq("eve")), "[bob]"},
			{"pupils' pupils", authorPupils.Some(authorPupils.Some(authorName.Eq("eve"))), "[ann]"},
			{"pupils who wrote", authorPupils.Some(authorBooks.Some()), "[ann]"},
			{"no pupils who wrote", authorPupils.None(authorBooks.Some()), "[bob eve]"},
			{"topics", authorBooks.Some(bookTopicsOf.Some(topicName.Eq("war"))), "[bob]"},
			{"the topic's time, and not the link's", authorBooks.Some(bookTopicsOf.Some(topicCreated.Eq(l.eve.CreatedAt))), "[bob]"},
			{"no topics", authorBooks.Some(bookTopicsOf.None()), "[ann bob]"},
			{"topics of some", authorBooks.Some(bookTopicsOf.Only(topicName.Ne("space")).Some()), "[ann bob]"},
			{"there and back", authorBooks.Some(bookAuthor.Where(authorName.Eq("bob"), authorDesk.Where())), "[bob]"},
		} {
			s.same(x.what, l.named(s, x.where), x.want)
		}
	}},
	{"where rows are written", func(s suite) {
		l := s.library()
		n, err := authors.On(l.db).Count(s.ctx, authorPupils.Some(authorBooks.Some(bookName.Eq("b1"))))
		s.ok(err)
		s.same("count", n, 1)
		there, err := authors.On(l.db).Exists(s.ctx, authorPupils.Some(authorName.Eq("ann")))
		s.ok(err)
		s.same("exists", there, false)
		n, err = authors.On(l.db).UpdateWhere(s.ctx, authorPupils.Some(authorName.Eq("eve")), authorName.Set("rob"))
		s.ok(err)
		s.same("updated", n, 1)
		w, err := authors.On(l.db).UpdateOne(s.ctx, authorMentor.Where(authorName.Eq("rob")), authorName.Set("eva"))
		s.ok(err)
		s.same("updated", w.ID, l.eve.ID)
		n, err = authors.On(l.db).DeleteWhere(s.ctx, data.All(authorBooks.None(), authorPupils.None()))
		s.ok(err)
		s.same("deleted", n, 1)
		b, err := books.On(l.db).DeleteOne(s.ctx, data.All(bookHouse.Where(houseName.Eq("Orbit")), bookAuthor.Where(authorName.Eq("rob"))))
		s.ok(err)
		s.same("deleted", b.Name, "b1")
	}},
}

// What happens to a row when the row that it refers to is deleted is declared
// with the column.
var referenceTests = []test{
	{"cascade", func(s suite) {
		l := s.library()
		s.ok(authors.On(l.db).Delete(s.ctx, l.ann.ID))
		count(s, l.db, books, 2)
		count(s, l.db, bookTopics, 2) // those of b1
		count(s, l.db, desks, 1)
		count(s, l.db, topics, 3)
	}},
	{"restrict", func(s suite) {
		l := s.library()
		_, err := houses.On(l.db).DeleteWhere(s.ctx, houseName.Eq("Orbit"))
		s.is(err, fault.Conflict)
		if e, ok := asFault(err); !ok || e.Code != "REFERENCE" {
			s.Errorf("the code of %v", err)
		}
		count(s, l.db, houses, 2)
		_, err = books.On(l.db).UpdateWhere(s.ctx, houseID.Eq("orb"), houseID.SetNull())
		s.ok(err)
		_, err = houses.On(l.db).DeleteWhere(s.ctx, houseName.Eq("Orbit"))
		s.ok(err)
	}},
	{"null", func(s suite) {
		l := s.library()
		s.ok(authors.On(l.db).Delete(s.ctx, l.bob.ID))
		eve, err := authors.On(l.db).With(authorMentor).Get(s.ctx, l.eve.ID)
		s.ok(err)
		if eve.Mentor != nil || eve.Mentored != nil {
			s.Errorf("eve's mentor is %v, %v", eve.Mentor, eve.Mentored)
		}
	}},
	{"to nothing", func(s suite) {
		l := s.library()
		nobody := data.ID[author]{1}
		for what, err := range map[string]error{
			"add":    books.On(l.db).Add(s.ctx, &book{Name: "x", AuthorID: nobody}),
			"update": second(books.On(l.db).Update(s.ctx, l.books["a1"].ID, houseID.Set("none"))),
			"bulk":   books.On(l.db).AddAll(s.ctx, []book{{Name: "x", AuthorID: l.ann.ID}, {Name: "y", AuthorID: nobody}}),
			"link":   second(bookTopicsOf.Add(s.ctx, l.db, l.books["a2"].ID, 1, 9)),
			"set":    bookTopicsOf.Set(s.ctx, l.db, l.books["a1"].ID, 9),
		} {
			s.is(err, fault.Conflict)
			if e, ok := asFault(err); !ok || e.Code != "REFERENCE" {
				s.Errorf("%s: the code of %v", what, err)
			}
		}
		count(s, l.db, books, 5)
		count(s, l.db, bookTopics, 5)
	}},
}

func second[T any](_ T, err error) error { return err }

var linkTests = []test{
	{"add", func(s suite) {
		l := s.library()
		id := l.books["a2"].ID
		n, err := bookTopicsOf.Add(s.ctx, l.db, id, 3, 1, 3)
		s.ok(err)
		l.statements(s, "an add", 1)
		s.same("added", n, 2)
		n, err = bookTopicsOf.Add(s.ctx, l.db, id, 2, 1)
		s.ok(err)
		s.same("added more", n, 1)
		n, err = bookTopicsOf.Add(s.ctx, l.db, id)
		s.ok(err)
		s.same("added none", n, 0)
		s.same("topics", l.about(s, id), "[space love war]")
		rows, err := bookTopics.On(l.db).List(s.ctx, data.Query[bookTopic]{Where: linkBook.Eq(id)})
		s.ok(err)
		for _, r := range rows.Items {
			if r.ID.IsZero() || r.CreatedAt.IsZero() {
				s.Errorf("a link was not filled in: %+v", r)
			}
		}
	}},
	{"remove", func(s suite) {
		l := s.library()
		id := l.books["a1"].ID
		n, err := bookTopicsOf.Remove(s.ctx, l.db, id, 1, 3)
		s.ok(err)
		l.statements(s, "a remove", 1)
		s.same("removed", n, 1)
		s.same("topics", l.about(s, id), "[love]")
		n, err = bookTopicsOf.Remove(s.ctx, l.db, id)
		s.ok(err)
		s.same("removed none", n, 0)
		s.same("of another", l.about(s, l.books["a3"].ID), "[space]")
	}},
	{"set", func(s suite) {
		l := s.library()
		id := l.books["a1"].ID // space, love
		before, err := bookTopics.On(l.db).GetBy(s.ctx, linkBook.Eq(id), linkTopic.Eq(2))
		s.ok(err)
		l.count.Reset()
		s.ok(bookTopicsOf.Set(s.ctx, l.db, id, 2, 3, 3))
		l.statements(s, "a set", 4) // lock, read, remove, add
		s.same("topics", l.about(s, id), "[love war]")
		after, err := bookTopics.On(l.db).GetBy(s.ctx, linkBook.Eq(id), linkTopic.Eq(2))
		s.ok(err)
		s.same("what stays", after, before)
		l.count.Reset()
		s.ok(bookTopicsOf.Set(s.ctx, l.db, id, 3, 2))
		l.statements(s, "a set that is there", 2)
		s.is(bookTopicsOf.Set(s.ctx, l.db, id, 1, 9), fault.Conflict)
		s.same("after a failure", l.about(s, id), "[love war]")
		s.ok(bookTopicsOf.Set(s.ctx, l.db, id))
		s.same("emptied", l.about(s, id), "[]")
		s.same("of another", l.about(s, l.books["b1"].ID), "[space war]")
		s.is(bookTopicsOf.Set(s.ctx, l.db, data.ID[book]{1}, 1), fault.NotFound)
		s.ok(topicBooks.Set(s.ctx, l.db, 2, id, l.books["b2"].ID))
		s.same("from the other end", l.about(s, id), "[love]")
		undone := l.db.Tx(s.ctx, func(tx *data.Tx) error {
			s.ok(bookTopicsOf.Set(s.ctx, tx, id, 1))
			return fault.Errorf(fault.Invalid, "no")
		})
		s.is(undone, fault.Invalid)
		s.same("undone", l.about(s, id), "[love]")
	}},
	{"set at the same time", func(s suite) {
		l := s.library()
		id := l.books["a1"].ID
		done := make(chan error)
		sets := [][]int64{{1}, {2}, {3}, {1, 2}, {2, 3}}
		for _, set := range sets {
			go func() { done <- bookTopicsOf.Set(s.ctx, l.db, id, set...) }()
		}
		for range sets {
			s.ok(<-done)
		}
		got, one := l.about(s, id), false
		for _, want := range []string{"[space]", "[love]", "[war]", "[space love]", "[love war]"} {
			one = one || got == want
		}
		if !one {
			s.Errorf("the topics are %s, which nobody set", got)
		}
	}},
}

// about returns the names of a book's topics by their keys.
func (l *library) about(s suite, id data.ID[book]) string {
	s.Helper()
	b, err := books.On(l.db).With(bookTopicsOf).Get(s.ctx, id)
	s.ok(err)
	return topicsOf(b)
}
