package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/internal/pgtest"
)

type lamp struct {
	ID   data.ID[lamp] `db:"id,primary"`
	Name string        `db:"name,size=40"`
}

var lamps = data.NewTable[lamp]("lamps")

// where tells which server answers.
var where = data.NewSelect[struct {
	Standby bool   `db:"standby"`
	Socket  string `db:"socket,size=400"`
}]("SELECT pg_is_in_recovery(), current_setting('unix_socket_directories')", "")

// A town is a primary and its replicas.
type town struct {
	*testing.T
	ctx      context.Context
	db       *data.DB
	primary  *pgtest.Server
	replicas []*pgtest.Server
	names    []string
}

func newTown(t *testing.T, weights []int, o postgres.Options) *town {
	t.Helper()
	s := &town{T: t, ctx: t.Context(), names: []string{"a", "b", "c"}}
	s.primary, s.replicas = pgtest.Replicated(t, len(weights))
	s.sql(s.primary, `CREATE TABLE lamps (id uuid PRIMARY KEY, name text COLLATE "C" NOT NULL)`)
	for i, r := range s.replicas {
		s.caughtUp(r)
		o.Replicas = append(o.Replicas, postgres.Replica{URL: r.URL, Weight: weights[i], Name: s.names[i]})
	}
	o.Log = slog.New(slog.DiscardHandler)
	s.db = s.open(o)
	return s
}

func (s *town) open(o postgres.Options) *data.DB {
	s.Helper()
	db, err := postgres.Open(s.ctx, s.primary.URL, o)
	s.ok(err)
	s.Cleanup(func() { db.Close() })
	return db
}

func (s *town) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *town) sql(on *pgtest.Server, text string) (out string) {
	s.Helper()
	conn, err := pgx.Connect(context.Background(), on.URL)
	s.ok(err)
	defer conn.Close(context.Background())
	if strings.HasPrefix(text, "SELECT") {
		s.ok(conn.QueryRow(context.Background(), text).Scan(&out))
		return out
	}
	_, err = conn.Exec(context.Background(), text)
	s.ok(err)
	return ""
}

func (s *town) await(what string, holds func() bool) {
	s.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(30 * time.Second); !holds(); {
		select {
		case <-late:
			s.Fatalf("waited in vain until %s: %+v", what, s.db.Replicas())
		case <-tick.C:
		}
	}
}

func (s *town) caughtUp(r *pgtest.Server) {
	s.Helper()
	at := s.sql(s.primary, "SELECT pg_current_wal_lsn()::text")
	s.await("the replica has caught up", func() bool {
		return s.sql(r, "SELECT (pg_last_wal_replay_lsn() >= '"+at+"')::text") == "true"
	})
}

// pause stops a replica from replaying, at once.
func (s *town) pause(r *pgtest.Server) {
	s.Helper()
	s.sql(r, "SELECT pg_wal_replay_pause()::text")
	s.await("the replay is paused", func() bool { return s.sql(r, "SELECT pg_get_wal_replay_pause_state()") == "paused" })
}

func (s *town) resume(r *pgtest.Server) { s.Helper(); s.sql(r, "SELECT pg_wal_replay_resume()::text") }

func (s *town) add(ctx context.Context, names ...string) {
	s.Helper()
	for _, n := range names {
		s.ok(lamps.On(s.db).Add(ctx, &lamp{Name: n}))
	}
}

// at returns the name of the server that answers, "primary" or a replica's.
func (s *town) at(ctx context.Context, h data.Handle) string {
	s.Helper()
	w, err := where.One(ctx, h)
	s.ok(err)
	for i, r := range s.replicas {
		if w.Standby && strings.Contains(r.URL, strings.ReplaceAll(w.Socket, "/", "%2F")) {
			return s.names[i]
		}
	}
	if w.Standby {
		s.Fatalf("nobody listens on %s", w.Socket)
	}
	return "primary"
}

// units returns which servers answer n units of reads.
func (s *town) units(n int, o data.ReadOptions) (out []string) {
	s.Helper()
	for range n {
		s.ok(s.db.ReadWith(s.ctx, o, func(r *data.Reads) error {
			out = append(out, s.at(s.ctx, r))
			return nil
		}))
	}
	return out
}

func (s *town) want(what string, got, want []string) {
	s.Helper()
	if !slices.Equal(got, want) {
		s.Errorf("%s: %v answered, want %v", what, got, want)
	}
}

