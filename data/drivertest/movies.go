package drivertest

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/fault"
)

// A movie is the row of the tests of every filter.
type movie struct {
	data.Audited[movie]
	Title    string    `json:"title" db:"title,size=40,search,sort,filter"`
	Genre    string    `json:"genre" db:"genre,filter,enum=Action|Comedy|Drama"`
	Director *string   `json:"directed_by" db:"director,search,filter"`
	Released data.Date `json:"released" db:"released,filter,sort"`
	Seen     bool      `json:"seen" db:"seen,filter"`
	Rating   int       `json:"rating" db:"rating,filter,sort"`
	Budget   int       `json:"budget" db:"budget"`
}

var (
	movies = data.NewTable[movie]("movies")

	movieTitle    = data.TextCol(movies, "title")
	movieGenre    = data.Col[string](movies, "genre")
	movieDirector = data.TextCol(movies, "director")
	movieReleased = data.Col[data.Date](movies, "released")
	movieSeen     = data.Col[bool](movies, "seen")
	movieRating   = data.Col[int](movies, "rating")
	movieCreated  = data.Col[time.Time](movies, "created_at")
)

// threeMovies are made a day apart, at noon, and the last one at midnight.
func threeMovies() []movie {
	rows := []movie{
		{Title: "The Matrix", Genre: "Action", Director: ptr("Lana_Wachowski"), Released: "1999-03-31", Seen: true, Rating: 87},
		{Title: "The Hangover", Genre: "Comedy", Released: "2009-06-05", Rating: 77},
		{Title: "Shawshank 100% REDEMPTION", Genre: "Drama", Director: ptr("Frank Darabont"), Released: "1994-09-23", Seen: true, Rating: 93},
	}
	for i, at := range []time.Time{noon(1), noon(2), midnight(3)} {
		rows[i].CreatedAt, rows[i].UpdatedAt = at, at
	}
	return rows
}

func noon(day int) time.Time     { return time.Date(2026, 1, day, 12, 0, 0, 0, time.UTC) }
func midnight(day int) time.Time { return time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC) }

type span = data.Span[time.Time]

