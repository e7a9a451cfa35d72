package web_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// A seat may be without a row and without a guest.
type seat struct {
	data.Identified[seat]
	Hall  string   `json:"hall" db:"hall,sort,filter"`
	Row   *int     `json:"row" db:"row_no,sort,filter"`
	Guest *string  `json:"guest" db:"guest,sort,search"`
	Price int      `json:"price" db:"price,sort"`
	Free  bool     `json:"is_free" db:"free,sort"`
	Notes []remark `json:"notes,omitzero"`
}

// A remark is on a seat, and for its author's eyes until it is public.
type remark struct {
	data.Identified[remark]
	SeatID data.ID[seat] `json:"seat_id" db:"seat_id,references=seats"`
	Text   string        `json:"text" db:"text,search"`
	Stars  int           `json:"stars" db:"stars,filter"`
	Author string        `json:"author" db:"author,filter"`
	Public bool          `json:"public" db:"public"`
}

var (
	seats    = data.NewTable[seat]("seats")
	remarks  = data.NewTable[remark]("remarks")
	noteSeat = data.Col[data.ID[seat]](remarks, "seat_id")
	noteFrom = data.Col[string](remarks, "author")
	noteOpen = data.Col[bool](remarks, "public")
	onSeat   = data.HasMany(seats, remarks, noteSeat, func(s *seat) *[]remark { return &s.Notes })
)

// A seatCreate and a seatUpdate make and change nothing.
type (
	seatCreate struct{}
	seatUpdate struct{}
)

func (seatCreate) New() seat                    { return seat{} }
func (seatUpdate) Changes() []data.Change[seat] { return nil }

// visibleNotes are the public ones and the caller's own.
func visibleNotes(ctx context.Context) (data.Filter[remark], error) {
	return data.Any(noteOpen.Eq(true), noteFrom.Eq(string(auth.From(ctx).Subject))), nil
}

// eachSeats runs a test on a server of 48 seats, on each database.
func eachSeats(t *testing.T, run func(t *testing.T, s *server, rows []seat)) {
	t.Helper()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		for _, ddl := range append(migrate.DDL(db.Dialect(), seats.Schema()), migrate.DDL(db.Dialect(), remarks.Schema())...) {
			if _, err := db.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: ddl}}); err != nil {
				t.Fatal(err)
			}
		}
		keys, err := secret.NewKeyring([]byte("0123456789abcdef0123456789abcdef"))
		if err != nil {
			t.Fatal(err)
		}
		var rows []seat
		for i := range 48 {
			v := seat{Hall: []string{"a", "B", "é"}[i%3], Price: i % 5, Free: i%2 == 0}
			if i%4 > 0 {
				n := i % 4
				v.Row = &n
			}
			if i%6 > 1 {
				guest := strings.Repeat("g", i%6)
				v.Guest = &guest
			}
			rows = append(rows, v)
		}
		if err := seats.On(db).AddAll(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		s := &server{db: db, Router: web.NewRouter(web.Config{Log: quiet, Keys: keys, Now: time.Now})}
		s.SetGate(gate())
		service := &data.Service[seat, seatCreate, seatUpdate]{DB: db, Table: seats}
		web.Mount(s.Router, "/seats", service, web.Anyone, web.Anyone, web.Restrict("products:read", "orderBy=price"),
			web.FilterRelated("", onSeat.InTrees("notes", visibleNotes, []string{"text", "stars"})),
			web.FilterRelated("products:read", onSeat.InTrees("all_notes", nil, []string{"author"})))
		run(t, s, rows)
	})
}

// compareBy compares two rows by fields such as "-row": NULL is after every
// value, and the id follows the last field.
func compareBy(orders []string) func(a, b seat) int {
	return func(a, b seat) int {
		sign := 1
		for _, o := range orders {
			name, down := strings.CutPrefix(o, "-")
			if sign = 1; down {
				sign = -1
			}
			c := 0
			switch name {
			case "hall":
				c = cmp.Compare(a.Hall, b.Hall)
			case "price":
				c = cmp.Compare(a.Price, b.Price)
			case "row":
				c = compareNull(a.Row, b.Row)
			case "guest":
				c = compareNull(a.Guest, b.Guest)
			case "is_free":
				c = map[bool]int{true: 1}[a.Free] - map[bool]int{true: 1}[b.Free]
			}
			if c != 0 {
				return sign * c
			}
		}
		return sign * bytes.Compare(a.ID[:], b.ID[:])
	}
}

func compareNull[V cmp.Ordered](a, b *V) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return cmp.Compare(*a, *b)
}

