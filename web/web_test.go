package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// The example that the tests serve: products, with every kind of column.
type product struct {
	data.Audited[product]
	Name     string          `json:"name" db:"name,size=50,unique,search,sort"`
	Kind     string          `json:"kind" db:"kind,size=20,enum=lamp|chair|desk,filter"`
	Note     *string         `json:"note" db:"note,size=200,search"`
	Price    decimal.Decimal `json:"price" db:"price,numeric=10.2,sort,filter"`
	InStock  int64           `json:"in_stock" db:"in_stock,sort,filter"`
	IsActive bool            `json:"is_active" db:"is_active,filter"`
	Cost     decimal.Decimal `json:"-" db:"cost,numeric=10.2"`
}

type productCreate struct {
	Name     string          `json:"name" minLength:"1" maxLength:"50"`
	Kind     string          `json:"kind" enum:"lamp,chair,desk"`
	Note     *string         `json:"note,omitempty" maxLength:"200"`
	Price    decimal.Decimal `json:"price"`
	InStock  int64           `json:"in_stock,omitempty" minimum:"0" maximum:"1000000"`
	IsActive bool            `json:"is_active,omitempty"`
}

func (c productCreate) New() product {
	return product{Name: c.Name, Kind: c.Kind, Note: c.Note, Price: c.Price, InStock: c.InStock, IsActive: c.IsActive}
}

type productUpdate struct {
	Name  patch.Field[string]          `json:"name,omitzero" minLength:"1" maxLength:"50"`
	Kind  patch.Field[string]          `json:"kind" enum:"lamp,chair,desk"`
	Note  patch.Field[string]          `json:"note,omitzero" maxLength:"200"`
	Price patch.Field[decimal.Decimal] `json:"price,omitzero"`
}

var (
	products = data.NewTable[product]("products")
	name     = data.TextCol(products, "name")
	kind     = data.Col[string](products, "kind")
	note     = data.Col[string](products, "note")
	price    = data.Col[decimal.Decimal](products, "price")
)

func (u productUpdate) Changes() []data.Change[product] {
	return []data.Change[product]{name.Patch(u.Name), kind.Patch(u.Kind), note.Patch(u.Note), price.Patch(u.Price)}
}

type productService = data.Service[product, productCreate, productUpdate]

// callers are who may sign in, by their token.
var callers = map[string]auth.Permissions{
	"reader": {"products:read"},
	"writer": {"products:*"},
	"nobody": nil,
}

func gate() auth.Gate {
	return auth.Gate{{Name: "bearer", Find: auth.Bearer, Verify: func(_ context.Context, token string) (*auth.Principal, error) {
		permissions, ok := callers[token]
		if !ok {
			return nil, fault.Errorf(fault.Unauthenticated, "the credential is not valid")
		}
		return &auth.Principal{Subject: auth.Subject(token), Permissions: permissions}, nil
	}}}
}

