package drivertest

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A memo is numbered and outlives its deletion. Its title stays taken then, its
// code does not.
type memo struct {
	data.Versioned[memo]
	data.SoftDeleted
	Title string  `json:"title" db:"title,unique"`
	Code  *string `json:"code" db:"code"`
	Rank  int     `json:"rank" db:"rank"`
	Views int     `json:"views" db:"views,quiet"`
}

// A remark goes with its memo.
type remark struct {
	data.Identified[remark]
	Memo data.ID[memo] `json:"memo" db:"memo_id,references=memos,ondelete=cascade"`
}

var (
	memos   = data.NewTable[memo]("memos", data.UniqueAlive("code"))
	remarks = data.NewTable[remark]("remarks")

	memoTitle   = data.TextCol(memos, "title")
	memoRank    = data.Col[int](memos, "rank")
	memoViews   = data.Col[int](memos, "views")
	memoNumber  = data.Col[data.Version](memos, "version")
	memoDeleted = data.Col[time.Time](memos, "deleted_at")
)

func newMemos(n int) []memo {
	out := make([]memo, n)
	for i := range out {
		out[i] = memo{Title: fmt.Sprintf("memo %04d", i), Rank: i}
	}
	return out
}

func memoTitles(rows []memo) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.Title
	}
	return out
}

