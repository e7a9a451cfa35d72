package audit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
)

// A Report is what Verify found.
type Report struct {
	Entries     int64 `json:"entries"`     // in the chain, that were checked
	First       int64 `json:"first"`       // the place of the first; later than 1 after a prune
	Last        int64 `json:"last"`        // the place of the last
	Waiting     int   `json:"waiting"`     // sealed, with no place in the chain yet
	Checkpoints int   `json:"checkpoints"` // that hold, those given and those stored
	// Keys counts the entries by the id of the master key that they are sealed
	// under, those that wait among them.
	Keys map[string]int64 `json:"keys"`

	Took   time.Duration `json:"-"`
	Broken *Break        `json:"broken"` // nil if everything holds
}

// A Break is the first place where the audit is not as it was written.
type Break struct {
	Seq    int64  `json:"seq"`    // 0 if it is not in the chain
	ID     string `json:"id"`     // of the entry there, "" if it is not an entry
	Reason string `json:"reason"` // in words
}

// String returns the place and the reason.
func (b *Break) String() string {
	switch {
	case b.Seq == 0 && b.ID == "":
		return b.Reason
	case b.Seq == 0:
		return fmt.Sprintf("entry %s: %s", b.ID, b.Reason)
	}
	return fmt.Sprintf("entry %d: %s", b.Seq, b.Reason)
}

// A stored entry is what Verify reads: the fields as one text.
type stored struct {
	Seq     int64
	Link    []byte
	Seal    []byte
	Content string
}

// A page is many entries as one text, since fetching a row costs more than
// checking it: lines, in each of which the place, the link, the seal and the
// content have a separator between.
type page struct {
	Lines string `db:"lines"`
}

const (
	pageSize = 500 // entries in a page
	newline  = "\x1e"

	fieldsSQL = `"actor_kind", "actor", "on_behalf_of", "action", "object_type", "object_id", "outcome", "reason", "count", "columns", "request_id", "ip_prefix", "scheme", "via"`

	sqlitePage = `SELECT coalesce(group_concat(line, char(30)), '') AS lines FROM (
	SELECT concat_ws(char(31), coalesce("seq", 0), lower(hex(coalesce("link", x''))), lower(hex("seal")), lower(hex("id")), "created_at", ` + fieldsSQL + `) AS line
	FROM "audit" WHERE %[2]s ORDER BY %[1]s LIMIT 500)`
	postgresPage = `SELECT coalesce(string_agg(line, chr(30)), '') AS lines FROM (
	SELECT concat_ws(chr(31), coalesce("seq", 0), encode(coalesce("link", ''::bytea), 'hex'), encode("seal", 'hex'), replace("id"::text, '-', ''),
		(extract(epoch FROM "created_at") * 1000000)::bigint, ` + fieldsSQL + `) AS line
	FROM "audit" WHERE %[2]s ORDER BY %[1]s LIMIT 500) AS page`
)

// selectPage returns the query of the page after a place.
func selectPage(place, where string) *data.Select[page] {
	return data.NewSelect[page](fmt.Sprintf(sqlitePage, place, where), fmt.Sprintf(postgresPage, place, where))
}

var (
	chainedPage = selectPage(`"seq"`, `"seq" > ?`)
	waitingPage = selectPage(`"id"`, `"seq" IS NULL AND "id" > ?`)
)

// parse reads an entry from a line. One that cannot be read was not written so.
func (e *stored) parse(line string) (ok bool) {
	place, rest, _ := strings.Cut(line, separator)
	link, rest, _ := strings.Cut(rest, separator)
	seal, content, ok := strings.Cut(rest, separator)
	var err, lerr, serr error
	e.Seq, err = strconv.ParseInt(place, 10, 64)
	e.Link, lerr = hex.DecodeString(link)
	e.Seal, serr = hex.DecodeString(seal)
	e.Content = content
	return ok && err == nil && lerr == nil && serr == nil
}

// id returns the entry's id, zero if it cannot be read.
func (e *stored) id() (id ID) {
	if key, err := hex.DecodeString(e.Content[:min(2*len(id), len(e.Content))]); err == nil {
		copy(id[:], key)
	}
	return id
}

// entries returns those of a page by their places, since a database may gather
// lines in any order, and whether all could be read.
func (p page) entries() (out []stored, ok bool) {
	if p.Lines == "" {
		return nil, true
	}
	ok = true
	for line := range strings.SplitSeq(p.Lines, newline) {
		var e stored
		ok = e.parse(line) && ok
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b stored) int { return cmp.Compare(a.Seq, b.Seq) })
	return out, ok
}

