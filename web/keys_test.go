package web_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/web"
)

type (
	ticket struct {
		data.Numbered[ticket]
		data.Times
		Text string `json:"text" db:"text"`
	}
	link struct {
		data.NanoIdentified[link]
		Text string `json:"text" db:"text"`
	}
	country struct {
		Code string `json:"code" db:"code,primary,size=9"`
		Text string `json:"text" db:"text"`
	}
	shelfRow struct {
		Room int `json:"room" db:"room,primary"`
		Row  int `json:"row" db:"row,primary"`
	}
)

// A shelfService serves rows as they are.
type shelfService[T any] = data.Service[T, made[T], renamed[T]]

// made is a request that is the row.
type made[T any] struct {
	Text string `json:"text"`
}

// New makes the row.
func (m made[T]) New() (v T) {
	switch x := any(&v).(type) {
	case *ticket:
		x.Text = m.Text
	case *link:
		x.Text = m.Text
	case *country:
		x.Code, x.Text = m.Text, m.Text
	}
	return v
}

// renamed changes nothing.
type renamed[T any] struct{}

// Changes lists nothing.
func (renamed[T]) Changes() []data.Change[T] { return nil }

// TestMountOfEveryKey serves rows by a number, by a text of ours and by one of
// theirs.
func TestMountOfEveryKey(t *testing.T) {
	t.Parallel()
	tickets, links, countries := data.NewTable[ticket]("tickets"), data.NewTable[link]("links"), data.NewTable[country]("countries")
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		for _, table := range []data.Schema{tickets.Schema(), links.Schema(), countries.Schema()} {
			for _, text := range migrate.DDL(db.Dialect(), table) {
				if _, err := db.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: text}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		r := web.NewRouter(web.Config{Prefix: "/api/v1"})
		web.Mount(r, "/tickets", &shelfService[ticket]{DB: db, Table: tickets}, web.Anyone, web.Anyone)
		web.Mount(r, "/links", &shelfService[link]{DB: db, Table: links}, web.Anyone, web.Anyone)
		web.Mount(r, "/countries", &shelfService[country]{DB: db, Table: countries}, web.Anyone, web.Anyone)
		do := func(method, path, body string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			req := httptest.NewRequest(method, path, strings.NewReader(body))
			req.Header.Set("Content-Type", "application/json")
			r.ServeHTTP(w, req)
			return w
		}
		for _, c := range []struct {
			path, text, says, at string
			bad                  []string
			none, schema         string
		}{
			{"/api/v1/tickets", "x", `"id":1,`, "/api/v1/tickets/1", []string{"0", "-1", "01", "x", "9223372036854775808"}, "2",
				`{"format":"int64","minimum":1,"type":"integer"}`},
			{"/api/v1/links", "x", `"text":"x"`, "", []string{"1", strings.Repeat("a", 22), strings.Repeat("a", 20) + "."}, strings.Repeat("a", 21),
				`{"pattern":"^[A-Za-z0-9_-]{21}$","patternDescription":"an ID of 21 letters, digits, _ or -","type":"string"}`},
			{"/api/v1/countries", "a b/c", `"code":"a b/c"`, "/api/v1/countries/a%20b%2Fc", []string{strings.Repeat("a", 10)}, "de", `{"type":"string"}`},
		} {
			w := do("POST", c.path, `{"text":"`+c.text+`"}`)
			at := w.Header().Get("Location")
			if w.Code != 201 || !strings.Contains(w.Body.String(), c.says) || c.at != "" && at != c.at {
				t.Fatal(c.path, w.Code, at, w.Body)
			}
			if w := do("GET", at, ""); w.Code != 200 || !strings.Contains(w.Body.String(), c.says) {
				t.Error(at, w.Code, w.Body)
			}
			if w := do("PATCH", at, "{}"); w.Code != 200 {
				t.Error(at, w.Code, w.Body)
			}
			if w := do("GET", c.path+"?ids="+at[len(c.path)+1:], ""); w.Code != 200 || !strings.Contains(w.Body.String(), c.says) {
				t.Error(at, w.Code, w.Body)
			}
			for _, id := range c.bad {
				if w := do("GET", c.path+"/"+id, ""); w.Code != 400 || !strings.Contains(w.Body.String(), "path.id") {
					t.Error(c.path, id, w.Code, w.Body)
				}
			}
			if w := do("GET", c.path+"/"+c.none, ""); w.Code != 404 {
				t.Error(c.path, w.Code, w.Body)
			}
			got, err := json.Marshal(r.OpenAPI().Paths[c.path+"/{id}"].Get.Parameters[0].Schema)
			if err != nil || string(got) != c.schema {
				t.Error(c.path, string(got), err)
			}
			if w := do("DELETE", at, ""); w.Code != 204 {
				t.Error(at, w.Code, w.Body)
			}
		}
	})
}
