package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/audit"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

func (p *program) auditCommand() *cobra.Command {
	return group("audit", "Who did what",
		p.listAuditCommand(), p.verifyAuditCommand(), p.checkpointCommand(), p.pruneAuditCommand())
}

// acting returns a context in which whoever runs the command acts.
func acting(ctx context.Context, c *cobra.Command) context.Context {
	a := audit.Actor{Kind: audit.CLI, Via: c.CommandPath()}
	if u, err := user.Current(); err == nil {
		a.Name = u.Username
	}
	return audit.WithActor(ctx, a)
}

// readCheckpoints reads where checkpoints of the audit are kept.
func readCheckpoints(c *config, s string) error {
	if file, ok := strings.CutPrefix(s, "file:"); ok && file != "" {
		c.checkpoints = file
		return nil
	}
	if s != "log" {
		return errors.New("must be log, or file:FILE")
	}
	c.checkpoints = s
	return nil
}

// keepCheckpoints returns what keeps checkpoints where the setting says.
func keepCheckpoints(where string, log *slog.Logger) func(audit.Checkpoint) error {
	switch where {
	case "":
		return nil
	case "log":
		return func(c audit.Checkpoint) error {
			log.Info("audit checkpoint", "checkpoint", c.String())
			return nil
		}
	}
	return func(c audit.Checkpoint) error {
		f, err := os.OpenFile(where, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(f, c)
		return errors.Join(err, f.Sync(), f.Close())
	}
}

func (p *program) listAuditCommand() *cobra.Command {
	c, f := withLines(&cobra.Command{
		Use: "list", Short: "List what was done, the newest first", Args: cobra.NoArgs,
		Long: "List what was done, the newest first. With --output ndjson every entry is one line of JSON,\n" +
			"and all that match are printed unless --limit says otherwise.",
	})
	var w auditFilter
	limit := c.Flags().Int("limit", 50, "at most so many")
	w.addTo(c)
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		where, err := w.filter(time.Now())
		if err != nil {
			return err
		}
		if *limit < 1 {
			return misused("--limit must be at least 1")
		}
		return p.with(ctx, toUse, func(e *estate) error {
			if *f == asLines {
				if !c.Flags().Changed("limit") {
					*limit = 0
				}
				return p.exportAudit(ctx, e, where, *limit)
			}
			list, err := e.Audit().List(ctx, data.Query[audit.Entry]{Where: where, Order: audit.Newest(), Limit: *limit})
			if err != nil {
				return err
			}
			return p.print(f, some(list.Items), func(w io.Writer) {
				fmt.Fprint(w, "TIME\tACTOR\tACTION\tOBJECT\tOUTCOME\tCOUNT\tCOLUMNS\tVIA\n")
				for _, e := range list.Items {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", when(e.CreatedAt), cell(strings.TrimSuffix(string(e.ActorKind)+" "+e.Actor, " ")),
						cell(e.Action), cell(strings.TrimSuffix(e.ObjectType+" "+e.ObjectID, " ")), cell(strings.TrimSuffix(string(e.Outcome)+" "+e.Reason, " ")),
						e.Count, cell(e.Columns), cell(e.Via))
				}
			})
		})
	})
	return c
}

// exportAudit prints entries as lines of JSON, the oldest last, all if limit is
// 0.
func (p *program) exportAudit(ctx context.Context, e *estate, where data.Filter[audit.Entry], limit int) error {
	out := bufio.NewWriter(p.Stdout)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for entry, err := range e.Audit().Each(ctx, where) {
		if err == nil {
			err = lines.Encode(entry)
		}
		if err != nil {
			return err
		}
		if limit--; limit == 0 {
			break
		}
	}
	return out.Flush()
}

// An auditFilter is what may be asked of a list.
type auditFilter struct{ actor, action, object, outcome, since, until string }

func (w *auditFilter) addTo(c *cobra.Command) {
	c.Flags().StringVar(&w.actor, "actor", "", "only what was done by this `name`: the id of a user, or a user of this machine")
	c.Flags().StringVar(&w.action, "action", "", "only this `action`, such as users.updated, or users.* for all of users")
	c.Flags().StringVar(&w.object, "object", "", "only what was done to this `object`: users, or users/ID")
	c.Flags().StringVar(&w.outcome, "outcome", "", "only what was `done or refused`")
	c.Flags().StringVar(&w.since, "since", "", "not before this `time`: 2026-03-01, 2026-03-01T12:00:00Z, or 24h for a day ago")
	c.Flags().StringVar(&w.until, "until", "", "before this `time`")
}

