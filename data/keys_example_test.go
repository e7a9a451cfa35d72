package data_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
)

// A Country is named by a code that people know, and a Guest by a random ID.
type (
	Country struct {
		Code string `json:"code" db:"code,primary,size=2"`
		Name string `json:"name" db:"name"`
	}
	CountryKey struct {
		data.Composite[Country]
		Code string `db:"code"`
	}
	Guest struct {
		data.Identified[Guest]
		Name string `json:"name" db:"name"`
	}
)

var (
	tickets   = data.NewTable[Ticket]("tickets")
	seats     = data.NewTable[Seat]("seats")
	seatTaken = data.Col[bool](seats, "taken")
	countries = data.NewTable[Country]("countries")
	guests    = data.NewTable[Guest]("guests", data.IDs(data.UUIDv4))
)

// theatre opens a new database with the tables in it.
func theatre() (db *data.DB, done func()) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	db, err = sqlite.Open(context.Background(), filepath.Join(dir, "theatre.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, table := range []data.Schema{tickets.Schema(), seats.Schema(), countries.Schema(), guests.Schema()} {
		for _, sql := range migrate.DDL(db.Dialect(), table) {
			if _, err := db.Driver().Exec(context.Background(), driver.Call{Statement: &driver.Statement{SQL: sql}}); err != nil {
				log.Fatal(err)
			}
		}
	}
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}
}

// Whatever names a row, the methods are the same.
func ExampleKey() {
	db, done := theatre()
	defer done()
	ctx := context.Background()

	rows := make([]Ticket, 3)
	err := tickets.On(db).AddAll(ctx, rows)
	fmt.Println(rows[0].ID, rows[2].ID, err)

	err = seats.On(db).AddAll(ctx, []Seat{{Hall: "north", Place: 7}, {Hall: "north", Place: 8}})
	fmt.Println(err)
	seat, err := seats.On(db).Update(ctx, SeatKey{Hall: "north", Place: 7}, seatTaken.Set(true))
	fmt.Println(seat.Taken, err)
	n, err := seats.On(db).DeleteAll(ctx, data.Keys(SeatKey{Hall: "north", Place: 7}, SeatKey{Hall: "south", Place: 7})...)
	fmt.Println(n, err)

	fmt.Println(countries.On(db).Add(ctx, &Country{Code: "fi", Name: "Finland"}))
	land, err := countries.On(db).Get(ctx, CountryKey{Code: "fi"})
	fmt.Println(land.Name, err)

	guest := Guest{Name: "Ada"}
	fmt.Println(guests.On(db).Add(ctx, &guest), guest.ID.String()[14:15])
	_, err = countries.On(db).Get(ctx, data.ID[Country]{1}) // of this table, but not its kind
	fmt.Println(errors.Is(err, fault.Internal))
	// Output:
	// 1 3 <nil>
	// <nil>
	// true <nil>
	// 1 <nil>
	// <nil>
	// Finland <nil>
	// <nil> 4
	// true
}

// Rows that were brought from elsewhere keep their numbers.
func ExampleRepository_AdvanceSerial() {
	db, done := theatre()
	defer done()
	ctx := context.Background()

	old := []Ticket{{Text: "from the old system"}}
	old[0].ID = 4711
	err := tickets.On(db).AddAll(ctx, old)
	if err == nil {
		err = tickets.On(db).AdvanceSerial(ctx)
	}
	fmt.Println(err)
	next := Ticket{Text: "new"}
	fmt.Println(tickets.On(db).Add(ctx, &next), next.ID)
	// Output:
	// <nil>
	// <nil> 4712
}
