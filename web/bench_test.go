package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/web"
)

// discard is a ResponseWriter that costs little.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// The same work by hand and by the package, both with encoding/json and the
// same statements.
func BenchmarkServe(b *testing.B) {
	db := openProducts(b)
	rows := make([]product, 1000)
	for i := range rows {
		rows[i] = product{Name: fmt.Sprint("product ", i), Kind: "lamp", Price: decimal.New(int64(i), -2), IsActive: true}
	}
	if err := products.On(db).AddAll(b.Context(), rows); err != nil {
		b.Fatal(err)
	}
	r := web.NewRouter(web.Config{Gate: gate()})
	web.Mount(r, "/products", &productService{DB: db, Table: products}, web.Anyone, web.SignedIn)
	hand := http.NewServeMux()
	hand.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, req *http.Request) { handGet(db, w, req) })
	hand.HandleFunc("GET /products", func(w http.ResponseWriter, req *http.Request) { handList(db, w, req) })
	for _, target := range []string{"/products/" + rows[0].ID.String(), "/products?pageSize=20&kind=lamp"} {
		for _, h := range []struct {
			name    string
			handler http.Handler
		}{{"hand", hand}, {"web", r}, {"frame", web.Frame(web.FrameConfig{Log: quiet}, r)}} {
			b.Run(h.name+"/"+strings.Split(target, "?")[0][:9], func(b *testing.B) {
				req := httptest.NewRequest("GET", "http://localhost"+target, nil)
				req.Header.Set("Authorization", "Bearer reader")
				w := httptest.NewRecorder()
				h.handler.ServeHTTP(w, req)
				if w.Code != 200 {
					b.Fatal(w.Code, w.Body)
				}
				b.ReportAllocs()
				for b.Loop() {
					h.handler.ServeHTTP(&discard{http.Header{}}, req)
				}
			})
		}
	}
}

func handGet(db *data.DB, w http.ResponseWriter, req *http.Request) {
	token, _ := auth.Bearer(req)
	if _, ok := callers[token]; !ok {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	id, err := data.ParseID[product](req.PathValue("id"))
	if err != nil {
		http.Error(w, "bad id", http.StatusBadRequest)
		return
	}
	v, err := products.On(db).Get(req.Context(), id)
	if err != nil {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	handWrite(w, v)
}

func handList(db *data.DB, w http.ResponseWriter, req *http.Request) {
	token, _ := auth.Bearer(req)
	if _, ok := callers[token]; !ok {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	query := req.URL.Query()
	size, err := strconv.Atoi(query.Get("pageSize"))
	if err != nil {
		http.Error(w, "bad size", http.StatusBadRequest)
		return
	}
	page, err := products.On(db).List(context.WithoutCancel(req.Context()), data.Query[product]{
		Where: kind.Eq(query.Get("kind")), Limit: size, Count: true,
		Order: data.By(data.Col[time.Time](products, "created_at").Desc()),
	})
	if err != nil {
		http.Error(w, "no", http.StatusInternalServerError)
		return
	}
	handWrite(w, map[string]any{"items": page.Items, "total": page.Total, "limit": page.Limit, "offset": page.Offset})
}

func handWrite(w http.ResponseWriter, v any) {
	var buf bytes.Buffer
	if err := json.NewEncoder(&buf).Encode(v); err != nil {
		http.Error(w, "no", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(buf.Bytes())
}
