package task

import (
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// Schemas describes the tables that hold the tasks, for whoever carries rows to
// another database: what the columns hold cannot be told by how SQLite stores
// them. [Queue.Migrate] creates the tables. The others of the queue hold nothing
// that lasts.
func Schemas() []data.Schema {
	jobs := []data.ColumnSchema{
		column("id", driver.Int), column("args", driver.JSON), column("attempt", driver.Int), column("attempted_at", driver.Time),
		column("attempted_by", driver.JSON), column("created_at", driver.Time), column("errors", driver.JSON),
		column("finalized_at", driver.Time), column("kind", driver.Text), column("max_attempts", driver.Int),
		column("metadata", driver.JSON), column("priority", driver.Int), column("queue", driver.Text), column("state", driver.Text),
		column("scheduled_at", driver.Time), column("tags", driver.JSON), column("unique_key", driver.Bytes), column("unique_states", driver.Int),
	}
	queues := []data.ColumnSchema{
		column("name", driver.Text), column("created_at", driver.Time), column("metadata", driver.JSON),
		column("paused_at", driver.Time), column("updated_at", driver.Time),
	}
	return []data.Schema{{Table: "river_job", Columns: jobs}, {Table: "river_queue", Columns: queues}}
}

func column(name string, kind driver.Kind) data.ColumnSchema {
	return data.ColumnSchema{Column: driver.Column{Name: name, Kind: kind}}
}
