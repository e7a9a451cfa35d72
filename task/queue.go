package task

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
	"weak"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// Config says how a Queue works. The zero Config works.
type Config struct {
	Log        *slog.Logger // failures of tasks and of the queue itself; nil means slog.Default
	MaxWorkers int          // tasks that this process runs at the same time; 0 means 10

	// PollInterval is how often the queue looks for tasks that it was not told
	// of: those that are due now, and on SQLite those of other processes. 0
	// means a second. The minimum is 10 milliseconds.
	PollInterval time.Duration

	// Backoff returns the pause before the next attempt after so many failures,
	// at least 1. Nil means failures⁴ seconds, give or take a tenth.
	Backoff func(failures int) time.Duration
}

const (
	// fetchPause is the least time between two looks for tasks. Every fetch
	// takes as many tasks as there are idle workers.
	fetchPause = 10 * time.Millisecond

	// keepDone is how long a task stays in its table after it succeeded. It is
	// for people who look into the table.
	keepDone = time.Hour

	// rescueMargin is how long after its timeout a task is believed to have died
	// with its process, and is run again.
	rescueMargin = 5 * time.Minute

	// cancelWait is how long Stop waits for tasks whose context it has ended.
	cancelWait = 5 * time.Second
)

// A Queue keeps the tasks of a database and works on them. Add workers and plan
// schedules first, then Start. A process that only enqueues adds the workers,
// too, and does not start. It is safe for concurrent use.
type Queue struct {
	db  *data.DB
	cfg Config
	eng engine

	life sync.Mutex // held by Start and Stop; tasks that enqueue while Stop waits need the other

	mu        sync.Mutex
	running   bool
	workers   map[string]Worker
	schedules []Schedule
	batches   map[weak.Pointer[data.Tx]]*batch
}

// New returns the queue of db. It touches nothing. It panics if db is neither
// SQLite nor PostgreSQL.
func New(db *data.DB, cfg Config) *Queue {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.MaxWorkers <= 0 {
		cfg.MaxWorkers = 10
	}
	if cfg.PollInterval <= 0 {
		cfg.PollInterval = time.Second
	}
	cfg.PollInterval = max(cfg.PollInterval, fetchPause)
	return &Queue{
		db: db, cfg: cfg, eng: newEngine(db, riverLog(cfg.Log)),
		workers: map[string]Worker{},
		batches: map[weak.Pointer[data.Tx]]*batch{},
	}
}

// Add registers workers. It panics if a kind has a worker already, or if the
// queue has started.
func (q *Queue) Add(workers ...Worker) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range workers {
		if _, taken := q.workers[w.kind]; taken || q.running || w.run == nil {
			panic(fmt.Sprintf("task: a worker for %q cannot be added: it is the second one, empty, or too late", w.kind))
		}
		q.workers[w.kind] = w
	}
}

// Plan registers schedules. It panics if one runs more often than every second,
// or if the queue has started.
func (q *Queue) Plan(schedules ...Schedule) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range schedules {
		if s.Every < time.Second || q.running {
			panic(fmt.Sprintf("task: the schedule of %s is too often, or too late", s.Args.Kind()))
		}
		q.schedules = append(q.schedules, s)
	}
}

// Migrate creates the queue's tables, or brings them up to date. It costs one
// statement if they are, and is safe to run in several processes at once.
func (q *Queue) Migrate(ctx context.Context) error {
	if q.migrated(ctx) {
		return nil
	}
	if err := q.eng.migrate(ctx, q.db); err != nil {
		return fmt.Errorf("task: migrate: %w", err)
	}
	return nil
}

type version struct {
	N int64 `db:"n"`
}

var latest = data.NewSelect[version]("SELECT max(version) AS n FROM river_migration WHERE line = ?", "")

// migrated reports whether the tables are known to be up to date.
func (q *Queue) migrated(ctx context.Context) bool {
	v, err := latest.One(ctx, q.db, "main")
	return err == nil && v.N >= q.eng.version()
}

// Start begins to run tasks and returns. The context bounds the start alone. A
// schedule of an unknown kind is fault.Internal.
func (q *Queue) Start(ctx context.Context) error {
	q.life.Lock()
	defer q.life.Unlock()
	cfg, err := q.riverConfig()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// River would stop with the context.
	if err := q.eng.start(context.WithoutCancel(ctx), cfg); err != nil {
		return fmt.Errorf("task: start: %w", err)
	}
	q.setRunning(true)
	return nil
}

// Stop takes no more tasks and waits for those that run. When ctx ends it ends
// their contexts, waits five seconds more, and returns an error if some still
// run. Tasks that gave up for that reason run again later, and it is not counted
// as an attempt. Without Start it does nothing.
func (q *Queue) Stop(ctx context.Context) error {
	q.life.Lock()
	defer q.life.Unlock()
	if !q.isRunning() {
		return nil
	}
	err := q.eng.stop(ctx)
	if err != nil {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelWait)
		defer cancel()
		if err = q.eng.kill(grace); err != nil {
			return fmt.Errorf("task: stop: some tasks still run: %w", err)
		}
	}
	q.setRunning(false)
	return nil
}

func (q *Queue) isRunning() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running
}

func (q *Queue) setRunning(running bool) {
	q.mu.Lock()
	q.running = running
	q.mu.Unlock()
}

// riverConfig returns what River needs to know to run tasks.
func (q *Queue) riverConfig() (*river.Config, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running {
		return nil, fault.Errorf(fault.Internal, "task: the queue has started already")
	}
	workers := river.NewWorkers()
	longest := defaultTimeout
	for kind, w := range q.workers {
		river.AddWorkerArgs(workers, payload{kind: kind}, river.Worker[payload](&runner{w: w, log: q.cfg.Log}))
		longest = max(longest, w.options.Timeout)
	}
	cfg := &river.Config{
		CompletedJobRetentionPeriod: keepDone,
		FetchCooldown:               fetchPause,
		FetchPollInterval:           q.cfg.PollInterval,
		JobTimeout:                  longest,
		Logger:                      riverLog(q.cfg.Log),
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: q.cfg.MaxWorkers}},
		RescueStuckJobsAfter:        longest + rescueMargin,
		Workers:                     workers,
	}
	if q.cfg.Backoff != nil {
		cfg.RetryPolicy = backoff(q.cfg.Backoff)
	}
	for _, s := range q.schedules {
		w, ok := q.workers[s.Args.Kind()]
		if !ok {
			return nil, q.unknown(s.Args.Kind())
		}
		job, err := newJob(w, s.Args)
		if err != nil {
			return nil, err
		}
		job.InsertOpts.UniqueOpts = river.UniqueOpts{ByArgs: true, ByPeriod: s.Every}
		cfg.PeriodicJobs = append(cfg.PeriodicJobs, river.NewPeriodicJob(river.PeriodicInterval(s.Every),
			func() (river.JobArgs, *river.InsertOpts) { return job.Args, job.InsertOpts },
			&river.PeriodicJobOpts{RunOnStart: true}))
	}
	return cfg, nil
}

func (q *Queue) unknown(kind string) error {
	return fault.Errorf(fault.Internal, "task: no worker for %q; known are %v", kind, slices.Sorted(maps.Keys(q.workers)))
}

// backoff is a river.ClientRetryPolicy.
type backoff func(failures int) time.Duration

func (b backoff) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(max(b(job.Attempt), 0))
}