func (s *town) wantAt(ctx context.Context, what, want string) {
	s.Helper()
	s.want(what, []string{s.at(ctx, s.db)}, []string{want})
}

// AT-P1: write, lock and transaction go to the primary, which stays; contexts
// nest and are apart; weights are honoured; one replica reads a unit.
func TestUnitsHaveOneServer(t *testing.T) {
	t.Parallel()
	s := newTown(t, []int{2, 1}, postgres.Options{})
	s.add(s.ctx, "Ada")
	for _, r := range s.replicas {
		s.caughtUp(r)
	}

	s.wantAt(s.ctx, "a read without a unit", "primary")
	s.want("weights 2 and 1", s.units(6, data.ReadOptions{}), []string{"a", "b", "a", "a", "b", "a"})
	s.want("asked for the primary", s.units(1, data.ReadOptions{Primary: true}), []string{"primary"})

	one, two := data.WithReplicas(s.ctx), data.WithReplicas(s.ctx)
	for range 3 {
		s.wantAt(one, "a unit stays on its server", "a")
		s.wantAt(two, "another unit stays on another", "b")
	}
	s.wantAt(data.WithPrimary(one), "inside WithPrimary", "primary")
	s.wantAt(data.WithReplicas(data.WithPrimary(one)), "replicas again, a new unit", "a")
	s.wantAt(one, "after contexts inside", "a")

	if _, err := lamps.On(s.db).Lock(one); err != nil {
		t.Error("FOR UPDATE went to a replica:", err)
	}
	s.wantAt(one, "after a lock the unit stays on the primary", "primary")

	fails := errors.New("no")
	if err := s.db.Tx(two, func(tx *data.Tx) error { s.at(two, tx); return fails }); !errors.Is(err, fails) {
		t.Fatal(err)
	}
	s.wantAt(two, "after a transaction that was undone", "b")
	s.ok(s.db.Tx(two, func(tx *data.Tx) error {
		s.want("a transaction", []string{s.at(two, tx)}, []string{"primary"})
		return lamps.On(tx).Add(two, &lamp{Name: "Bo"})
	}))
	s.wantAt(two, "after a commit", "primary")
	s.ok(s.db.Read(two, func(r *data.Reads) error {
		s.want("Read after a commit in its unit", []string{s.at(two, r)}, []string{"primary"})
		return nil
	}))

	three := data.WithReplicas(s.ctx)
	inner := data.WithUnit(three, &data.Unit{})
	s.add(inner, "Cy")
	s.wantAt(three, "after a write in a unit inside", "primary")
}

// A replica refuses a SELECT that writes; it runs on the primary then.
func TestReadsThatWriteGoToThePrimary(t *testing.T) {
	t.Parallel()
	s := newTown(t, []int{1}, postgres.Options{})
	s.sql(s.primary, "CREATE SEQUENCE numbers")
	s.caughtUp(s.replicas[0])
	next := data.NewSelect[struct {
		N int64 `db:"n"`
	}]("SELECT nextval('numbers')", "")
	unit := data.WithReplicas(s.ctx)
	s.wantAt(unit, "a read", "a")
	got, err := next.One(unit, s.db)
	if err != nil || got.N != 1 {
		t.Fatalf("nextval in a unit = %v, %v, want 1", got.N, err)
	}
	s.wantAt(unit, "after a SELECT that wrote", "primary")
	err = s.db.Read(s.ctx, func(r *data.Reads) error { _, err := next.One(s.ctx, r); return err })
	if e, ok := errors.AsType[*driver.Error](err); !ok || e.Class != driver.ReadOnly {
		t.Errorf("nextval in Read is %v, want an error of class ReadOnly", err)
	}
}

