package task

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/riverqueue/river"
)

// A payload is the arguments of any task, as River knows them.
type payload struct {
	kind string
	json []byte
}

// Kind returns the kind of the task.
func (p payload) Kind() string { return p.kind }

// MarshalJSON returns the arguments.
func (p payload) MarshalJSON() ([]byte, error) { return p.json, nil }

// UnmarshalJSON keeps the arguments for the worker, which knows their type.
func (p *payload) UnmarshalJSON(b []byte) error {
	p.json = append([]byte(nil), b...)
	return nil
}

// A runner is River's worker for one of ours.
type runner struct {
	river.WorkerDefaults[payload]
	w   Worker
	log *slog.Logger
}

// Timeout returns how long one attempt may take.
func (r *runner) Timeout(*river.Job[payload]) time.Duration { return r.w.options.Timeout }

// Work runs one attempt and logs its failure.
func (r *runner) Work(ctx context.Context, job *river.Job[payload]) error {
	err := r.call(context.WithValue(ctx, attemptKey{}, attempt{job.Attempt, job.MaxAttempts, r.w.kind}), job.Args.json)
	if err == nil {
		return nil
	}
	attrs := []slog.Attr{
		slog.String("kind", r.w.kind), slog.Int64("id", job.ID),
		slog.Int("attempt", job.Attempt), slog.Int("of", job.MaxAttempts), slog.Any("err", err),
	}
	if p, ok := errors.AsType[*panicked](err); ok {
		attrs = append(attrs, slog.String("stack", p.stack))
	}
	level, msg := slog.LevelWarn, "task failed, it will be tried again"
	switch {
	case isPermanent(err):
		level, msg = slog.LevelError, "task failed for good"
		err = river.JobCancel(err)
	case errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.Canceled):
		level, msg = slog.LevelInfo, "task interrupted, it will run again"
	case job.Attempt >= job.MaxAttempts:
		level, msg = slog.LevelError, "task given up after its last attempt"
	}
	r.log.LogAttrs(ctx, level, msg, attrs...)
	return err
}

// call runs the worker's function and turns a panic into an error.
func (r *runner) call(ctx context.Context, args []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{value: v, stack: string(debug.Stack())}
		}
	}()
	return r.w.run(ctx, args)
}

// A panicked is the error of an attempt that panicked.
type panicked struct {
	value any
	stack string
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// riverLog returns a logger for River itself: its warnings and errors. What it
// says of single tasks, at lower levels, the runner has said.
func riverLog(log *slog.Logger) *slog.Logger { return slog.New(warnings{log.Handler()}) }

type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

// Handle leaves out what River tells as errors whenever it is stopped.
func (h warnings) Handle(ctx context.Context, r slog.Record) error {
	stopped := false
	r.Attrs(func(a slog.Attr) bool {
		stopped = a.Key == "error" && strings.Contains(a.Value.String(), context.Canceled.Error())
		return !stopped
	})
	if stopped {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h warnings) WithAttrs(as []slog.Attr) slog.Handler { return warnings{h.Handler.WithAttrs(as)} }
func (h warnings) WithGroup(name string) slog.Handler    { return warnings{h.Handler.WithGroup(name)} }
