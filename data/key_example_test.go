package data_test

import (
	"fmt"

	"github.com/manorgo/manor/data"
)

// A Ticket has a number, and a Seat is named by its hall and its place.
type (
	Ticket struct {
		data.Numbered[Ticket]
		data.Times
		Text string `json:"text" db:"text"`
	}
	Seat struct {
		Hall  string `json:"hall" db:"hall,primary,size=9"`
		Place int    `json:"place" db:"place,primary"`
		Taken bool   `json:"taken" db:"taken"`
	}
	SeatKey struct {
		data.Composite[Seat]
		Hall  string `db:"hall"`
		Place int    `db:"place"`
	}
)

func ExampleComposite() {
	seats := data.NewTable[Seat]("seats")
	// What Get, Update, Delete, GetAll and DeleteAll of its repository take:
	var key data.Key[Seat] = SeatKey{Hall: "north", Place: 7}
	fmt.Println(key.(SeatKey).Hall, seats.KeyType())
	// Output: north <nil>
}

func ExampleTable_ParseKey() {
	tickets := data.NewTable[Ticket]("tickets")
	key, err := tickets.ParseKey("42")
	fmt.Println(key, err)
	_, err = tickets.ParseKey("042")
	fmt.Println(err)
	// Output:
	// 42 <nil>
	// is not a whole number from 1
}
