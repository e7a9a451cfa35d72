package audit

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
)

// A Kind is what sort of caller acted.
type Kind string

// The kinds of actors.
const (
	User      Kind = "user"      // somebody signed in: the actor is the subject
	Anonymous Kind = "anonymous" // a request without a credential
	CLI       Kind = "cli"       // a command: the actor is the operating system's user
	Task      Kind = "task"      // a task: the actor is its kind
	System    Kind = "system"    // the program by itself
)

// An Outcome is how an action ended.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"    // committed together with its row
	Refused Outcome = "refused" // the caller may not; nothing has changed
)

// An ID names one entry.
type ID = data.ID[Entry]

// An Entry is one row of the audit. It has no place for a value that somebody
// gave: only names of tables and columns, ids, and words of the program.
type Entry struct {
	ID         ID        `json:"id" db:"id,primary"`
	CreatedAt  time.Time `json:"created_at" db:"created_at,index,sort"`
	ActorKind  Kind      `json:"actor_kind" db:"actor_kind,enum=user|anonymous|cli|task|system,filter"`
	Actor      string    `json:"actor" db:"actor,size=64,index,filter"`
	OnBehalfOf string    `json:"on_behalf_of" db:"on_behalf_of,size=64,filter"` // "" is nobody else
	Action     string    `json:"action" db:"action,size=100,filter"`
	ObjectType string    `json:"object_type" db:"object_type,size=64,filter"`
	ObjectID   string    `json:"object_id" db:"object_id,size=64,index,filter"` // "" if there are several, or none in particular
	Outcome    Outcome   `json:"outcome" db:"outcome,enum=done|refused,filter"`
	Reason     string    `json:"reason" db:"reason,size=64,filter"` // of what was refused: a code
	Count      int       `json:"count" db:"count"`                  // of objects, or of equal refusals
	Columns    string    `json:"columns" db:"columns,size=1000"`    // that were set, with commas between
	RequestID  string    `json:"request_id" db:"request_id,size=64,filter"`
	IPPrefix   string    `json:"ip_prefix" db:"ip_prefix,size=64,filter"`
	Scheme     string    `json:"scheme" db:"scheme,size=32"` // of the caller's credential, and which API key it was
	Via        string    `json:"via" db:"via,size=128"`      // the route, or the command

	Seal secret.Digest  `json:"-" db:"seal"`         // of all the above
	Seq  *int64         `json:"seq" db:"seq,unique"` // its place in the chain, from 1; null until it has one
	Link *secret.Digest `json:"-" db:"link"`         // of the seal, the place and the link before
}

var (
	table     = data.NewTable[Entry]("audit")
	createdAt = data.Col[time.Time](table, "created_at")
	actor     = data.TextCol(table, "actor")
	onBehalf  = data.TextCol(table, "on_behalf_of")
	action    = data.TextCol(table, "action")
	outcome   = data.Col[Outcome](table, "outcome")
	objType   = data.TextCol(table, "object_type")
	objID     = data.TextCol(table, "object_id")
	seq       = data.Col[int64](table, "seq")
)

// separator stands between the fields of a content. No field has one: then a
// content has as many as it must, and no other fields make the same.
const separator = "\x1f"

// content returns what the seal is of, byte by byte as contents reads it.
func (e *Entry) content() []byte {
	key := [16]byte(e.ID)
	b := make([]byte, 0, 320)
	b = hex.AppendEncode(b, key[:])
	b = append(b, separator...)
	b = strconv.AppendInt(b, e.CreatedAt.UnixMicro(), 10)
	for _, s := range [...]string{
		string(e.ActorKind), e.Actor, e.OnBehalfOf, e.Action, e.ObjectType, e.ObjectID, string(e.Outcome), e.Reason,
		strconv.Itoa(e.Count), e.Columns, e.RequestID, e.IPPrefix, e.Scheme, e.Via,
	} {
		b = append(b, separator...)
		b = append(b, s...)
	}
	return b
}

// complete gives a new entry what makes it one that can be stored and sealed.
func (e *Entry) complete(db *data.DB, keys *secret.Keyring) {
	e.ID = data.NewID[Entry](db)
	if e.CreatedAt.IsZero() {
		e.CreatedAt = db.Now()
	}
	if e.Outcome == "" {
		e.Outcome = Done
	}
	e.Count = max(e.Count, 1)
	for _, f := range []struct {
		text *string
		most int
	}{
		{&e.Actor, 64}, {&e.OnBehalfOf, 64}, {&e.Action, 100}, {&e.ObjectType, 64}, {&e.ObjectID, 64}, {&e.Reason, 64},
		{&e.Columns, 1000}, {&e.RequestID, 64}, {&e.IPPrefix, 64}, {&e.Scheme, 32}, {&e.Via, 128},
	} {
		*f.text = fit(*f.text, f.most)
	}
	e.Seal = keys.Digest(secret.LabelAudit, e.content())
}

// fit returns text that every database stores as it is, of at most so many
// characters and without control characters, the separator among them.
func fit(s string, most int) string {
	plain := len(s) <= most
	for i := 0; plain && i < len(s); i++ {
		plain = ' ' <= s[i] && s[i] < 0x7f
	}
	if plain {
		return s
	}
	var b strings.Builder
	n := 0
	for _, r := range s {
		if r == utf8.RuneError || unicode.IsControl(r) {
			continue
		}
		if n++; n > most {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
