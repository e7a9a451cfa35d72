package mail

import (
	"context"
	"io"
	"log/slog"
	netmail "net/mail"
	"sync"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
)

// Config says how an Outbox delivers. The zero Config keeps messages.
type Config struct {
	// SMTP is the server: smtp://user:password@host:587?from=shop@example.org,
	// which must offer STARTTLS unless it is on this machine, or smtps:// for TLS
	// from the start (port 465). Without a user nobody signs in. Special
	// characters are written as in any URL. Zero means that there is none.
	SMTP secret.Text

	// From is who messages are from, such as "The shop <shop@example.org>". ""
	// means what SMTP says, or else manor@localhost.
	From string

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
	from  *netmail.Address
	smtp  *smtp // nil if there is no server
	log   *slog.Logger
	print io.Writer
	lock  sync.Mutex // one message is printed at a time
}

// NewOutbox returns the outbox of db, and adds its worker to queue. It connects
// to nothing yet. An SMTP address or a sender that cannot be understood is
// fault.Invalid and names the setting MANOR_SMTP_URL, never the password.
func NewOutbox(db *data.DB, queue *task.Queue, cfg Config) (*Outbox, error) {
	server, err := parseURL(cfg.SMTP)
	if err != nil {
		return nil, err
	}
	o := &Outbox{db: db, queue: queue, smtp: server, print: cfg.Print, log: cfg.Log}
	if o.log == nil {
		o.log = slog.Default()
	}
	from := cfg.From
	if from == "" && server != nil {
		from = server.from
	}
	if o.from, err = parseSender(from); err != nil {
		return nil, err
	}
	queue.Add(task.Work(o.deliver))
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
}

var newest = data.NewSelect[listed]("SELECT id, recipient, subject, created_at, state FROM mails ORDER BY created_at DESC, id DESC LIMIT ?", "")

// List returns the newest messages: their ID, To, Subject, CreatedAt and State,
// nothing else. A limit of 0 means data.DefaultLimit.
func (o *Outbox) List(ctx context.Context, limit int) ([]Mail, error) {
	if limit <= 0 {
		limit = data.DefaultLimit
	}
	rows, err := newest.All(ctx, o.db, limit)
	if err != nil {
		return nil, err
	}
	mails := make([]Mail, len(rows))
	for i, r := range rows {
		mails[i] = Mail{ID: r.ID, To: r.To, Subject: r.Subject, CreatedAt: r.CreatedAt, State: r.State}
	}
	return mails, nil
}

// Show returns one message. An unknown one is fault.NotFound.
func (o *Outbox) Show(ctx context.Context, id ID) (Mail, error) { return table.On(o.db).Get(ctx, id) }
