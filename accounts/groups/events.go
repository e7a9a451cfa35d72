package groups

import "github.com/manorgo/manor/accounts/users"

// Submitted says that somebody wants a group listed.
type Submitted struct {
	ID          ID       `json:"id"`
	Name        string   `json:"name"`
	SubmitterID users.ID `json:"submitter_id"`
}

// Kind names the event.
func (Submitted) Kind() string { return "groups.submitted" }

// Approved says that a group is listed from now on.
type Approved struct {
	ID ID `json:"id"`
}

// Kind names the event.
func (Approved) Kind() string { return "groups.approved" }

// ApprovalRevoked says that a group is not listed any more.
type ApprovalRevoked struct {
	ID ID `json:"id"`
}

// Kind names the event.
func (ApprovalRevoked) Kind() string { return "groups.approval_revoked" }

// Trusted says that a group is trusted from now on.
type Trusted struct {
	ID ID `json:"id"`
}

// Kind names the event.
func (Trusted) Kind() string { return "groups.trusted" }

// TrustRevoked says that a group is not trusted any more.
type TrustRevoked struct {
	ID ID `json:"id"`
}

// Kind names the event.
func (TrustRevoked) Kind() string { return "groups.trust_revoked" }
