package drivertest

import (
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

// A lamp is the row of most tests.
type lamp struct {
	data.Audited[lamp]
	Owner  data.ID[person]  `json:"owner" db:"owner_id,filter"`
	Name   string           `json:"name" db:"name,size=255,unique,search,sort"`
	Note   *string          `json:"note" db:"note,search"`
	Rank   int              `json:"rank" db:"rank,sort,filter,check=rank >= 0"`
	Price  decimal.Decimal  `json:"price" db:"price,numeric=10.2"`
	Offer  *decimal.Decimal `json:"offer" db:"offer,numeric=10.2"`
	Active bool             `json:"active" db:"active,filter"`
	Sold   *time.Time       `json:"sold" db:"sold"`
}

type person struct {
	data.Identified[person]
	Name string `json:"name" db:"name"`
}

type visit struct {
	Page string `db:"page"`
	Day  int    `db:"day"`
}

var (
	lamps = data.NewTable[lamp]("lamps")

	lampID     = data.Col[data.ID[lamp]](lamps, "id")
	lampOwner  = data.Col[data.ID[person]](lamps, "owner_id")
	lampName   = data.TextCol(lamps, "name")
	lampNote   = data.Col[string](lamps, "note")
	lampRank   = data.Col[int](lamps, "rank")
	lampPrice  = data.Col[decimal.Decimal](lamps, "price")
	lampOffer  = data.Col[decimal.Decimal](lamps, "offer")
	lampActive = data.Col[bool](lamps, "active")
	lampSold   = data.Col[time.Time](lamps, "sold")
	lampSince  = data.Col[time.Time](lamps, "updated_at")

	// A visit has no ID, and nothing but what it is matched by.
	visits = data.NewTable[visit]("visits", data.UniqueOn("page", "day"))

	people = data.NewTable[person]("people")
)

// newLamps returns n lamps of different names, in order.
func newLamps(n int) []lamp {
	out := make([]lamp, n)
	for i := range out {
		out[i] = lamp{Name: fmt.Sprintf("lamp %06d", i), Rank: i, Price: decimal.New(int64(i), -2)}
	}
	return out
}

func names(rows []lamp) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.Name
	}
	return out
}

// Three tables that refer to a fourth, each in its own way.
type (
	parent struct{ data.Identified[parent] }
	strict struct { // checked at once
		data.Identified[strict]
		Parent data.ID[parent] `json:"parent" db:"parent_id,references=parents,ondelete=restrict"`
	}
	cascading struct { // deleted with it
		data.Identified[cascading]
		Parent data.ID[parent] `json:"parent" db:"parent_id,references=parents,ondelete=cascade"`
	}
	deferred struct { // checked at the commit
		data.Identified[deferred]
		Parent data.ID[parent] `json:"parent" db:"parent_id,references=parents"`
	}
)

var (
	parents   = data.NewTable[parent]("parents")
	stricts   = data.NewTable[strict]("stricts")
	cascades  = data.NewTable[cascading]("cascades")
	deferreds = data.NewTable[deferred]("deferreds")
)

// newLamp and lampPatch are the requests of a service.
type newLamp struct {
	Name string
	Rank int
}

// New makes the row.
func (n newLamp) New() lamp { return lamp{Name: n.Name, Rank: n.Rank} }

type lampPatch struct {
	Name patch.Field[string]
	Rank patch.Field[int]
	Note patch.Field[string]
}

// Changes lists what the request changes.
func (p lampPatch) Changes() []data.Change[lamp] {
	return []data.Change[lamp]{lampName.Patch(p.Name), lampRank.Patch(p.Rank), lampNote.Patch(p.Note)}
}

// Validate is asked by the service before and after it writes.
func (l *lamp) Validate() error {
	if l.Name == "forbidden" {
		return fault.Field("name", "is forbidden")
	}
	return nil
}

func asFault(err error) (*fault.Error, bool) { return errors.AsType[*fault.Error](err) }

func ptr[T any](v T) *T { return &v }