// movieFilters has every filter twice, typed and as data. want are the titles
// of the rows by a letter: Matrix, Hangover, Shawshank.
var movieFilters = []struct {
	name string
	f    data.Filter[movie]
	tree string // "" if it cannot be said so
	want string
}{
	{"before", movieCreated.Within(span{Before: ptr(noon(2))}), `{"type":"before_after","field":"created_at","before":"2026-01-02T12:00:00Z"}`, "M"},
	{"after", movieCreated.Within(span{After: ptr(noon(2))}), `{"type":"before_after","field":"created_at","after":"2026-01-02T12:00:00Z","before":null}`, "S"},
	{"before and after", movieCreated.Within(span{After: ptr(noon(1)), Before: ptr(midnight(3))}), `{"type":"before_after","field":"created_at","after":"2026-01-01T13:00:00+01:00","before":"2026-01-03T00:00:00Z"}`, "H"},
	{"neither", movieCreated.Within(span{}), `{"type":"before_after","field":"created_at","after":null,"before":null}`, "MHS"},
	{"on or before", movieCreated.Within(span{To: ptr(noon(2))}), `{"type":"on_before_after","field":"created_at","on_or_before":"2026-01-02T12:00:00Z"}`, "MH"},
	{"on or after", movieCreated.Within(span{From: ptr(noon(2))}), `{"type":"on_before_after","field":"created_at","on_or_after":"2026-01-02T12:00:00Z"}`, "HS"},
	{"on or between", movieCreated.Within(span{From: ptr(noon(2)), To: ptr(noon(2))}), `{"type":"on_before_after","field":"created_at","on_or_after":"2026-01-02T12:00:00Z","on_or_before":"2026-01-02T12:00:00Z"}`, "H"},

	{"in", movieTitle.In("The Matrix", "The Hangover", "None"), `{"type":"collection","field":"title","values":["The Matrix","The Hangover","None"]}`, "MH"},
	{"in nothing", movieTitle.In(), `{"type":"collection","field":"title","values":[]}`, ""},
	{"in nil", movieTitle.InIf(nil), `{"type":"collection","field":"title","values":null}`, "MHS"},
	{"in empty", movieTitle.InIf([]string{}), `{"type":"comparison","field":"title","op":"in","value":[]}`, ""},
	{"choices", movieGenre.InIf([]string{"Drama", "Action"}), `{"type":"choices","field":"genre","values":["Drama","Action"]}`, "MS"},
	{"not in", movieGenre.NotIn("Drama", "Action"), `{"type":"not_in_collection","field":"genre","values":["Drama","Action"]}`, "H"},
	{"not in nothing", movieGenre.NotIn(), `{"type":"not_in_collection","field":"genre","values":[]}`, "MHS"},
	{"not in nil", movieGenre.NotInIf(nil), `{"type":"not_in_collection","field":"genre","values":null}`, "MHS"},
	{"not in with NULL", movieDirector.NotInIf([]string{"Frank Darabont"}), `{"type":"comparison","field":"directed_by","op":"notin","value":["Frank Darabont"]}`, "MH"},

	{"true", movieSeen.Eq(true), `{"type":"boolean","field":"seen","value":true}`, "MS"},
	{"false", movieSeen.EqIf(ptr(false)), `{"type":"boolean","field":"seen","value":false}`, "H"},
	{"neither true nor false", movieSeen.EqIf(nil), `{"type":"boolean","field":"seen","value":null}`, "MHS"},
	{"null", movieDirector.IsNull(), `{"type":"null","field":"directed_by"}`, "H"},
	{"not null", movieDirector.NotNull(), `{"type":"not_null","field":"directed_by"}`, "MS"},

	{"contains", movieTitle.Contains("Ma"), `{"type":"search","field":"title","value":"Ma"}`, "M"},
	{"contains another case", movieTitle.Contains("ma"), `{"type":"comparison","field":"title","op":"contains","value":"ma"}`, ""},
	{"contains in either case", movieTitle.ContainsFold("redeMption"), `{"type":"search","field":["title"],"value":"redeMption","ignore_case":true}`, "S"},
	{"contains %", movieTitle.Contains("%"), `{"type":"search","field":"title","value":"%","ignore_case":false}`, "S"},
	{"contains _ in either case", movieDirector.ContainsFold("A_w"), `{"type":"comparison","field":"directed_by","op":"icontains","value":"A_w"}`, "M"},
	{"contains what is too long for the column", movieTitle.Contains(strings.Repeat("x", 41)), `{"type":"search","value":"` + strings.Repeat("x", 41) + `"}`, ""},
	{"search in several", movies.Searching("an", false), `{"type":"search","field":["title","directed_by"],"value":"an"}`, "MHS"},
	{"search in all", movies.Searching("ANA", true), `{"type":"search","value":"ANA","ignore_case":true}`, "M"},
	{"search nothing", movies.Searching("", false), `{"type":"search","value":""}`, "MHS"},
	{"lacks", movieTitle.Lacks("The"), `{"type":"not_in_search","field":"title","value":"The"}`, "S"},
	{"lacks in either case", movieTitle.LacksFold("HANG"), `{"type":"not_in_search","field":"title","value":"HANG","ignore_case":true}`, "MS"},
	{"a NULL lacks", movieDirector.Lacks("Frank"), `{"type":"not_in_search","field":"directed_by","value":"Frank"}`, "MH"},
	{"lacking in all", movies.Lacking("frank", true), `{"type":"not_in_search","value":"frank","ignore_case":true}`, "MH"},
	{"lacking in some", movies.Lacking("The ", false), `{"type":"not_in_search","field":["directed_by","title"],"value":"The "}`, "S"},
	{"prefix", movieTitle.HasPrefix("The "), `{"type":"comparison","field":"title","op":"startswith","value":"The "}`, "MH"},
	{"prefix in either case", movieTitle.HasPrefixFold("tHE h"), `{"type":"comparison","field":"title","op":"istartswith","value":"tHE h"}`, "H"},
	{"suffix", movieTitle.HasSuffix("over"), `{"type":"comparison","field":"title","op":"endswith","value":"over"}`, "H"},
	{"suffix is at the end only", movieTitle.HasSuffix("The"), `{"type":"comparison","field":"title","op":"endswith","value":"The"}`, ""},
	{"suffix in either case", movieTitle.HasSuffixFold("RIX"), `{"type":"comparison","field":"title","op":"iendswith","value":"RIX"}`, "M"},
	{"suffix in either case is at the end only", movieTitle.HasSuffixFold("the"), `{"type":"comparison","field":"title","op":"iendswith","value":"the"}`, ""},
	{"suffix nothing", movieTitle.HasSuffix(""), `{"type":"comparison","field":"title","op":"endswith","value":""}`, "MHS"},
	{"suffix longer than the text", movieTitle.HasSuffix("x The Matrix"), `{"type":"comparison","field":"title","op":"endswith","value":"x The Matrix"}`, ""},
	{"suffix %", movieDirector.HasSuffix("%"), `{"type":"comparison","field":"directed_by","op":"endswith","value":"%"}`, ""},
	{"prefix _", movieDirector.HasPrefix("Lana_"), `{"type":"comparison","field":"directed_by","op":"startswith","value":"Lana_"}`, "M"},
	{"like", movieTitle.Like("The %"), `{"type":"comparison","field":"title","op":"like","value":"The %"}`, "MH"},
	{"like as a whole", movieTitle.Like("The"), `{"type":"comparison","field":"title","op":"like","value":"The"}`, ""},
	{"like one character", movieTitle.Like("The _atri_"), `{"type":"comparison","field":"title","op":"like","value":"The _atri_"}`, "M"},
	{"like another case", movieTitle.Like("the m%"), `{"type":"comparison","field":"title","op":"like","value":"the m%"}`, ""},
	{"like in either case", movieTitle.LikeFold("%r_dEmption"), `{"type":"comparison","field":"title","op":"ilike","value":"%r_dEmption"}`, "S"},
	{"like %", movieTitle.Like(`%100\% %`), `{"type":"comparison","field":"title","op":"like","value":"%100\\% %"}`, "S"},
	{"like _", movieDirector.LikeFold(`L__\_w%`), `{"type":"comparison","field":"directed_by","op":"ilike","value":"L__\\_w%"}`, ""},
	{"like _ at its place", movieDirector.LikeFold(`L___\_W%`), `{"type":"comparison","field":"directed_by","op":"ilike","value":"L___\\_W%"}`, "M"},
	{"not like, and no NULL", data.Not(movieDirector.Like("%a%a%a%w%")), `{"not_":{"type":"comparison","field":"directed_by","op":"like","value":"%a%a%a%w%"}}`, "S"},

	{"lacks prefix", movieTitle.LacksPrefix("The"), `{"not_":{"type":"comparison","field":"title","op":"startswith","value":"The"}}`, "S"},
	{"lacks prefix in either case", movieDirector.LacksPrefixFold("LANA"), "", "HS"},
	{"lacks suffix", movieDirector.LacksSuffix("bont"), "", "MH"},
	{"lacks suffix in either case", movieTitle.LacksSuffixFold("MATRIX"), "", "HS"},

	{"eq", movieRating.Eq(77), `{"type":"comparison","field":"rating","op":"eq","value":77}`, "H"},
	{"ne", movieDirector.Ne("Frank Darabont"), `{"type":"comparison","field":"directed_by","op":"ne","value":"Frank Darabont"}`, "MH"},
	{"gt", movieRating.Gt(87), `{"type":"comparison","field":"rating","op":"gt","value":87}`, "S"},
	{"ge", movieRating.Ge(87), `{"type":"comparison","field":"rating","op":"ge","value":87}`, "MS"},
	{"lt", movieReleased.Lt("1999-03-31"), `{"type":"comparison","field":"released","op":"lt","value":"1999-03-31"}`, "S"},
	{"le", movieReleased.Le("1999-03-31"), `{"type":"comparison","field":"released","op":"le","value":"1999-03-31"}`, "MS"},
	{"between", movieRating.Between(77, 87), `{"type":"comparison","field":"rating","op":"between","value":[77,87]}`, "MH"},
	{"between backwards", movieRating.Between(87, 77), `{"type":"comparison","field":"rating","op":"between","value":[87,77]}`, ""},
	{"on a day", data.OnDay(movieCreated, noon(2)), `{"type":"comparison","field":"created_at","op":"dateeq","value":"2026-01-02"}`, "H"},
	{"on a day from midnight", data.OnDay(movieCreated, time.Date(2026, 1, 4, 1, 0, 0, 0, time.FixedZone("", 2*3600))), `{"type":"comparison","field":"created_at","op":"dateeq","value":"2026-01-04T01:00:00+02:00"}`, "S"},
	{"date on a day", movieReleased.Eq("2009-06-05"), `{"type":"comparison","field":"released","op":"dateeq","value":"2009-06-05"}`, "H"},

	{"and", data.All(movieSeen.Eq(true), movieRating.Lt(90)), `{"and_":[{"type":"boolean","field":"seen","value":true},{"type":"comparison","field":"rating","op":"lt","value":90}]}`, "M"},
	{"or", data.Any(movieSeen.Eq(false), movieRating.Gt(90)), `{"or_":[{"type":"boolean","field":"seen","value":false},{"type":"comparison","field":"rating","op":"gt","value":90}]}`, "HS"},
	{"not", data.Not(movieRating.In(77, 93)), `{"not_":{"type":"collection","field":"rating","values":[77,93]}}`, "M"},
	{"not of a NULL", data.Not(movieDirector.Eq("Frank Darabont")), `{"not_":{"type":"comparison","field":"directed_by","op":"eq","value":"Frank Darabont"}}`, "M"},
	{"group", data.Any(movieRating.Eq(77), movieRating.Eq(87)), `{"type":"filter_group","op":"or_","filters":[{"type":"comparison","field":"rating","op":"eq","value":77},{"type":"comparison","field":"rating","op":"eq","value":87}]}`, "MH"},
	{"nested", data.All(movieSeen.Eq(true), data.Any(movieGenre.Eq("Drama"), data.Not(movieTitle.HasPrefix("The")))),
		`{"and_":[{"type":"boolean","field":"seen","value":true}],"or_":[{"type":"comparison","field":"genre","op":"eq","value":"Drama"},{"not_":{"type":"comparison","field":"title","op":"startswith","value":"The"}}]}`, "S"},
	{"every row", data.Everything[movie](), `{"and_":[]}`, "MHS"},
	{"no row", data.Nothing[movie](), `{"or_":[]}`, ""},
	{"zero", data.Filter[movie]{}, `{}`, "MHS"},
	{"or with every row", data.Any(movieRating.Eq(1), data.Filter[movie]{}), `{"or_":[{"type":"comparison","field":"rating","op":"eq","value":1},{}]}`, "MHS"},
	{"not zero", data.Not(data.Filter[movie]{}), `{"not_":{}}`, ""},
	{"sql", data.SQL("rating + 1 = ?", movieRating, 78), "", "H"},
}

