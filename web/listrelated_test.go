package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Related rows are asked for by what the caller may see of them.
func TestFilterRelated(t *testing.T) {
	t.Parallel()
	eachSeats(t, func(t *testing.T, s *server, rows []seat) {
		if err := remarks.On(s.db).AddAll(t.Context(), []remark{
			{SeatID: rows[0].ID, Text: "creaks", Stars: 1, Author: "reader", Public: true},
			{SeatID: rows[1].ID, Text: "Creaks a bit", Stars: 3, Author: "reader"},
			{SeatID: rows[1].ID, Text: "fine", Stars: 5, Author: "nobody", Public: true},
			{SeatID: rows[2].ID, Text: "100% fine", Stars: 4, Author: "nobody"},
		}); err != nil {
			t.Fatal(err)
		}
		const creaks = `{"type":"exists","relation":"notes","filter":{"type":"search","value":"creaks","ignore_case":true}}`
		for _, tt := range []struct{ tree, token, want string }{
			{`{"type":"exists","relation":"notes"}`, "", "01"},
			{`{"type":"exists","relation":"notes"}`, "reader", "01"},
			{`{"type":"exists","relation":"notes","filter":{}}`, "nobody", "012"},
			{creaks, "", "0"},
			{creaks, "reader", "01"},
			{creaks, "nobody", "0"},
			{`{"and_":[{"type":"exists","relation":"notes"},{"not_":` + creaks + `}]}`, "", "1"},
			{`{"and_":[{"type":"exists","relation":"notes"},{"type":"not_exists","relation":"notes","filter":{"type":"search","value":"creaks","ignore_case":true}}]}`, "reader", ""},
			{`{"type":"exists","relation":"notes","filter":{"and_":[{"type":"comparison","field":"stars","op":"ge","value":4},{"type":"search","value":"%"}]}}`, "nobody", "2"},
			{`{"type":"exists","relation":"all_notes","filter":{"type":"comparison","field":"author","op":"eq","value":"nobody"}}`, "reader", "12"},
			{`{"type":"exists","relation":"all_notes"}`, "nobody", "query.filter: relation: is not a relation that can be asked for"},
			{`{"type":"exists","relation":"all_notes"}`, "", "query.filter: relation: is not a relation that can be asked for"},
			{`{"type":"exists","relation":"all_notes","filter":{"type":"comparison","field":"stars","op":"eq","value":1}}`, "reader", "query.filter: filter.field: is not a field that can be filtered by"},
			{`{"type":"exists","relation":"notes","filter":{"type":"comparison","field":"author","op":"eq","value":"x"}}`, "reader", "query.filter: filter.field: is not a field that can be filtered by"},
			{`{"or_":[{},{"type":"exists","relation":"seat"}]}`, "", "query.filter: or_[1].relation: is not a relation that can be asked for"},
			{`{"or_":[` + strings.Repeat(`{"type":"exists","relation":"notes"},`, 6) + `{}]}`, "", "query.filter: or_[5]: is one more than the 5 filters over relations that a tree may have"},
		} {
			var header []string
			if tt.token != "" {
				header = []string{bearer, "Bearer " + tt.token}
			}
			w := s.do(t, "GET", "/seats?orderBy=hall&pageSize=100&filter="+url.QueryEscape(tt.tree), "", header...)
			got := ""
			switch w.Code {
			case http.StatusOK:
				var p page
				if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
					t.Fatal(err)
				}
				for i, v := range rows {
					if slices.ContainsFunc(p.Items, func(item struct {
						ID   string `json:"id"`
						Name string `json:"name"`
					}) bool {
						return item.ID == v.ID.String()
					}) {
						got += fmt.Sprint(i)
					}
				}
			case http.StatusBadRequest:
				e := problemOf(t, w).Errors[0]
				got = e.Location + ": " + e.Message
			default:
				t.Errorf("%s: %d %s", tt.tree, w.Code, w.Body)
			}
			if got != tt.want {
				t.Errorf("%s as %q:\n got %s\nwant %s", tt.tree, tt.token, got, tt.want)
			}
		}
		text, err := json.Marshal(s.OpenAPI())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			`"contentMediaType":"application/json","contentSchema":{"$ref":"#/components/schemas/ListSeatsFilter"}`,
			`"relation":{"enum":["notes"],"type":"string"}`, `"filter":{"$ref":"#/components/schemas/ListSeatsFilter.notes"}`,
			`"ListSeatsFilter.notes":{"oneOf":[`, `"enum":["text"]`, `To ask for all_notes needs the permission products:read.`,
		} {
			if !strings.Contains(string(text), want) {
				t.Errorf("the document has no %s", want)
			}
		}
	})
}
