//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// settings trade durability for speed, and nothing else that a test could notice.
var settings = []string{
	"listen_addresses=",
	"port=5432", // only the socket's name
	"unix_socket_permissions=0700",
	"max_connections=300",
	"shared_buffers=64MB",
	"fsync=off",
	"full_page_writes=off",
	"synchronous_commit=off",
	"wal_level=minimal",
	"max_wal_senders=0",
	"max_wal_size=2GB",
	"jit=off",
}

// launch makes a new cluster and starts a server on it that takes over the lock on run. A cluster of an earlier start is
// thrown away, for it was never synced.
func (c cluster) launch(ctx context.Context, run *os.File) error {
	if err := c.empty(); err != nil {
		return err
	}
	if out, err := c.initdb(ctx).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb in %s: %w\n%s", c.dir, err, out)
	}
	return c.run(ctx, run)
}

// empty makes empty folders for a cluster.
func (c cluster) empty() error {
	for _, name := range []string{"data", "socket"} {
		if err := os.RemoveAll(c.path(name)); err != nil {
			return err
		}
		if err := os.Mkdir(c.path(name), 0o700); err != nil {
			return err
		}
		if err := c.owner.own(c.path(name)); err != nil {
			return err
		}
	}
	return nil
}

// run starts the server on its folders, and returns once it answers.
func (c cluster) run(ctx context.Context, run *os.File) error {
	log, err := os.OpenFile(c.path("log"), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", c.path("data"), "-k", c.path("socket")}
	for _, setting := range slices.Concat(settings, c.extra) { // the last one counts
		args = append(args, "-c", setting)
	}
	cmd := c.command(context.Background(), "postgres", args...) // it outlives this process
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{run}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	for c.ping(ctx) != nil {
		select {
		case err := <-ended:
			return fmt.Errorf("postgres ended at once: %w\n%s", err, c.logText())
		default:
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("postgres does not answer: %w\n%s", errors.Join(err, cmd.Process.Kill()), c.logText())
		}
	}
	return nil
}

// initdb sorts text by a language where it can, as most servers in use do, so that a query which silently relies on byte order fails
// here and not there.
func (c cluster) initdb(ctx context.Context) *exec.Cmd {
	args := []string{"-D", c.path("data"), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"}
	if c.major() >= 15 {
		args = append(args, "--locale-provider=icu", "--icu-locale=en-US")
	}
	return c.command(ctx, "initdb", args...)
}

// watcher stops a server that no test process uses any more. It ends with the server, and with the folder.
const watcher = `
while sleep 10 && [ -f run ]; do
	flock -n -x run true && exit
	flock -n -x users sh -c '"$0" -D data -m immediate stop && rm -rf data socket' "$1" && exit
done`

// watch starts the watcher if there is none: an earlier one may have been killed. Where the flock command is missing (it
// belongs to Linux) an idle server stays, and the next run uses it.
func (c cluster) watch() error {
	flock, err := exec.LookPath("flock")
	if err != nil {
		return nil
	}
	lock, err := c.openLock("watch") // the owner could not make it
	if err != nil {
		return err
	}
	defer lock.Close()
	cmd := c.command(context.Background(), flock, "-n", "-x", "watch", "sh", "-c", watcher, "manor-pgtest", filepath.Join(c.bin, "pg_ctl"))
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("watch the server: %w", err)
	}
	go func() { _ = cmd.Wait() }() // collects it in case it ends first; a second watcher ends with 1
	return nil
}

// command prepares a program to run as the server's owner, apart from the terminal and with none of our environment, in
// which PG… variables and a language could change what it does.
func (c cluster) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	if !filepath.IsAbs(program) {
		program = filepath.Join(c.bin, program)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.owner.credential()}
	return cmd
}

// logText returns the end of the server's log.
func (c cluster) logText() string {
	text, err := os.ReadFile(c.path("log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
