package manor

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"time"

	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/pages"
	"github.com/manorgo/manor/web"
)

// serve puts the routes of all domains behind one gate.
func (a *App) serve() {
	c := a.config
	a.router = web.NewRouter(web.Config{
		Title: c.Title, Version: c.Version, Prefix: "/api/v1", Gate: a.gate, Log: c.Log,
		Keys: c.Keys, Now: c.DB.Now, Replicas: a.replicated(), Limiter: a.env.Limits, Refused: a.audit.Refused,
		SessionCookie: sessions.CookieName(a.env.Links.Secure()),
	})
	for _, d := range a.domains {
		if d.Mount != nil {
			d.Mount(a.router)
		}
	}
}

// frame is what every request passes, whatever it is for.
func (a *App) frame(next http.Handler) http.Handler {
	public := a.config.PublicURL
	if public != nil && isLoopback(public.Hostname()) {
		public = nil // 127.0.0.1 is as good as localhost
	}
	return web.Frame(web.FrameConfig{
		Log: a.config.Log, PublicURL: public, TrustedProxies: a.config.TrustedProxies, Observe: a.metrics.observe,
		AnyHost:  isHealth, // probes name an address
		Replicas: a.replicated(),
	}, next)
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.Unmap().IsLoopback()
}

func isHealth(path string) bool { return path == "/livez" || path == "/readyz" }

// filesPath is where signed addresses of files lead. It is below /api/, so that
// programs which mount the API alone serve files, too.
const filesPath = "/api/files/"

// api serves what is below /api/.
func (a *App) api() http.Handler {
	if !a.env.Files.Used() {
		return a.router
	}
	mux := http.NewServeMux()
	mux.Handle("/", a.router)
	mux.Handle(filesPath, a.env.Files.Handler())
	return mux
}

// API serves the routes of all domains, under /api/v1, and signed addresses of
// files, under /api/files.
func (a *App) API() http.Handler { return a.frame(a.api()) }

// Handler serves everything: the API and its description, the pages that
// mailed links lead to, and the health checks /livez and /readyz.
func (a *App) Handler() (http.Handler, error) {
	site, err := pages.New(a.flows, a.config.Title, a.config.Log, a.env.Limits)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", a.api())
	docs := a.router.Docs()
	for _, path := range []string{"/openapi.json", "/openapi.yaml", "/docs", "/docs/"} {
		mux.Handle(path, docs)
	}
	if set, ok := a.flows.Sessions().KeySet(); ok {
		mux.HandleFunc("GET /.well-known/jwks.json", publish(set))
	}
	mux.HandleFunc("GET /livez", a.live)
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("/", site)
	return a.frame(mux), nil
}

// publish serves what changes only when the program is started anew.
func publish(v any) http.HandlerFunc {
	body, err := json.Marshal(v)
	return func(w http.ResponseWriter, r *http.Request) {
		if err != nil {
			web.WriteError(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(body)
	}
}

// Operations serves what operators see and nobody else should: /metrics for
// Prometheus, /debug/pprof, and the health checks.
func (a *App) Operations() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", a.live)
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", a.metrics.handler())
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// Authenticate lets next find the caller with auth.From. A wrong credential is
// answered with 401; a request without one is anonymous, and so is one whose
// session cookie has ended: a page is there for people who are signed out, too.
func (a *App) Authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := a.gate.Authenticate(r)
		if errors.Is(err, fault.Unauthenticated) && r.Header.Get("Authorization") == "" && r.Header.Get("X-API-Key") == "" {
			if e, ok := errors.AsType[*fault.Error](err); !ok || e.Code != auth.CodeRenewed {
				http.SetCookie(w, sessions.DropCookie(a.env.Links.Secure()))
			}
			p, err = &auth.Principal{}, nil
		}
		if err != nil {
			web.WriteError(w, r, err)
			return
		}
		if p.Renewed != nil {
			http.SetCookie(w, p.Renewed)
		}
		next.ServeHTTP(w, r.WithContext(auth.NewContext(r.Context(), p)))
	})
}

// live says that the process answers.
func (a *App) live(w http.ResponseWriter, _ *http.Request) {
	writeHealth(w, map[string]string{"process": "ok"})
}

// checkLife is how long a check of the database may take.
const checkLife = 2 * time.Second

// ready says whether requests should be sent here.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkLife)
	defer cancel()
	checks := map[string]string{"process": "ok", "schema": "ok"}
	if a.draining.Load() {
		checks["process"] = "draining"
	}
	if !a.started.Load() {
		checks["schema"] = "starting"
	}
	a.checkUp(ctx, checks)
	writeHealth(w, checks)
}

// writeHealth answers 200 if every check is ok, and 503 if not.
func writeHealth(w http.ResponseWriter, checks map[string]string) {
	status, word := http.StatusOK, "ok"
	for _, v := range checks {
		if v != "ok" {
			status, word = http.StatusServiceUnavailable, "unavailable"
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": word, "checks": checks})
}