// Verify reads the whole audit, in one state of the database, and reports the
// first place where it is not what was written: an entry that was edited,
// removed, put in or moved, and an end that is missing. Checkpoints that were
// kept elsewhere say how far it must go at least. An error means that it could
// not be told.
func (l *Log) Verify(ctx context.Context, kept ...Checkpoint) (r Report, err error) {
	start := time.Now()
	err = l.c.DB.Read(ctx, func(db *data.Reads) error {
		return l.verifier(&r).all(ctx, db, kept)
	})
	if b, ok := errors.AsType[*broken](err); ok {
		r.Broken, err = &b.Break, nil
	}
	r.Took = time.Since(start)
	return r, err
}

// broken ends a verification.
type broken struct{ Break }

func (b *broken) Error() string { return b.Break.String() }

func breakAt(seq int64, id, format string, args ...any) error {
	return &broken{Break{seq, id, fmt.Sprintf(format, args...)}}
}

type verifier struct {
	log          *Log
	seals, links []hash.Hash
	keys         []string // of seals
	report       *Report
	at           mark
	must         map[int64][]byte // links that checkpoints name, by place
	furthest     int64            // of those
}

func (l *Log) verifier(r *Report) *verifier {
	v := &verifier{log: l, seals: l.c.Keys.MACs(secret.LabelAudit), links: l.c.Keys.MACs(secret.LabelAuditChain), report: r}
	for _, id := range l.c.Keys.KeyIDs() {
		v.keys = append(v.keys, id.String())
	}
	r.Keys = map[string]int64{}
	return v
}

func (v *verifier) all(ctx context.Context, db *data.Reads, kept []Checkpoint) error {
	if err := v.begin(ctx, db, kept); err != nil {
		return err
	}
	if err := v.chain(ctx, db); err != nil {
		return err
	}
	if err := v.end(ctx, db); err != nil {
		return err
	}
	return v.loose(ctx, db)
}

// begin finds where the chain begins, and what checkpoints ask of it.
func (v *verifier) begin(ctx context.Context, db *data.Reads, kept []Checkpoint) error {
	stored, err := checkpoints.On(db).List(ctx, data.Query[Checkpoint]{Limit: -1})
	if err != nil {
		return err
	}
	all := append(stored.Items, kept...)
	for i := range all {
		c := &all[i]
		if len(c.Link) != sha256.Size || !v.log.isSigned(c) {
			return breakAt(0, "", "the checkpoint of entry %d is not signed by this installation", c.Seq)
		}
		if c.Kind == Pruned && c.Seq > v.at.seq {
			v.at.seq = c.Seq
			copy(v.at.link[:], c.Link)
		}
	}
	v.must = map[int64][]byte{}
	for _, c := range all {
		if other := v.must[c.Seq]; other != nil && !bytes.Equal(other, c.Link) || c.Seq == v.at.seq && !bytes.Equal(c.Link, v.at.link[:]) {
			return breakAt(c.Seq, "", "two checkpoints contradict each other")
		}
		v.must[c.Seq] = c.Link
		v.furthest = max(v.furthest, c.Seq)
		v.report.Checkpoints++
	}
	v.report.First = v.at.seq + 1
	return nil
}

// chain walks along the entries.
func (v *verifier) chain(ctx context.Context, db *data.Reads) error {
	below, err := table.On(db).Exists(ctx, seq.Le(v.at.seq))
	if err != nil {
		return err
	}
	if below {
		return breakAt(0, "", "there are entries from before the last prune")
	}
	ctx, stop := context.WithCancel(ctx)
	pages := make(chan batch, 2) // one is checked while the next is read
	read := make(chan error, 1)
	go func() {
		defer close(pages)
		read <- readChain(ctx, db, v.at.seq, pages)
	}()
	broken := v.batches(pages)
	stop()
	for range pages { // until the reader has ended
	}
	if broken != nil {
		return broken
	}
	return <-read
}

// A batch is a page that was read.
type batch struct {
	entries []stored
	ok      bool // all could be read
}

