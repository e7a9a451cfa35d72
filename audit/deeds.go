package audit

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/event"
)

// A Record is a fact that is worth an entry of its own and is no event. Give it
// to the Note of a transaction. It has no place for values either.
type Record struct {
	Action     string // "audit.pruned"
	ObjectType string
	ObjectID   string
	Count      int // of objects; 0 means 1
}

// most is how many entries of one kind a transaction has. More become one that
// counts them.
const most = 20

// verbs are the last words of actions.
var verbs = map[driver.Verb]string{driver.Insert: "created", driver.Update: "updated", driver.Delete: "deleted"}

// entries returns what is to be written of a transaction: an entry for each
// event and for each change of a table that no event tells of. An event with a
// method Unaudited() has none.
func entries(deeds []data.Deed) (out []Entry) {
	for _, d := range deeds {
		switch fact := d.Fact.(type) {
		case interface{ Unaudited() }:
		case event.Event:
			out = add(out, ofEvent(fact), 0)
		case Record:
			out = append(out, Entry{Action: fact.Action, ObjectType: fact.ObjectType, ObjectID: fact.ObjectID, Count: fact.Count})
		}
	}
	told := len(out)
	for _, d := range deeds {
		if d.Fact == nil && !tells(out[:told], d) {
			out = add(out, Entry{
				Action: d.Table + "." + verbs[d.Verb], ObjectType: d.Table, ObjectID: d.ID, Count: d.Rows, Columns: join("", d.Columns),
			}, told)
		}
	}
	return out
}

// tells reports whether one of the events is about the deed, and gives it the
// columns that were changed.
func tells(events []Entry, d data.Deed) bool {
	for i := range events {
		e := &events[i]
		if e.ObjectType != d.Table || d.ID == "" || e.ObjectID != d.ID || !strings.HasPrefix(e.Action, d.Table+".") {
			continue
		}
		if d.Verb == driver.Update {
			e.Columns = join(e.Columns, d.Columns)
			return true
		}
		if e.Action == d.Table+"."+verbs[d.Verb] {
			return true
		}
	}
	return false
}

// add adds an entry, or makes one of those from place from on say that it
// happened, too.
func add(out []Entry, e Entry, from int) []Entry {
	e.Count = max(e.Count, 1)
	alike := 0
	for i := from; i < len(out); i++ {
		o := &out[i]
		if o.Action != e.Action {
			continue
		}
		same := o.ObjectID == e.ObjectID && e.ObjectID != ""
		if alike++; !same && alike < most {
			continue
		}
		if o.Columns = join(o.Columns, strings.Split(e.Columns, ",")); !same {
			o.ObjectID = ""
			o.Count += e.Count
		}
		return out
	}
	return append(out, e)
}

// join adds columns to a list, each once, without those that rows move by
// themselves.
func join(list string, columns []string) string {
	var names []string
	if list != "" {
		names = strings.Split(list, ",")
	}
	for _, c := range columns {
		if c != "" && c != "updated_at" && c != "version" && !slices.Contains(names, c) {
			names = append(names, c)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// ofEvent returns the entry of an event. What it is about is its field "id",
// or the one named for its kind ("product_id" of "products.created"), or "user_id".
func ofEvent(e event.Event) Entry {
	typ, what, _ := strings.Cut(e.Kind(), ".")
	if what == "changed" {
		what = verbs[driver.Update]
	}
	out, ids := Entry{Action: typ + "." + what, ObjectType: typ}, idsOf(e)
	own := cmp.Or(ids["id"], ids[strings.TrimSuffix(typ, "s")+"_id"])
	if own == "" && ids["user_id"] != "" {
		out.ObjectType, own = "users", ids["user_id"]
	}
	out.ObjectID = own
	return out
}

// idsOf returns the fields of an event that are ids, by their names in JSON.
// Whatever else it holds stays out.
func idsOf(e event.Event) map[string]string {
	v := reflect.Indirect(reflect.ValueOf(e))
	if v.Kind() != reflect.Struct {
		return nil
	}
	out := map[string]string{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name != "id" && !strings.HasSuffix(name, "_id") {
			continue
		}
		if f.Type.Kind() != reflect.Array || f.Type.Len() != 16 { // ids of rows alone: a text may be anything
			continue
		}
		if s, ok := v.Field(i).Interface().(interface{ String() string }); ok {
			out[name] = s.String()
		}
	}
	return out
}