// AT-P1 (new): what a client wrote it reads, whatever the lag.
func TestReadYourWrites(t *testing.T) {
	t.Parallel()
	s := newTown(t, []int{1}, postgres.Options{MaxLag: -1, ReplayWait: time.Minute, CheckEvery: time.Hour})
	s.pause(s.replicas[0])
	impatient := s.open(postgres.Options{
		Replicas: []postgres.Replica{{URL: s.replicas[0].URL, Name: "a"}}, MaxLag: -1, ReplayWait: -1, Log: slog.New(slog.DiscardHandler),
	})

	u := &data.Unit{}
	if token, err := u.Token(s.ctx); err != nil || token != "" {
		t.Errorf("a unit that wrote nothing has the token %q, %v", token, err)
	}
	s.add(data.WithUnit(s.ctx, u), "Ada")
	token, err := u.Token(s.ctx)
	if err != nil || token == "" {
		t.Fatalf("a unit that wrote has the token %q, %v", token, err)
	}
	n, err := lamps.On(s.db).Count(data.WithReplicas(s.ctx))
	if err != nil || n != 0 {
		t.Fatalf("the paused replica shows %d lamps, %v, want none: this test would prove nothing", n, err)
	}

	// A unit that does not wait reads the primary.
	late := data.WithUnit(s.ctx, &data.Unit{Replicas: true, After: token})
	if n, err := lamps.On(impatient).Count(late); err != nil || n != 1 {
		t.Errorf("after the token %d lamps are seen, %v, want 1", n, err)
	}
	s.ok(impatient.ReadWith(s.ctx, data.ReadOptions{After: token}, func(r *data.Reads) error {
		s.want("Read after the token", []string{s.at(s.ctx, r)}, []string{"primary"})
		return nil
	}))
	// Nonsense and other databases' tokens hold up nobody.
	s.want("a token of nobody", s.units(1, data.ReadOptions{After: "ffff.ffffffff,,x,1.2.3"}), []string{"a"})

	// One that waits gets the replica as soon as it has the row.
	read := make(chan string, 1)
	go func() {
		var at string
		err := s.db.ReadWith(s.ctx, data.ReadOptions{After: token}, func(r *data.Reads) error {
			w, err := where.One(s.ctx, r)
			if n, cerr := lamps.On(r).Count(s.ctx); cerr != nil || n != 1 || err != nil {
				t.Errorf("the caught-up replica shows %d lamps, %v, %v", n, cerr, err)
			}
			if at = "primary"; w.Standby {
				at = "replica"
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		read <- at
	}()
	s.resume(s.replicas[0])
	if at := <-read; at != "replica" {
		t.Errorf("the unit that waited read the %s", at)
	}
}

// A snapshot shows one state, and refuses to write, on both kinds of server.
func TestSnapshotOfAReplica(t *testing.T) {
	t.Parallel()
	s := newTown(t, []int{1}, postgres.Options{})
	for _, primary := range []bool{true, false} {
		s.ok(s.db.ReadWith(s.ctx, data.ReadOptions{Primary: primary}, func(r *data.Reads) error {
			before, err := lamps.On(r).Count(s.ctx)
			s.ok(err)
			s.add(s.ctx, "Ada")
			s.caughtUp(s.replicas[0])
			after, err := lamps.On(r).Count(s.ctx)
			s.ok(err)
			if after != before {
				t.Errorf("primary %v: %d lamps, then %d in one snapshot", primary, before, after)
			}
			return nil
		}))
		err := s.db.ReadWith(s.ctx, data.ReadOptions{Primary: primary}, func(r *data.Reads) error {
			return lamps.On(r).Add(s.ctx, &lamp{Name: "no"})
		})
		if e, ok := errors.AsType[*driver.Error](err); !ok || e.Class != driver.ReadOnly || fault.KindOf(err) != fault.Internal {
			t.Errorf("primary %v: a write in Read is %v, want class ReadOnly", primary, err)
		}
	}
}

// A replica that is too far behind is left out, and comes back.
func TestLagSkips(t *testing.T) {
	t.Parallel()
	s := newTown(t, []int{1}, postgres.Options{MaxLag: 100 * time.Millisecond, CheckEvery: 20 * time.Millisecond})
	read := func(want string) func() bool {
		return func() bool { return s.units(1, data.ReadOptions{})[0] == want }
	}
	s.await("the replica is read", read("a"))
	s.pause(s.replicas[0])
	s.add(s.ctx, "Ada")
	s.await("the lag is seen", func() bool { return strings.Contains(s.db.Replicas()[0].Reason, "behind") })
	s.want("too far behind", s.units(1, data.ReadOptions{}), []string{"primary"})
	s.resume(s.replicas[0])
	s.await("the replica is read again", read("a"))
}

// AT-P1 (new): a dead replica is skipped, also in the middle, and comes back.
func TestDeadReplicaIsSkipped(t *testing.T) {
	t.Parallel()
	s := newTown(t, []int{1, 1}, postgres.Options{CheckEvery: 50 * time.Millisecond})
	slow := s.open(postgres.Options{CheckEvery: time.Hour, Log: slog.New(slog.DiscardHandler), Replicas: []postgres.Replica{
		{URL: s.replicas[0].URL, Name: "a"}, {URL: s.replicas[1].URL, Name: "b"},
	}})
	s.add(s.ctx, "Ada", "Bo")
	s.caughtUp(s.replicas[0])
	s.caughtUp(s.replicas[1])

	fresh, used := data.WithReplicas(s.ctx), data.WithReplicas(s.ctx)
	w, err := where.One(used, slow)
	if err != nil || !w.Standby {
		t.Fatal("the unit does not read a replica", err)
	}
	began := false
	err = slow.Read(s.ctx, func(r *data.Reads) error { // b's turn
		n, err := lamps.On(r).Count(s.ctx)
		s.ok(err)
		began = n == 2
		s.replicas[0].Stop(t)
		s.replicas[1].Stop(t)
		_, err = lamps.On(r).Count(s.ctx)
		return err
	})
	if !began || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a snapshot whose server died is %v, want unavailable", err)
	}
	// Nobody has told slow that a is dead, too: the read itself finds out.
	for _, unit := range []context.Context{used, fresh} {
		if n, err := lamps.On(slow).Count(unit); err != nil || n != 2 {
			t.Errorf("with dead replicas %d lamps are seen, %v, want 2", n, err)
		}
		page, err := lamps.On(slow).List(unit, data.Query[lamp]{Count: true})
		if err != nil || page.Total != 2 || len(page.Items) != 2 {
			t.Errorf("with dead replicas a page has %d of %d lamps, %v", len(page.Items), page.Total, err)
		}
	}
	for _, r := range slow.Replicas() {
		if r.Up {
			t.Errorf("%s counts as up", r.Name)
		}
	}
	s.await("both are known to be dead", func() bool { return !s.db.Replicas()[0].Up && !s.db.Replicas()[1].Up })
	s.want("no replica", s.units(2, data.ReadOptions{}), []string{"primary", "primary"})
	s.replicas[1].Start(t)
	s.await("the second is well", func() bool { return s.db.Replicas()[1].Up && s.db.Replicas()[1].Reason == "" })
	s.want("one replica", s.units(2, data.ReadOptions{}), []string{"b", "b"})
}

func TestReplicasThatAreNone(t *testing.T) {
	t.Parallel()
	s := newTown(t, []int{1}, postgres.Options{})
	stranger := pgtest.Database(t)
	quiet := slog.New(slog.DiscardHandler)
	db := s.open(postgres.Options{Log: quiet, Replicas: []postgres.Replica{
		{URL: stranger, Name: "stranger"}, {URL: s.primary.URL, Name: "itself"},
		{URL: "postgres://127.0.0.1:1/postgres?connect_timeout=1", Name: "nowhere"},
	}})
	for i, reason := range []string{"another database server", "follows no primary", "does not answer"} {
		if r := db.Replicas()[i]; r.Up || !strings.Contains(r.Reason, reason) {
			t.Errorf("%s is up %v: %q, want that it %s", r.Name, r.Up, r.Reason, reason)
		}
	}
	s.ok(db.Read(s.ctx, func(r *data.Reads) error {
		s.want("no replica is one", []string{s.at(s.ctx, r)}, []string{"primary"})
		return nil
	}))
	off := s.open(postgres.Options{ReplicasOff: true, Replicas: []postgres.Replica{{URL: s.replicas[0].URL}}})
	if off.Replicas() != nil {
		t.Error("replicas are there though they are off")
	}
	s.want("off", []string{s.at(data.WithReplicas(s.ctx), off)}, []string{"primary"})
	for want, list := range map[string][]postgres.Replica{
		"two replicas are called x": {{URL: s.primary.URL, Name: "x"}, {URL: s.primary.URL, Name: "x"}},
		"negative":                  {{URL: s.primary.URL, Weight: -1}},
		"replica 1":                 {{URL: "postgres://%"}},
	} {
		if _, err := postgres.Open(s.ctx, s.primary.URL, postgres.Options{Replicas: list, Log: quiet}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open = %v, want an error with %q", err, want)
		}
	}
}
