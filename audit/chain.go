package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash"
	"sync"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A mark is a place in the chain and the link there. The zero mark is before
// the first entry.
type mark struct {
	seq  int64
	link [sha256.Size]byte
}

// next returns the mark of the entry after m, whose seal is given.
func (m *mark) next(h hash.Hash, seal []byte) (n mark) {
	n.seq = m.seq + 1
	var place [8]byte
	binary.BigEndian.PutUint64(place[:], uint64(n.seq))
	h.Reset()
	h.Write(m.link[:])
	h.Write(place[:])
	h.Write(seal)
	h.Sum(n.link[:0])
	return n
}

// A head is the one row that says where the chain ends. Whoever extends the
// chain holds its lock.
type head struct {
	ID       data.ID[head] `json:"-" db:"id,primary"`
	Seq      int64         `json:"-" db:"seq"`
	Link     []byte        `json:"-" db:"link"`
	Seal     secret.Digest `json:"-" db:"seal"`   // of Seq and Link
	Signed   int64         `json:"-" db:"signed"` // Seq of the last checkpoint
	SignedAt *time.Time    `json:"-" db:"signed_at"`
}

var (
	heads        = data.NewTable[head]("audit_heads")
	headID       = data.ID[head]{15: 1}
	headIs       = data.Col[data.ID[head]](heads, "id").Eq(headID)
	headSeq      = data.Col[int64](heads, "seq")
	headLink     = data.Col[[]byte](heads, "link")
	headSeal     = data.Col[secret.Digest](heads, "seal")
	headSigned   = data.Col[int64](heads, "signed")
	headSignedAt = data.Col[time.Time](heads, "signed_at")
)

func (h *head) mark() (m mark) {
	m.seq = h.Seq
	copy(m.link[:], h.Link)
	return m
}

// content is what the head's seal is of. No link is made of as many bytes.
func (m *mark) content() []byte {
	return append(binary.BigEndian.AppendUint64([]byte("head"), uint64(m.seq)), m.link[:]...)
}

func (l *Log) headSeal(m mark) secret.Digest {
	return l.c.Keys.Digest(secret.LabelAuditChain, m.content())
}

// lock returns the head for somebody who is going to move it.
func (l *Log) lock(ctx context.Context, tx *data.Tx) (*head, error) {
	h, err := heads.On(tx).Lock(ctx, headIs)
	if fault.KindOf(err) != fault.NotFound {
		return &h, err
	}
	h = head{ID: headID, Link: make([]byte, sha256.Size)}
	h.Seal = l.headSeal(h.mark())
	if _, err := heads.On(tx).AddNew(ctx, &h); err != nil {
		return nil, err
	}
	h, err = heads.On(tx).Lock(ctx, headIs)
	return &h, err
}

// move stores where the chain ends now.
func (l *Log) move(ctx context.Context, tx *data.Tx, h *head, m mark) error {
	h.Seq, h.Link = m.seq, bytes.Clone(m.link[:])
	h.Seal = l.headSeal(m)
	_, err := heads.On(tx).Update(ctx, headID, headSeq.Set(h.Seq), headLink.Set(h.Link), headSeal.Set(h.Seal))
	return err
}

const chainBatch = 1000 // entries in one transaction

// A loose entry has no place in the chain yet.
type loose struct {
	ID   ID     `db:"id"`
	Seal []byte `db:"seal"`
}

var looseEntries = data.NewSelect[loose](`SELECT "id", "seal" FROM "audit" WHERE "seq" IS NULL ORDER BY "created_at", "id" LIMIT 1000`, "")

// A tied entry is what tie takes, as JSON.
type tied struct {
	ID   string `json:"id"`
	Seq  int64  `json:"seq"`
	Link string `json:"link"`
}