var softDeleteTests = []test{
	{"reads", func(s suite) {
		db := s.db(memos.Schema())
		rows := newMemos(6)
		s.ok(memos.On(db).AddAll(s.ctx, rows))
		r := memos.On(db)
		s.ok(r.Delete(s.ctx, rows[0].ID))
		gone, err := r.DeleteOne(s.ctx, memoTitle.Eq(rows[1].Title))
		s.ok(err)
		s.same("marked", gone.Deleted(), true)
		n, err := r.DeleteWhere(s.ctx, memoRank.Eq(2))
		s.ok(err)
		s.same("marked", n, 1)
		returned, err := r.DeleteReturning(s.ctx, memoRank.Le(3)) // three of them are gone
		s.ok(err)
		s.same("marked", memoTitles(returned), memoTitles(rows[3:4]))
		n, err = r.DeleteAll(s.ctx, rows[3].ID, rows[4].ID)
		s.ok(err)
		s.same("marked", n, 1)

		all := memoTitles(rows)
		for what, c := range map[string]struct {
			r    data.Repository[memo]
			want []string
		}{
			"alive": {r, all[5:]}, "all": {r.WithDeleted(), all}, "deleted": {r.OnlyDeleted(), all[:5]},
			"alive in scope": {r.Where(memoRank.Gt(1)), all[5:]}, "deleted in scope": {r.Where(memoRank.Gt(1)).OnlyDeleted(), all[2:5]},
		} {
			n, err := c.r.Count(s.ctx)
			s.ok(err)
			s.same(what+": count", n, len(c.want))
			page, err := c.r.List(s.ctx, data.Query[memo]{Count: true, Limit: 2})
			s.ok(err)
			s.same(what+": total", page.Total, len(c.want))
			var each, keyset []string
			for v, err := range c.r.Each(s.ctx, data.Query[memo]{}) {
				s.ok(err)
				each = append(each, v.Title)
			}
			s.same(what+": each", each, c.want)
			for q := (data.Query[memo]{Keyset: true, Limit: 2}); ; q.After = page.Next {
				page, err = c.r.List(s.ctx, q)
				s.ok(err)
				keyset = append(keyset, memoTitles(page.Items)...)
				if page.Next == "" {
					break
				}
			}
			s.same(what+": keyset", keyset, c.want)
			for _, v := range rows {
				want := slices.Contains(c.want, v.Title)
				exists, err := c.r.Exists(s.ctx, memoTitle.Eq(v.Title))
				s.ok(err)
				_, found, err := c.r.Find(s.ctx, memoTitle.Eq(v.Title))
				s.ok(err)
				_, err = c.r.Get(s.ctx, v.ID)
				s.same(what+": "+v.Title, []bool{exists, found, err == nil}, []bool{want, want, want})
			}
		}
	}},
	{"writes", func(s suite) {
		db := s.db(memos.Schema())
		rows := newMemos(3)
		s.ok(memos.On(db).AddAll(s.ctx, rows))
		r := memos.On(db)
		s.ok(r.Delete(s.ctx, rows[0].ID))
		s.is(r.Delete(s.ctx, rows[0].ID), fault.NotFound)
		s.is(r.WithDeleted().Delete(s.ctx, rows[0].ID), fault.NotFound)
		_, err := r.Update(s.ctx, rows[0].ID, memoRank.Set(9))
		s.is(err, fault.NotFound)
		n, err := r.UpdateWhere(s.ctx, data.Everything[memo](), memoRank.Set(9))
		s.ok(err)
		s.same("updated", n, 2)
		_, err = r.UpdateAll(s.ctx, rows, "rank")
		s.is(err, fault.NotFound)
		_, err = r.WithDeleted().Update(s.ctx, rows[0].ID, memoRank.Set(7))
		s.ok(err)
		before, err := r.OnlyDeleted().Get(s.ctx, rows[0].ID)
		s.ok(err)

		s.is(r.Add(s.ctx, &memo{Title: rows[0].Title}), fault.Conflict)
		for _, id := range []data.ID[memo]{{}, {9}} {
			v := memo{Title: rows[0].Title, Rank: 1}
			v.ID = id
			_, err = r.Upsert(s.ctx, &v, "title")
			s.is(err, fault.Conflict)
			_, err = r.GetOrAdd(s.ctx, &v, "title")
			s.is(err, fault.Conflict)
			_, err = r.UpsertAll(s.ctx, []memo{{Title: "new"}, v}, "title")
			s.is(err, fault.Conflict)
		}
		added, err := r.AddNew(s.ctx, &memo{Title: rows[0].Title}, "title")
		s.ok(err)
		s.same("added", added, false)
		after, err := r.OnlyDeleted().Get(s.ctx, rows[0].ID)
		s.ok(err)
		s.same("the deleted row", after, before)
		back := memo{Title: rows[0].Title, Rank: 4}
		created, err := r.WithDeleted().Upsert(s.ctx, &back, "title")
		s.ok(err)
		s.same("back", []any{created, back.ID, back.Deleted(), back.Rank}, []any{false, rows[0].ID, false, 4})
		count(s, db, memos, 3)
	}},
	{"restore and purge", func(s suite) {
		at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
		db := s.dbAt(at, memos.Schema(), remarks.Schema())
		rows := newMemos(4)
		r := memos.On(db)
		s.ok(r.AddAll(s.ctx, rows))
		s.ok(remarks.On(db).AddAll(s.ctx, []remark{{Memo: rows[0].ID}, {Memo: rows[1].ID}}))
		later := data.New(db.Driver(), func() time.Time { return at.Add(time.Hour) })
		s.ok(r.Delete(s.ctx, rows[0].ID))
		s.ok(memos.On(later).Delete(s.ctx, rows[1].ID))
		count(s, db, remarks, 2) // marking a row does not reach what refers to it
		marked, err := r.OnlyDeleted().Get(s.ctx, rows[1].ID)
		s.ok(err)
		s.same("the mark", []any{*marked.DeletedAt, marked.UpdatedAt, marked.Number}, []any{at.Add(time.Hour), at.Add(time.Hour), data.Version(2)})

		for _, run := range []func(data.Filter[memo]) (int, error){
			func(f data.Filter[memo]) (int, error) { return r.Restore(s.ctx, f) },
			func(f data.Filter[memo]) (int, error) { return r.Purge(s.ctx, f) },
		} {
			_, err := run(data.Filter[memo]{})
			s.is(err, fault.Internal)
			n, err := run(memoRank.Ge(2)) // rows that are not deleted
			s.ok(err)
			s.same("touched", n, 0)
		}
		n, err := r.Where(memoRank.Eq(1)).Purge(s.ctx, memoDeleted.Lt(at.Add(time.Minute)))
		s.ok(err)
		s.same("out of scope", n, 0)
		n, err = r.Purge(s.ctx, memoDeleted.Lt(at.Add(time.Minute)))
		s.ok(err)
		s.same("old enough", n, 1)
		count(s, db, remarks, 1)
		n, err = r.Restore(s.ctx, memoTitle.In(rows[0].Title, rows[1].Title))
		s.ok(err)
		s.same("restored", n, 1)
		got, err := r.Get(s.ctx, rows[1].ID)
		s.ok(err)
		s.same("as it is", []any{got.Deleted(), got.Number}, []any{false, data.Version(3)})
		count(s, db, memos, 3)
	}},
	{"unique among the living", func(s suite) {
		db := s.db(memos.Schema())
		r := memos.On(db)
		first := memo{Title: "a", Code: ptr("x")}
		s.ok(r.Add(s.ctx, &first))
		err := r.Add(s.ctx, &memo{Title: "b", Code: ptr("x")})
		s.is(err, fault.Conflict)
		if !data.Taken(err, "code") {
			s.Errorf("%v is not about the code", err)
		}
		added, err := r.AddNew(s.ctx, &memo{Title: "c", Code: ptr("x")}, "code")
		s.ok(err)
		s.same("added", added, false)
		s.ok(r.Delete(s.ctx, first.ID))
		for i, id := range []data.ID[memo]{{}, {7}} {
			next := memo{Title: fmt.Sprint("next ", i), Code: ptr("x")}
			next.ID = id
			created, err := r.Upsert(s.ctx, &next, "code")
			s.ok(err)
			s.same("taken again", created, true)
			again := memo{Title: fmt.Sprint("again ", i), Code: ptr("x")}
			again.ID = data.ID[memo]{8}
			created, err = r.Upsert(s.ctx, &again, "code")
			s.ok(err)
			s.same("the living row", []any{created, again.ID}, []any{false, next.ID})
			_, err = r.Restore(s.ctx, memoTitle.Eq("a"))
			s.is(err, fault.Conflict)
			s.ok(r.Delete(s.ctx, next.ID))
		}
		n, err := r.Restore(s.ctx, memoTitle.Eq("a"))
		s.ok(err)
		s.same("restored", n, 1)
	}},
}

