package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/audit"
)

func (p *program) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "serve", Short: "Serve until interrupted", Args: cobra.NoArgs,
		Long: "Serve until interrupted. At the first start the database and the key file are made.\n\n" +
			"Settings come from flags, from variables of the environment, or are the defaults,\n" +
			"in this order. A variable with _FILE appended names a file that holds the value.",
	}
	c.RunE = p.does(func(ctx context.Context, _ []string) error {
		return p.serve(audit.WithActor(ctx, audit.Actor{})) // what it does is others' doing
	})
	return c
}

// shutdownWait is how long requests that were accepted may take when the
// server is told to stop.
const shutdownWait = 15 * time.Second

// serve serves until ctx ends.
func (p *program) serve(ctx context.Context) (err error) {
	c, err := p.config()
	if err != nil {
		return err
	}
	if err := c.checkExposure(); err != nil {
		return err
	}
	collectHalfAsOften()
	log := p.logger(c, slog.LevelDebug)
	for _, name := range p.unknown() {
		log.Warn("there is no such setting; is it misspelt?", "variable", name)
	}
	// Before anything is made: another server may be running here.
	sites, err := listen(ctx, &c, log)
	if err != nil {
		return err
	}
	defer sites.close()
	e, err := p.open(ctx, c, toFound, log, p.Stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	handler, err := e.Handler()
	if err != nil {
		return err
	}
	if err := e.Start(ctx); err != nil {
		return err
	}
	failed := sites.serve(handler, e.Operations())
	p.welcome(ctx, c, e, log)
	select {
	case err = <-failed:
	case <-ctx.Done():
		log.Info("stopping", "wait", shutdownWait)
	}
	e.Drain()
	late := context.WithoutCancel(ctx)
	sites.shutdown(late, log)
	return errors.Join(err, e.Close(late))
}

// collectHalfAsOften has garbage collected half as often as Go does by itself,
// unless the operator has set GOGC. Each hash of a password leaves 19 MiB behind
// that nothing points to: collecting after every other one cost crowds who sign
// in a twentieth of the machine.
func collectHalfAsOften() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// welcome says where the server is, and how to become its administrator while
// it has none.
func (p *program) welcome(ctx context.Context, c config, e *estate, log *slog.Logger) {
	fmt.Fprintf(p.Stdout, "%s %s listening on %s\nAPI: %s/docs\n", p.name, Version, c.publicURL, c.publicURL)
	link, err := e.Accounts().BootstrapLink(ctx)
	if err != nil && ctx.Err() == nil {
		log.Error("no link for the first administrator", "error", err)
	}
	if link != "" {
		fmt.Fprintf(p.Stdout, "There is no administrator yet. Become it within the hour by this link, which works once:\n  %s\n"+
			"or by this command:\n  %s users create --admin --email ADDRESS\n", link, p.name)
	}
}

// sites are the listeners and the servers on them.
type sites struct {
	public, operations *http.Server
	publicOn           net.Listener
	operationsOn       net.Listener // nil if there is none
}

// listen takes the addresses. While only this machine is served, it completes
// the public URL.
func listen(ctx context.Context, c *config, log *slog.Logger) (*sites, error) {
	s := &sites{public: newServer(log), operations: newServer(log)}
	s.operations.WriteTimeout = 2 * time.Minute // profiles take their time
	var lc net.ListenConfig
	var err error
	if s.publicOn, err = lc.Listen(ctx, "tcp", c.addr); err != nil {
		return nil, err
	}
	if c.opsAddr != "" {
		if s.operationsOn, err = lc.Listen(ctx, "tcp", c.opsAddr); err != nil {
			return nil, errors.Join(err, s.publicOn.Close())
		}
		log.Info("operations", "addr", s.operationsOn.Addr().String())
	}
	if c.publicURL == nil {
		c.publicURL = localURL(s.publicOn.Addr())
	}
	return s, nil
}

// localURL returns the URL of a loopback address: localhost where that is the
// same, since browsers make it secure and passkeys need a name.
func localURL(addr net.Addr) *url.URL {
	host, port, _ := net.SplitHostPort(addr.String())
	if host == "127.0.0.1" {
		host = "localhost"
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
}

// newServer returns a server that waits for nobody for ever.
func newServer(log *slog.Logger) *http.Server {
	return &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// serve begins to serve, and returns where a failure is told.
func (s *sites) serve(public, operations http.Handler) <-chan error {
	failed := make(chan error, 2)
	run := func(server *http.Server, on net.Listener, h http.Handler) {
		server.Handler = h
		go func() {
			if err := server.Serve(on); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		}()
	}
	run(s.public, s.publicOn, public)
	if s.operationsOn != nil {
		run(s.operations, s.operationsOn, operations)
	}
	return failed
}

// shutdown takes no more requests and waits for those that were accepted. The
// checks of health are the last to go.
func (s *sites) shutdown(ctx context.Context, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, shutdownWait)
	defer cancel()
	for _, server := range []*http.Server{s.public, s.operations} {
		if err := server.Shutdown(ctx); err != nil {
			log.Warn("requests were cut off", "error", err)
			_ = server.Close()
		}
	}
}

// close frees the addresses, if they were not served.
func (s *sites) close() {
	_ = s.publicOn.Close()
	if s.operationsOn != nil {
		_ = s.operationsOn.Close()
	}
}
