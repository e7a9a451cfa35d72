package driver

import "time"

// ReadOptions say what a unit of reads needs. The zero value is any server.
type ReadOptions struct {
	// Snapshot says that all reads see one state of the database. Such a unit is
	// used by one goroutine at a time.
	Snapshot bool

	// Primary says that no replica may be read.
	Primary bool

	// After are positions, separated by commas, as Position returned them: a
	// replica which has not come that far is not read. Those of other databases
	// mean nothing here, nor does what cannot be read.
	After string
}

// Reads is a unit of reads, all from one server: a replica that is well, has
// come far enough and is not too far behind, or the primary. If the server
// fails before it has answered anything, another one answers. If it fails
// later, the primary goes on, unless the unit is a snapshot. No read is made
// again of which a row has been handed over.
//
// Exec, Load and any statement that writes are errors of class ReadOnly; on a
// snapshot the unit cannot go on then. Without Snapshot, Close does nothing.
type Reads interface {
	Conn
	// Close ends the unit.
	Close() error
}

// A Replica is the state of a server that follows the primary.
type Replica struct {
	Name   string
	Up     bool          // it answers, and follows the same primary
	Behind time.Duration // how old the state is at most that it shows
	Reason string        // why it is not read now, "" if it is; for the log
}
