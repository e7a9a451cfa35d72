package data

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// schemaNames is what classify asks of a table, to speak of columns by the
// names the caller knows.
type schemaNames interface {
	uniqueColumns(constraint string) []string
	checkedColumns(constraint string) []string
	jsonNames(columns []string) []string
	worded(columns []string) string
}

// classify turns a driver's error into a fault. A nil err gives nil.
func classify(err error, names schemaNames) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(fault.Unavailable, err, "the request was given up")
	}
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return err
	}
	switch e.Class {
	case driver.Unique:
		if names != nil && len(e.Columns) == 0 {
			e.Columns = names.uniqueColumns(e.Constraint)
		}
		return columnFault(fault.Conflict, "CONFLICT", "is already taken", e, names)
	case driver.ForeignKey:
		return &fault.Error{Kind: fault.Conflict, Code: "REFERENCE", Msg: "it refers to something that does not exist, or something refers to it", Err: e}
	case driver.Check:
		if names != nil && len(e.Columns) == 0 {
			e.Columns = names.checkedColumns(e.Constraint)
		}
		return columnFault(fault.Invalid, "", "breaks a rule", e, names)
	case driver.NotNull:
		return columnFault(fault.Invalid, "", "is required", e, names)
	case driver.BadValue:
		return columnFault(fault.Invalid, "", "does not fit", e, names)
	case driver.Retryable, driver.TimedOut:
		return &fault.Error{Kind: fault.Unavailable, Msg: "busy, try again", Retry: time.Second, Err: e}
	case driver.Down:
		return &fault.Error{Kind: fault.Unavailable, Msg: "the database is not available", Retry: 5 * time.Second, Err: e}
	}
	return &fault.Error{Kind: fault.Internal, Msg: "internal error", Err: e}
}

func columnFault(k fault.Kind, code, what string, e *driver.Error, names schemaNames) error {
	out := &fault.Error{Kind: k, Code: code, Msg: "a value " + what, Err: e}
	if names != nil && len(e.Columns) > 0 {
		known := names.jsonNames(e.Columns)
		out.Msg = strings.Join(known, " and ") + " " + what
		if words := names.worded(e.Columns); words != "" {
			out.Msg, what = words, words
		}
		for _, n := range known {
			out.Details = append(out.Details, fault.Detail{Location: "body." + n, Message: what})
		}
	}
	return out
}

// Taken reports whether err says that a row with the same value in these
// columns exists already.
func Taken(err error, columns ...string) bool {
	e, ok := errors.AsType[*driver.Error](err)
	return ok && e.Class == driver.Unique && slices.Equal(slices.Sorted(slices.Values(e.Columns)), slices.Sorted(slices.Values(columns)))
}

func (t *Table[T]) uniqueColumns(constraint string) []string {
	if t.primary != nil && constraint == t.name+"_pkey" {
		return columnsOf(t.primary)
	}
	for _, u := range slices.Concat(t.uniques, t.alive) {
		if constraint == UniqueName(t.name, u...) {
			return u
		}
	}
	return nil
}

func (t *Table[T]) checkedColumns(constraint string) []string {
	for _, f := range t.fields {
		if constraint == "ck_"+t.name+"_"+f.column.Name {
			return []string{f.column.Name}
		}
	}
	return nil
}

func (t *Table[T]) jsonNames(columns []string) (out []string) {
	for _, c := range columns {
		if f := t.field(c); f != nil {
			c = f.json
		}
		out = append(out, c)
	}
	return out
}