var versionTests = []test{
	{"numbers", func(s suite) {
		at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
		db := s.dbAt(at, memos.Schema())
		r := memos.On(db)
		v := memo{Title: "a"}
		s.ok(r.Add(s.ctx, &v))
		s.same("the first", v.Version(), data.Version(1))
		imported := memo{Title: "b"}
		imported.Number = 40
		s.ok(r.AddAll(s.ctx, []memo{imported}))
		for i, c := range []struct {
			changes []data.Change[memo]
			number  data.Version
		}{
			{[]data.Change[memo]{memoRank.Set(1)}, 2},
			{[]data.Change[memo]{memoRank.Set(1)}, 2},
			{[]data.Change[memo]{memoRank.Plus(0), memoTitle.Set("a")}, 2},
			{[]data.Change[memo]{memoViews.Set(5)}, 2},
			{[]data.Change[memo]{memoViews.Set(6), memoRank.Plus(1)}, 3},
			{[]data.Change[memo]{memoNumber.Set(10)}, 10},
			{[]data.Change[memo]{memoNumber.Set(12), memoRank.Set(3)}, 12},
		} {
			got, err := r.Update(s.ctx, v.ID, c.changes...)
			s.ok(err)
			s.same(fmt.Sprint("after change ", i), got.Version(), c.number)
		}
		n, err := r.UpdateWhere(s.ctx, data.Everything[memo](), memoRank.Set(3))
		s.ok(err)
		s.same("updated", n, 2)
		page, err := r.List(s.ctx, data.Query[memo]{})
		s.ok(err)
		s.same("only what changed", []data.Version{page.Items[0].Number, page.Items[1].Number}, []data.Version{12, 41})
		rows := page.Items
		rows[1].Rank, rows[1].Number = 4, 0 // the number is not one to send
		rows, err = r.UpdateAll(s.ctx, rows)
		s.ok(err)
		s.same("in bulk", []data.Version{rows[0].Number, rows[1].Number}, []data.Version{12, 42})
		rows[0].Views = 50
		rows, err = r.UpdateAll(s.ctx, rows, "views")
		s.ok(err)
		s.same("quietly in bulk", []any{rows[0].Number, rows[0].Views}, []any{data.Version(12), 50})
		for _, rank := range []int{4, 5} {
			up := memo{Title: "b", Rank: rank}
			_, err = r.Upsert(s.ctx, &up, "title")
			s.ok(err)
			s.same("upserted", up.Number, data.Version(38+rank))
		}
	}},
	{"stale", func(s suite) {
		db := s.db(memos.Schema())
		service := data.Service[memo, newMemo, memoPatch]{DB: db, Table: memos}
		v, err := service.Create(s.ctx, newMemo("a"))
		s.ok(err)
		same, err := service.Update(s.ctx, v.ID, memoPatch(0), v.Version())
		s.ok(err)
		s.same("no change is no new version", same, v)
		second, err := service.Update(s.ctx, v.ID, memoPatch(1), v.Version())
		s.ok(err)
		s.same("number", second.Version(), data.Version(2))
		_, err = service.Update(s.ctx, v.ID, memoPatch(2), v.Version())
		s.is(err, fault.Stale)
		_, err = service.UpdateAll(s.ctx, []data.Edit[memo, memoPatch]{{ID: v.ID, Changes: 3, Version: 2}, {ID: v.ID, Changes: 4, Version: 2}})
		s.is(err, fault.Stale)
		s.is(service.Delete(s.ctx, v.ID, v.Version()), fault.Stale)
		s.ok(service.Delete(s.ctx, v.ID, 2))
		_, err = service.Get(s.ctx, v.ID)
		s.is(err, fault.NotFound)
		s.is(service.Delete(s.ctx, v.ID, 3), fault.NotFound)
	}},
}

