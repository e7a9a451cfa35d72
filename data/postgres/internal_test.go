package postgres

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/manorgo/manor/data/driver"
)

func TestConfigure(t *testing.T) {
	t.Parallel()
	config, err := configure("postgres://u:p@h/db")
	if err != nil {
		t.Fatal(err)
	}
	if want := int32(max(8, 4*runtime.NumCPU())); config.MaxConns != want {
		t.Errorf("the pool has %d connections, want %d", config.MaxConns, want)
	}
	for name, want := range map[string]string{
		"application_name": "manor", "timezone": "UTC", "statement_timeout": "15s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "30s",
	} {
		if got := config.ConnConfig.RuntimeParams[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	config, err = configure("postgres://u:p@h/db?pool_max_conns=3&statement_timeout=1s&application_name=mine")
	if err != nil {
		t.Fatal(err)
	}
	params := config.ConnConfig.RuntimeParams
	if config.MaxConns != 3 || params["statement_timeout"] != "1s" || params["application_name"] != "mine" || params["lock_timeout"] != "5s" || params["pool_max_conns"] != "" {
		t.Errorf("what the URL sets is lost: %d connections, %v", config.MaxConns, params)
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]driver.Class{
		"23505": driver.Unique, "23P01": driver.Unique, "23503": driver.ForeignKey, "23001": driver.ForeignKey, "23514": driver.Check, "23502": driver.NotNull,
		"22001": driver.BadValue, "22003": driver.BadValue, "22P02": driver.BadValue, "22021": driver.BadValue, "54000": driver.BadValue,
		"40001": driver.Retryable, "40P01": driver.Retryable, "55P03": driver.TimedOut, "57014": driver.TimedOut, "25P03": driver.TimedOut,
		"57P01": driver.Down, "57P02": driver.Down, "57P03": driver.Down, "08006": driver.Down, "53300": driver.Down, "53100": driver.Down, "58030": driver.Down,
		"25006": driver.Down, "XX001": driver.Down,
		"42601": driver.Unclassified, "25P02": driver.Unclassified, "0A000": driver.Unclassified, "": driver.Unclassified, "X": driver.Unclassified,
	} {
		cause := &pgconn.PgError{Code: code, ConstraintName: "c", TableName: "t", ColumnName: "n"}
		e, ok := errors.AsType[*driver.Error](classify(t.Context(), cause))
		if !ok || e.Class != want || e.Constraint != "c" || e.Table != "t" || len(e.Columns) != 1 || !errors.Is(e, cause) {
			t.Errorf("%s became %+v, want class %d", code, e, want)
		}
	}
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, &pgconn.ConnectError{}} {
		if e, ok := errors.AsType[*driver.Error](classify(t.Context(), lost)); !ok || e.Class != driver.Down {
			t.Errorf("%v became %v", lost, e)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, cause := range []error{&pgconn.PgError{Code: "57014"}, io.ErrUnexpectedEOF, context.Canceled} {
		if err := classify(gone, cause); err != context.Canceled {
			t.Errorf("after the context has ended %v became %v", cause, err)
		}
	}
	if e, ok := errors.AsType[*driver.Error](classify(gone, &pgconn.PgError{Code: "23505"})); !ok || e.Class != driver.Unique {
		t.Errorf("what the server said before is lost: %v", e)
	}
	if classify(gone, nil) != nil {
		t.Error("no error became one")
	}
}
