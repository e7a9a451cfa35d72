package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor/data/driver"
)

// A Replica is a server that follows the primary by streaming, a hot standby.
type Replica struct {
	URL    string // as Open reads it, with a pool of its own
	Weight int    // how often it is chosen beside the others; 0 means 1
	Name   string // for people; "" means its host and port
}

const (
	defaultMaxLag     = 10 * time.Second
	defaultReplayWait = 100 * time.Millisecond
	defaultCheckEvery = 2 * time.Second
	replayPause       = 5 * time.Millisecond // between two looks whether a replica has come far enough
)

// A standby is a replica and what is known of it.
type standby struct {
	Replica
	pool *pgxpool.Pool

	// Under replicas.mu:
	credit int // of the smooth weighted round robin
	up     bool
	reason string // why it is not up
	at     lsn    // how far it has come
	seen   time.Time
}

// replicas are the servers that follow one primary.
type replicas struct {
	primary  *pgxpool.Pool
	cluster  uint64 // the system identifier that all of them have
	block    lsn    // bytes of a page of the log
	maxLag   time.Duration
	patience time.Duration
	log      *slog.Logger
	stop     context.CancelFunc
	ended    chan struct{}

	mu    sync.Mutex
	all   []*standby
	marks []mark // where the primary was, the oldest first
}

// openReplicas returns nil if there are none to be used. Those that do not answer now
// are used as soon as they do.
func openReplicas(ctx context.Context, primary *pgxpool.Pool, opts Options) (_ *replicas, err error) {
	if len(opts.Replicas) == 0 || opts.ReplicasOff {
		return nil, nil
	}
	r := &replicas{
		primary: primary, log: opts.Log, ended: make(chan struct{}),
		maxLag: cmp.Or(opts.MaxLag, defaultMaxLag), patience: cmp.Or(opts.ReplayWait, defaultReplayWait),
	}
	if r.log == nil {
		r.log = slog.Default()
	}
	defer func() {
		if err != nil {
			r.closePools()
		}
	}()
	for i, replica := range opts.Replicas {
		config, err := configure(replica.URL)
		if err != nil {
			return nil, fmt.Errorf("replica %d: %w", i+1, err)
		}
		if replica.Weight < 0 {
			return nil, fmt.Errorf("replica %d: the weight %d is negative", i+1, replica.Weight)
		}
		replica.Weight = cmp.Or(replica.Weight, 1)
		replica.Name = cmp.Or(replica.Name, fmt.Sprintf("%s:%d", config.ConnConfig.Host, config.ConnConfig.Port))
		if slices.ContainsFunc(r.all, func(s *standby) bool { return s.Name == replica.Name }) {
			return nil, fmt.Errorf("two replicas are called %s", replica.Name)
		}
		pool, err := pgxpool.NewWithConfig(ctx, config)
		if err != nil {
			return nil, err
		}
		r.all = append(r.all, &standby{Replica: replica, pool: pool, reason: "it was not asked yet"})
	}
	if err := r.identify(ctx); err != nil {
		return nil, err
	}
	r.check(ctx)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = stop
	go r.watch(running, cmp.Or(opts.CheckEvery, defaultCheckEvery))
	return r, nil
}

func (r *replicas) close() {
	r.stop()
	<-r.ended
	r.closePools()
}

func (r *replicas) closePools() {
	for _, s := range r.all {
		s.pool.Close()
	}
}

// choose returns the replica that reads a unit, nil for the primary.
func (r *replicas) choose(ctx context.Context, after lsn) *standby {
	if s := r.pick(after); s != nil || after == 0 {
		return s
	}
	deadline := time.NewTimer(max(0, r.patience))
	defer deadline.Stop()
	for r.catchUp(ctx) {
		if s := r.pick(after); s != nil {
			return s
		}
		again := time.NewTimer(replayPause)
		select {
		case <-again.C:
		case <-deadline.C:
			again.Stop()
			return nil
		case <-ctx.Done():
			again.Stop()
			return nil
		}
	}
	return nil
}

// pick takes turns by weight among those that are well and have come to after:
// of weights 2 and 1 the turns are a, b, a.
func (r *replicas) pick(after lsn) (best *standby) {
	r.mu.Lock()
	defer r.mu.Unlock()
	total := 0
	for _, s := range r.all {
		if r.fault(s) != "" || s.at < after {
			continue
		}
		s.credit += s.Weight
		total += s.Weight
		if best == nil || s.credit > best.credit {
			best = s
		}
	}
	if best != nil {
		best.credit -= total
	}
	return best
}

// fault returns why s is not read, or "". The caller holds mu.
func (r *replicas) fault(s *standby) string {
	switch {
	case !s.up:
		return s.reason
	case r.maxLag > 0 && r.behind(s) > r.maxLag:
		return fmt.Sprintf("it is %v behind", r.behind(s).Round(time.Millisecond))
	}
	return ""
}

// states returns what is known of the replicas.
func (r *replicas) states() (out []driver.Replica) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.all {
		out = append(out, driver.Replica{Name: s.Name, Up: s.up, Behind: r.behind(s), Reason: r.fault(s)})
	}
	return out
}

// setDown has s read no more until a check finds it well.
func (r *replicas) setDown(s *standby, err error) {
	r.mu.Lock()
	was := s.up
	s.up, s.reason = false, "it does not answer"
	if foreign, ok := errors.AsType[errForeign](err); ok {
		s.reason = foreign.Error()
	}
	r.mu.Unlock()
	if was {
		r.log.Warn("a replica is not read any more", "replica", s.Name, "error", err)
	}
}

func (r *replicas) setUp(s *standby, at lsn) {
	r.mu.Lock()
	was := s.up
	s.up, s.reason = true, ""
	s.at = at // it may be less than before, of a replica that was made anew
	r.note(s)
	r.mu.Unlock()
	if !was {
		r.log.Info("a replica is read", "replica", s.Name)
	}
}
