package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A route is a request that is measured.
type route struct {
	name string
	path string
	auth bool
}

// routes are the kinds of work over HTTP.
var routes = []route{{"me", mePath, true}, {"products", productsPath + "?pageSize=20", false}}

// dial opens the connections of the clients.
func (p *process) dial(ctx context.Context) (clients []*client, err error) {
	for range connections {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.addr)
		if err != nil {
			return clients, err
		}
		clients = append(clients, &client{conn, bufio.NewReader(conn)})
	}
	return clients, nil
}

// A client sends requests on one connection, one after another.
type client struct {
	net.Conn
	in *bufio.Reader
}

func (c *client) call(request []byte) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

// load has all clients call a route for a while, and returns what a request
// cost the server, and how long one took of the wall's time.
func (p *process) load(clients []*client, r route, tokens []string, slot time.Duration) (s sample, err error) {
	before, err := p.used()
	if err != nil {
		return s, err
	}
	var calls atomic.Int64
	failures := make([]error, len(clients))
	var all sync.WaitGroup
	start := time.Now()
	for i, c := range clients {
		request := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n", r.path, p.addr)
		if r.auth {
			request = fmt.Appendf(request, "Authorization: Bearer %s\r\n", tokens[i])
		}
		request = append(request, "\r\n"...)
		all.Go(func() {
			for time.Since(start) < slot && failures[i] == nil {
				failures[i] = c.call(request)
				calls.Add(1)
			}
		})
	}
	all.Wait()
	took := time.Since(start)
	after, err := p.used()
	if err = errors.Join(append(failures, err)...); err != nil {
		return s, fmt.Errorf("%s: GET %s: %w", p.kind, r.path, err)
	}
	n := float64(calls.Load())
	return sample{wall: float64(took) / n, cpu: float64(after-before) / n}, nil
}

// overHTTP measures the routes, with all servers in turns. Each heat starts them
// anew.
func overHTTP(ctx context.Context, s site, wanted []route, p plan) (out []result, err error) {
	for _, r := range wanted {
		out = append(out, result{r.name, make(map[string][]sample)})
	}
	for heat := range p.heats {
		if err := s.heat(ctx, wanted, heat, out, p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s site) heat(ctx context.Context, wanted []route, n int, out []result, p plan) (err error) {
	running := make([]*process, len(servers))
	clients := make([][]*client, len(servers))
	defer func() {
		for i, r := range running {
			for _, c := range clients[i] {
				c.Close()
			}
			if r != nil {
				err = errors.Join(err, r.end())
			}
		}
	}()
	for k := range servers {
		i := (k + n) % len(servers)
		if running[i], err = start(ctx, servers[i], s); err != nil {
			return err
		}
		if clients[i], err = running[i].dial(ctx); err != nil {
			return err
		}
	}
	slot := 4 * p.slot
	for at, route := range wanted {
		for round := -1; round < p.rounds; round++ { // the first one warms up
			for k := range running {
				i := (k + n + max(round, 0)) % len(running)
				got, err := running[i].load(clients[i], route, s.tokens, slot)
				if err != nil {
					return err
				}
				if round >= 0 {
					out[at].samples[servers[i]] = append(out[at].samples[servers[i]], got)
				}
			}
		}
	}
	return nil
}
