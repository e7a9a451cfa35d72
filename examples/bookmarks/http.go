package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// routes serves a store with net/http alone.
func routes(s *Store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /bookmarks", handle(http.StatusOK, func(r *http.Request) (any, error) {
		q, err := query(r)
		if err != nil {
			return nil, err
		}
		page, err := s.List(r.Context(), q)
		return map[string]any{"items": page.Items, "total": page.Total}, err
	}))
	mux.HandleFunc("POST /bookmarks", handle(http.StatusCreated, func(r *http.Request) (any, error) {
		var in Create
		if err := read(r, &in); err != nil {
			return nil, err
		}
		return s.Create(r.Context(), in)
	}))
	mux.HandleFunc("GET /bookmarks/{id}", handle(http.StatusOK, one(func(r *http.Request, id data.ID[Bookmark]) (any, error) {
		return s.Get(r.Context(), id)
	})))
	mux.HandleFunc("PATCH /bookmarks/{id}", handle(http.StatusOK, one(func(r *http.Request, id data.ID[Bookmark]) (any, error) {
		var in Update
		if err := read(r, &in); err != nil {
			return nil, err
		}
		return s.Update(r.Context(), id, in)
	})))
	mux.HandleFunc("DELETE /bookmarks/{id}", handle(http.StatusNoContent, one(func(r *http.Request, id data.ID[Bookmark]) (any, error) {
		return nil, s.Delete(r.Context(), id)
	})))
	mux.HandleFunc("POST /bookmarks/{id}/visits", handle(http.StatusOK, one(func(r *http.Request, id data.ID[Bookmark]) (any, error) {
		return s.Follow(r.Context(), id)
	})))
	return mux
}

// query reads ?search=…&tag=…&page=…
func query(r *http.Request) (q data.Query[Bookmark], err error) {
	const size = 10
	in := r.URL.Query()
	page, err := strconv.Atoi(cmp.Or(in.Get("page"), "1"))
	if err != nil || page < 1 || page > 1e6 {
		return q, fault.Errorf(fault.Malformed, "page must be a number from 1")
	}
	var filters []data.Filter[Bookmark]
	if in.Has("search") {
		filters = append(filters, title.ContainsFold(in.Get("search")))
	}
	if in.Has("tag") {
		filters = append(filters, tags.HasAll(in["tag"]...))
	}
	return data.Query[Bookmark]{
		Where: data.All(filters...), Order: data.By(visitsOf.Desc(), title.Asc()), Limit: size, Offset: (page - 1) * size, Count: true,
	}, nil
}

// one hands on the ID in the path.
func one(next func(*http.Request, data.ID[Bookmark]) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		id, err := data.ParseID[Bookmark](r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		return next(r, id)
	}
}

func read(r *http.Request, in any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20))
	d.DisallowUnknownFields()
	return fault.Wrap(fault.Malformed, d.Decode(in), "the body cannot be read")
}

// handle writes what run returns. By then it is committed.
func handle(status int, run func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status := status
		out, err := run(r)
		if err != nil {
			status, out = told(r, err)
		}
		if out == nil {
			w.WriteHeader(status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(out) // the caller is gone
	}
}

var statuses = map[fault.Kind]int{
	fault.Malformed: http.StatusBadRequest, fault.Invalid: http.StatusUnprocessableEntity, fault.NotFound: http.StatusNotFound,
	fault.Conflict: http.StatusConflict, fault.Stale: http.StatusPreconditionFailed, fault.Unavailable: http.StatusServiceUnavailable,
}

// told says an error in HTTP. Its message is safe to show, its cause is for the log.
func told(r *http.Request, err error) (int, any) {
	answer := map[string]any{"error": "internal error"}
	status := statuses[fault.KindOf(err)]
	if status == 0 {
		slog.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "err", err)
		return http.StatusInternalServerError, answer
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		answer["error"] = cmp.Or(e.Msg, string(e.Kind))
		details := map[string]string{}
		for _, d := range e.Details {
			details[d.Location] = d.Message
		}
		answer["details"] = details
	}
	return status, answer
}
