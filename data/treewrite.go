package data

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// MarshalJSON writes f as a tree, from which a TreeReader makes a filter for
// the same rows, if it may name the fields. The zero filter and Everything are {}.
// Filters over other tables are written if they were read from a tree, without
// the relation's rules, which whoever reads them adds; others, SQL and those of
// a cursor cannot be written: that is fault.Invalid.
func (f Filter[T]) MarshalJSON() ([]byte, error) {
	tree, err := f.n.tree()
	if err != nil {
		return nil, err
	}
	return json.Marshal(tree)
}

// Tree writes q as a tree, from which a TreeReader makes the same query, but
// for Count, Estimate, Keyset and After, which it leaves out. A limit that is
// not said is DefaultLimit where there is an offset. An order that folds case
// or is by chance is fault.Invalid.
func (q Query[T]) Tree() ([]byte, error) {
	tree, err := q.Where.n.tree()
	if err != nil {
		return nil, err
	}
	if len(q.Order) == 0 && q.Limit == 0 && q.Offset == 0 {
		return json.Marshal(tree)
	}
	all := []any{}
	if q.Where.n != nil {
		all = append(all, tree)
	}
	for _, o := range q.Order {
		if o.f == nil || o.fold {
			return nil, notData()
		}
		order := "asc"
		if o.desc {
			order = "desc"
		}
		all = append(all, jsonMap{"type": "order_by", "field": o.f.json, "sort_order": order})
	}
	if q.Limit < 0 {
		return nil, notData()
	}
	if q.Limit > 0 || q.Offset > 0 {
		all = append(all, jsonMap{"type": "limit_offset", "limit": limit(q.Limit, DefaultLimit), "offset": q.Offset})
	}
	return json.Marshal(jsonMap{"and_": all})
}

type jsonMap = map[string]any

func notData() error {
	return fault.Errorf(fault.Invalid, "this filter or order cannot be written as data")
}

// opNamed is the name of each op in a comparison.
func opNamed(o op) (string, bool) {
	for _, m := range []map[string]op{valueOps, textOps} {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if m[name] == o {
				return name, true
			}
		}
	}
	return "", false
}

func (n *node) tree() (jsonMap, error) {
	if n == nil {
		return jsonMap{}, nil
	}
	if n.f != nil && n.op != opNull && n.op != opNotNull {
		switch n.f.column.Kind {
		case driver.Bytes, driver.JSON, driver.Other:
			return nil, notData()
		}
	}
	switch n.op {
	case opAlways:
		return jsonMap{}, nil
	case opNever:
		return jsonMap{"or_": []any{}}, nil
	case opAnd, opOr, opNot:
		return n.groupTree()
	case opSearch:
		return n.kids[0].tree()
	case opSome, opNone:
		return n.relatedTree()
	case opNull:
		return jsonMap{"type": "null", "field": n.f.json}, nil
	case opNotNull:
		return jsonMap{"type": "not_null", "field": n.f.json}, nil
	case opLacks:
		has, err := n.kids[0].tree()
		if f := n.kids[0].f; err == nil && f.column.Null {
			null := jsonMap{"type": "null", "field": f.json}
			return jsonMap{"or_": []any{jsonMap{"not_": has}, null}}, nil
		}
		return jsonMap{"not_": has}, err
	case opIn, opNotIn:
		typ := "collection"
		if n.op == opNotIn {
			typ = "not_in_collection"
		}
		values := make([]any, len(n.vs))
		for i, v := range n.vs {
			values[i] = n.f.toJSON(v)
		}
		return jsonMap{"type": typ, "field": n.f.json, "values": values}, nil
	}
	name, ok := opNamed(n.op)
	if !ok {
		return nil, notData()
	}
	return jsonMap{"type": "comparison", "field": n.f.json, "op": name, "value": n.f.toJSON(n.v)}, nil
}

func (n *node) groupTree() (jsonMap, error) {
	parts := make([]any, len(n.kids))
	for i, k := range n.kids {
		part, err := k.tree()
		if err != nil {
			return nil, err
		}
		parts[i] = part
	}
	switch n.op {
	case opAnd:
		return jsonMap{"and_": parts}, nil
	case opOr:
		return jsonMap{"or_": parts}, nil
	}
	return jsonMap{"not_": parts[0]}, nil
}

// toJSON writes a value of the column as fromJSON reads it.
func (f *field) toJSON(v any) any {
	switch x := v.(type) {
	case [16]byte:
		return ID[struct{}](x).String()
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano)
	case decimal.Decimal:
		if x.IsZero() { // whatever its exponent
			return "0"
		}
		return x.String()
	}
	return v
}