// readChain sends the entries after a place.
func readChain(ctx context.Context, db *data.Reads, at int64, out chan<- batch) error {
	for {
		p, err := chainedPage.One(ctx, db, at)
		if err != nil {
			return err
		}
		es, ok := p.entries()
		if len(es) == 0 {
			return nil
		}
		select {
		case out <- batch{es, ok}:
		case <-ctx.Done():
			return ctx.Err()
		}
		last := es[len(es)-1].Seq
		if last <= at {
			return nil // such a page does not verify
		}
		at = last
	}
}

// batches checks batches, one after the other.
func (v *verifier) batches(in <-chan batch) error {
	for b := range in {
		for i := range b.entries {
			if err := v.entry(&b.entries[i]); err != nil {
				return err
			}
		}
		if !b.ok {
			return breakAt(v.at.seq, "", "cannot be read")
		}
	}
	return nil
}

// entry checks one entry, which must be the next.
func (v *verifier) entry(e *stored) error {
	if e.Seq != v.at.seq+1 {
		return breakAt(v.at.seq+1, "", "is missing: the next one is %d", e.Seq)
	}
	if !v.isSealed(e.Content, e.Seal) {
		return breakAt(e.Seq, e.id().String(), "is not what was written")
	}
	next, ok := v.linked(e)
	if !ok {
		return breakAt(e.Seq, e.id().String(), "does not follow the one before")
	}
	v.at = next
	if link := v.must[next.seq]; link != nil && !bytes.Equal(link, next.link[:]) {
		return breakAt(e.Seq, e.id().String(), "is another than a checkpoint says")
	}
	v.report.Entries++
	return nil
}

// isSealed reports whether the seal is of the content, under any key. The key
// that did it is tried first the next time.
func (v *verifier) isSealed(content string, seal []byte) bool {
	var sum [sha256.Size]byte
	for i, h := range v.seals {
		h.Reset()
		_, _ = h.Write([]byte(content))
		if bytes.Equal(h.Sum(sum[:0]), seal) {
			v.seals[0], v.seals[i] = v.seals[i], v.seals[0]
			v.keys[0], v.keys[i] = v.keys[i], v.keys[0]
			v.report.Keys[v.keys[0]]++
			return true
		}
	}
	return false
}

func (v *verifier) linked(e *stored) (mark, bool) {
	for i, h := range v.links {
		if next := v.at.next(h, e.Seal); bytes.Equal(next.link[:], e.Link) {
			v.links[0], v.links[i] = v.links[i], v.links[0]
			return next, true
		}
	}
	return mark{}, false
}

// end checks that the chain goes as far as it must.
func (v *verifier) end(ctx context.Context, db *data.Reads) error {
	h, found, err := heads.On(db).Find(ctx, headIs)
	switch {
	case err != nil:
		return err
	case !found && v.at.seq == 0 && v.furthest == 0:
		return nil
	case !found && v.furthest <= v.at.seq:
		return breakAt(0, "", "it is not known where the chain ends: its head is missing")
	}
	return v.endsAt(&h)
}

// endsAt checks that the last entry that was seen is the last of all.
func (v *verifier) endsAt(h *head) error {
	v.report.Last = v.at.seq
	if v.furthest > v.at.seq {
		return breakAt(v.at.seq+1, "", "is missing, and so is all after it: a checkpoint says that there were %d", v.furthest)
	}
	m := h.mark()
	sealed := false
	for _, mac := range v.links {
		mac.Reset()
		_, _ = mac.Write(m.content())
		sealed = sealed || bytes.Equal(mac.Sum(nil), h.Seal[:])
	}
	switch {
	case !sealed:
		return breakAt(0, "", "the head of the chain is not what was written")
	case m.seq > v.at.seq:
		return breakAt(v.at.seq+1, "", "is missing, and so is all after it: the chain had %d", m.seq)
	case m != v.at:
		return breakAt(v.at.seq, "", "the chain goes on after its end")
	}
	return nil
}

// loose checks the entries that have no place yet.
func (v *verifier) loose(ctx context.Context, db *data.Reads) error {
	var last ID
	for {
		p, err := waitingPage.One(ctx, db, last)
		if err != nil {
			return err
		}
		es, ok := p.entries()
		for i := range es {
			id := es[i].id()
			if !ok || !v.isSealed(es[i].Content, es[i].Seal) {
				return breakAt(0, id.String(), "is not what was written")
			}
			if bytes.Compare(id[:], last[:]) > 0 {
				last = id
			}
			v.report.Waiting++
		}
		if len(es) < pageSize {
			return nil
		}
	}
}
