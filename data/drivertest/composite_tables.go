package drivertest

import (
	"fmt"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
)

// Tables that refer to natural and composite keys. The texts of their keys, put
// together, would be the same for different rows.
type (
	maker struct {
		data.Identified[maker]
		Code   string  `db:"code,size=20,unique"`
		Models []model `db:"-"`
	}
	model struct {
		Maker  string `db:"maker,size=20,primary,references=makers.code,ondelete=cascade"`
		Number string `db:"number,primary"`
		Year   int    `db:"year"`

		By       *maker
		Units    []unit
		Many     int
		Manual   *manual
		Wrenches []wrench
		Needs    int
	}
	unit struct {
		data.Identified[unit]
		Name   string  `db:"name"`
		Maker  *string `db:"maker,size=20"`
		Number *string `db:"number"`
		Model  *model
	}
	manual struct {
		Number string `db:"of_number,primary"`
		Maker  string `db:"of_maker,size=20,primary"`
		Pages  int64  `db:"pages"`
	}
	wrench struct { // has a unique constraint in another order than its references
		data.Numbered[wrench]
		Maker  string `db:"maker,size=20"`
		Code   int32  `db:"code"`
		Models []model
	}
	modelTool struct {
		Maker  string `db:"maker,size=20,primary"`
		Number string `db:"number,primary"`
		Wrench int32  `db:"wrench,primary"`
	}
)

func both(table string, columns ...string) data.ForeignKey {
	return data.ForeignKey{Columns: columns, Table: table, Targets: []string{"maker", "number"}, OnDelete: "cascade"}
}

var (
	makers = data.NewTable[maker]("makers")
	models = data.NewTable[model]("models")
	units  = data.NewTable[unit]("units",
		data.References(data.ForeignKey{Columns: []string{"maker", "number"}, Table: "models", OnDelete: "null"}))
	manuals    = data.NewTable[manual]("manuals", data.References(both("models", "of_maker", "of_number")))
	wrenches   = data.NewTable[wrench]("wrenches", data.UniqueOn("code", "maker"))
	modelTools = data.NewTable[modelTool]("model_tools", data.References(both("models", "maker", "number")),
		data.References(data.ForeignKey{Columns: []string{"maker", "wrench"}, Table: "wrenches", Targets: []string{"maker", "code"}, OnDelete: "restrict"}))

	makerCode    = data.TextCol(makers, "code")
	modelMaker   = data.TextCol(models, "maker")
	modelNumber  = data.TextCol(models, "number")
	modelYear    = data.Col[int](models, "year")
	unitName     = data.TextCol(units, "name")
	unitMaker    = data.TextCol(units, "maker")
	unitNumber   = data.TextCol(units, "number")
	manualMaker  = data.TextCol(manuals, "of_maker")
	manualNumber = data.TextCol(manuals, "of_number")
	manualPages  = data.Col[int64](manuals, "pages")
	toolMaker    = data.TextCol(wrenches, "maker")
	toolCode     = data.Col[int32](wrenches, "code")
	mtMaker      = data.TextCol(modelTools, "maker")
	mtNumber     = data.TextCol(modelTools, "number")
	mtTool       = data.Col[int32](modelTools, "wrench")

	unitRefers   = data.Refer(unitMaker.Column, modelMaker.Column).And(data.Refer(unitNumber.Column, modelNumber.Column))
	manualRefers = data.Refer(manualMaker.Column, modelMaker.Column).And(data.Refer(manualNumber.Column, modelNumber.Column))
	mtModel      = data.Refer(mtMaker.Column, modelMaker.Column).And(data.Refer(mtNumber.Column, modelNumber.Column))
	mtOfTool     = data.Refer(mtMaker.Column, toolMaker.Column).And(data.Refer(mtTool, toolCode))

	makerModels = data.HasMany(makers, models, modelMaker, func(m *maker) *[]model { return &m.Models })
	modelBy     = data.BelongsTo(models, makers, modelMaker, func(m *model) **maker { return &m.By })
	modelUnits  = data.HasMany(models, units, unitRefers, func(m *model) *[]unit { return &m.Units })
	unitModel   = data.BelongsTo(units, models, unitRefers, func(u *unit) **model { return &u.Model })
	modelManual = data.HasOne(models, manuals, manualRefers, func(m *model) **manual { return &m.Manual })
	modelToolsX = data.ManyToManyBy(models, wrenches, modelTools, mtModel, mtOfTool, func(m *model) *[]wrench { return &m.Wrenches })
	toolModels  = data.ManyToManyBy(wrenches, models, modelTools, mtOfTool, mtModel, func(t *wrench) *[]model { return &t.Models })
)

// A workshop is what workshop stores: the models a-bc and ab-c, which differ in
// nothing but where the maker's code ends, and a-x.
type workshop struct {
	db    *data.DB
	count *datatest.Counter
}

func (s suite) workshop() workshop {
	s.Helper()
	w := workshop{}
	w.db, w.count = datatest.Count(s.db(makers.Schema(), models.Schema(), units.Schema(), manuals.Schema(), wrenches.Schema(), modelTools.Schema()))
	s.ok(makers.On(w.db).AddAll(s.ctx, []maker{{Code: "a"}, {Code: "ab"}}))
	s.ok(models.On(w.db).AddAll(s.ctx, []model{{Maker: "a", Number: "bc", Year: 1}, {Maker: "ab", Number: "c", Year: 2}, {Maker: "a", Number: "x", Year: 3}}))
	s.ok(units.On(w.db).AddAll(s.ctx, []unit{
		{Name: "u1", Maker: ptr("a"), Number: ptr("bc")},
		{Name: "u2", Maker: ptr("ab"), Number: ptr("c")},
		{Name: "u3", Maker: ptr("a"), Number: ptr("bc")},
		{Name: "u4", Maker: ptr("a")}, // refers to nothing: half of it is NULL
		{Name: "u5"},
	}))
	s.ok(manuals.On(w.db).AddAll(s.ctx, []manual{{"bc", "a", 10}, {"c", "ab", 20}}))
	s.ok(wrenches.On(w.db).AddAll(s.ctx, []wrench{{Maker: "a", Code: 1}, {Maker: "ab", Code: 1}, {Maker: "a", Code: 2}}))
	s.ok(modelTools.On(w.db).AddAll(s.ctx, []modelTool{{"a", "bc", 1}, {"a", "bc", 2}, {"ab", "c", 1}, {"a", "x", 2}}))
	w.count.Reset()
	return w
}

func (w workshop) statements(s suite, what string, n int) {
	s.Helper()
	(&library{count: w.count}).statements(s, what, n)
}

// models returns all models as text: their keys and what is loaded.
func (w workshop) models(s suite, loads ...data.Load[model]) string {
	s.Helper()
	page, err := models.On(w.db).List(s.ctx, data.Query[model]{Order: data.By(modelYear.Asc()), Load: loads})
	s.ok(err)
	var out strings.Builder
	for _, m := range page.Items {
		fmt.Fprintf(&out, "%s-%s:", m.Maker, m.Number)
		for _, u := range m.Units {
			out.WriteString(" " + u.Name)
		}
		for _, t := range m.Wrenches {
			fmt.Fprintf(&out, " %s%d", t.Maker, t.Code)
		}
		if m.Manual != nil {
			fmt.Fprintf(&out, " %d pages", m.Manual.Pages)
		}
		if m.By != nil {
			out.WriteString(" by " + m.By.Code)
		}
		if m.Many+m.Needs > 0 {
			fmt.Fprintf(&out, " %d, %d", m.Many, m.Needs)
		}
		out.WriteString("; ")
	}
	return out.String()
}