func (w *auditFilter) filter(now time.Time) (data.Filter[audit.Entry], error) {
	q := audit.Filter{Actor: w.actor, Action: w.action, Outcome: audit.Outcome(w.outcome)}
	q.ObjectType, q.ObjectID, _ = strings.Cut(w.object, "/")
	if w.outcome != "" && !slices.Contains([]audit.Outcome{audit.Done, audit.Refused}, q.Outcome) {
		return q.Where(), misused("--outcome must be done or refused")
	}
	var err error
	if q.Since, err = readTime("since", w.since, now); err == nil {
		q.Until, err = readTime("until", w.until, now)
	}
	return q.Where(), err
}

// readTime reads a day, a time, or how long ago it was; "" is the zero time.
func readTime(flag, s string, now time.Time) (t time.Time, err error) {
	if s == "" {
		return t, nil
	}
	if ago, err := time.ParseDuration(s); err == nil {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err = time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return t, misused("--%s must be a time, such as 2026-03-01 or 2026-03-01T12:00:00Z, or a duration such as 24h for so long ago", flag)
}

func (p *program) verifyAuditCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "verify", Short: "Find out whether anything in the audit was changed", Args: cobra.NoArgs,
		Long: "Find out whether anything in the audit was changed: edited, removed, put in, moved or cut off.\n" +
			"Ends with 1 and the first such place if there is one. Checkpoints that were kept elsewhere\n" +
			"say how far the audit must go: without them an old copy of the whole database looks whole.",
	})
	file := c.Flags().String("checkpoint", "", "`file` of checkpoints, one a line, such as MANOR_AUDIT_CHECKPOINTS made")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		kept, err := readKept(*file)
		if err != nil {
			return err
		}
		return p.with(ctx, toUse, func(e *estate) error {
			r, err := e.Audit().Verify(data.WithPrimary(ctx), kept...)
			if err != nil {
				return err
			}
			if err := p.print(f, r, func(w io.Writer) {
				if r.Broken == nil {
					fmt.Fprintf(w, "%s from %d to %d and %d not chained yet are as they were written; %s hold\n",
						fmt.Sprintf("%d entries", r.Entries), r.First, r.Last, r.Waiting, plural(r.Checkpoints, "checkpoint"))
				}
			}); err != nil || r.Broken == nil {
				return err
			}
			return fault.Errorf(fault.Conflict, "the audit was changed: %s", r.Broken)
		})
	})
	return c
}

// readKept reads checkpoints from a file that may hold other lines, too, such as
// a log. No file is none.
func readKept(file string) (out []audit.Checkpoint, err error) {
	if file == "" {
		return nil, nil
	}
	in, err := os.Open(file)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "%s cannot be read", file)
	}
	defer in.Close()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if c, ok := audit.FindCheckpoint(lines.Text()); ok {
			out = append(out, c)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s cannot be read", file)
	}
	if out == nil {
		return nil, fault.Errorf(fault.Invalid, "there is no checkpoint in %s", file)
	}
	return out, nil
}

func (p *program) checkpointCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "checkpoint", Short: "Print a signed checkpoint of the audit, to be kept elsewhere", Args: cobra.NoArgs,
	})
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		return p.with(ctx, toUse, func(e *estate) error {
			at, err := e.Audit().Checkpoint(ctx)
			if err != nil {
				return err
			}
			return p.print(f, struct {
				audit.Checkpoint
				Line string   `json:"line"`
				Keys []string `json:"public_keys"`
			}{at, at.String(), e.Audit().PublicKeys()}, func(w io.Writer) { fmt.Fprintln(w, at) })
		})
	})
	return c
}

func (p *program) pruneAuditCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "prune --before TIME", Short: "Remove old entries, so that the rest still verifies", Args: cobra.NoArgs,
		Long: "Remove the entries from before a time. A signed checkpoint takes their place, so that the rest\n" +
			"still verifies. Nothing is removed from an audit that does not.",
	})
	before := c.Flags().String("before", "", "`time`: 2026-03-01, 2026-03-01T12:00:00Z, or 8760h for a year ago")
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		at, err := readTime("before", *before, time.Now())
		if err != nil {
			return err
		}
		if at.IsZero() {
			return misused("--before is required")
		}
		return p.with(ctx, toUse, func(e *estate) error {
			n, err := e.Audit().Prune(ctx, at)
			if err != nil {
				return err
			}
			return p.print(f, map[string]int{"removed": n}, func(w io.Writer) {
				fmt.Fprintf(w, "removed %d entries from before %s\n", n, when(at))
			})
		})
	})
	return c
}
