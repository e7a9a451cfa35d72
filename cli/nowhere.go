package cli

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// nowhere returns a database that is not there. It takes the place, in an app
// that is only asked about one database or about none, of those that need not be
// reached for it.
func nowhere() *data.DB { return data.New(noDatabase{}, nil) }

// standIns returns stand-ins for all databases beside main.
func (c *config) standIns() map[string]*data.DB {
	out := map[string]*data.DB{}
	for name := range c.databases {
		out[name] = nowhere()
	}
	return out
}

// A noDatabase fails whatever it is asked to do.
type noDatabase struct{}

var (
	errNowhere     = &driver.Error{Class: driver.Down, Err: errors.New("this command does not use the database")}
	nowhereDialect = driver.Dialect{Name: "sqlite", True: "1", False: "0"}
)

func (noDatabase) Query(context.Context, driver.Call) (driver.Rows, error) { return nil, errNowhere }
func (noDatabase) Exec(context.Context, driver.Call) (int64, error)        { return 0, errNowhere }

func (noDatabase) Batch(context.Context, []driver.Call, func(int, driver.Rows) error) error {
	return errNowhere
}

func (noDatabase) Load(context.Context, string, []driver.Column, int, func(int, []any) error) error {
	return errNowhere
}

func (noDatabase) Begin(context.Context, driver.Isolation) (driver.Tx, error) { return nil, errNowhere }
func (noDatabase) Dialect() *driver.Dialect                                   { return &nowhereDialect }
func (d noDatabase) Reads(driver.ReadOptions) driver.Reads                    { return d }
func (noDatabase) Replicas() []driver.Replica                                 { return nil }
func (noDatabase) Position(context.Context) (string, error)                   { return "", errNowhere }
func (noDatabase) Ping(context.Context) error                                 { return errNowhere }
func (noDatabase) Native() any                                                { return sql.OpenDB(noConnection{}) }
func (noDatabase) Close() error                                               { return nil }

// A noConnection is what libraries of package database/sql get of it.
type noConnection struct{}

func (noConnection) Connect(context.Context) (sqldriver.Conn, error) { return nil, errNowhere }
func (c noConnection) Driver() sqldriver.Driver                      { return c }
func (noConnection) Open(string) (sqldriver.Conn, error)             { return nil, errNowhere }
