package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/examples/shop/products"
	"github.com/manorgo/manor/secret"
)

// A hand is what one would write by hand for two routes of Manor's server, over
// the same tables and with the same answers: net/http and the statements that
// Manor runs, prepared.
type hand struct {
	keys  *secret.Keyring
	store handStore
}

type handStore interface {
	holder(ctx context.Context, digest []byte, now time.Time) (holder, error)
	user(ctx context.Context, id users.ID) (users.User, error)
	products(ctx context.Context, limit int) (shown, error)
	close()
}

// A holder is whom a token belongs to.
type holder struct {
	session           [16]byte
	user              users.ID
	remember          bool
	since, seen, ends time.Time
	epoch             int
	rights            int64
	superuser         bool
	granted           string
	roles             []struct {
		Name        string   `json:"name"`
		Permissions []string `json:"permissions"`
	}
}

// shown is a page of products.
type shown struct {
	Items  []products.ListItem `json:"items"`
	Total  int                 `json:"total"`
	Limit  int                 `json:"limit"`
	Offset int                 `json:"offset"`
}

var (
	errNotSignedIn = errors.New("you are not signed in")
	errNoRow       = errors.New("no such row")
)

func (h *hand) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+mePath, h.me)
	mux.HandleFunc("GET "+productsPath, h.products)
	return mux
}

// The routes that are measured.
const (
	mePath       = "/api/v1/users/me"
	productsPath = "/api/v1/products"
)

func (h *hand) me(w http.ResponseWriter, r *http.Request) {
	caller, err := h.caller(r)
	if err != nil {
		fail(w, http.StatusUnauthorized, err)
		return
	}
	u, err := h.store.user(r.Context(), caller.user)
	if err != nil {
		fail(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, &u)
}

// caller finds out who calls, by a bearer token.
func (h *hand) caller(r *http.Request) (holder, error) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return holder{}, errNotSignedIn
	}
	token, err := secret.ParseToken(secret.AccessToken, text)
	if err != nil {
		return holder{}, err
	}
	digest := h.keys.DigestOf(secret.LabelAccess, token)
	who, err := h.store.holder(r.Context(), digest[:], time.Now())
	if err != nil {
		return holder{}, err
	}
	return who, json.Unmarshal([]byte(who.granted), &who.roles)
}

func (h *hand) products(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.URL.Query().Get("pageSize"))
	if err != nil || limit < 1 || limit > 100 {
		fail(w, http.StatusBadRequest, errors.New("pageSize must be from 1 to 100"))
		return
	}
	page, err := h.store.products(r.Context(), limit)
	if err != nil {
		fail(w, http.StatusInternalServerError, err)
		return
	}
	page.Limit = limit
	answer(w, &page)
}

func answer(w http.ResponseWriter, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		fail(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text) // the client is gone if this fails
}

func fail(w http.ResponseWriter, status int, err error) {
	slog.Error("request failed", "error", err)
	http.Error(w, http.StatusText(status), status)
}

// The statements, with ? for parameters.
const (
	holderText = `SELECT s.id, s.user_id, s.remember, s.authenticated_at, s.last_seen_at, s.expires_at, s.epoch, s.rights, u.is_superuser,
	(SELECT GROUPED FROM roles r WHERE r.id IN (SELECT h.role_id FROM user_roles h WHERE h.user_id = u.id)
		OR (u.is_staff AND r.name = 'staff')) AS granted
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.digest = ? AND s.kind = ? AND s.revoked_at IS NULL AND s.expires_at > ? AND s.idle_expires_at > ?
	AND (s.access_expires_at IS NULL OR s.access_expires_at > ?) AND s.epoch = u.epoch AND u.is_active AND u.email_verified`
	groupedSQLite   = "json_group_array(json_object('name', r.name, 'permissions', json(r.permissions)))"
	groupedPostgres = "COALESCE(json_agg(json_build_object('name', r.name, 'permissions', r.permissions)), '[]')"

	userText = `SELECT id, created_at, updated_at, deleted_at, username, username_key, email, email_key, password_hash, first_name, last_name, bio, ` +
		`is_active, is_staff, is_superuser, email_verified, date_joined, last_login, search_visibility, email_privacy, public_profile, locale, epoch ` +
		`FROM users WHERE (id = ? AND deleted_at IS NULL) LIMIT 2`
	listedText = `(is_active = ? AND (EXISTS (SELECT 1 FROM users present WHERE present.id = products.owner_id AND present.deleted_at IS NULL)))`
	shownText  = `SELECT id, created_at, updated_at, owner_id, name, description, price, is_active FROM products ` +
		`WHERE ` + listedText + ` ORDER BY created_at DESC, id DESC LIMIT ?`
	totalText = `SELECT count(*) FROM products WHERE ` + listedText
)
