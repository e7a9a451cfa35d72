package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A tree finds the endpoint for a path. Where several patterns match, the one
// that has the path's own word first wins: /users/by-username/{username} comes
// before /users/{id}/membership. http.ServeMux refuses such a pair, since
// neither is the more specific.
type tree struct {
	words map[string]*tree
	wild  *tree
	ends  map[string]*endpoint // by method
}

// add files an endpoint. It panics if there is one for the same method and
// path.
func (t *tree) add(ep *endpoint) {
	node := t
	for part := range strings.SplitSeq(ep.Path[1:], "/") {
		next := &node.wild
		if name, ok := strings.CutPrefix(part, "{"); ok {
			ep.wild = append(ep.wild, strings.TrimSuffix(name, "}"))
		} else {
			if node.words == nil {
				node.words = map[string]*tree{}
			}
			if node.words[part] == nil {
				node.words[part] = &tree{}
			}
			word := node.words[part]
			next = &word
		}
		if *next == nil {
			*next = &tree{}
		}
		node = *next
	}
	if old := node.ends[ep.Method]; old != nil {
		panic(fmt.Sprintf("web: %s and %s are the same", old.pattern, ep.pattern))
	}
	if node.ends == nil {
		node.ends = map[string]*endpoint{}
	}
	node.ends[ep.Method] = ep
}

// find returns the endpoint for a method and a path as it was sent, with the
// path's values for its wildcards, or nil. HEAD is answered by GET.
func (t *tree) find(method, path string) (*endpoint, []string) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var found *endpoint
	var values []string
	t.match(path, nil, func(node *tree, wild []string) bool {
		found, values = node.ends[method], wild
		return found != nil
	})
	return found, values
}

// methods returns what is answered at a path, in order.
func (t *tree) methods(path string) (out []string) {
	t.match(path, nil, func(node *tree, _ []string) bool {
		for m := range node.ends {
			out = append(out, m)
			if m == http.MethodGet {
				out = append(out, http.MethodHead)
			}
		}
		return false
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// match calls use for the nodes at which path ends, the best first, until use
// returns true.
func (t *tree) match(path string, wild []string, use func(*tree, []string) bool) bool {
	if path == "" {
		return use(t, wild)
	}
	part, rest, more := strings.Cut(path[1:], "/")
	if more {
		rest = path[1+len(part):]
	}
	part, err := url.PathUnescape(part)
	if err != nil || part == "" {
		return false
	}
	if word := t.words[part]; word != nil && word.match(rest, wild, use) {
		return true
	}
	return t.wild != nil && t.wild.match(rest, append(wild, part), use)
}
