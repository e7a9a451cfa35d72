// Package imports brings people from other programs, with their passwords: from
// Django, PocketBase, Kratos, Supabase and Firebase, and from files of rows.
//
// A password comes as the hash that the other program made. It is verified as it
// is at the first sign-in, and replaced by one of ours at that moment; so nobody
// has to choose a new one. Nobody is mailed.
package imports

import (
	"context"
	"errors"
	"slices"

	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Source is the program whose export a file is.
type Source string

// The sources. What each expects of a file is told in docs/importing.md.
const (
	Django     Source = "django"     // dumpdata, or the table of users as CSV
	PocketBase Source = "pocketbase" // the rows of the collection users
	Kratos     Source = "kratos"     // identities, with their credentials
	Supabase   Source = "supabase"   // the rows of auth.users
	Firebase   Source = "firebase"   // auth:export
	CSV        Source = "csv"        // the columns of Columns
	JSON       Source = "json"       // the same, as objects
)

// Sources returns all of them.
func Sources() []Source { return []Source{Django, PocketBase, Kratos, Supabase, Firebase, CSV, JSON} }

// Options say how people are imported. The zero Options, with From, are the
// cautious ones.
type Options struct {
	From Source

	// Update changes people who are there, found by their e-mail address, as
	// users.Service.Renew does. Otherwise they stay as they are.
	Update bool

	// Strict refuses people whose username is taken or not allowed here. They
	// get another otherwise, made of it.
	Strict bool

	// Ranks makes staff and superusers of those whom the file says to be.
	Ranks bool

	// Roles grants the roles that the file names. Somebody with a role that does
	// not exist is refused.
	Roles bool

	// Verified counts addresses as verified of which the file does not say.
	Verified bool

	// Passwordless imports people whose hash cannot be used without a password.
	// They choose one by the link for a forgotten one. Otherwise they are refused.
	Passwordless bool

	// Model is Django's name of its users, such as "people.member". "" means
	// whatever has an e-mail address and a password.
	Model string

	// Firebase is what verifying passwords of Firebase takes.
	Firebase secret.FirebaseScrypt

	DryRun  bool // do everything, and undo it; one transaction, so others may wait
	Restart bool // forget how far an earlier run came

	Batch    int                 // rows that one transaction stores; 0 means 20,000, which spares SQLite much writing
	Progress func(transfer.Step) // told how far the work is, unless nil

	// Refused is told of each person who is not imported, unless it is nil. Its
	// error ends the work.
	Refused func(Refusal) error
}

// A Refusal says why somebody was not imported.
type Refusal struct {
	Line   int    `json:"line"` // of the file, from 1
	Email  string `json:"email,omitempty"`
	Reason string `json:"reason"`
}

// A Result counts what became of the rows of a file.
type Result struct {
	Rows    int64 `json:"rows"`    // that were read, those of an earlier run included
	Found   int64 `json:"found"`   // that an earlier run had done
	Created int64 `json:"created"` // new accounts
	Updated int64 `json:"updated"` // accounts that were there and changed
	Present int64 `json:"present"` // accounts that were there and stayed as they are
	Refused int64 `json:"refused"` // told to Options.Refused
	Skipped int64 `json:"skipped"` // that are not of people
}

// An Importer stores people in a database.
type Importer struct {
	db    *data.DB
	users *users.Service
	roles *roles.Service
}

// New returns the importer into db.
func New(db *data.DB, people *users.Service, r *roles.Service) *Importer {
	return &Importer{db: db, users: people, roles: r}
}

// Run imports the people of a file, in batches, in memory that does not grow with
// the file. Each batch is one transaction, which also notes how far the work
// came: after an interruption the same call goes on from there. To run again on
// the same or a newer file adds only who is new. A row that cannot be imported is
// told to Options.Refused, and the work goes on.
//
// A file that is not what Options.From says is fault.Malformed, options that make
// no sense are fault.Invalid, and two runs on one file at a time fault.Conflict.
func (i *Importer) Run(ctx context.Context, f *transfer.Fixture, o Options) (Result, error) {
	r := &run{Importer: i, o: o, f: f}
	if err := r.check(); err != nil {
		return r.sum, err
	}
	if err := f.Within("identities", "items", "users", "records"); err != nil {
		return r.sum, fault.Wrap(fault.Internal, err, "%s cannot be read", f.File())
	}
	if !o.DryRun {
		var err error
		if r.mark, err = transfer.OpenBookmark(ctx, i.db, "import users", f, o.Restart); err != nil {
			return r.sum, err
		}
		r.sum.Found = r.mark.Found()
		if err := r.rows(ctx); err != nil {
			return r.sum, err
		}
		return r.sum, r.mark.Close(ctx)
	}
	undo := errors.New("imports: a dry run")
	err := i.db.Tx(ctx, func(tx *data.Tx) error {
		r.tx = tx
		if err := r.rows(ctx); err != nil {
			return err
		}
		return undo
	})
	if errors.Is(err, undo) {
		err = nil
	}
	return r.sum, err
}

// run is one call of Run.
type run struct {
	*Importer
	o     Options
	f     *transfer.Fixture
	mark  *transfer.Bookmark // nil in a dry run
	tx    *data.Tx           // of a dry run
	sum   Result
	known map[string]bool // roles that exist, by name, as far as anybody asked
}

func (r *run) check() error {
	if !slices.Contains(Sources(), r.o.From) {
		return fault.Errorf(fault.Invalid, "there is no source %q of people", r.o.From)
	}
	if r.o.Batch <= 0 {
		r.o.Batch = 20_000
	}
	r.known = map[string]bool{}
	if r.o.From == Firebase || !r.o.Firebase.SignerKey.IsZero() {
		return r.o.Firebase.Check()
	}
	return nil
}

// rows stores what read reads, a batch while the next one is being read.
func (r *run) rows(ctx context.Context) (err error) {
	ctx, stop := context.WithCancel(ctx)
	batches := make(chan *batch)
	go r.read(ctx, batches)
	defer func() {
		stop()
		for range batches { // until nobody reads the file any more
		}
	}()
	for b := range batches {
		r.sum.Rows += b.rows
		r.sum.Skipped += b.skipped
		if err := r.flush(ctx, b); err != nil {
			return err
		}
		if b.err != nil {
			return b.err
		}
		if r.o.Progress != nil {
			r.o.Progress(transfer.Step{Table: "users", Rows: r.sum.Rows, Share: b.share, Found: r.sum.Found})
		}
	}
	return ctx.Err()
}

// reason returns what an error says of fields, and nothing that it was caused by.
func reason(err error) string {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return "cannot be imported"
	}
	out := ""
	for _, d := range e.Details {
		if out != "" {
			out += "; "
		}
		out += field(d.Location) + " " + d.Message
	}
	if out == "" {
		out = e.Msg
	}
	return out
}
