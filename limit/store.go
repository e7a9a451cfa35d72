package limit

import (
	"context"
	"embed"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Counter is a stored counter. Times are in microseconds: since 1970 for
// moments.
type Counter struct {
	ID    data.ID[Counter]   `json:"-" db:"id,primary"`  // a digest of name, about and key
	About data.ID[aboutWhom] `json:"-" db:"about,index"` // a digest, too
	Name  string             `json:"limit" db:"name,size=100"`
	At    int64              `json:"-" db:"at"`       // when it was last asked
	Until int64              `json:"-" db:"until"`    // of a rate: when all its places are free again; of a lock: when it opens
	Step  int64              `json:"-" db:"step"`     // of a rate: after which there is one more place; of a lock: its first time
	Room  int64              `json:"-" db:"room"`     // of a rate: step times places; of a lock: its longest time
	Cost  int64              `json:"-" db:"cost"`     // what the last ask told of earlier attempts
	Hits  int64              `json:"-" db:"hits"`     // of a lock: failures in a row
	Free  int64              `json:"-" db:"free"`     // of a lock
	Stop  int64              `json:"-" db:"stop"`     // of a lock; 0 for a rate
	Last  int64              `json:"-" db:"admitted"` // 1 if the last ask was admitted
	Dead  int64              `json:"-" db:"dead_at"`  // when it says no more than no counter would
}

// An aboutWhom is what About is the identity of: nobody's row.
type aboutWhom struct{}

var (
	table  = data.NewTable[Counter]("limits")
	about  = data.Col[data.ID[aboutWhom]](table, "about")
	deadAt = data.Col[int64](table, "dead_at")
	name   = data.TextCol(table, "name")
)

// Migrations holds the revisions of the table of counters, for data/migrate.
//
//go:embed migrations
var Migrations embed.FS

// Schema returns what the table of counters should be.
func Schema() data.Schema { return table.Schema() }

// An asked is an Ask as the statement reads it. Numbers are in microseconds.
type asked struct {
	ID    string `json:"i"`
	About string `json:"a"`
	Name  string `json:"n"`
	Step  int64  `json:"s"`
	Room  int64  `json:"r"`
	Cost  int64  `json:"c"`
	Free  int64  `json:"f"`
	Stop  int64  `json:"x"`
}

// An outcome is what the statement says of a counter.
type outcome struct {
	ID       data.ID[Counter] `db:"id"`
	At       int64            `db:"at"`
	Until    int64            `db:"until"`
	Step     int64            `db:"step"`
	Room     int64            `db:"room"`
	Hits     int64            `db:"hits"`
	Stop     int64            `db:"stop"`
	Admitted int64            `db:"admitted"`
}

const (
	day  = 24 * int64(time.Hour/time.Microsecond)
	year = 365 * day
)

// takeSQL stores counters and decides about them. A row that is there decides
// under its own lock, by what it holds at that moment. was is the row, and new
// what would be stored if there were none.
//
//	base: when all places would be free without this attempt
//	hits: the failures before this one
//	wait: how long so many failures lock
const takeSQL = `INSERT INTO limits AS was (id, about, name, at, until, step, room, cost, hits, free, stop, admitted, dead_at)
SELECT a.id, a.about, a.name, a.at,
	CASE WHEN a.stop > 0 THEN a.at + WAIT(1, a) WHEN a.cost + a.step <= a.room THEN a.at + a.cost + a.step ELSE a.at + a.cost END,
	a.step, a.room, a.cost, CASE WHEN a.stop > 0 THEN 1 ELSE 0 END, a.free, a.stop,
	CASE WHEN a.stop > 0 OR a.cost + a.step <= a.room THEN 1 ELSE 0 END,
	CASE WHEN a.stop > 0 THEN a.at + WAIT(1, a) + DAY ELSE a.at + a.cost + a.step END
FROM (ASKED) a WHERE true ORDER BY a.id
ON CONFLICT (id) DO UPDATE SET
	at = new.at, step = new.step, room = new.room, cost = new.cost, free = new.free, stop = new.stop,
	until = CASE
		WHEN new.stop > 0 AND OPEN THEN new.at + WAIT(HITS + 1, new)
		WHEN new.stop > 0 THEN was.until
		WHEN FITS THEN BASE + new.step
		ELSE BASE END,
	hits = CASE WHEN new.stop = 0 THEN 0 WHEN OPEN THEN HITS + 1 ELSE was.hits END,
	admitted = CASE WHEN new.stop > 0 AND OPEN OR new.stop = 0 AND FITS THEN 1 ELSE 0 END,
	dead_at = CASE
		WHEN new.stop > 0 AND OPEN THEN new.at + WAIT(HITS + 1, new) + DAY
		WHEN new.stop > 0 THEN was.dead_at
		ELSE BASE + new.step END
RETURNING id, at, until, step, room, hits, stop, admitted`

const (
	askedSQLite = `SELECT unhex(value ->> 'i') AS id, unhex(value ->> 'a') AS about, value ->> 'n' AS name, n.at AS at,
	value ->> 's' AS step, value ->> 'r' AS room, value ->> 'c' AS cost, value ->> 'f' AS free, value ->> 'x' AS stop
	FROM (SELECT ? AS at) n, json_each(?)`
	askedPostgres = `SELECT v.i AS id, v.a AS about, v.n AS name, n.at AS at, v.s AS step, v.r AS room, v.c AS cost, v.f AS free, v.x AS stop
	FROM (SELECT COALESCE(NULLIF(?::bigint, 0), (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS at) n,
	jsonb_to_recordset(?::text::jsonb) AS v(i uuid, a uuid, n text, s bigint, r bigint, c bigint, f bigint, x bigint)`
)

// expand fills in the parts of takeSQL, with the words of a dialect for the
// larger and the smaller of two.
func expand(asked, larger, smaller string) string {
	wait := func(hits, row string) string {
		return strings.NewReplacer("#", hits, "@", row, "LESS", smaller, "YEAR", strconv.FormatInt(year, 10)).Replace(
			"CASE WHEN # < @.free THEN 0 WHEN # >= @.stop THEN YEAR ELSE LESS(@.room, @.step << CAST(LESS(# - @.free, 20) AS INTEGER)) END")
	}
	const hits = "CASE WHEN was.dead_at <= new.at THEN 0 ELSE was.hits END"
	base := "(" + larger + "(was.until, new.at) + new.cost)"
	text := strings.NewReplacer(
		"WAIT(1, a)", wait("1", "a"),
		"WAIT(HITS + 1, new)", wait("("+hits+" + 1)", "new"),
		"HITS", hits,
		"OPEN", "(was.until <= new.at OR was.dead_at <= new.at)",
		"FITS", base+" + new.step <= new.at + new.room",
		"BASE", base,
		"DAY", strconv.FormatInt(day, 10),
		"ASKED", asked,
	).Replace(takeSQL)
	return strings.ReplaceAll(text, "new.", "excluded.")
}

var (
	taken = data.NewSelect[outcome](expand(askedSQLite, "max", "min"), expand(askedPostgres, "GREATEST", "LEAST"))

	givenBack = data.NewSelect[rowID](
		`UPDATE limits SET until = CASE WHEN stop > 0 THEN at ELSE until - step END, hits = max(hits - 1, 0)
		WHERE id IN (SELECT unhex(value) FROM json_each(?)) RETURNING id`,
		`UPDATE limits SET until = CASE WHEN stop > 0 THEN at ELSE until - step END, hits = GREATEST(hits - 1, 0)
		WHERE id IN (`+lockedPostgres+`) RETURNING id`)

	cleared = data.NewSelect[rowID](
		`DELETE FROM limits WHERE id IN (SELECT unhex(value) FROM json_each(?)) RETURNING id`,
		`DELETE FROM limits WHERE id IN (`+lockedPostgres+`) RETURNING id`)
)

// lockedPostgres locks rows in the order in which takeSQL does, so that nobody
// waits in a circle.
const lockedPostgres = `SELECT id FROM limits WHERE id IN (SELECT i::uuid FROM jsonb_array_elements_text(?::text::jsonb) i) ORDER BY id FOR UPDATE`

type rowID struct {
	ID data.ID[Counter] `db:"id"`
}

// ask counts attempts. told[i] is how many earlier ones asks[i] brings, which
// count in any case.
func (l *Limiter) ask(ctx context.Context, asks []Ask, told []int) ([]outcome, error) {
	// Who hangs up is counted all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxWait)
	defer cancel()
	list := make([]asked, len(asks))
	for i, a := range asks {
		list[i] = l.asked(a, told[i])
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, unavailable(err)
	}
	rows, err := taken.All(ctx, l.db, l.at(), string(text))
	if err != nil {
		l.warn(ctx, err)
		return nil, unavailable(err)
	}
	byID := map[string]outcome{}
	for _, row := range rows {
		byID[hex.EncodeToString(row.ID[:])] = row
	}
	out := make([]outcome, len(asks))
	for i := range list {
		row, ok := byID[list[i].ID]
		if !ok {
			return nil, unavailable(fault.Errorf(fault.Internal, "limit: the counter %s did not answer", list[i].Name))
		}
		out[i] = row
	}
	return out, nil
}

func jsonList(ids []string) string { return `["` + strings.Join(ids, `","`) + `"]` }

func (l *Limiter) asked(a Ask, told int) asked {
	out := asked{ID: l.digest(a.id()), About: l.digest(a.About), Name: a.Name[:min(len(a.Name), 100)]}
	if a.Rate.N > 0 {
		n := l.scaled(a.Rate)
		out.Step = max(1, a.Rate.Per.Microseconds()/n)
		out.Room, out.Cost = out.Step*n, out.Step*int64(told)
		return out
	}
	out.Step, out.Room = a.Lock.First.Microseconds(), a.Lock.Longest.Microseconds()
	out.Free, out.Stop = int64(max(1, a.Lock.Free)), int64(max(1, a.Lock.Free, a.Lock.Stop))
	return out
}

func (o *outcome) verdict() Verdict {
	v := Verdict{Allowed: o.Admitted == 1, Hits: int(o.Hits)}
	switch {
	case v.Allowed:
	case o.Stop > 0:
		v.Retry = micros(o.Until - o.At)
	default:
		v.Retry = micros(o.Until + o.Step - o.At - o.Room)
	}
	return v
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// id is what a counter is known by. None of its parts holds the separator, but
// for the last.
func (a *Ask) id() string { return a.Name + "\x00" + a.About + "\x00" + a.Key }

// digest returns what is stored in place of text: half of a keyed digest, which
// nobody can find another text for without the key.
func (l *Limiter) digest(text string) string {
	d := l.keys.Digest(secret.LabelLimit, []byte(text))
	return hex.EncodeToString(d[:16])
}

func (l *Limiter) ids(asks []Ask) []string {
	out := make([]string, len(asks))
	for i := range asks {
		out[i] = l.digest(asks[i].id())
	}
	return out
}
