package drivertest

import (
	"fmt"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

var compositeTests = []test{
	{"loads", func(s suite) {
		w := s.workshop()
		s.same("units", w.models(s, modelUnits), "a-bc: u1 u3; ab-c: u2; a-x:; ")
		w.statements(s, "units", 2)
		s.same("a manual", w.models(s, modelManual), "a-bc: 10 pages; ab-c: 20 pages; a-x:; ")
		w.statements(s, "manuals", 2)
		s.same("wrenches", w.models(s, modelToolsX), "a-bc: a1 a2; ab-c: ab1; a-x: a2; ")
		w.statements(s, "wrenches", 2)
		s.same("makers by their code", w.models(s, modelBy), "a-bc: by a; ab-c: by ab; a-x: by a; ")
		w.statements(s, "makers", 2)
		s.same("options", w.models(s, modelUnits.OrderBy(unitName.Desc()).Limit(1), modelToolsX.Limit(1).OrderBy(toolCode.Desc())),
			"a-bc: u3 a2; ab-c: u2 ab1; a-x: a2; ")
		w.statements(s, "the first of each", 3)
		s.same("numbers", w.models(s, modelUnits.Count(func(m *model) *int { return &m.Many }), modelToolsX.Count(func(m *model) *int { return &m.Needs })),
			"a-bc: 2, 2; ab-c: 1, 1; a-x: 0, 1; ")
		w.statements(s, "numbers", 3)
	}},
	{"belongs to", func(s suite) {
		w := s.workshop()
		page, err := units.On(w.db).With(unitModel.With(modelBy.With(makerModels.OrderBy(modelYear.Asc())))).List(s.ctx, data.Query[unit]{Order: data.By(unitName.Asc())})
		s.ok(err)
		w.statements(s, "three levels", 4)
		got := ""
		for _, u := range page.Items {
			got += u.Name
			if u.Model != nil {
				got += fmt.Sprintf("-%s-%s-%d", u.Model.Maker, u.Model.Number, len(u.Model.By.Models))
			}
			got += " "
		}
		s.same("units", got, "u1-a-bc-2 u2-ab-c-1 u3-a-bc-2 u4 u5 ")
		if page.Items[0].Model != page.Items[2].Model {
			s.Error("two units of one model hold two of it")
		}
		none := []unit{page.Items[3], page.Items[4]}
		s.ok(units.On(w.db).Load(s.ctx, none, unitModel))
		w.statements(s, "units without a model", 0)
		t, err := wrenches.On(w.db).With(toolModels.OrderBy(modelYear.Desc())).GetBy(s.ctx, toolMaker.Eq("a"), toolCode.Eq(2))
		s.ok(err)
		s.same("models of a wrench", len(t.Models), 2)
		s.same("the last", t.Models[0].Number, "x")
	}},
	{"more keys than parameters", func(s suite) {
		w := s.workshop()
		w.db = data.New(fewParams{w.db.Driver(), 5}, nil)
		page, err := models.On(w.db).List(s.ctx, data.Query[model]{Order: data.By(modelYear.Asc())})
		s.ok(err)
		w.count.Reset()
		s.ok(models.On(w.db).Load(s.ctx, page.Items, modelUnits, modelToolsX.Count(func(m *model) *int { return &m.Needs })))
		w.statements(s, "three keys of two columns, two at a time", 4)
		s.same("units", fmt.Sprint(len(page.Items[0].Units), len(page.Items[1].Units), len(page.Items[2].Units)), "2 1 0")
		s.same("wrenches", fmt.Sprint(page.Items[0].Needs, page.Items[1].Needs, page.Items[2].Needs), "2 1 1")
	}},
	{"filters", func(s suite) {
		w := s.workshop()
		for what, c := range map[string]struct {
			where data.Filter[model]
			want  string
		}{
			"some":         {modelUnits.Some(unitName.In("u2", "u3")), "bc c "},
			"any":          {modelUnits.Some(), "bc c "},
			"none":         {modelUnits.None(), "x "},
			"every":        {modelUnits.Every(unitName.Eq("u2")), "c x "},
			"one":          {modelManual.Where(manualPages.Gt(10)), "c "},
			"between":      {modelToolsX.Some(toolCode.Eq(2)), "bc x "},
			"nothing":      {modelToolsX.None(toolCode.Eq(2)), "c "},
			"back":         {modelUnits.Some(unitModel.Where(modelNumber.Eq("bc"))), "bc "},
			"by their key": {modelBy.Where(makerCode.Eq("a")), "bc x "},
		} {
			page, err := models.On(w.db).List(s.ctx, data.Query[model]{Where: c.where, Order: data.By(modelYear.Asc())})
			s.ok(err)
			got := ""
			for _, m := range page.Items {
				got += m.Number + " "
			}
			s.same(what, got, c.want)
			w.statements(s, what, 1)
		}
		n, err := units.On(w.db).UpdateWhere(s.ctx, unitModel.Where(modelYear.Eq(1)), unitName.Set("old"))
		s.ok(err)
		s.same("updated", n, 2)
		n, err = units.On(w.db).DeleteWhere(s.ctx, unitModel.None())
		s.ok(err)
		s.same("deleted", n, 2)
	}},
	{"reference actions", func(s suite) {
		w := s.workshop()
		// A wrench that a model needs stays, and so does all that would go with it.
		_, err := wrenches.On(w.db).DeleteWhere(s.ctx, toolMaker.Eq("ab"))
		s.is(err, fault.Conflict)
		if e, ok := asFault(err); !ok || e.Code != "REFERENCE" {
			s.Errorf("the code of %v", err)
		}
		_, err = models.On(w.db).DeleteWhere(s.ctx, modelNumber.Eq("bc"))
		s.ok(err)
		count(s, w.db, modelTools, 2)
		count(s, w.db, manuals, 1)
		count(s, w.db, units, 5)
		u, err := units.On(w.db).GetBy(s.ctx, unitName.Eq("u3"))
		s.ok(err)
		if u.Maker != nil || u.Number != nil {
			s.Errorf("the unit still refers to %v %v", u.Maker, u.Number)
		}
		_, err = makers.On(w.db).DeleteWhere(s.ctx, makerCode.Eq("ab"))
		s.ok(err)
		count(s, w.db, models, 1)
		_, err = wrenches.On(w.db).DeleteWhere(s.ctx, toolMaker.Eq("ab"))
		s.ok(err)
	}},
	{"to nothing", func(s suite) {
		w := s.workshop()
		for what, err := range map[string]error{
			"natural":  models.On(w.db).Add(s.ctx, &model{Maker: "abc", Number: "1"}),
			"other":    units.On(w.db).Add(s.ctx, &unit{Maker: ptr("ab"), Number: ptr("bc")}), // each of them is somewhere
			"bulk":     units.On(w.db).AddAll(s.ctx, []unit{{Maker: ptr("ab"), Number: ptr("c")}, {Maker: ptr("c"), Number: ptr("ab")}}),
			"update":   second(units.On(w.db).UpdateWhere(s.ctx, unitName.Eq("u1"), unitNumber.Set("c"))),
			"upsert":   second(manuals.On(w.db).Upsert(s.ctx, &manual{"bc", "ab", 1})),
			"the link": modelTools.On(w.db).Add(s.ctx, &modelTool{"ab", "c", 2}),
		} {
			s.is(err, fault.Conflict)
			if e, ok := asFault(err); !ok || e.Code != "REFERENCE" {
				s.Errorf("%s: the code of %v", what, err)
			}
		}
		count(s, w.db, units, 5)
		count(s, w.db, models, 3)
	}},
}
