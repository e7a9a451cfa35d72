package audit

import (
	"context"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// firstKept finds the first entry of the chain that is not older than a time.
var firstKept = data.NewSelect[struct {
	Seq int64 `db:"seq"`
}](`SELECT coalesce(min("seq"), 0) AS seq FROM "audit" WHERE "seq" IS NOT NULL AND "created_at" >= ?`, "")

// linkAt reads the link of one entry.
var linkAt = data.NewSelect[struct {
	Link []byte `db:"link"`
}](`SELECT "link" FROM "audit" WHERE "seq" = ? AND "link" IS NOT NULL`, "")

// Prune removes the entries before the first that was written at a time or
// later, and returns how many. A signed checkpoint says where the chain begins
// from then on, so that it still verifies. All is verified first: if that finds
// a break, Prune is fault.Conflict and removes nothing, for what is broken is
// evidence. The removal has an entry itself.
func (l *Log) Prune(ctx context.Context, before time.Time) (removed int, err error) {
	if err := l.Chain(ctx); err != nil {
		return 0, err
	}
	report, err := l.Verify(data.WithPrimary(ctx))
	if err != nil {
		return 0, err
	}
	if report.Broken != nil {
		return 0, fault.Errorf(fault.Conflict, "nothing is pruned, as the audit does not verify: %s", report.Broken)
	}
	var marker Checkpoint
	err = l.c.DB.Tx(ctx, func(tx *data.Tx) error {
		h, err := l.lock(ctx, tx)
		if err != nil {
			return err
		}
		at := h.mark()
		kept, err := firstKept.One(ctx, tx, before)
		if err != nil {
			return err
		}
		if kept.Seq > 0 {
			at = mark{seq: kept.Seq - 1}
		}
		at.seq = min(at.seq, report.Last) // what came since is not verified
		if at.seq < report.First {
			return nil
		}
		last, err := linkAt.One(ctx, tx, at.seq)
		if err != nil {
			return err
		}
		copy(at.link[:], last.Link)
		marker = l.signed(Pruned, at)
		if err := checkpoints.On(tx).Add(ctx, &marker); err != nil {
			return err
		}
		if removed, err = table.On(tx).DeleteWhere(ctx, seq.Le(at.seq)); err != nil {
			return err
		}
		tx.Note(Record{Action: "audit.pruned", ObjectType: "audit", Count: removed})
		_, err = checkpoints.On(tx).DeleteWhere(ctx, checkpointSeq.Lt(at.seq))
		return err
	})
	if err == nil && removed > 0 {
		l.export(ctx, marker)
	}
	return removed, err
}