func TestListBySeveralFields(t *testing.T) {
	t.Parallel()
	eachSeats(t, func(t *testing.T, s *server, rows []seat) {
		for query, orders := range map[string][]string{
			"orderBy=row":                                            {"-row"},
			"orderBy=row&sortOrder=asc":                              {"row"},
			"orderBy=hall,row":                                       {"-hall", "-row"},
			"orderBy=hall&orderBy=row":                               {"-hall", "-row"},
			"orderBy=row,hall":                                       {"-row", "-hall"},
			"orderBy=hall,row&sortOrder=asc":                         {"hall", "row"},
			"orderBy=row%2Cguest&sortOrder=asc,desc":                 {"row", "-guest"},
			"sortOrder=desc&orderBy=guest&sortOrder=asc&orderBy=row": {"-guest", "row"},
			"orderBy=is_free,row,guest&sortOrder=desc,asc,asc":       {"-is_free", "row", "guest"},
			"orderBy=guest,row&orderBy=hall,is_free&sortOrder=asc&sortOrder=desc,asc&sortOrder=desc": {"guest", "-row", "hall", "-is_free"},
		} {
			want := slices.SortedFunc(slices.Values(rows), compareBy(orders))
			var byPage, byCursor []string
			for page := 1; len(byPage) < len(rows); page++ {
				p := s.keysetless(t, fmt.Sprintf("/seats?%s&pageSize=7&currentPage=%d", query, page))
				if len(p.Items) == 0 {
					break
				}
				for _, item := range p.Items {
					byPage = append(byPage, item.ID)
				}
			}
			for cursor := ""; ; {
				p := s.keysetPage(t, "/seats", query+"&pageSize=7", cursor)
				for _, item := range p.Items {
					byCursor = append(byCursor, item.ID)
				}
				if cursor = p.Next; cursor == "" || len(byCursor) > len(rows) {
					break
				}
			}
			var ids []string
			for _, v := range want {
				ids = append(ids, v.ID.String())
			}
			if !slices.Equal(byPage, ids) {
				t.Errorf("%s by page is another order", query)
			}
			if !slices.Equal(byCursor, ids) {
				t.Errorf("%s by cursor is another order", query)
			}
		}
	})
}

func (s *server) keysetless(t *testing.T, target string) (p page) {
	t.Helper()
	w := s.do(t, "GET", target, "")
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", target, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOrdersRefuse(t *testing.T) {
	t.Parallel()
	eachSeats(t, func(t *testing.T, s *server, _ []seat) {
		const fields = "must be one of hall, row, guest, price, is_free"
		for query, want := range map[string]string{
			"orderBy=":                              "query.orderBy: " + fields,
			"orderBy=hall,":                         "query.orderBy: " + fields,
			"orderBy=,hall":                         "query.orderBy: " + fields,
			"orderBy=hall,%20row":                   "query.orderBy: " + fields,
			"orderBy=row_no":                        "query.orderBy: " + fields,
			"orderBy=hall&orderBy=id":               "query.orderBy: " + fields,
			"orderBy=-hall":                         "query.orderBy: " + fields,
			"orderBy=hall,hall":                     "query.orderBy: names hall twice",
			"orderBy=hall&orderBy=row&orderBy=hall": "query.orderBy: names hall twice",
			"orderBy=hall,row,guest,is_free,hall":   "query.orderBy: has more than 4 fields",
			"orderBy=" + strings.Repeat("hall,", 9999) + "hall": "query.orderBy: has more than 4 fields",
			"orderBy=price":                            "query.orderBy: is not one of the fields to sort by",
			"orderBy=hall,price":                       "query.orderBy: is not one of the fields to sort by",
			"orderBy=hall%00":                          "query.orderBy: is not valid text",
			"orderBy=hall,%ff":                         "query.orderBy: is not valid text",
			"sortOrder=":                               "query.sortOrder: must be one of asc, desc",
			"orderBy=hall&sortOrder=ASC":               "query.sortOrder: must be one of asc, desc",
			"orderBy=hall&sortOrder=asc,up":            "query.sortOrder: must be one of asc, desc",
			"orderBy=hall&sortOrder=asc,desc":          "query.sortOrder: must be one for all fields of orderBy, or one for each",
			"orderBy=hall,row,guest&sortOrder=asc,asc": "query.sortOrder: must be one for all fields of orderBy, or one for each",
			"sortOrder=asc,desc":                       "query.sortOrder: must be one for all fields of orderBy, or one for each",
			"sortOrder=asc,asc,asc,asc,asc":            "query.sortOrder: has more than 4 values",
		} {
			w := s.do(t, "GET", "/seats?"+query, "")
			if w.Code != http.StatusBadRequest {
				t.Errorf("%.60s: %d %s", query, w.Code, w.Body)
				continue
			}
			if e := problemOf(t, w).Errors[0]; e.Location+": "+e.Message != want {
				t.Errorf("%.60s: got %s: %s, want %s", query, e.Location, e.Message, want)
			}
		}
		if w := s.do(t, "GET", "/seats?orderBy=hall,price&sortOrder=asc", "", bearer, "Bearer reader"); w.Code != http.StatusOK {
			t.Errorf("with the permission: %d", w.Code)
		}
	})
}

// A cursor goes on in its own order only.
func TestCursorOfSeveralFields(t *testing.T) {
	t.Parallel()
	eachSeats(t, func(t *testing.T, s *server, _ []seat) {
		const query = "orderBy=hall,row&sortOrder=asc,desc&pageSize=3"
		next := "&cursor=" + s.keysetPage(t, "/seats", query, "").Next
		for query, want := range map[string]int{
			query: 200,
			"orderBy=hall&orderBy=row&sortOrder=asc&sortOrder=desc": 200, // the same, said otherwise
			"orderBy=row,hall&sortOrder=asc,desc":                   400,
			"orderBy=row&orderBy=hall&sortOrder=desc&sortOrder=asc": 400,
			"orderBy=hall,row&sortOrder=desc,asc":                   400,
			"orderBy=hall,row&sortOrder=asc":                        400,
			"orderBy=hall&sortOrder=asc":                            400,
			"orderBy=hall,row,guest&sortOrder=asc,desc,asc":         400,
			"": 400,
		} {
			w := s.do(t, "GET", "/seats?"+query+next, "")
			if w.Code != want || want == 400 && problemOf(t, w).Errors[0].Location != "query.cursor" {
				t.Errorf("%s: %d %s", query, w.Code, w.Body)
			}
		}
	})
}