// newMemo and memoPatch are the requests of a service of memos.
type (
	newMemo   string
	memoPatch int
)

func (n newMemo) New() memo { return memo{Title: string(n)} }

func (p memoPatch) Changes() []data.Change[memo] { return []data.Change[memo]{memoRank.Set(int(p))} }

var auditTests = []test{
	{"times", func(s suite) {
		at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
		db := s.dbAt(at, lamps.Schema())
		later := lamps.On(data.New(db.Driver(), func() time.Time { return at.Add(time.Hour) }))
		v := lamp{Name: "a", Rank: 1, Note: nil, Sold: &at}
		s.ok(lamps.On(db).Add(s.ctx, &v))
		for name, changes := range map[string][]data.Change[lamp]{
			"one":          {lampRank.Set(1)},
			"null":         {lampNote.SetNull()},
			"several":      {lampRank.Set(1), lampNote.SetNull(), lampName.Set("a"), lampSold.Set(at), lampPrice.Set(v.Price), lampActive.Set(false), lampOwner.Set(v.Owner)},
			"nothing more": {lampRank.Plus(0)},
		} {
			got, err := later.Update(s.ctx, v.ID, changes...)
			s.ok(err)
			s.same(name, got, v)
			n, err := later.UpdateWhere(s.ctx, lampName.Eq("a"), changes...)
			s.ok(err)
			s.same(name+": rows", n, 1)
			got, err = later.Get(s.ctx, v.ID)
			s.ok(err)
			s.same(name+" in bulk", got, v)
		}
		for _, change := range []data.Change[lamp]{lampNote.Set("x"), lampNote.SetNull(), lampSold.SetNull(), lampRank.Plus(1), lampActive.Set(true)} {
			got, err := later.Update(s.ctx, v.ID, change, lampName.Set("a"))
			s.ok(err)
			if !got.UpdatedAt.After(v.UpdatedAt) || got.CreatedAt != at {
				s.Errorf("updated_at is %v after %v, created_at %v", got.UpdatedAt, v.UpdatedAt, got.CreatedAt)
			}
			v = got
		}
		long := at.AddDate(-10, 0, 0)
		old := lamp{Name: "imported"}
		old.CreatedAt, old.UpdatedAt = long, long.Add(time.Hour)
		for what, add := range map[string]func(v *lamp) error{
			"add":     func(v *lamp) error { return lamps.On(db).Add(s.ctx, v) },
			"add all": func(v *lamp) error { return lamps.On(db).AddAll(s.ctx, []lamp{*v}) },
			"upsert":  func(v *lamp) error { _, err := lamps.On(db).Upsert(s.ctx, v, "name"); return err },
		} {
			v := old
			v.Name += what
			s.ok(add(&v))
			got, err := lamps.On(db).GetBy(s.ctx, lampName.Eq(v.Name))
			s.ok(err)
			s.same(what, []time.Time{got.CreatedAt, got.UpdatedAt}, []time.Time{long, long.Add(time.Hour)})
		}
	}},
}

