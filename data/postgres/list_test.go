package postgres_test

import (
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
)

type (
	mood   string
	friend struct {
		Name string `db:"name,primary,size=9"`
		Mood mood   `db:"mood"`
	}
	guest struct {
		Name string `db:"name,primary,size=9"`
		Age  *int   `db:"age"`
	}
)

// TestLists sends many rows as lists, unless a column may be of a type that only
// the server knows.
func TestLists(t *testing.T) {
	t.Parallel()
	db, counter := datatest.Count(open(t))
	for _, text := range []string{
		"CREATE TYPE mood AS ENUM ('sad', 'glad')", "CREATE TABLE friends (name varchar(9) PRIMARY KEY, mood mood NOT NULL)",
		"CREATE TABLE guests (name varchar(9) PRIMARY KEY, age smallint)",
	} {
		exec(t, db, text)
	}
	friends, guests := data.NewTable[friend]("friends"), data.NewTable[guest]("guests")
	last := func() string {
		s := counter.Statements()
		return s[len(s)-1]
	}
	for range 2 {
		some := []friend{{"Ada", "glad"}, {"Bob", "sad"}}
		if _, err := friends.On(db).UpsertAll(t.Context(), some); err != nil || some[0].Mood != "glad" || strings.Contains(last(), "unnest") {
			t.Errorf("%v, %v by %s", some, err, last())
		}
		age := 41
		more := []guest{{"Ada", &age}, {"Bob", nil}}
		if _, err := guests.On(db).UpsertAll(t.Context(), more); err != nil || *more[0].Age != 41 || more[1].Age != nil || !strings.Contains(last(), "unnest") {
			t.Errorf("%v, %v by %s", more, err, last())
		}
	}
}
