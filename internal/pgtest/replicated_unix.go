//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// streaming are the settings of a primary that others follow. What is committed is on its way to them at once.
var streaming = []string{
	"wal_level=replica",
	"max_wal_senders=8",
	"synchronous_commit=on", // costs nothing without fsync
	"wal_writer_delay=10ms",
	"max_connections=60",
	"shared_buffers=16MB",
}

// following are the settings of a standby, which needs as many connections as its primary has.
var following = append([]string{"wal_retrieve_retry_interval=100ms", "max_standby_streaming_delay=-1"}, streaming...)

func replicate(tb testing.TB, n int) (*Server, []*Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	found, err := findInstallation(ctx)
	if err != nil {
		return nil, nil, err
	}
	owner, err := serverAccount()
	if err != nil {
		return nil, nil, err
	}
	// Not the test's own folder, whose path may be too long for a socket's.
	root, err := os.MkdirTemp("", "manor-pg-")
	if err != nil {
		return nil, nil, err
	}
	if err := owner.admit(root, 0o710); err != nil {
		return nil, nil, err
	}
	first := cluster{installation: found, dir: filepath.Join(root, "0"), owner: owner, extra: streaming}
	if err := guard(tb, first, root); err != nil {
		return nil, nil, err
	}
	if err := first.startAlone(ctx, nil); err != nil {
		return nil, nil, err
	}
	primary := first.server()
	var standbys []*Server
	for i := range n {
		c := cluster{installation: found, dir: filepath.Join(root, strconv.Itoa(i+1)), owner: owner, extra: following}
		fill := func(ctx context.Context) ([]byte, error) {
			return c.command(ctx, "pg_basebackup", "-D", c.path("data"), "-h", first.path("socket"), "-p", "5432", "-U", "postgres",
				"--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync").CombinedOutput()
		}
		if err := c.startAlone(ctx, fill); err != nil {
			return nil, nil, err
		}
		standbys = append(standbys, c.server())
	}
	return primary, standbys, nil
}

// guard ends the servers below root and removes it when the test ends, or the process: then a pipe of which it holds
// one end is closed.
func guard(tb testing.TB, c cluster, root string) error {
	const script = `cat >/dev/null; for d in "$1"/*/data; do "$0" -D "$d" -m immediate -w stop; done; rm -rf "$1"/*/data "$1"/*/socket`
	cmd := c.command(context.Background(), "sh", "-c", script, filepath.Join(c.bin, "pg_ctl"), root)
	cmd.Path, cmd.Dir = "/bin/sh", root
	cmd.Err = nil
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	tb.Cleanup(func() {
		if err := errors.Join(pipe.Close(), cmd.Wait(), removeAll(root)); err != nil {
			tb.Errorf("pgtest: end the servers: %v", err)
		}
	})
	return nil
}

// removeAll removes a folder into which what a server leaves behind may still write for a moment.
func removeAll(root string) (err error) {
	for range 100 {
		if err = os.RemoveAll(root); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// startAlone starts a server that nobody else uses, with what fill puts in its data folder: nil for a new cluster.
func (c cluster) startAlone(ctx context.Context, fill func(context.Context) ([]byte, error)) error {
	if err := c.makeFolder(); err != nil {
		return err
	}
	run, err := c.openLock("run")
	if err != nil {
		return err
	}
	defer run.Close()
	if fill == nil {
		return c.launch(ctx, run)
	}
	if err := c.empty(); err != nil {
		return err
	}
	if out, err := fill(ctx); err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, out)
	}
	return c.run(ctx, run)
}

func (c cluster) server() *Server {
	return &Server{
		URL: c.url(),
		start: func() error {
			ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
			defer cancel()
			run, err := c.openLock("run")
			if err != nil {
				return err
			}
			defer run.Close()
			return c.run(ctx, run)
		},
		stop: func() error {
			ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
			defer cancel()
			out, err := c.command(ctx, "pg_ctl", "-D", c.path("data"), "-m", "immediate", "-w", "stop").CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w\n%s", err, out)
			}
			return nil
		},
	}
}
