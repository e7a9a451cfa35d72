package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/shopspring/decimal"
)

// http measures servers.
func (c course) http(ctx context.Context, db, at string, j *judge) error {
	s, err := build(ctx, db, at, c.dir, c.people)
	if err != nil {
		return err
	}
	s.profile, s.python = c.profile, c.python
	for _, kind := range servers {
		if !c.takesPart(kind) || kind == peerName && (c.python == "" || !slices.ContainsFunc(c.routes, route.open)) {
			continue
		}
		if kind == peerName {
			where, drop, err := c.place(db, "peer-site")
			if err == nil {
				defer drop()
				s.peer, err = c.fillPeer(ctx, db, where, c.people, "CREATE INDEX ix_products_active ON products (is_active, created_at, id)")
			}
			if err != nil {
				j.fail(db+" http: "+peerName, err)
				continue
			}
		}
		s.servers = append(s.servers, kind)
	}
	if len(s.servers) == 0 {
		return nil
	}
	out, err := overHTTP(ctx, s, c.routes, c.plan)
	if err != nil {
		return err
	}
	fmt.Fprintf(j.out, "\n%s over HTTP, %d people and as many products, %d connections: processor time of the server for a request\n\n", db, c.people, connections)
	j.heading()
	j.report(out, db+" http", servers)
	return nil
}

// open reports whether anybody may call. The peer has no accounts, and so
// nothing else.
func (r route) open() bool { return !r.auth }

// overHTTP measures the routes, with all servers in turns. Each heat starts them
// anew. Only the end of ctx is an error.
func overHTTP(ctx context.Context, s site, wanted []route, p plan) (out []result, err error) {
	for _, r := range wanted {
		out = append(out, newResult(r.name, 1))
	}
	for heat := range p.heats {
		s.heat(ctx, wanted, heat, out, p)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return out, nil
}

// A running server has clients.
type running struct {
	*process
	clients []*client
}

func (r *running) hangUp() {
	for _, c := range r.clients {
		c.Close()
	}
	r.clients = nil
}

// heat starts the servers, and adds to the results.
func (s site) heat(ctx context.Context, wanted []route, n int, out []result, p plan) {
	all := make([]running, len(s.servers))
	defer func() {
		for i := range all {
			all[i].hangUp()
			if all[i].process == nil {
				continue
			}
			if err := all[i].end(); err != nil {
				for _, r := range out {
					r.fail(s.servers[i], err)
				}
			}
		}
	}()
	for k := range all {
		i := (k + n) % len(all)
		var err error
		if all[i].process, err = start(ctx, s.servers[i], s); err != nil {
			for _, r := range out {
				r.fail(s.servers[i], err)
			}
		}
	}
	for at, route := range wanted {
		answers := make(map[string]any)
		for round := -1; round < p.rounds; round++ { // the first one warms up, and compares
			for k := range all {
				i := (k + n + max(round, 0)) % len(all)
				kind := s.servers[i]
				if out[at].failed[kind] != nil || kind == peerName && !route.open() {
					continue
				}
				got, err := all[i].turn(ctx, s, route, round, p, answers)
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					out[at].fail(kind, err)
					all[i].hangUp() // whatever is still on the way
					continue
				}
				if round >= 0 {
					got.heat, got.round = n, round
					out[at].add(kind, got)
				}
			}
		}
	}
}

// turn has all clients call, and before the first one of a heat makes sure that
// the answer is the one that others give.
func (r *running) turn(ctx context.Context, s site, route route, round int, p plan, answers map[string]any) (out sample, err error) {
	if r.clients == nil {
		if r.clients, err = r.dial(ctx); err != nil {
			return out, err
		}
	}
	if round < 0 {
		body, err := r.clients[0].call(r.request(route, s.tokens[0]))
		if err != nil {
			return out, err
		}
		answer, err := meaning(body)
		if err != nil {
			return out, err
		}
		for other, theirs := range answers {
			if !reflect.DeepEqual(answer, theirs) {
				return out, fmt.Errorf("answers %.200v, %s answers %.200v", answer, other, theirs)
			}
		}
		answers[r.kind] = answer
	}
	return r.load(r.clients, route, s.tokens, 4*p.slot)
}

// meaning reads an answer so that prices are the same however they are written.
func meaning(body []byte) (answer map[string]any, err error) {
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	items, _ := answer["items"].([]any)
	for _, item := range items {
		fields, ok := item.(map[string]any)
		if !ok {
			return nil, errors.New("an item is no object")
		}
		price, err := decimal.NewFromString(fmt.Sprint(fields["price"]))
		if err != nil {
			return nil, err
		}
		fields["price"] = price.StringFixed(2)
	}
	return answer, nil
}