// tie gives many entries their places in one statement.
var tie = data.NewSelect[struct {
	ID ID `db:"id"`
}](`WITH t AS MATERIALIZED (
		SELECT unhex(value ->> 'id') AS id, value ->> 'seq' AS seq, unhex(value ->> 'link') AS link FROM json_each(?)
	)
	UPDATE "audit" SET "seq" = t.seq, "link" = t.link FROM t WHERE "audit"."id" = t.id AND +"audit"."seq" IS NULL RETURNING "audit"."id"`,
	`UPDATE "audit" SET "seq" = t.seq, "link" = decode(t.link, 'hex')
	FROM json_to_recordset(CAST(? AS json)) AS t(id uuid, seq bigint, link text) WHERE "audit"."id" = t.id AND "audit"."seq" IS NULL RETURNING "audit"."id"`)

// Chain gives all entries that have been committed and have none yet a place in
// the chain. Several may do so at once, in any number of processes: they take
// turns. What was chained before an error stays so.
func (l *Log) Chain(ctx context.Context) error {
	for {
		n, err := l.chainSome(ctx)
		if err != nil || n < chainBatch {
			return err
		}
	}
}

func (l *Log) chainSome(ctx context.Context) (n int, err error) {
	some, err := looseEntries.All(ctx, l.c.DB)
	if err != nil || len(some) == 0 {
		return 0, err
	}
	var end mark
	err = l.c.DB.Tx(ctx, func(tx *data.Tx) error {
		h, err := l.lock(ctx, tx)
		if err != nil {
			return err
		}
		// Again, as somebody else may have had the lock.
		if some, err = looseEntries.All(ctx, tx); err != nil || len(some) == 0 {
			return err
		}
		end = h.mark()
		l.warnOfPast(ctx, end)
		if err := l.tieAll(ctx, tx, some, &end); err != nil {
			return err
		}
		if err := l.move(ctx, tx, h, end); err != nil {
			return err
		}
		n = len(some)
		if l.isDue(h) {
			_, err = l.checkpoint(ctx, tx, h)
		}
		return err
	})
	if err == nil && n > 0 {
		l.seen.reach(end)
	}
	return n, err
}

// tieAll ties entries to the chain, whose end moves on.
func (l *Log) tieAll(ctx context.Context, tx *data.Tx, some []loose, end *mark) error {
	mac := l.c.Keys.MACs(secret.LabelAuditChain)[0]
	list := make([]tied, len(some))
	for i, e := range some {
		*end = end.next(mac, e.Seal)
		list[i] = tied{Seq: end.seq, Link: hex.EncodeToString(end.link[:])}
		if list[i].ID = e.ID.String(); tx.DB().Dialect() == "sqlite" {
			list[i].ID = hex.EncodeToString(e.ID[:])
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	got, err := tie.All(ctx, tx, string(text))
	if err == nil && len(got) != len(some) {
		err = fault.Errorf(fault.Unavailable, "entries of the audit have gone while they were chained")
	}
	return err
}

const (
	signEach  = 1000        // entries
	signAfter = time.Minute // if there are any
)

// isDue reports whether it is time for another checkpoint of the head.
func (l *Log) isDue(h *head) bool {
	return h.Seq > h.Signed && (h.SignedAt == nil || h.Seq-h.Signed >= signEach || l.c.DB.Now().Sub(*h.SignedAt) >= signAfter)
}

// A reached is how far a process knows the chain to have come.
type reached struct {
	mu     sync.Mutex
	at     mark
	looked time.Time // when it was looked whether a checkpoint is due
}

// mayBeDue reports whether to look at the head, which is not often.
func (r *reached) mayBeDue(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.looked) < signAfter && !now.Before(r.looked) {
		return false
	}
	r.looked = now
	return true
}

func (r *reached) reach(m mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.seq > r.at.seq {
		r.at = m
	}
}

// warnOfPast logs that the chain ends before an end that this process has seen:
// then somebody has put an older state in its place. The chain goes on all the
// same, for what happens now must be written down.
func (l *Log) warnOfPast(ctx context.Context, end mark) {
	l.seen.mu.Lock()
	defer l.seen.mu.Unlock()
	if end.seq < l.seen.at.seq || end.seq == l.seen.at.seq && end.link != l.seen.at.link {
		l.c.Log.ErrorContext(ctx, "the audit has lost its end: verify it", "was", l.seen.at.seq, "is", end.seq)
		l.seen.at = end
	}
}
