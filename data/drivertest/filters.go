package drivertest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

var filterTests = []test{
	{"text", func(s suite) {
		db := s.db(lamps.Schema())
		stored := []string{"", "A\\B", "AXB", "ÉTÉ", "a\"b", "a%b", "a'b", "a.*b", "a?b", "a\\b", "a_b", "axb", "été", "été😀"}
		slices.Sort(stored)
		var rows []lamp
		for _, n := range stored {
			rows = append(rows, lamp{Name: n})
		}
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		for _, c := range []struct {
			text string
			f    data.Filter[lamp]
			want []string
		}{
			{"contains %", lampName.Contains("%"), []string{"a%b"}},
			{"contains _", lampName.Contains("_"), []string{"a_b"}},
			{`contains \`, lampName.Contains(`\`), []string{`A\B`, `a\b`}},
			{"contains '", lampName.Contains("'"), []string{"a'b"}},
			{"contains ?", lampName.Contains("?"), []string{"a?b"}},
			{"contains .*", lampName.Contains(".*"), []string{"a.*b"}},
			{"contains é", lampName.Contains("é"), []string{"été", "été😀"}},
			{"contains 😀", lampName.Contains("😀"), []string{"été😀"}},
			{"contains nothing", lampName.Contains(""), stored},
			{"contains no more", lampName.Contains("axbx"), nil},
			{"contains another case", lampName.Contains("xB"), nil},
			{"fold", lampName.ContainsFold("xB"), []string{"AXB", "axb"}},
			{`fold \B`, lampName.ContainsFold(`\B`), []string{`A\B`, `a\b`}},
			{"fold % ", lampName.ContainsFold("A%"), []string{"a%b"}},
			{"fold is A to Z only", lampName.ContainsFold("É"), []string{"ÉTÉ"}},
			{"fold is A to Z only in the column", lampName.ContainsFold("ét"), []string{"été", "été😀"}},
			{"fold nothing", lampName.ContainsFold(""), stored},
			{"prefix", lampName.HasPrefix("a"), slices.DeleteFunc(slices.Clone(stored), func(n string) bool { return !strings.HasPrefix(n, "a") })},
			{"prefix a_", lampName.HasPrefix("a_"), []string{"a_b"}},
			{"prefix a%", lampName.HasPrefix("a%"), []string{"a%b"}},
			{"prefix ét", lampName.HasPrefix("ét"), []string{"été", "été😀"}},
			{"prefix nothing", lampName.HasPrefix(""), stored},
			{"prefix in the middle", lampName.HasPrefix("x"), nil},
			{"like %", lampName.Like(`a\%b`), []string{"a%b"}},
			{"like _", lampName.Like(`a\_b`), []string{"a_b"}},
			{`like \`, lampName.Like(`a\\b`), []string{`a\b`}},
			{"like any character", lampName.Like("a_b"), []string{`a"b`, "a%b", "a'b", "a?b", `a\b`, "a_b", "axb"}},
			{"like ?", lampName.Like("a?b"), []string{"a?b"}},
			{"like *", lampName.Like("a*b"), nil},
			{"like .*", lampName.Like("%.*b"), []string{"a.*b"}},
			{"like a set", lampName.Like("a[a-z]b"), nil},
			{"like é", lampName.Like("_té"), []string{"été"}},
			{"like 😀", lampName.Like("été_"), []string{"été😀"}},
			{"like anything", lampName.Like("%%"), stored},
			{"like nothing", lampName.Like(""), []string{""}},
			{"like a letter escaped", lampName.Like(`a\xb`), []string{"axb"}},
			{"like in either case", lampName.LikeFold("AX_"), []string{"AXB", "axb"}},
			{`like \ in either case`, lampName.LikeFold(`a\\_`), []string{`A\B`, `a\b`}},
			{"like is A to Z only", lampName.LikeFold("éT_"), []string{"été"}},
			{"equal", lampName.Eq("a%b"), []string{"a%b"}},
			{"equal empty", lampName.Eq(""), []string{""}},
			{"less", lampName.Lt("AXB"), []string{""}},
			{"by bytes", lampName.Ge("á"), []string{"été", "été😀"}},
		} {
			page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Where: c.f, Order: data.By(lampName.Asc()), Limit: -1})
			s.ok(err)
			s.same(c.text, names(page.Items), append([]string{}, c.want...))
		}
		for _, pattern := range []string{`\`, `a\\\`, strings.Repeat("%", 4097), "\x00", "\xff"} {
			_, err := lamps.On(db).Count(s.ctx, lampName.Like(pattern))
			s.is(err, fault.Invalid)
		}
		hard := strings.Repeat("%a", 2048) // of which a database must not try every way
		n, err := lamps.On(db).Count(s.ctx, lampName.Like(hard))
		s.ok(err)
		s.same("rows like a long pattern", n, 0)
	}},
	{"letters of all languages", func(s suite) {
		db := s.db(lamps.Schema())
		texts := []string{"Straße", "STRASSE", "ﬀ", "İstanbul", "ıstanbul", "istanbul", "\u212a", "K", "k", "Σίσυφος", "ΣΊΣΥΦΟΣ", "e\u0301", "é", "É", "ǅ", "Ж", "ж"}
		var rows []lamp
		for i, n := range texts {
			rows = append(rows, lamp{Name: n, Rank: i})
		}
		s.ok(lamps.On(db).AddAll(s.ctx, rows))
		lower := strings.NewReplacer("A", "a", "E", "e", "K", "k", "R", "r", "S", "s", "T", "t").Replace
		for _, n := range texts {
			part := string([]rune(n)[:1])
			for what, x := range map[string]struct {
				f    data.Filter[lamp]
				want func(string) bool
			}{
				"contains":         {lampName.Contains(part), func(t string) bool { return strings.Contains(t, part) }},
				"contains, folded": {lampName.ContainsFold(part), func(t string) bool { return strings.Contains(lower(t), lower(part)) }},
				"prefix, folded":   {lampName.HasPrefixFold(part), func(t string) bool { return strings.HasPrefix(lower(t), lower(part)) }},
				"suffix, folded":   {lampName.HasSuffixFold(n), func(t string) bool { return strings.HasSuffix(lower(t), lower(n)) }},
				"like, folded":     {lampName.LikeFold(n), func(t string) bool { return lower(t) == lower(n) }},
				"lacks, folded":    {lampName.LacksFold(part), func(t string) bool { return !strings.Contains(lower(t), lower(part)) }},
				"search, folded":   {lamps.Searching(part, true), func(t string) bool { return strings.Contains(lower(t), lower(part)) }},
			} {
				var want []string
				for _, t := range texts {
					if x.want(t) {
						want = append(want, t)
					}
				}
				page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Where: x.f, Order: data.By(lampRank.Asc()), Limit: -1})
				s.ok(err)
				s.same(what+" "+n, names(page.Items), want)
			}
		}
	}},
	{"long lists", func(s suite) {
		db := s.db(lamps.Schema())
		all := newLamps(100)
		s.ok(lamps.On(db).AddAll(s.ctx, all))
		for _, n := range []int{10_000, 20_000} {
			ids := make([]data.ID[lamp], n)
			for i := range ids {
				ids[i] = data.ID[lamp]{byte(i), byte(i >> 8), 1}
			}
			ids[n-1], ids[n/2] = all[3].ID, all[7].ID
			got, err := lamps.On(db).Count(s.ctx, lampID.In(ids...))
			s.ok(err)
			s.same("in", got, 2)
			got, err = lamps.On(db).Count(s.ctx, lampID.NotIn(ids...))
			s.ok(err)
			s.same("not in", got, 98)
		}
	}},
	{"comparison", func(s suite) {
		db := s.db(lamps.Schema())
		day := func(d int) time.Time { return time.Date(2026, 1, d, 12, 0, 0, 0, time.UTC) }
		dec := decimal.RequireFromString
		ann, bob := data.ID[person]{1}, data.ID[person]{2}
		s.ok(lamps.On(db).AddAll(s.ctx, []lamp{
			{Name: "a", Rank: 1, Price: dec("9.90"), Owner: ann, Active: true, Note: ptr("x"), Sold: ptr(day(1)), Offer: ptr(dec("9.5"))},
			{Name: "b", Rank: 2, Price: dec("10"), Owner: bob, Active: true, Note: ptr(""), Sold: ptr(day(2)), Offer: ptr(dec("-1"))},
			{Name: "c", Rank: 3, Price: dec("100.01"), Owner: ann},
		}))
		a, _ := lamps.On(db).GetBy(s.ctx, lampName.Eq("a"))
		filter := data.Any[lamp]
		for _, c := range []struct {
			text string
			f    data.Filter[lamp]
			want string
		}{
			{"zero", data.Filter[lamp]{}, "abc"},
			{"everything", data.Everything[lamp](), "abc"},
			{"nothing", data.Nothing[lamp](), ""},
			{"id", lampID.Eq(a.ID), "a"},
			{"not id", lampID.Ne(a.ID), "bc"},
			{"owner", lampOwner.Eq(ann), "ac"},
			{"int =", lampRank.Eq(2), "b"},
			{"int <>", lampRank.Ne(2), "ac"},
			{"int <", lampRank.Lt(2), "a"},
			{"int <=", lampRank.Le(2), "ab"},
			{"int >", lampRank.Gt(2), "c"},
			{"int >=", lampRank.Ge(2), "bc"},
			{"decimal =", lampPrice.Eq(dec("10.00")), "b"},
			{"decimal <", lampPrice.Lt(dec("10")), "a"},
			{"decimal >", lampPrice.Gt(dec("9.9")), "bc"},
			{"decimal in", lampPrice.In(dec("9.9"), dec("100.01")), "ac"},
			{"negative decimal", lampOffer.Lt(dec("0")), "b"},
			{"bool", lampActive.Eq(true), "ab"},
			{"not bool", lampActive.Ne(true), "c"},
			{"time <", lampSold.Lt(day(2)), "a"},
			{"time >=", lampSold.Ge(day(2)), "b"},
			{"in none", lampRank.In(), ""},
			{"in", lampRank.In(3, 1, 9), "ac"},
			{"in many", lampRank.In(0, 1, 5, 6, 7, 8, 9, 10, 11), "a"},
			{"not in none", lampRank.NotIn(), "abc"},
			{"not in", lampRank.NotIn(3, 1, 9), "b"},
			{"null", lampNote.IsNull(), "c"},
			{"not null", lampNote.NotNull(), "ab"},
			{"null is not a value", lampNote.Eq(""), "b"},
			{"a null is not x", lampNote.Ne("x"), "bc"},
			{"a null is none of", lampNote.NotIn("x"), "bc"},
			{"a null is none of many", lampNote.NotIn("x", "y", ""), "c"},
			{"a null is not less", lampSold.Lt(day(30)), "ab"},
			{"not of a null", data.Not(lampNote.Eq("x")), "b"},
			{"not", data.Not(lampRank.In(1, 2)), "c"},
			{"not nothing", data.Not(data.Nothing[lamp]()), "abc"},
			{"not zero", data.Not(data.Filter[lamp]{}), ""},
			{"all", data.All(lampActive.Eq(true), lampRank.Gt(1)), "b"},
			{"all of none", data.All[lamp](), "abc"},
			{"all with a zero", data.All(data.Filter[lamp]{}, lampRank.Eq(1)), "a"},
			{"any", filter(lampRank.Eq(1), lampRank.Eq(3)), "ac"},
			{"any of none", filter(), ""},
			{"any with a zero", filter(lampRank.Eq(1), data.Filter[lamp]{}), "abc"},
			{"nested", data.All(filter(lampRank.Eq(1), lampRank.Eq(2)), data.Not(filter(lampOwner.Eq(bob)))), "a"},
			{"or binds weaker", data.All(filter(lampRank.Eq(1), lampRank.Eq(3)), lampActive.Eq(true)), "a"},
			{"sql", data.SQL("rank + 1 = ? OR rank = ?", lampRank, 2, 3), "ac"},
			{"sql among others", data.All(data.SQL("1 = 0 OR rank > ?", lampRank, 0), lampName.Eq("b")), "b"},
		} {
			page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Where: c.f, Count: true})
			s.ok(err)
			if got := strings.Join(names(page.Items), ""); got != c.want || page.Total != len(c.want) {
				s.Errorf("%s: found %q of %d, want %q", c.text, got, page.Total, c.want)
			}
			n, err := lamps.On(db).Count(s.ctx, c.f)
			s.ok(err)
			found, err := lamps.On(db).Exists(s.ctx, c.f)
			s.ok(err)
			if n != len(c.want) || found != (c.want != "") {
				s.Errorf("%s: count %d, exists %v, want %q", c.text, n, found, c.want)
			}
		}
	}},
	{"from text", func(s suite) {
		db := s.db(lamps.Schema())
		ann := data.ID[person]{1}
		s.ok(lamps.On(db).AddAll(s.ctx, []lamp{{Name: "50% off", Rank: 1, Owner: ann}, {Name: "Old", Rank: 2, Active: true, Note: ptr("50%")}, {Name: "new", Rank: 3}}))
		for _, c := range []struct {
			column string
			m      data.Match
			texts  []string
			want   string
		}{
			{"rank", data.OneOf, []string{"2"}, "Old"},
			{"rank", data.OneOf, []string{"1", "3"}, "50% off,new"},
			{"rank", data.NoneOf, []string{"1", "3"}, "Old"},
			{"rank", data.Before, []string{"2"}, "50% off"},
			{"rank", data.After, []string{"2"}, "new"},
			{"active", data.OneOf, []string{"true"}, "Old"},
			{"owner_id", data.OneOf, []string{ann.String()}, "50% off"},
			{"note", data.NoneOf, []string{"50%"}, "50% off,new"},
			{"created_at", data.After, []string{"2000-01-01T00:00:00+02:00"}, "50% off,Old,new"},
			{"price", data.OneOf, []string{"0.0"}, "50% off,Old,new"},
		} {
			f, err := lamps.Matching(c.column, c.m, c.texts...)
			s.ok(err)
			page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Where: f})
			s.ok(err)
			s.same(fmt.Sprint(c.column, c.m, c.texts), strings.Join(names(page.Items), ","), c.want)
		}
		for text, want := range map[string]string{"50%": "50% off,Old", "OLD": "", "_": "", "e": "new"} {
			page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Where: lamps.Searching(text, false)})
			s.ok(err)
			s.same("search "+text, strings.Join(names(page.Items), ","), want)
		}
		page, err := lamps.On(db).List(s.ctx, data.Query[lamp]{Where: lamps.Searching("OLD", true)})
		s.ok(err)
		s.same("search OLD folded", strings.Join(names(page.Items), ","), "Old")
	}},
	{"get one", func(s suite) {
		db := s.db(lamps.Schema())
		s.ok(lamps.On(db).AddAll(s.ctx, newLamps(3)))
		got, err := lamps.On(db).GetBy(s.ctx, lampRank.Eq(1))
		s.ok(err)
		s.same("name", got.Name, "lamp 000001")
		_, err = lamps.On(db).GetBy(s.ctx, lampRank.Gt(0))
		s.is(err, fault.Conflict)
		_, err = lamps.On(db).GetBy(s.ctx, lampRank.Eq(9))
		s.is(err, fault.NotFound)
		_, err = lamps.On(db).Get(s.ctx, data.ID[lamp]{1})
		s.is(err, fault.NotFound)
	}},
}
