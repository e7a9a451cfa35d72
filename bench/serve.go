package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/manorgo/manor/secret"
)

// serve is a server's whole process. It says where it listens, and answers each
// line on in with the processor time it has used so far, until in ends.
func serve(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	kind := flags.String("kind", "", "which server")
	at := flags.String("at", "", "the database")
	key := flags.String("key", "", "file of the master key")
	to := flags.String("profile", "", "file for a profile")
	if err := flags.Parse(args); err != nil {
		return err
	}
	stop, err := profile(*to)
	if err != nil {
		return err
	}
	defer stop()
	keys, err := secret.OpenKeyFile(*key)
	if err != nil {
		return err
	}
	handler, end, err := handlerOf(ctx, *kind, *at, keys)
	if err != nil {
		return err
	}
	defer end()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 10 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Fprintln(out, listener.Addr())
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		used, err := processTime()
		if err != nil {
			return err
		}
		fmt.Fprintln(out, used.Nanoseconds())
	}
	if err := server.Close(); err != nil {
		return err
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func handlerOf(ctx context.Context, kind, at string, keys *secret.Keyring) (http.Handler, func(), error) {
	if kind == "hand" {
		h := &hand{keys: keys}
		var err error
		if strings.HasPrefix(at, "postgres") {
			h.store, err = openHandPostgres(ctx, at)
		} else {
			h.store, err = openHandSQLite(at)
		}
		if err != nil {
			return nil, nil, err
		}
		return h.routes(), h.store.close, nil
	}
	db, err := openDB(ctx, at)
	if err != nil {
		return nil, nil, err
	}
	log := slog.New(slog.DiscardHandler)
	if kind == "manor+log" {
		sink, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		if err != nil {
			return nil, nil, err
		}
		log = slog.New(slog.NewTextHandler(sink, nil))
	}
	app, err := newApp(db, keys, log)
	if err != nil {
		return nil, nil, err
	}
	if err := app.Start(ctx); err != nil {
		return nil, nil, err
	}
	handler, err := app.Handler()
	return handler, func() { _ = errors.Join(app.Close(ctx), db.Close()) }, err
}

// A process is a running server.
type process struct {
	kind string
	addr string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// start runs this program again as a server, or that of the peer.
func start(ctx context.Context, kind string, s site) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "-kind", kind, "-at", s.at, "-key", s.key}
	if s.profile != "" {
		args = append(args, "-profile", s.profile+"."+kind)
	}
	if kind == peerName {
		program, args = s.python, []string{filepath.Join("peers", "serve.py"), s.peer}
	}
	p := &process{kind: kind, cmd: exec.CommandContext(ctx, program, args...)}
	p.cmd.Stderr, p.cmd.Env = os.Stderr, append(os.Environ(), cleanPython)
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if p.addr, err = p.line(); err != nil {
		return nil, errors.Join(err, p.end())
	}
	return p, nil
}

func (p *process) line() (string, error) {
	s, err := p.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the server %s: %w", p.kind, err)
	}
	return strings.TrimSpace(s), nil
}

// used asks for the processor time so far.
func (p *process) used() (time.Duration, error) {
	if _, err := fmt.Fprintln(p.in); err != nil {
		return 0, err
	}
	s, err := p.line()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return time.Duration(n), err
}

func (p *process) end() error {
	err := p.in.Close()
	late := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() }) // Wait tells
	defer late.Stop()
	return errors.Join(err, p.cmd.Wait())
}
