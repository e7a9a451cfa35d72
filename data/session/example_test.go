package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/session"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A user is what this program keeps of who signed in.
type user struct {
	ID   int64
	Name string
}

func login(w http.ResponseWriter, r *http.Request) {
	u := user{ID: 123, Name: r.FormValue("username")} // once the password has been checked
	s := session.From(r.Context())
	if err := errors.Join(s.SetOwner(fmt.Sprint(u.ID)), s.Set("user", u)); err != nil {
		http.Error(w, "failed", http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "Logged in!")
}

func showProfile(w http.ResponseWriter, r *http.Request) {
	u, err := session.Get[user](session.From(r.Context()), "user")
	if errors.Is(err, fault.NotFound) {
		http.Error(w, "Not logged in", http.StatusUnauthorized)
		return
	}
	if err != nil {
		http.Error(w, "failed", http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, u.ID, u.Name)
}

func logout(w http.ResponseWriter, r *http.Request) {
	if err := session.From(r.Context()).Destroy(); err != nil {
		http.Error(w, "failed", http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "Logged out!")
}

// server serves the three handlers behind sessions in db.
func server(ctx context.Context, db *data.DB, key []byte) (http.Handler, *session.Store, error) {
	keys, err := secret.NewKeyring(key)
	if err != nil {
		return nil, nil, err
	}
	store, err := session.New(db, keys, session.Config{MaxAge: time.Hour})
	if err != nil {
		return nil, nil, err
	}
	m, err := migrate.New(db, []migrate.Source{{Name: "session", FS: store.Migrations()}}, migrate.Options{})
	if err != nil {
		return nil, nil, err
	}
	if _, err := m.Upgrade(ctx); err != nil {
		return nil, nil, err
	}
	if err := store.Start(ctx); err != nil { // removes what has expired, until Close
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", login)
	mux.HandleFunc("GET /profile", showProfile)
	mux.HandleFunc("POST /logout", logout)
	return store.Middleware(mux), store, nil
}

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	db, err := sqlite.Open(ctx, filepath.Join(dir, "app.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	handler, store, err := server(ctx, db, []byte("32 bytes that nobody else knows.")) // from a secret store
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	srv := httptest.NewServer(handler)
	defer srv.Close()
	jar, _ := cookiejar.New(nil)
	browser := http.Client{Jar: jar}
	show := func(resp *http.Response, err error) {
		if err != nil {
			log.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		fmt.Print(resp.StatusCode, " ", string(b))
	}
	show(browser.Get(srv.URL + "/profile"))
	show(browser.PostForm(srv.URL+"/login", map[string][]string{"username": {"zoë"}}))
	show(browser.Get(srv.URL + "/profile"))
	show(browser.Post(srv.URL+"/logout", "", nil))
	show(browser.Get(srv.URL + "/profile"))
	// Output:
	// 401 Not logged in
	// 200 Logged in!
	// 200 123 zoë
	// 200 Logged out!
	// 401 Not logged in
}

// changePassword ends all sessions of the user but this one, which gets a new id.
func changePassword(db *data.DB, store *session.Store) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		err := db.Tx(r.Context(), func(tx *data.Tx) error {
			// … and the password, in the same transaction
			_, err := store.DestroyOwned(r.Context(), tx, s.Owner(), s)
			return err
		})
		if err := errors.Join(err, s.Rotate()); err != nil {
			http.Error(w, "failed", http.StatusInternalServerError)
		}
	}
}

func ExampleStore_DestroyOwned() {
	db, store, done := opened()
	defer done()
	var phone, laptop client
	phone.signIn(store, "123")
	laptop.signIn(store, "123")
	fmt.Println(laptop.post(store.Middleware(changePassword(db, store))))
	left, err := store.DestroyOwned(context.Background(), db, "123")
	fmt.Println(left, err)
	// Output:
	// 200
	// 1 <nil>
}

// The cookie and the table may be called as you like.
func ExampleConfig() {
	cfg := session.Config{
		MaxAge:     30 * 24 * time.Hour,
		MaxLife:    90 * 24 * time.Hour,
		Name:       "shop",
		SameSite:   http.SameSiteStrictMode,
		Secure:     session.SecureAlways,
		HostPrefix: true,
		Table:      "user_sessions",
		Columns:    session.Columns{Owner: "user_id"},
		SweepEvery: 10 * time.Minute,
	}
	db, _, done := opened()
	defer done()
	keys, _ := secret.NewKeyring([]byte("a new key of 32 bytes, and after"), []byte("it the old one, which still open"))
	store, err := session.New(db, keys, cfg)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(store.Schema().Table, store.Schema().Columns[3].Name)
	// Output:
	// user_sessions user_id
}

func opened() (*data.DB, *session.Store, func()) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	db, err := sqlite.Open(context.Background(), filepath.Join(dir, "app.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	_, store, err := server(context.Background(), db, []byte("32 bytes that nobody else knows."))
	if err != nil {
		log.Fatal(err)
	}
	return db, store, func() {
		store.Close()
		db.Close()
		os.RemoveAll(dir)
	}
}

// A client is somebody signed in.
type client struct{ cookie *http.Cookie }

func (c *client) signIn(store *session.Store, owner string) {
	w := httptest.NewRecorder()
	store.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := session.From(r.Context()).SetOwner(owner); err != nil {
			log.Fatal(err)
		}
	})).ServeHTTP(w, httptest.NewRequest("POST", "https://example.com/login", nil))
	c.cookie = w.Result().Cookies()[0]
}

func (c *client) post(h http.Handler) int {
	r := httptest.NewRequest("POST", "https://example.com/password", nil)
	r.AddCookie(c.cookie)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}