//go:embed filters.sqlite.txt filters.postgres.txt
var golden embed.FS

var movieTests = []test{
	{"every filter", func(s suite) {
		db, counter := datatest.Count(s.db(movies.Schema()))
		s.ok(movies.On(db).AddAll(s.ctx, threeMovies()))
		found := func(f data.Filter[movie]) string {
			page, err := movies.On(db).List(s.ctx, data.Query[movie]{Where: f, Count: true})
			s.ok(err)
			if page.Total != len(page.Items) {
				s.Errorf("%d of %d", len(page.Items), page.Total)
			}
			return letters(page.Items)
		}
		var said strings.Builder
		for _, c := range movieFilters {
			counter.Reset()
			if got := found(c.f); got != c.want {
				s.Errorf("%s: found %q, want %q", c.name, got, c.want)
			}
			_, where, _ := strings.Cut(counter.Statements()[1], `FROM "movies"`)
			fmt.Fprintf(&said, "%s:%s\n", c.name, where)
			if c.tree != "" {
				f, err := movies.ParseFilter([]byte(c.tree))
				if err != nil {
					s.Errorf("%s: %v", c.name, err)
				} else if got := found(f); got != c.want {
					s.Errorf("%s as data: found %q, want %q", c.name, got, c.want)
				}
			}
			tree, err := json.Marshal(c.f)
			if c.name == "sql" {
				if err == nil {
					s.Errorf("SQL was written as %s", tree)
				}
				continue
			}
			s.ok(err)
			again, err := movies.ParseFilter(tree)
			s.ok(err)
			if got := found(again); got != c.want {
				s.Errorf("%s written as %s: found %q, want %q", c.name, tree, got, c.want)
			}
		}
		want, err := golden.ReadFile("filters." + db.Dialect() + ".txt")
		s.ok(err)
		s.same("the SQL of every filter", said.String(), string(want))
	}},
	{"queries as data", func(s suite) {
		db := s.db(movies.Schema())
		s.ok(movies.On(db).AddAll(s.ctx, threeMovies()))
		for tree, want := range map[string]string{
			`{"type":"order_by","field":"rating"}`: "HMS",
			`{"and_":[{"type":"order_by","field":"rating","sort_order":"desc"},{"type":"limit_offset","limit":1,"offset":1}]}`:                                               "M",
			`{"and_":[{"and_":[{"type":"order_by","field":"released","sort_order":"asc"}]},{"type":"comparison","field":"rating","op":"lt","value":90}]}`:                    "MH",
			`{"type":"filter_group","op":"and_","filters":[{"type":"order_by","field":"title","sort_order":"asc"},{"type":"order_by","field":"rating","sort_order":"asc"}]}`: "SHM",
		} {
			q, err := movies.ParseQuery([]byte(tree))
			s.ok(err)
			again, err := q.Tree()
			s.ok(err)
			for _, tree := range []string{tree, string(again)} {
				q, err := movies.ParseQuery([]byte(tree))
				s.ok(err)
				page, err := movies.On(db).List(s.ctx, q)
				s.ok(err)
				s.same(tree, letters(page.Items), want)
			}
		}
	}},
	{"text in lower case", func(s suite) {
		db := s.db(lamps.Schema())
		var rows []lamp
		for _, n := range []string{"b", "B", "a", "Z", "é", "É", "z", "_", "A"} {
			rows = append(rows, lamp{Name: n, Note: ptr(n)})
		}
		rows = append(rows, lamp{Name: "none"})
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		note := data.TextCol(lamps, "note")
		for _, c := range []struct {
			what  string
			order []data.Order[lamp]
			want  string
		}{
			{"up", data.By(lampName.AscFold()), "_ a A b B none Z z É é"},
			{"down", data.By(lampName.DescFold()), "é É z Z none B b A a _"},
			{"NULL last", data.By(note.AscFold(), lampName.Asc()), "_ A a B b Z z É é none"},
			{"NULL first", data.By(note.DescFold(), lampName.Asc()), "none é É Z z B b A a _"},
		} {
			page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Order: c.order})
			s.ok(err)
			s.same(c.what, strings.Join(names(page.Items), " "), c.want)
			var walked []string
			for q := (data.Query[lamp]{Order: c.order, Limit: 3, Keyset: true}); ; {
				page, err := lamps.On(db).List(s.ctx, q)
				s.ok(err)
				walked = append(walked, names(page.Items)...)
				if q.After = page.Next; q.After == "" || len(walked) > len(rows) {
					break
				}
			}
			s.same(c.what+", by cursor", strings.Join(walked, " "), c.want)
		}
	}},
	{"by chance", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(30)))
		orders := map[string]bool{}
		for range 3 {
			page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Order: data.By(data.Shuffled[lamp]()), Limit: -1})
			s.ok(err)
			s.same("rows", len(page.Items), 30)
			orders[strings.Join(names(page.Items), " ")] = true
		}
		if len(orders) < 2 {
			s.Error("three lists by chance are the same")
		}
		_, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Order: data.By(lampRank.Asc(), data.Shuffled[lamp]()), Keyset: true})
		s.is(err, fault.Internal)
	}},
}

func letters(rows []movie) (out string) {
	for _, r := range rows {
		out += string([]rune(strings.TrimPrefix(r.Title, "The "))[0])
	}
	return out
}
