package data_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// A recorder is a driver that runs nothing: it writes down the statements. Its
// results are empty.
type recorder struct {
	dialect driver.Dialect
	said    []string
}

func newRecorder(name string) (*data.DB, *recorder) {
	encode := func(_ driver.Column, v any) (any, error) {
		switch x := v.(type) {
		case *time.Time:
			return *x, nil
		case *[16]byte:
			return *x, nil
		}
		return v, nil
	}
	d := driver.Dialect{Name: "sqlite", MaxParams: 100, True: "yes", False: "no", Later: "later(%s, %s)", Has: "has(%s, %s)", HasFold: "fold(%s, %s)", Prefix: "prefix(%s, %s)", PrefixFold: "prefixfold(%s, %s)", Suffix: "suffix(%s, %s)", SuffixFold: "suffixfold(%s, %s)", Like: "like(%s, %s)", LikeFold: "likefold(%s, %s)", Fold: "fold(%s)", Encode: encode}
	if name == "postgres" {
		d.Name, d.Numbered, d.Lock, d.Inserted = name, true, " FOR UPDATE", "is_new"
		d.TypeOf = "null of %s.%s"
	}
	r := &recorder{dialect: d}
	return data.New(r, func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }), r
}

func (r *recorder) note(what string, c driver.Call) {
	text := what + " " + c.SQL
	for _, a := range c.Args {
		switch a := a.(type) {
		case [16]byte:
			text += fmt.Sprintf("; %x", a[:2])
		case time.Time:
			text += "; " + a.Format("15:04:05")
		default:
			text += fmt.Sprintf("; %v", a)
		}
	}
	r.said = append(r.said, text)
}

func (r *recorder) Query(_ context.Context, c driver.Call) (driver.Rows, error) {
	r.note("query", c)
	return noRows{}, nil
}

func (r *recorder) Exec(_ context.Context, c driver.Call) (int64, error) {
	r.note("exec", c)
	return 1, nil
}

func (r *recorder) Batch(_ context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	for i, c := range calls {
		r.note("batch", c)
		if err := read(i, noRows{}); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) Load(_ context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	args := make([]any, len(columns))
	for i := range n {
		if err := row(i, args); err != nil {
			return err
		}
	}
	r.said = append(r.said, fmt.Sprintf("load %s %d×%d", table, n, len(columns)))
	return nil
}

func (r *recorder) Dialect() *driver.Dialect { return &r.dialect }
func (r *recorder) Begin(context.Context, driver.Isolation) (driver.Tx, error) {
	return recorderTx{r}, nil
}
func (r *recorder) Reads(driver.ReadOptions) driver.Reads    { return recorderTx{r} }
func (r *recorder) Replicas() []driver.Replica               { return nil }
func (r *recorder) Position(context.Context) (string, error) { return "", nil }
func (r *recorder) Ping(context.Context) error               { return nil }
func (r *recorder) Native() any                              { return nil }
func (r *recorder) Close() error                             { return nil }
func (r *recorder) take() string                             { s := strings.Join(r.said, "\n"); r.said = nil; return s }

type recorderTx struct{ *recorder }

func (t recorderTx) Commit(context.Context) error   { t.said = append(t.said, "commit"); return nil }
func (t recorderTx) Rollback(context.Context) error { t.said = append(t.said, "rollback"); return nil }

func (t recorderTx) Savepoint(_ context.Context, depth int) error { return t.point("savepoint", depth) }
func (t recorderTx) Release(_ context.Context, depth int) error   { return t.point("release", depth) }
func (t recorderTx) Undo(_ context.Context, depth int) error      { return t.point("undo", depth) }

func (t recorderTx) point(what string, depth int) error {
	t.said = append(t.said, fmt.Sprintf("%s %d", what, depth))
	return nil
}

// A zeroes is a driver on which every query finds two rows of zero values.
type zeroes struct{ *recorder }

func (zeroes) Dialect() *driver.Dialect { return twoRows.Dialect() }
func (zeroes) Query(context.Context, driver.Call) (driver.Rows, error) {
	return &zeroRows{left: 2}, nil
}

var twoRows = func() *recorder { _, r := newRecorder("sqlite"); return r }()

type zeroRows struct {
	noRows
	left int
}

func (r *zeroRows) Next() bool { r.left--; return r.left >= 0 }

type noRows struct{}

func (noRows) Next() bool       { return false }
func (noRows) Scan([]any) error { return nil }
func (noRows) Err() error       { return nil }
func (noRows) Close() error     { return nil }

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}