// An article is named by its title, and by its number elsewhere.
type article struct {
	data.Audited[article]
	data.Slugged
	Title  string `json:"title" db:"title"`
	Number int    `json:"number" db:"number,unique"`
}

var (
	articles      = data.NewTable[article]("articles", data.SlugFrom("title"))
	articleSlug   = data.TextCol(articles, "slug")
	articleTitle  = data.TextCol(articles, "title")
	articleNumber = data.Col[int](articles, "number")
)

var slugTests = []test{
	{"made and chosen", func(s suite) {
		db := s.db(articles.Schema())
		r := articles.On(db)
		for i, c := range []struct{ title, slug string }{
			{"Straße nach Ærø", "strasse-nach-ærø"}, {"東京 タワー", "東京-タワー"}, {"Привет, мир!", "привет-мир"}, {"1. Ａ½ Don't", "1-a1-2-dont"},
		} {
			v := article{Title: c.title, Number: i}
			s.ok(r.Add(s.ctx, &v))
			s.same(c.title, v.Slug, c.slug)
			got, err := r.GetBy(s.ctx, articleSlug.Eq(c.slug)) // by another key
			s.ok(err)
			s.same("stored", got, v)
		}
		long := strings.Repeat("längst ", 40)
		for i, title := range []string{"!?", "", long, long, strings.Repeat("x", 300), strings.Repeat("x", 300)} {
			v := article{Title: title, Number: 100 + i}
			s.ok(r.Add(s.ctx, &v))
			if n := utf8.RuneCountInString(v.Slug); n < 8 || n > data.MaxSlug || strings.HasSuffix(v.Slug, "-") {
				s.Errorf("%.20q became %q", title, v.Slug)
			}
		}
		s.ok(r.Add(s.ctx, &article{Slugged: data.Slugged{Slug: "mine"}, Title: "t", Number: 200}))
		err := r.Add(s.ctx, &article{Slugged: data.Slugged{Slug: "mine"}, Title: "t", Number: 201})
		s.is(err, fault.Conflict)
		s.mentions(err, "slug")
		v := article{Title: "mine", Number: 0}
		s.is(r.Add(s.ctx, &v), fault.Conflict) // the number is taken
		s.same("left as it was", v.Slug, "")
	}},
	{"in bulk", func(s suite) {
		db := s.db(articles.Schema())
		r := articles.On(db)
		s.ok(r.Add(s.ctx, &article{Title: "same", Number: 1000}))
		rows := make([]article, 600)
		for i := range rows {
			rows[i] = article{Title: []string{"Same", fmt.Sprint("other ", i)}[i%2], Number: i}
		}
		rows[10].Slug, rows[11].Title = "chosen", "Chosen"
		s.ok(r.AddAll(s.ctx, rows))
		page, err := r.List(s.ctx, data.Query[article]{Where: articleNumber.Lt(1000), Order: data.By(articleNumber.Asc()), Limit: -1})
		s.ok(err)
		s.same("stored", page.Items, rows)
		s.same("chosen", rows[10].Slug, "chosen")
		s.same("not taken", rows[1].Slug, "other-1")
		if rows[11].Slug == "chosen" || !strings.HasPrefix(rows[11].Slug, "chosen-") {
			s.Errorf("a slug is %q", rows[11].Slug)
		}
		bad := []article{{Title: "fine", Number: 5000}, {Title: "fine", Number: 3}}
		s.is(r.AddAll(s.ctx, bad), fault.Conflict)
		s.same("left as they were", []string{bad[0].Slug, bad[1].Slug}, []string{"", ""})
		count(s, db, articles, 601)
	}},
	{"upserted", func(s suite) {
		db := s.db(articles.Schema())
		s.ok(articles.On(db).Add(s.ctx, &article{Title: "same", Number: 1}))
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error { // each try is a savepoint
			r := articles.On(tx)
			v := article{Title: "Same", Number: 2}
			created, err := r.Upsert(s.ctx, &v, "number")
			s.ok(err)
			if !created || !strings.HasPrefix(v.Slug, "same-") {
				s.Errorf("created %v with the slug %q", created, v.Slug)
			}
			first := v.Slug
			v = article{Title: "Same", Number: 2}
			created, err = r.Upsert(s.ctx, &v, "number")
			s.ok(err)
			s.same("a row keeps its slug", []any{created, v.Slug}, []any{false, first})
			v = article{Title: "Renamed", Number: 2}
			_, err = r.Upsert(s.ctx, &v, "number")
			s.ok(err)
			s.same("whatever its title", []string{v.Title, v.Slug}, []string{"Renamed", first})
			for i, add := range []func(v *article) (bool, error){
				func(v *article) (bool, error) { return r.GetOrAdd(s.ctx, v, "number") },
				func(v *article) (bool, error) { return r.AddNew(s.ctx, v, "number") },
			} {
				v := article{Title: "same", Number: 10 + i}
				created, err := add(&v)
				s.ok(err)
				if !created || !strings.HasPrefix(v.Slug, "same-") {
					s.Errorf("created %v with the slug %q", created, v.Slug)
				}
				created, err = add(&article{Title: "same", Number: 10 + i})
				s.ok(err)
				s.same("created again", created, false)
			}
			many := []article{{Title: "same", Number: 20}, {Title: "same", Number: 21}, {Title: "same", Number: 2}}
			news, err := r.UpsertAll(s.ctx, many, "number")
			s.ok(err)
			s.same("many", []any{news, many[2].Slug}, []any{[]bool{true, true, false}, first})
			return nil
		}))
		count(s, db, articles, 6)
	}},
	{"at once", func(s suite) {
		db := s.db(articles.Schema())
		s.all(50, func(i int) error {
			return articles.On(db).Add(s.ctx, &article{Title: "The same — for all", Number: i})
		})
		page, err := articles.On(db).List(s.ctx, data.Query[article]{Where: articleTitle.HasPrefix("The"), Limit: -1})
		s.ok(err)
		slugs := map[string]bool{}
		for _, v := range page.Items {
			slugs[v.Slug] = true
			if !strings.HasPrefix(v.Slug, "the-same-for-all") {
				s.Errorf("a slug is %q", v.Slug)
			}
		}
		s.same("slugs", len(slugs), 50)
		s.same("one is plain", slugs["the-same-for-all"], true)
	}},
}
