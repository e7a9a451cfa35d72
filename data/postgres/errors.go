package postgres

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/manorgo/manor/data/driver"
)

// classify returns err as a *driver.Error, or as the context's error if that is
// why the statement ended.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e
	}
	out := &driver.Error{Err: err}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		out.Class = class(e.Code)
		out.Constraint, out.Table = e.ConstraintName, e.TableName
		if e.ColumnName != "" {
			out.Columns = []string{e.ColumnName}
		}
		if e.Code == "57014" && ctx.Err() != nil { // it was stopped because of ctx
			return ctx.Err()
		}
	} else if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || lost(err) {
		out.Class = driver.Down
	}
	return out
}

// class tells by SQLSTATE, PostgreSQL's appendix A.
func class(code string) driver.Class {
	switch code {
	case "23505", "23P01":
		return driver.Unique
	case "23503", "23001":
		return driver.ForeignKey
	case "23514":
		return driver.Check
	case "23502":
		return driver.NotNull
	case "40001", "40P01":
		return driver.Retryable
	case "55P03", "57014", "25P03":
		return driver.TimedOut // 57014 took longer than statement_timeout
	case "54000":
		return driver.BadValue // longer than what an index can hold
	case "25006", "XX001", "XX002":
		return driver.Down // the server is a standby; or its files are broken
	}
	switch code[:min(2, len(code))] {
	case "22":
		return driver.BadValue
	case "08", "53", "57", "58":
		return driver.Down
	}
	return driver.Unclassified
}

// lost reports whether err says that the connection is gone.
func lost(err error) bool {
	if _, ok := errors.AsType[*pgconn.PgError](err); ok {
		return false
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, puddle.ErrClosedPool) || pgconn.SafeToRetry(err)
}
