package data_test

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
)

type folk struct {
	data.Identified[folk]
	data.SoftDeleted
	Nick  string  `db:"nick,search,sort"`
	First string  `db:"first,search"`
	Last  *string `db:"last,search"`
	Rank  int     `db:"rank,default=0"`
}

var (
	folks    = data.NewTable[folk]("folks", data.SearchIndex())
	folkNick = data.TextCol(folks, "nick")
	folkLast = data.TextCol(folks, "last")
	folkRank = data.Col[int](folks, "rank")
)

// The revisions of folks: the table, and then its index.
func folkRevisions() []migrate.Source {
	files := fstest.MapFS{}
	for _, d := range []string{"sqlite", "postgres"} {
		up, down := migrate.Draft(d, []data.Schema{folks.Schema()})
		files["0001_folks."+d+".sql"] = &fstest.MapFile{Data: []byte("-- up\n" + up + "\n-- down\n" + down)}
		up, down = migrate.SearchIndex(d, folks.Schema())
		files["0002_search."+d+".sql"] = &fstest.MapFile{Data: []byte("-- up\n" + up + "\n-- down\n" + down)}
	}
	return []migrate.Source{{Name: "folks", FS: files}}
}

// oddTexts are what searches stumble over.
var oddTexts = strings.Split("|a|ab|abc|abcd|Ada|ADA|aDa Lovelace|100%|50% off|%|_|under_score|back\\slash|\\|quote'd|dq\"x|\"|'|né|ne\u0301|e\u0301|\u0301|"+
	"İstanbul|ISTANBUL|ıI|ΟΔΟΣ|οδος|οδοσα|ΟΔΟΣΑ|Straße|STRASSE|李|李小龍|小龍女|王|한국어|𝒜dam|👩‍👩‍👧|عمر|new\nline|tab\tx|a\x1fb|x\x7fy|AND|OR|NOT|NEAR(|\"*|*|a*b|"+
	"^x|-|--|; DROP|  | a |user000123|user000124|ſ|K|ﬀ|ÀÉ|àé", "|")

// aFolk makes somebody of odd texts.
func aFolk(r *rand.Rand) folk {
	text := func() string {
		s := oddTexts[r.IntN(len(oddTexts))]
		if r.IntN(2) == 0 {
			s += oddTexts[r.IntN(len(oddTexts))]
		}
		return s
	}
	f := folk{Nick: text(), First: text()}
	if r.IntN(20) == 0 { // long texts are cut otherwise
		f.First = strings.Repeat(f.First+f.Nick+"\n", 25) + text()
	}
	if r.IntN(4) > 0 {
		f.Last = new(text())
	}
	return f
}

// hasText is what a search means, in Go.
func (f folk) hasText(needle string, fold bool) bool {
	texts := []string{f.Nick, f.First}
	if f.Last != nil {
		texts = append(texts, *f.Last)
	}
	return slices.ContainsFunc(texts, func(s string) bool {
		if fold {
			s, needle = lowerASCII(s), lowerASCII(needle)
		}
		return strings.Contains(s, needle)
	})
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// needles are parts of texts, in either case, and texts that nobody has.
func needles(r *rand.Rand, n int) []string {
	out := []string{"zzz", "nobody has this", "a\nA", "\x1f", "a\x1f", "\x1fb", strings.Repeat("a", 200)}
	for len(out) < n {
		f := aFolk(r)
		s := []rune(f.Nick + f.First)
		if len(s) == 0 {
			continue
		}
		from := r.IntN(len(s))
		part := string(s[from : from+1+r.IntN(min(len(s)-from, 12))])
		switch r.IntN(4) {
		case 0:
			part = strings.ToUpper(part)
		case 1:
			part = strings.ToLower(part)
		}
		out = append(out, part)
	}
	return out
}

// TestSearchIndexFindsTheSame holds what an index finds to what Go finds, over
// odd texts, after all that happens to a table and its file.
func TestSearchIndexFindsTheSame(t *testing.T) {
	t.Parallel()
	datatest.Setup{}.Each(t, func(t *testing.T, db *data.DB) {
		ctx, r := t.Context(), rand.New(rand.NewPCG(1, 2))
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		m, err := migrate.New(db, folkRevisions(), migrate.Options{Log: slog.New(slog.DiscardHandler)})
		must(err)
		_, err = m.UpgradeTo(ctx, migrate.Target{Steps: 1})
		must(err)
		there := make([]folk, 250)
		for i := range there {
			there[i] = aFolk(r)
		}
		for part := range slices.Chunk(there, 99) { // more at once would ask for the index
			must(folks.On(db).AddAll(ctx, part))
		}
		compare := func(when string, n int) {
			t.Helper()
			must(db.Tx(ctx, func(tx *data.Tx) error { return sameFound(ctx, t, tx, when, there, needles(r, n)) }))
		}
		_, err = m.Upgrade(ctx)
		must(err)
		compare("after the upgrade", 300)

		many := make([]folk, 150)
		for i := range many {
			many[i] = aFolk(r)
		}
		must(folks.On(db).AddAll(ctx, many))
		if err := folks.On(db).AddAll(ctx, append([]folk{{Nick: "twice"}}, many...)); fault.KindOf(err) != fault.Conflict {
			t.Fatalf("the same rows twice: %v", err)
		}
		there = append(there, many...)
		compare("after many", 60)

		// Rows that change, go, come back and come.
		for i := range 60 {
			f := &there[r.IntN(len(there))]
			fresh := aFolk(r)
			f.Nick, f.Last, f.Rank = fresh.Nick, fresh.Last, i
			_, err := folks.On(db).Update(ctx, f.ID, folkNick.Set(f.Nick), lastOf(f), folkRank.Set(i))
			must(err)
		}
		gone := slices.Clone(there[:40])
		for _, f := range gone {
			must(folks.On(db).Delete(ctx, f.ID))
		}
		there = there[40:]
		compare("without those marked as deleted", 60)
		_, err = folks.On(db).Restore(ctx, data.Everything[folk]())
		must(err)
		for _, f := range there[:40] {
			must(folks.On(db).Delete(ctx, f.ID))
		}
		_, err = folks.On(db).Purge(ctx, data.Everything[folk]())
		must(err)
		there = append(slices.Clone(there[40:]), gone...)
		more := make([]folk, 40)
		for i := range more {
			more[i] = aFolk(r)
			must(folks.On(db).Add(ctx, &more[i]))
		}
		there = append(there, more...)
		compare("after changes", 120)

		_, err = db.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: "VACUUM"}})
		must(err)
		compare("after VACUUM", 60)
		_, err = m.Downgrade(ctx, 1)
		must(err)
		_, err = m.Upgrade(ctx)
		must(err)
		compare("after down and up", 60)
	})
}

