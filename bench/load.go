package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
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
		clients = append(clients, &client{Conn: conn, in: bufio.NewReader(conn)})
	}
	return clients, nil
}

// A client sends requests on one connection, one after another.
type client struct {
	net.Conn
	in   *bufio.Reader
	body bytes.Buffer
}

// call returns what the server answers. The bytes are valid until the next call.
func (c *client) call(request []byte) ([]byte, error) {
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	c.body.Reset()
	if _, err := c.body.ReadFrom(res.Body); err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, errors.New(res.Status)
	}
	return c.body.Bytes(), nil
}

// request is what a client who holds a token sends.
func (p *process) request(r route, token string) []byte {
	text := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n", r.path, p.addr)
	if r.auth {
		text = fmt.Appendf(text, "Authorization: Bearer %s\r\n", token)
	}
	return append(text, "\r\n"...)
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
		request := p.request(r, tokens[i])
		if err := c.SetDeadline(start.Add(slot + time.Minute)); err != nil {
			return s, err
		}
		all.Go(func() {
			for first := true; failures[i] == nil && (first || time.Since(start) < slot); first = false {
				_, failures[i] = c.call(request)
				calls.Add(1)
			}
		})
	}
	all.Wait()
	took := time.Since(start)
	after, err := p.used()
	if err = errors.Join(append(failures, err)...); err != nil {
		return s, err
	}
	n := float64(calls.Load())
	return sample{wall: float64(took) / n, cpu: float64(after-before) / n}, nil
}
