package audit

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A CheckpointKind is what a checkpoint says.
type CheckpointKind string

// The kinds of checkpoints.
const (
	Reached CheckpointKind = "reached" // the chain had come so far
	Pruned  CheckpointKind = "pruned"  // entries up to here were removed, which is no break
)

// A Checkpoint is a signed statement about the chain.
type Checkpoint struct {
	ID        data.ID[Checkpoint] `json:"-" db:"id,primary"`
	CreatedAt time.Time           `json:"created_at" db:"created_at"`
	Kind      CheckpointKind      `json:"kind" db:"kind,enum=reached|pruned"`
	Seq       int64               `json:"seq" db:"seq,index"` // of the entry that it is about
	Link      []byte              `json:"-" db:"link"`        // of that entry
	Signature []byte              `json:"-" db:"signature"`   // Ed25519, of the line without it
}

var (
	checkpoints   = data.NewTable[Checkpoint]("audit_checkpoints")
	checkpointSeq = data.Col[int64](checkpoints, "seq")
)

// lineHead begins every line, and says how it is written.
const lineHead = "manor-audit/1"

func (c *Checkpoint) statement() string {
	return fmt.Sprintf("%s %s %d %x %d", lineHead, c.Kind, c.Seq, c.Link, c.CreatedAt.UnixMicro())
}

// String returns the checkpoint as one line without spaces at its ends, which
// ParseCheckpoint reads. None of it is secret.
func (c Checkpoint) String() string { return c.statement() + " " + hex.EncodeToString(c.Signature) }

// ParseCheckpoint reads what String returned. Anything else is
// fault.Malformed; whether it is signed is not looked at.
func ParseCheckpoint(line string) (c Checkpoint, err error) {
	f := strings.Fields(line)
	if len(f) != 6 || f[0] != lineHead {
		return c, fault.Errorf(fault.Malformed, "this is not a checkpoint of an audit")
	}
	var micros int64
	c.Kind = CheckpointKind(f[1])
	if c.Seq, err = strconv.ParseInt(f[2], 10, 64); err == nil {
		c.Link, err = hex.DecodeString(f[3])
	}
	if err == nil {
		micros, err = strconv.ParseInt(f[4], 10, 64)
	}
	if err == nil {
		c.Signature, err = hex.DecodeString(f[5])
	}
	if err != nil {
		return Checkpoint{}, fault.Wrap(fault.Malformed, err, "this is not a checkpoint of an audit")
	}
	c.CreatedAt = time.UnixMicro(micros).UTC()
	return c, nil
}

// FindCheckpoint returns the checkpoint that stands somewhere in a line, such as
// one of a log.
func FindCheckpoint(line string) (Checkpoint, bool) {
	i := strings.Index(line, lineHead)
	if i < 0 {
		return Checkpoint{}, false
	}
	f := strings.Fields(line[i:])
	if len(f) > 6 {
		f = f[:6]
	}
	c, err := ParseCheckpoint(strings.TrimRight(strings.Join(f, " "), `"},`))
	return c, err == nil
}

// signed makes a checkpoint.
func (l *Log) signed(kind CheckpointKind, at mark) Checkpoint {
	c := Checkpoint{CreatedAt: l.c.DB.Now(), Kind: kind, Seq: at.seq, Link: at.link[:]}
	c.Signature = l.c.Keys.Attest(secret.LabelCheckpoint, []byte(c.statement()))
	return c
}

func (l *Log) isSigned(c *Checkpoint) bool {
	return l.c.Keys.Attested(secret.LabelCheckpoint, []byte(c.statement()), c.Signature)
}

// Checkpoint chains what is not chained yet and returns a new checkpoint of the
// last entry, stored and given to Config.Checkpoints like any. If there is no
// entry it is fault.NotFound.
func (l *Log) Checkpoint(ctx context.Context) (c Checkpoint, err error) {
	if err := l.Chain(ctx); err != nil {
		return c, err
	}
	err = l.c.DB.Tx(ctx, func(tx *data.Tx) error {
		h, err := l.lock(ctx, tx)
		if err != nil {
			return err
		}
		if h.Seq == 0 {
			return fault.Errorf(fault.NotFound, "the audit is empty")
		}
		c, err = l.checkpoint(ctx, tx, h)
		return err
	})
	return c, err
}

// checkpoint stores a checkpoint of the head, which is locked.
func (l *Log) checkpoint(ctx context.Context, tx *data.Tx, h *head) (Checkpoint, error) {
	c := l.signed(Reached, h.mark())
	if err := checkpoints.On(tx).Add(ctx, &c); err != nil {
		return c, err
	}
	now := c.CreatedAt
	h.Signed, h.SignedAt = h.Seq, &now
	tx.AfterCommit(func() { l.export(ctx, c) })
	_, err := heads.On(tx).Update(ctx, headID, headSigned.Set(h.Signed), headSignedAt.Set(now))
	return c, err
}

// export keeps a checkpoint elsewhere.
func (l *Log) export(ctx context.Context, c Checkpoint) {
	if l.c.Checkpoints == nil {
		return
	}
	if err := l.c.Checkpoints(c); err != nil {
		l.c.Log.ErrorContext(ctx, "a checkpoint of the audit was not kept outside of the database", "seq", c.Seq, "error", err)
	}
}
