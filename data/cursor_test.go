package data_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A page after a cursor begins where an index can.
func TestKeysetStatements(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	cursor := func(orders ...data.Order[book]) data.Cursor {
		page, err := books.On(data.New(zeroes{}, nil)).List(ctx, data.Query[book]{Order: orders, Limit: 1, Keyset: true})
		if err != nil || page.Next == "" {
			t.Fatalf("no cursor: %v", err)
		}
		return page.Next
	}
	for _, c := range []struct {
		orders []data.Order[book]
		want   string // after WHERE
	}{
		{nil, `("id") > (?) ORDER BY "id" LIMIT 3; 0000`},
		{data.By(pages.Desc(), title.Desc()), `("pages", "title", "id") < (?, ?, ?) ORDER BY "pages" DESC, "title" DESC, "id" DESC LIMIT 3; 0; ; 0000`},
		{data.By(pages.Desc(), title.Asc()), `("pages" <= ? AND ("pages" < ? OR ("pages" = ? AND ("title" > ? OR ("title" = ? AND "id" > ?))))) ORDER BY "pages" DESC, "title", "id" LIMIT 3; 0; 0; 0; ; ; 0000`},
		{data.By(author.Asc()), `(1 = 0 OR ("author" IS NULL AND "id" > ?)) ORDER BY "author" NULLS LAST, "id" LIMIT 3; 0000`},
		{data.By(author.Desc()), `("author" IS NOT NULL OR ("author" IS NULL AND "id" < ?)) ORDER BY "author" DESC NULLS FIRST, "id" DESC LIMIT 3; 0000`},
	} {
		db, said := newRecorder("sqlite")
		books.On(db).List(ctx, data.Query[book]{Order: c.orders, Limit: 2, After: cursor(c.orders...)})
		_, got, _ := strings.Cut(said.take(), " WHERE ")
		check(t, "page", got, c.want)
	}
}

type everyKind struct {
	data.Identified[everyKind]
	Text    *string          `db:"text,size=9"`
	Int     *int32           `db:"int"`
	Float   *float64         `db:"float"`
	Bool    *bool            `db:"bool"`
	Time    *time.Time       `db:"time"`
	Decimal *decimal.Decimal `db:"decimal,numeric=10.2"`
	Bytes   []byte           `db:"bytes"`
}

// FuzzCursor has nothing but a list or fault.Malformed follow from any cursor.
func FuzzCursor(f *testing.F) {
	kinds := data.NewTable[everyKind]("kinds")
	orders := data.By(
		data.Col[string](kinds, "text").Asc(), data.Col[int32](kinds, "int").Asc(), data.Col[float64](kinds, "float").Desc(), data.Col[bool](kinds, "bool").Asc(),
		data.Col[time.Time](kinds, "time").Asc(), data.Col[decimal.Decimal](kinds, "decimal").Asc(), data.Col[[]byte](kinds, "bytes").Asc(),
	)
	page, err := kinds.On(data.New(zeroes{}, nil)).List(context.Background(), data.Query[everyKind]{Order: orders, Limit: 1, Keyset: true})
	if err != nil {
		f.Fatal(err)
	}
	head := string(page.Next[:4])
	f.Add(string(page.Next[4:]))
	f.Add("\x01\x02ab\x01\x02\x01\x40\x00\x00\x00\x00\x00\x00\x00\x01\x01\x01\x02\x01\x031.5\x01\x01x\x01" + fmt.Sprintf("%016d", 1))
	f.Fuzz(func(t *testing.T, rest string) {
		db, _ := newRecorder("sqlite")
		_, err := kinds.On(db).List(t.Context(), data.Query[everyKind]{Order: orders, After: data.Cursor(head + rest)})
		if err != nil && fault.KindOf(err) != fault.Malformed {
			t.Errorf("%q: %v", rest, err)
		}
	})
}