func lastOf(f *folk) data.Change[folk] {
	if f.Last == nil {
		return folkLast.SetNull()
	}
	return folkLast.Set(*f.Last)
}

// TestSearchIndexIsUsed asks the databases how they go about a search.
func TestSearchIndexIsUsed(t *testing.T) {
	t.Parallel()
	datatest.Setup{Revisions: folkRevisions()}.Each(t, func(t *testing.T, db *data.DB) {
		counted, counter := datatest.Count(db)
		if _, err := folks.On(counted).List(t.Context(), data.Query[folk]{Where: folks.Searching("user000123", true), Count: true}); err != nil {
			t.Fatal(err)
		}
		said := counter.Statements()
		page, head := said[len(said)-1], "EXPLAIN QUERY PLAN "
		if !strings.HasPrefix(page, `SELECT "id", `) {
			t.Fatalf("the statements are %q", said) // as a page that is not full tells how many rows there are
		}
		plan := func(query string) (text string) {
			rows, err := db.Driver().Native().(*sql.DB).QueryContext(t.Context(), head+query)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				var n int
				var line string
				if err := rows.Scan(&n, &n, &n, &line); err != nil {
					t.Fatal(err)
				}
				text += line + "\n"
			}
			return text
		}
		if db.Dialect() == "sqlite" {
			text := plan(strings.ReplaceAll(page, "?", "1"))
			if !strings.Contains(text, "VIRTUAL TABLE INDEX") || !strings.Contains(text, "SEARCH folks USING INDEX") || strings.Contains(text, "SCAN folks\n") {
				t.Errorf("the plan of %s is\n%s", page, text)
			}
			return
		}
		if !strings.Contains(page, `"id" = ANY (ARRAY(SELECT "id" FROM "folks" WHERE `) {
			t.Errorf("the page is read by %s", page)
		}
		var text string
		err := db.Tx(t.Context(), func(tx *data.Tx) error {
			native := tx.Native().(pgx.Tx)
			if _, err := native.Exec(t.Context(), "SET LOCAL enable_seqscan = off"); err != nil {
				return err
			}
			return native.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) SELECT 1 FROM folks WHERE folks_search_pieces("+folks.Schema().Search.Text()+") @@ 'user'::tsquery").Scan(&text)
		})
		if err != nil || !strings.Contains(text, "ix_folks_search") {
			t.Errorf("the plan is %s, %v", text, err)
		}
	})
}

// TestSearchIndexIsNoData wants a search as data to be as without an index.
func TestSearchIndexIsNoData(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(folks.Searching("x", false))
	const want = `{"or_":[{"field":"nick","op":"contains","type":"comparison","value":"x"},` +
		`{"field":"first","op":"contains","type":"comparison","value":"x"},{"field":"last","op":"contains","type":"comparison","value":"x"}]}`
	if err != nil || string(b) != want {
		t.Errorf("it is %s, %v, want %s", b, err, want)
	}
}

// sameFound searches for all needles, in both ways and in pages.
func sameFound(ctx context.Context, t *testing.T, tx *data.Tx, when string, there []folk, needles []string) error {
	if tx.DB().Dialect() == "postgres" { // which would rather read a small table
		if _, err := tx.Native().(pgx.Tx).Exec(ctx, "SET LOCAL enable_seqscan = off"); err != nil {
			return err
		}
	}
	slices.SortFunc(there, func(a, b folk) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
	for i, needle := range needles {
		fold := i%2 == 0
		var want []string
		for _, f := range there {
			if f.hasText(needle, fold) {
				want = append(want, f.ID.String())
			}
		}
		q := data.Query[folk]{Where: folks.Searching(needle, fold), Limit: 20 + i%3*200, Offset: i % 5, Count: true, Estimate: i%7 == 0}
		page, err := folks.On(tx).List(ctx, q)
		if err != nil {
			return fmt.Errorf("%s: %q: %w", when, needle, err)
		}
		var got []string
		for _, f := range page.Items {
			got = append(got, f.ID.String())
		}
		shown := want[min(q.Offset, len(want)):min(q.Offset+q.Limit, len(want))]
		if !slices.Equal(got, shown) || page.Total != len(want) && !page.Estimated {
			t.Errorf("%s: %q, fold %v: found %d of %d, want %d of %d", when, needle, fold, len(got), page.Total, len(shown), len(want))
		}
	}
	return nil
}