func openProducts(tb testing.TB) *data.DB {
	tb.Helper()
	db, err := sqlite.Open(tb.Context(), filepath.Join(tb.TempDir(), "test.db"), sqlite.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	for _, s := range migrate.DDL(db.Dialect(), products.Schema()) {
		if _, err := db.Driver().Exec(tb.Context(), driver.Call{Statement: &driver.Statement{SQL: s}}); err != nil {
			tb.Fatal(err)
		}
	}
	return db
}

type credentials struct {
	Email    string      `json:"email" format:"email" maxLength:"100"`
	Password secret.Text `json:"password" maxLength:"100"`
	Remember bool        `json:"remember,omitempty"`
	Tags     []string    `json:"tags,omitempty" maxItems:"3" maxLength:"5"`
	Age      *int32      `json:"age,omitempty" minimum:"18"`
	Inner    *inner      `json:"inner,omitempty"`
}

type inner struct {
	Deep  map[string]int `json:"deep,omitempty"`
	Until data.Date      `json:"until,omitempty"`
}

type signIn struct {
	Body credentials
}

type signedIn struct {
	Cookies  []*http.Cookie
	Location string `header:"Location"`
	Status   int
	Body     struct {
		Email string `json:"email"`
	}
}

type echo struct {
	Name  string             `path:"name"`
	Limit int                `query:"limit" minimum:"1" maximum:"10" default:"5"`
	IDs   []data.ID[product] `query:"ids"`
	Must  string             `query:"must" required:"true" maxLength:"5"`
	Mode  *string            `query:"mode" enum:"a,b"`
	On    bool               `query:"on"`
	Key   secret.Text        `query:"key" maxLength:"8"`
	Trace string             `header:"X-Trace" maxLength:"4"`
}

type echoed struct {
	Body struct {
		Name  string             `json:"name"`
		Limit int                `json:"limit"`
		IDs   []data.ID[product] `json:"ids"`
		Mode  *string            `json:"mode"`
		On    bool               `json:"on"`
	}
}

// server is the router of the tests, and what it says to the log.
type server struct {
	*web.Router
	db  *data.DB
	log *bytes.Buffer
}

func newServer(tb testing.TB) *server {
	tb.Helper()
	s := &server{db: openProducts(tb), log: &bytes.Buffer{}}
	s.Router = web.NewRouter(web.Config{
		Title: "Test", Prefix: "/api/v1", MaxBody: 4096, SessionCookie: "session",
		Log: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	s.SetGate(gate())
	service := &productService{DB: s.db, Table: products}
	web.Mount(s.Router, "/products", service, web.Anyone, web.Require("products:write"),
		web.Restrict("products:read", "inStock"),
		web.FilterBy("cheap", "", func(values []string) (data.Filter[product], error) {
			limit, err := decimal.NewFromString(values[0])
			if err != nil {
				return data.Filter[product]{}, fault.Errorf(fault.Malformed, "is not a price")
			}
			return price.Lt(limit), nil
		}))
	web.Handle(s.Router, "POST /auth/login", func(_ context.Context, in *signIn) (*signedIn, error) {
		if in.Body.Password.Reveal() != "correct horse" {
			return nil, fault.Coded(fault.Unauthenticated, "CREDENTIALS_INVALID", "wrong")
		}
		out := &signedIn{Location: "/me", Cookies: []*http.Cookie{{Name: "session", Value: "s", HttpOnly: true}}}
		out.Body.Email = in.Body.Email
		if in.Body.Remember {
			out.Status = http.StatusAccepted
		}
		return out, nil
	}, web.Anyone, web.Errors("CREDENTIALS_INVALID"), web.Also[map[string]string](http.StatusAccepted, "later"))
	web.Handle(s.Router, "GET /echo/{name}", func(_ context.Context, in *echo) (*echoed, error) {
		out := &echoed{}
		out.Body.Name, out.Body.Limit, out.Body.IDs, out.Body.Mode, out.Body.On = in.Name, in.Limit, in.IDs, in.Mode, in.On
		if out.Body.IDs == nil {
			out.Body.IDs = []data.ID[product]{}
		}
		return out, nil
	}, web.Anyone)
	web.Handle(s.Router, "GET /me", func(ctx context.Context, _ *web.None) (*web.None, error) {
		if !auth.From(ctx).SignedIn() {
			panic("a stranger got in")
		}
		return nil, nil
	}, web.SignedIn)
	web.Handle(s.Router, "GET /fail/{kind}", func(_ context.Context, in *struct {
		Kind string `path:"kind"`
	}) (*web.None, error) {
		if in.Kind == "panic" {
			panic("on purpose")
		}
		return nil, &fault.Error{Kind: fault.Kind(in.Kind), Msg: "public words", Err: io.ErrUnexpectedEOF}
	}, web.Anyone, web.Errors("ANYTHING"))
	web.Handle(s.Router, "GET /unencodable", func(context.Context, *web.None) (*struct{ Body any }, error) {
		return &struct{ Body any }{map[string]any{"a": strings.Repeat("x", 100), "b": func() {}}}, nil
	}, web.Anyone)
	return s
}

// do sends a request and holds the answer to the document.
func (s *server) do(tb testing.TB, method, target, body string, header ...string) *httptest.ResponseRecorder {
	tb.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(tb.Context(), method, target, reader)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if err := s.CheckResponse(r, w.Code, w.Header(), w.Body.Bytes()); err != nil {
		tb.Errorf("the answer is not as documented: %v\n%s", err, w.Body)
	}
	return w
}

func problemOf(tb testing.TB, w *httptest.ResponseRecorder) (p web.Problem) {
	tb.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		tb.Fatalf("%v: %s", err, w.Body)
	}
	return p
}

const bearer = "Authorization"

var quiet = slog.New(slog.DiscardHandler)

// add stores a product.
func (s *server) add(tb testing.TB, name, kind, price string) product {
	tb.Helper()
	v := product{Name: name, Kind: kind, Price: decimal.RequireFromString(price)}
	if err := products.On(s.db).Add(tb.Context(), &v); err != nil {
		tb.Fatal(err)
	}
	return v
}
