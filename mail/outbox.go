package mail

import (
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	netmail "net/mail"
	"sync"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
)

// Config says how an Outbox delivers. The zero Config keeps messages.
type Config struct {
	// SMTP is the server: smtp://user:password@host:587?from=shop@example.org,
	// which must offer STARTTLS unless it is on this machine, or smtps:// for TLS
	// from the start (port 465). Without a user nobody signs in. Special
	// characters are written as in any URL. Zero means that there is none.
	//
	// Parameters are from, see From; tls, which is required (also on this machine),
	// off (on this machine alone) or insecure (anywhere: whoever is in between reads
	// the mails, but no password is sent); and timeout, how long the server may take
	// to let us in, and then to take a message: 100ms to 2m, 10s by default.
	SMTP secret.Text

	// From is who messages are from, such as "The shop <shop@example.org>". ""
	// means what SMTP says, or else manor@localhost.
	From string

	// ReplyTo is who answers go to, as in From. "" means From.
	ReplyTo string

	// Host is the public host of the app, for the IDs of messages. "" means that of
	// From.
	Host string

	// Keep is how long messages are kept once they were sent, or failed. 0 means 30
	// days.
	Keep time.Duration

	// Print is where messages are printed if there is no SMTP server. nil means
	// nowhere.
	Print io.Writer

	// Log is told of messages that are kept and not sent. nil means slog.Default.
	Log *slog.Logger
}

// An Outbox holds the messages of a database. It is safe for concurrent use.
type Outbox struct {
	db    *data.DB
	queue *task.Queue
	sender
	smtp  *smtp // nil if there is no server
	keep  time.Duration
	log   *slog.Logger
	print io.Writer
	lock  sync.Mutex // one message is printed at a time
}

// A sender is who messages are from.
type sender struct {
	from    *netmail.Address
	replyTo *netmail.Address // nil if that is from
	host    string
}

// NewOutbox returns the outbox of db, and adds its workers and its schedule to
// queue. It connects to nothing yet. An SMTP address or a sender that cannot be
// understood is fault.Invalid and names the setting MANOR_SMTP_URL, never the
// password.
func NewOutbox(db *data.DB, queue *task.Queue, cfg Config) (*Outbox, error) {
	server, err := parseURL(cfg.SMTP)
	if err != nil {
		return nil, err
	}
	if server != nil {
		cfg.From = cmp.Or(cfg.From, server.from)
	}
	o := &Outbox{db: db, queue: queue, smtp: server, print: cfg.Print, log: cfg.Log, keep: cmp.Or(cfg.Keep, defaultKeep)}
	if o.log == nil {
		o.log = slog.Default()
	}
	if o.sender, err = parseSender(cfg); err != nil {
		return nil, err
	}
	queue.Add(o.worker(), task.Work(o.doSweep))
	queue.Plan(task.Schedule{Every: sweepEvery, Args: sweep{}})
	return o, nil
}

// Send stores a message so that it is delivered if, and only if, tx commits. A
// message that cannot be delivered to one address, or whose subject is not one
// line, is fault.Invalid.
func (o *Outbox) Send(ctx context.Context, tx *data.Tx, m Message) (ID, error) {
	row, err := m.row()
	if err != nil {
		return ID{}, err
	}
	if err := o.seal(&row); err != nil {
		return ID{}, err
	}
	if err := table.On(tx).Add(ctx, &row); err != nil {
		return ID{}, err
	}
	return row.ID, o.queue.Enqueue(ctx, tx, delivery{row.ID})
}

// A listed is what List reads of a message.
type listed struct {
	ID        ID        `db:"id"`
	To        string    `db:"recipient"`
	Subject   string    `db:"subject"`
	CreatedAt time.Time `db:"created_at"`
	State     State     `db:"state"`
	Error     string    `db:"error"`
}

const (
	listing = "SELECT id, recipient, subject, created_at, state, error FROM mails"
	byAge   = " ORDER BY created_at DESC, id DESC LIMIT ?"
)

var (
	newest   = data.NewSelect[listed](listing+byAge, "")
	newestIn = data.NewSelect[listed](listing+" WHERE state = ?"+byAge, "")
)

// List returns the newest messages: their ID, To, Subject, CreatedAt, State and
// Error, nothing else. A limit of 0 means data.DefaultLimit.
func (o *Outbox) List(ctx context.Context, limit int) ([]Mail, error) {
	rows, err := newest.All(ctx, o.db, atMost(limit))
	return mailsOf(rows), err
}

// ListIn is List for the messages in one state.
func (o *Outbox) ListIn(ctx context.Context, in State, limit int) ([]Mail, error) {
	rows, err := newestIn.All(ctx, o.db, string(in), atMost(limit))
	return mailsOf(rows), err
}

func atMost(limit int) int {
	if limit <= 0 {
		return data.DefaultLimit
	}
	return limit
}

func mailsOf(rows []listed) []Mail {
	mails := make([]Mail, len(rows))
	for i, r := range rows {
		mails[i] = Mail{ID: r.ID, To: r.To, Subject: r.Subject, CreatedAt: r.CreatedAt, State: r.State, Error: r.Error}
	}
	return mails
}

// Show returns one message. An unknown one is fault.NotFound.
func (o *Outbox) Show(ctx context.Context, id ID) (Mail, error) {
	m, err := table.On(o.db).Get(ctx, id)
	if err == nil {
		err = m.unseal()
	}
	return m, err
}

// SendNow hands a message to the server at once, and stores nothing: it is for
// trying whether mail works. Without a server it is fault.Invalid, and what the
// server says against it fault.Unavailable.
func (o *Outbox) SendNow(ctx context.Context, m Message) error {
	row, err := m.row()
	switch {
	case err != nil:
		return err
	case o.smtp == nil:
		return fault.Errorf(fault.Invalid, "there is no server for mail: %s is not set", setting)
	}
	row.CreatedAt = o.db.Now()
	if err := o.smtp.send(ctx, o.sender, row, rand.Text()); err != nil {
		return fault.Errorf(fault.Unavailable, "%s", o.smtp.scrub(err))
	}
	return nil
}
