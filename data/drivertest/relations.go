package drivertest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

var relationTests = []test{
	{"has many", func(s suite) {
		l := s.library()
		all := l.all(s, authorBooks)
		l.statements(s, "a list with books", 2)
		s.same("ann's", titles(all["ann"].Books), "[a1 a2 a3]")
		s.same("bob's", titles(all["bob"].Books), "[b1 b2]")
		s.same("eve's", titles(all["eve"].Books), "[]")
		s.same("a whole row", all["bob"].Books[0], l.books["b1"])
		text, err := json.Marshal(all["eve"])
		s.ok(err)
		if !strings.Contains(string(text), `"books":[]`) || strings.Contains(string(text), "pupils") {
			s.Errorf("in JSON: %s", text)
		}
		// The lists are the rows' own.
		_ = append(all["ann"].Books, book{Name: "other"})
		s.same("bob's after ann's grew", titles(all["bob"].Books), "[b1 b2]")
	}},
	{"not asked for", func(s suite) {
		l := s.library()
		w, err := authors.On(l.db).Get(s.ctx, l.ann.ID)
		s.ok(err)
		l.statements(s, "a get", 1)
		s.same("books", titles(w.Books), "nil")
		if w.Desk != nil || w.Mentored != nil || w.Pupils != nil {
			s.Errorf("something was loaded: %+v", w)
		}
	}},
	{"belongs to", func(s suite) {
		l := s.library()
		page, err := books.On(l.db).With(bookAuthor).List(s.ctx, data.Query[book]{Load: []data.Load[book]{bookHouse}, Order: data.By(bookName.Asc())})
		s.ok(err)
		l.statements(s, "a list with authors and houses", 3)
		got := ""
		for _, b := range page.Items {
			got += b.Name + "-" + b.Author.Name
			if b.House != nil {
				got += "-" + b.House.Name
			}
			got += " "
		}
		s.same("books", got, "a1-ann-Ace a2-ann-Orbit a3-ann-Ace b1-bob-Orbit b2-bob ")
		if page.Items[0].Author != page.Items[1].Author {
			s.Error("two books of one author hold two of him")
		}
		none := []book{{HouseID: nil, House: &house{}}}
		s.ok(books.On(l.db).Load(s.ctx, none, bookHouse))
		if none[0].House != nil {
			s.Error("a house was left where there is none")
		}
		l.statements(s, "a load without keys", 0)
		s.ok(books.On(l.db).Load(s.ctx, nil, bookHouse))
		l.statements(s, "a load without rows", 0)
	}},
	{"has one", func(s suite) {
		l := s.library()
		all := l.all(s, authorDesk)
		l.statements(s, "a list with desks", 2)
		if all["ann"].Desk.Name != "oak" || all["bob"].Desk.Name != "elm" || all["eve"].Desk != nil {
			s.Errorf("desks: %v %v %v", all["ann"].Desk, all["bob"].Desk, all["eve"].Desk)
		}
	}},
	{"many to many", func(s suite) {
		l := s.library()
		page, err := books.On(l.db).List(s.ctx, data.Query[book]{Order: data.By(bookName.Asc()), Load: []data.Load[book]{
			bookTopicsOf.OrderBy(topicName.Asc()), bookTopicsOf.Count(func(b *book) *int { return &b.Themes }),
		}})
		s.ok(err)
		l.statements(s, "a list with topics and their number", 3)
		got := ""
		for _, b := range page.Items {
			got += fmt.Sprintf("%s%s%d ", b.Name, topicsOf(b), b.Themes)
		}
		s.same("topics", got, "a1[love space]2 a2[]0 a3[space]1 b1[space war]2 b2[]0 ")
		t, err := topics.On(l.db).With(topicBooks.OrderBy(bookName.Desc())).GetBy(s.ctx, topicID.Eq(1))
		s.ok(err)
		s.same("the other way", titles(t.Books), "[b1 a3 a1]")
		t, err = topics.On(l.db).With(topicBooks.OrderBy(bookName.Desc()).Limit(2).Only(bookName.Ne("a3"))).GetBy(s.ctx, topicID.Eq(1))
		s.ok(err)
		s.same("two of them", titles(t.Books), "[b1 a1]")
	}},
	{"nested", func(s suite) {
		l := s.library()
		all := l.all(s, authorBooks.With(bookHouse.With(houseBooks), bookTopicsOf), authorPupils.With(authorPupils.With(authorMentor)))
		l.statements(s, "seven relations", 8)
		s.same("of the house", titles(all["ann"].Books[0].House.Books), "[a1 a3]")
		s.same("topics", topicsOf(all["bob"].Books[0]), "[space war]")
		eve := all["ann"].Pupils[0].Pupils[0]
		if eve.Name != "eve" || eve.Mentored.Name != "bob" || eve.Pupils != nil {
			s.Errorf("the pupil's pupil is %+v", eve)
		}
	}},
	{"options", func(s suite) {
		l := s.library()
		for what, x := range map[string]struct {
			load data.Load[author]
			want string
		}{
			"order":             {authorBooks.OrderBy(bookName.Desc()), "[a3 a2 a1] [b2 b1] []"},
			"order by NULL":     {authorBooks.OrderBy(bookYear.Desc()), "[a2 a3 a1] [b2 b1] []"},
			"only":              {authorBooks.Only(bookYear.Gt(2000)), "[a3] [b1 b2] []"},
			"only twice":        {authorBooks.Only(bookYear.Gt(2000)).Only(bookYear.Lt(2009), bookName.Ne("b1")), "[a3] [] []"},
			"only none":         {authorBooks.Only(data.Nothing[book]()), "[] [] []"},
			"limit":             {authorBooks.Limit(1), "[a1] [b1] []"},
			"limit and order":   {authorBooks.Limit(2).OrderBy(bookName.Desc()), "[a3 a2] [b2 b1] []"},
			"limit, only":       {authorBooks.Limit(1).Only(bookYear.Gt(2000)), "[a3] [b1] []"},
			"only with related": {authorBooks.Only(bookHouse.Where(houseName.Eq("Orbit"))), "[a2] [b1] []"},
			"limited, related":  {authorBooks.Limit(5).Only(bookTopicsOf.Some(topicName.Eq("space"))), "[a1 a3] [b1] []"},
		} {
			all := l.all(s, x.load)
			l.statements(s, what, 2)
			s.same(what, titles(all["ann"].Books)+" "+titles(all["bob"].Books)+" "+titles(all["eve"].Books), x.want)
		}
		// An option changes the copy alone.
		s.same("afterwards", titles(l.all(s, authorBooks)["ann"].Books), "[a1 a2 a3]")
	}},
	{"count", func(s suite) {
		l := s.library()
		number := func(w *author) *int { return &w.HowMany }
		for what, x := range map[string]struct {
			load data.Load[author]
			want [3]int
		}{
			"all":       {authorBooks.Count(number), [3]int{3, 2, 0}},
			"limited":   {authorBooks.Limit(1).Count(number), [3]int{3, 2, 0}},
			"only some": {authorBooks.Only(bookYear.Gt(2000)).Count(number), [3]int{1, 2, 0}},
			"itself":    {authorPupils.Count(number), [3]int{1, 1, 0}},
		} {
			all := l.all(s, x.load)
			l.statements(s, what, 2)
			s.same(what, [3]int{all["ann"].HowMany, all["bob"].HowMany, all["eve"].HowMany}, x.want)
			s.same("books", titles(all["ann"].Books), "nil")
		}
	}},
	{"rules", func(s suite) {
		l := s.library()
		type viewer struct{}
		visible := func(ctx context.Context) (data.Filter[book], error) {
			if ctx.Value(viewer{}) == "bob" {
				return data.Everything[book](), nil
			}
			return bookYear.Ge(2005), nil
		}
		ctx := context.WithValue(s.ctx, viewer{}, "bob")
		load := authorBooks.Visible(visible)
		for _, x := range []struct {
			ctx  context.Context
			want string
			n    int
		}{{s.ctx, "[a3]", 1}, {ctx, "[a1 a2 a3]", 3}} {
			w, err := authors.On(l.db).With(load, load.Count(func(w *author) *int { return &w.HowMany })).Get(x.ctx, l.ann.ID)
			s.ok(err)
			s.same("books", titles(w.Books), x.want)
			s.same("count", w.HowMany, x.n)
		}
		forgot := func(context.Context) (data.Filter[book], error) { return data.Filter[book]{}, nil }
		fails := func(context.Context) (data.Filter[book], error) {
			return data.Filter[book]{}, fault.Errorf(fault.Forbidden, "no")
		}
		_, err := authors.On(l.db).With(authorBooks.Visible(forgot)).Get(s.ctx, l.ann.ID)
		s.is(err, fault.Internal)
		_, err = authors.On(l.db).With(authorBooks.Visible(visible).Visible(fails)).Get(s.ctx, l.ann.ID)
		s.is(err, fault.Forbidden)
	}},
	{"every reader", func(s suite) {
		l := s.library()
		r := authors.On(l.db).With(authorBooks)
		w, err := r.Get(s.ctx, l.bob.ID)
		s.ok(err)
		s.same("Get", titles(w.Books), "[b1 b2]")
		w, err = r.GetBy(s.ctx, authorName.Eq("bob"))
		s.ok(err)
		s.same("GetBy", titles(w.Books), "[b1 b2]")
		s.ok(l.db.Tx(s.ctx, func(tx *data.Tx) error {
			w, err := authors.On(tx).With(authorBooks).Lock(s.ctx, authorName.Eq("bob"))
			s.same("Lock", titles(w.Books), "[b1 b2]")
			return err
		}))
		page, err := r.List(s.ctx, data.Query[author]{Order: data.By(authorName.Desc()), Limit: 2, Count: true, Keyset: true})
		s.ok(err)
		s.same("List", titles(page.Items[1].Books), "[b1 b2]")
		page, err = r.List(s.ctx, data.Query[author]{Order: data.By(authorName.Desc()), Limit: 2, After: page.Next})
		s.ok(err)
		s.same("the next page", titles(page.Items[0].Books), "[a1 a2 a3]")
		_, err = r.Get(s.ctx, data.ID[author]{1})
		s.is(err, fault.NotFound)
		// What writes returns rows as they are stored, and leaves relations alone.
		w, err = r.Update(s.ctx, l.bob.ID, authorName.Set("rob"))
		s.ok(err)
		s.same("Update", titles(w.Books), "nil")
		w, err = r.Update(s.ctx, l.bob.ID)
		s.ok(err)
		s.same("Update of nothing", titles(w.Books), "nil")
	}},
	{"each", func(s suite) {
		l := s.library()
		rows := make([]book, 1201)
		for i := range rows {
			rows[i] = book{Name: fmt.Sprintf("n%04d", i), AuthorID: []data.ID[author]{l.ann.ID, l.bob.ID}[i%2]}
		}
		s.ok(books.On(l.db).AddAll(s.ctx, rows))
		l.count.Reset()
		for _, x := range []struct{ limit, offset, want, statements int }{{0, 0, 1201, 6}, {600, 0, 600, 4}, {500, 3, 500, 2}, {0, 700, 501, 4}} {
			s.ok(l.db.Tx(s.ctx, func(tx *data.Tx) error {
				n := 0
				q := data.Query[book]{Where: bookName.HasPrefix("n"), Order: data.By(bookName.Asc()), Limit: x.limit, Offset: x.offset, Load: []data.Load[book]{bookAuthor}}
				for b, err := range books.On(tx).Each(s.ctx, q) {
					if err != nil {
						return err
					}
					if b.Name != rows[n+x.offset].Name || b.Author.ID != b.AuthorID {
						s.Fatalf("row %d is %s by %v", n, b.Name, b.Author)
					}
					n++
				}
				s.same("rows", n, x.want)
				return nil
			}))
			l.statements(s, "each", x.statements)
		}
		for b, err := range books.On(l.db).With(bookAuthor).Each(s.ctx, data.Query[book]{}) {
			if err != nil || b.Author == nil {
				s.Errorf("the first is %v, %v", b.Author, err)
			}
			break
		}
		ended, cancel := context.WithCancel(s.ctx)
		cancel()
		for _, err := range books.On(l.db).With(bookAuthor).Each(ended, data.Query[book]{}) {
			s.is(err, fault.Unavailable)
		}
	}},
	{"service", func(s suite) {
		l := s.library()
		service := &data.Service[author, newAuthor, renaming2]{DB: l.db, Table: authors, Load: []data.Load[author]{authorBooks}}
		w, err := service.Get(s.ctx, l.bob.ID)
		s.ok(err)
		s.same("Get", titles(w.Books), "[b1 b2]")
		service.Visible = func(context.Context) (data.Filter[author], error) { return authorName.Ne("eve"), nil }
		w, err = service.Get(s.ctx, l.bob.ID)
		s.ok(err)
		s.same("Get under a rule", titles(w.Books), "[b1 b2]")
		page, err := service.List(s.ctx, data.Query[author]{Order: data.By(authorName.Asc()), Load: []data.Load[author]{authorDesk}})
		s.ok(err)
		s.same("List", titles(page.Items[1].Books)+page.Items[1].Desk.Name, "[b1 b2]elm")
	}},
	{"more keys than parameters", func(s suite) {
		l := s.library()
		few := data.New(fewParams{l.db.Driver(), 5}, nil)
		got := ""
		page, err := books.On(l.db).List(s.ctx, data.Query[book]{Order: data.By(bookName.Asc())})
		s.ok(err)
		l.count.Reset()
		s.ok(books.On(few).Load(s.ctx, page.Items, bookTopicsOf.OrderBy(topicName.Asc()), bookTopicsOf.Count(func(b *book) *int { return &b.Themes })))
		l.statements(s, "five keys, four at a time", 4)
		for _, b := range page.Items {
			got += fmt.Sprintf("%s%s%d ", b.Name, topicsOf(b), b.Themes)
		}
		s.same("topics", got, "a1[love space]2 a2[]0 a3[space]1 b1[space war]2 b2[]0 ")
		s.ok(bookTopicsOf.Set(s.ctx, few, l.books["a1"].ID, 3, 2, 1))
		s.ok(bookTopicsOf.Set(s.ctx, few, l.books["a1"].ID))
		count(s, l.db, bookTopics, 3)
	}},
	{"update leaves them alone", func(s suite) { // AT-R10, AT-R11
		l := s.library()
		rows := []book{l.books["a1"]}
		s.ok(books.On(l.db).Load(s.ctx, rows, bookAuthor, bookTopicsOf))
		rows[0].Name = "a0"
		rows[0].Author.Name, rows[0].Topics = "changed", []topic{{ID: 3, Name: "changed"}}
		_, err := books.On(l.db).Upsert(s.ctx, &rows[0])
		s.ok(err)
		if rows[0].Author == nil || len(rows[0].Topics) != 1 {
			s.Errorf("an upsert took away what was loaded: %+v", rows[0])
		}
		rows[0].Name = "a00"
		_, err = books.On(l.db).UpdateAll(s.ctx, rows)
		s.ok(err)
		b, err := books.On(l.db).With(bookAuthor, bookTopicsOf).Get(s.ctx, rows[0].ID)
		s.ok(err)
		s.same("book", b.Name+b.Author.Name+topicsOf(b), "a00ann[space love]")
		w, err := authors.On(l.db).Update(s.ctx, l.eve.ID, authorName.Set("eva"))
		s.ok(err)
		s.same("the key", *w.Mentor, l.bob.ID)
		// One that is set is applied.
		_, err = books.On(l.db).Update(s.ctx, b.ID, authorID.Set(l.eve.ID), houseID.SetNull())
		s.ok(err)
		s.ok(bookTopicsOf.Set(s.ctx, l.db, b.ID, 3))
		b, err = books.On(l.db).With(bookAuthor, bookHouse, bookTopicsOf).Get(s.ctx, b.ID)
		s.ok(err)
		if b.Author.Name != "eva" || b.House != nil || topicsOf(b) != "[war]" {
			s.Errorf("the book is by %v, of %v, about %s", b.Author, b.House, topicsOf(b))
		}
	}},
}

type newAuthor struct{}

// New makes the row.
func (newAuthor) New() author { return author{} }

type renaming2 struct{}

// Changes changes nothing.
func (renaming2) Changes() []data.Change[author] { return nil }

// A fewParams is a driver whose statements have few parameters.
type fewParams struct {
	driver.Driver
	n int
}

// Dialect is another for each call, which no test minds.
func (d fewParams) Dialect() *driver.Dialect {
	few := *d.Driver.Dialect()
	few.MaxParams = d.n
	return &few
}
