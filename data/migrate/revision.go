package migrate

import (
	"fmt"
	"time"
)

// A State says how a revision of the program and the database relate.
type State string

// The states.
const (
	Applied State = "applied" // it ran
	Pending State = "pending" // the program has it and it has not run
	Changed State = "changed" // it ran, and its file says something else now
	Unknown State = "unknown" // it ran, and the program does not have it: the database is newer
)

// A Revision is one step of a domain's tables.
type Revision struct {
	Source    string    `json:"source"`
	Number    int       `json:"number"`
	Name      string    `json:"name"`
	State     State     `json:"state"`
	AppliedAt time.Time `json:"applied_at,omitzero"` // zero if it has not run
}

// String returns the revision as people write it, such as "products/0001_init".
func (r Revision) String() string { return fmt.Sprintf("%s/%04d_%s", r.Source, r.Number, r.Name) }

// A Report is what is wrong with a database. Its zero value is: nothing.
type Report struct {
	Pending []Revision `json:"pending"`
	Changed []Revision `json:"changed"`
	Unknown []Revision `json:"unknown"`
	Drift   []string   `json:"drift"` // as Drift returns it; full of what pending revisions will add
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool {
	return len(r.Pending)+len(r.Changed)+len(r.Unknown)+len(r.Drift) == 0
}
