package session

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Store keeps sessions in a table. It is safe for concurrent use, and any
// number of processes may have one on the same table.
type Store struct {
	db     *data.DB
	keys   *secret.Keyring
	cipher *secret.Cipher
	cfg    Config

	table     *data.Table[row]
	id        data.Column[row, data.ID[row]]
	hash      data.Column[row, string]
	data      data.Column[row, []byte]
	owner     data.Column[row, string]
	expiresAt data.Column[row, time.Time]
	old       *data.Select[rowID]

	mu     sync.Mutex
	cancel context.CancelFunc // of the sweeper; nil if there is none
	swept  chan struct{}      // closed when the sweeper has ended
}

// A row is a session as it is stored.
type row struct {
	ID        data.ID[row] `db:"id,primary"`
	Hash      string       `db:"session_id,size=255,unique"` // of the id in the cookie: HMAC-SHA-256 in hexadecimal digits
	Data      []byte       `db:"data"`                       // the values, sealed
	Owner     string       `db:"owner,size=255,index,default=''"`
	ExpiresAt time.Time    `db:"expires_at,index,quiet"`
	CreatedAt time.Time    `db:"created_at"`
	UpdatedAt time.Time    `db:"updated_at"`
}

// New returns the store of sessions in db, whose ids and values are kept under
// keys. For a key of 32 random bytes there is [secret.NewKeyring]; given an
// older key after the new one, it opens what was stored under that, and sessions
// that are changed or renewed move to the new one. The table must exist, see
// Migrations. A mistake in cfg is fault.Invalid.
//
// Expiry goes by the clock of db.
func New(db *data.DB, keys *secret.Keyring, cfg Config) (*Store, error) {
	if db == nil || keys == nil {
		return nil, fault.Errorf(fault.Invalid, "session: a store needs a database and keys")
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	names := cfg.Columns.byTag()
	t := data.NewTable[row](cfg.Table, data.RenameColumns(names))
	return &Store{
		db: db, keys: keys, cipher: keys.Cipher(secret.LabelBrowserData, cfg.Table), cfg: cfg,
		table:     t,
		id:        data.Col[data.ID[row]](t, names["id"]),
		hash:      data.Col[string](t, names["session_id"]),
		data:      data.Col[[]byte](t, names["data"]),
		owner:     data.Col[string](t, names["owner"]),
		expiresAt: data.Col[time.Time](t, names["expires_at"]),
		old:       oldest(cfg.Table, names),
	}, nil
}

// hashes returns what a token is stored as under each version of the keys, the
// current one first.
func (st *Store) hashes(t secret.Token) (out []string) {
	for _, d := range st.keys.Digests(secret.LabelBrowser, t) {
		out = append(out, encodeHash(d))
	}
	return out
}

// load returns the session that r comes with, or a new one. The session of a
// cookie that is not known, was not made here or has expired is a new one; a
// database that does not answer is an error.
func (st *Store) load(r *http.Request) (*Session, error) {
	s := &Session{store: st, secure: st.secure(r), values: map[string]json.RawMessage{}, changed: map[string]bool{}}
	token, ok := st.tokenOf(r, s.secure)
	if !ok {
		return s, nil
	}
	// From the primary, whatever unit the request is in: a replica may not know
	// yet that the session has begun, or still believe in one that has ended.
	ctx := data.WithPrimary(r.Context())
	found, err := st.table.On(st.db).GetBy(ctx, st.hash.In(st.hashes(token)...))
	if fault.KindOf(err) == fault.NotFound {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	now := st.db.Now()
	if st.expired(&found, now) {
		_, err := st.table.On(st.db).DeleteWhere(r.Context(), data.All(st.id.Eq(found.ID), st.expiresAt.Eq(found.ExpiresAt)))
		return s, err
	}
	if s.values, err = st.open(&found); err != nil {
		return nil, err
	}
	s.stored, s.row, s.token, s.owner = true, found, token, found.Owner
	return s, nil
}

// expired goes by MaxLife too, which may have become shorter.
func (st *Store) expired(r *row, now time.Time) bool {
	return !now.Before(r.ExpiresAt) || st.cfg.MaxLife > 0 && !now.Before(r.CreatedAt.Add(st.cfg.MaxLife))
}

// expiry returns when a session that began at created and is used now ends.
func (st *Store) expiry(created, now time.Time) time.Time {
	end := now.Add(st.cfg.MaxAge)
	if st.cfg.Fixed {
		end = created.Add(st.cfg.MaxAge)
	}
	if last := created.Add(st.cfg.MaxLife); st.cfg.MaxLife > 0 && last.Before(end) {
		end = last
	}
	return end
}

// due reports whether more than half of the session's time is over and it can
// get more.
func (st *Store) due(r *row, now time.Time) bool {
	return !st.cfg.Fixed && r.ExpiresAt.Sub(now) < st.cfg.MaxAge/2 && st.expiry(r.CreatedAt, now).After(r.ExpiresAt)
}

// DestroyOwned ends all sessions of an owner but those in except, on h, and
// returns how many there were: "sign out everywhere". Requests that are running
// with one of them cannot bring it back. The empty owner, who is nobody, is
// fault.Invalid.
func (st *Store) DestroyOwned(ctx context.Context, h data.Handle, owner string, except ...*Session) (int, error) {
	if owner == "" {
		return 0, fault.Errorf(fault.Invalid, "session: whose sessions are to end?")
	}
	where := st.owner.Eq(owner)
	for _, s := range except {
		if s != nil {
			s.mu.Lock()
			where = data.All(where, st.id.Ne(s.row.ID))
			s.mu.Unlock()
		}
	}
	return st.table.On(h).DeleteWhere(ctx, where)
}

// DestroyAll ends all sessions, on h, and returns how many there were.
func (st *Store) DestroyAll(ctx context.Context, h data.Handle) (int, error) {
	return st.table.On(h).DeleteWhere(ctx, data.Everything[row]())
}
