package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/manorgo/manor/fault"
)

// saveWithin bounds how long a request waits for its session to be saved. It is
// saved even if the browser has hung up, so that signing out is signing out.
const saveWithin = 15 * time.Second

// Middleware returns next with a session in the context of each request, see
// [From]. If the session cannot be read, the request fails before next sees it.
//
// The session is saved when next begins its response, which is when it first
// writes, flushes or hijacks, or returns. If that fails the response is
// Config.Error's, and next's writes return the error. If a cookie is set, the
// response varies by Cookie and is not to be cached, unless its Cache-Control
// says otherwise.
//
// A connection that next hijacks carries no header of ours: what is to be kept
// must be set, and its cookie sent, by an earlier request.
func (st *Store) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := st.load(r)
		if err != nil {
			if e, ok := errors.AsType[*fault.Error](err); ok && e.Code == "SEAL_BROKEN" {
				http.SetCookie(w, st.noCookie(st.secure(r))) // or the browser could never come back
			}
			st.fail(w, r, err)
			return
		}
		sw := &writer{ResponseWriter: w, r: r, s: s, before: w.Header().Clone()}
		next.ServeHTTP(sw, r.WithContext(context.WithValue(r.Context(), contextKey{}, s)))
		_ = sw.begin(http.StatusOK) // it has answered if that failed
	})
}

// fail answers a request whose session could not be read or saved.
func (st *Store) fail(w http.ResponseWriter, r *http.Request, err error) {
	st.cfg.Log.ErrorContext(r.Context(), "session: the request failed", "error", err)
	if st.cfg.Error != nil {
		st.cfg.Error(w, r, err)
		return
	}
	status := http.StatusInternalServerError
	switch fault.KindOf(err) {
	case fault.Unavailable:
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", strconv.Itoa(1))
	case fault.Conflict:
		status = http.StatusConflict
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(status), status)
}

// A writer saves the session before the response begins.
type writer struct {
	http.ResponseWriter
	r      *http.Request
	s      *Session
	before http.Header // as it was when the handler began
	begun  bool
	err    error // why the session was not saved
}

// begin saves the session, once, and puts its cookie into the header. If that
// fails it answers the request itself.
func (w *writer) begin(status int) error {
	if w.begun {
		return w.err
	}
	w.begun = true
	if status >= http.StatusInternalServerError {
		w.s.close()
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.r.Context()), saveWithin)
	defer cancel()
	cookie, err := w.s.save(ctx)
	h := w.Header()
	if err != nil {
		w.err = err
		clear(h)
		maps.Copy(h, w.before)
		w.s.store.fail(w.ResponseWriter, w.r, err)
		return err
	}
	if w.s.asked() || cookie != nil {
		h.Add("Vary", "Cookie")
	}
	if cookie != nil {
		http.SetCookie(w.ResponseWriter, cookie)
		if h.Get("Cache-Control") == "" {
			h.Set("Cache-Control", "no-store")
		}
	}
	return nil
}

// WriteHeader begins the response. Informational ones go before it.
func (w *writer) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		if w.begin(status) != nil {
			return
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write returns the error of saving the session, if that failed.
func (w *writer) Write(b []byte) (int, error) {
	if err := w.begin(http.StatusOK); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}

// ReadFrom lets the server copy a file by itself.
func (w *writer) ReadFrom(src io.Reader) (int64, error) {
	if err := w.begin(http.StatusOK); err != nil {
		return 0, err
	}
	return io.Copy(w.ResponseWriter, src)
}

// Flush is for handlers that do not know http.ResponseController.
func (w *writer) Flush() { _ = w.FlushError() }

// FlushError returns the error of saving the session, if that failed.
func (w *writer) FlushError() error {
	if err := w.begin(http.StatusOK); err != nil {
		return err
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack returns the error of saving the session, if that failed.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if err := w.begin(http.StatusSwitchingProtocols); err != nil {
		return nil, nil, err
	}
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController reach what is beneath.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
