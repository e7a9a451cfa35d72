package manortest_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/web"
)

type entry struct {
	data.Audited[entry]
	Name string         `json:"name" db:"name,unique"`
	Of   *data.ID[book] `json:"of" db:"of_id,references=books"`
}

type book struct{ data.Identified[book] }

var (
	entries = data.NewTable[entry]("entries")
	books   = data.NewTable[book]("books")
)

type how struct {
	How string `path:"how"`
}

type done struct {
	Status   int
	Location string `header:"Location"`
}

var errUndo = errors.New("undo it")

// A ledger is a server whose requests write in a transaction, and end it in
// every way there is.
type ledger struct {
	db      *data.DB
	entered chan struct{} // by who waits until its client has gone
	left    chan error    // what its transaction came to
}

func (l *ledger) write(ctx context.Context, in *how) (*done, error) {
	out := &done{Status: http.StatusCreated}
	err := l.db.Tx(ctx, func(tx *data.Tx) error {
		if err := entries.On(tx).Add(ctx, &entry{Name: "a"}); err != nil {
			return err
		}
		switch in.How {
		case "200", "204":
			out.Status = map[string]int{"200": 200, "204": 204}[in.How]
		case "redirect":
			out.Status, out.Location = http.StatusSeeOther, "/elsewhere"
		case "undo", "undo and redirect":
			return errUndo
		case "invalid":
			return fault.Field("name", "is not right")
		case "absent":
			_, err := entries.On(tx).Get(ctx, data.ID[entry]{1})
			return err
		case "taken":
			return entries.On(tx).Add(ctx, &entry{Name: "a"})
		case "overlooked":
			_ = entries.On(tx).Add(ctx, &entry{Name: "a"})
		case "reference":
			return entries.On(tx).Add(ctx, &entry{Name: "b", Of: &data.ID[book]{1}})
		case "dangling": // nobody notices before the commit
			tx.BeforeCommit(func(ctx context.Context) error {
				return entries.On(tx).Add(ctx, &entry{Name: "b", Of: &data.ID[book]{1}})
			})
		case "no table":
			_, err := people.On(tx).Count(ctx)
			return err
		case "broken":
			return errors.New("secret words")
		case "panic":
			panic("on purpose")
		case "gone":
			l.entered <- struct{}{}
			<-ctx.Done()
		}
		return nil
	})
	if in.How == "gone" {
		l.left <- err
	}
	if errors.Is(err, errUndo) && in.How == "undo and redirect" {
		return &done{Status: http.StatusFound, Location: "/elsewhere"}, nil
	}
	return out, err
}

type nobody struct{ data.Identified[nobody] }

var people = data.NewTable[nobody]("nowhere")

// What a request wrote is committed before the first byte of an answer that
// says so, and only then; any other answer means that nothing happened.
func TestCommitBeforeAnswer(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		plain := open()
		for _, s := range []data.Schema{books.Schema(), entries.Schema()} {
			for _, sql := range migrate.DDL(plain.Dialect(), s) {
				if _, err := plain.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: sql}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		stored := func() int {
			n, err := entries.On(plain).Count(context.WithoutCancel(t.Context()))
			if err != nil {
				t.Error(err)
			}
			return n
		}
		db, commits := datatest.Failing(plain)
		quiet := slog.New(slog.DiscardHandler)
		l := &ledger{db: db, entered: make(chan struct{}), left: make(chan error)}
		router := web.NewRouter(web.Config{Title: "Test", Log: quiet})
		web.Handle(router, "POST /entries/{how}", l.write, web.Anyone)
		first := make(chan int, 1) // rows when the answer begins
		server := httptest.NewServer(web.Frame(web.FrameConfig{Log: quiet}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			router.ServeHTTP(&firstByte{w, func() { first <- stored() }}, r)
		})))
		defer server.Close()
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		ask := func(ctx context.Context, how string) (*http.Response, error) {
			req, err := http.NewRequestWithContext(ctx, "POST", server.URL+"/entries/"+how, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(req)
			if err == nil {
				res.Body.Close()
			}
			return res, err
		}
		for _, tt := range []struct {
			how          string
			status, rows int
		}{
			{"200", 200, 1}, {"201", 201, 1}, {"204", 204, 1}, {"redirect", 303, 1},
			{"undo%20and%20redirect", 302, 0}, {"undo", 500, 0}, {"invalid", 422, 0}, {"absent", 404, 0}, {"taken", 409, 0},
			{"overlooked", 500, 0}, {"reference", 409, 0}, {"dangling", 409, 0}, {"no%20table", 500, 0}, {"broken", 500, 0}, {"panic", 500, 0},
		} {
			for _, failing := range []bool{true, false} {
				want, rows := tt.status, tt.rows
				if failing && (tt.rows > 0 || tt.how == "overlooked") { // it comes to the commit
					want, rows = 503, 0
				}
				commits.Fail(failing)
				res, err := ask(t.Context(), tt.how)
				if err != nil {
					t.Fatal(err)
				}
				if tt.how == "panic" { // it is the frame that answers
					first <- stored()
				}
				same(t, tt.how, []int{res.StatusCode, <-first, stored()}, []int{want, rows, rows})
			}
			if _, err := entries.On(plain).DeleteWhere(t.Context(), data.Everything[entry]()); err != nil {
				t.Fatal(err)
			}
		}

		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-l.entered; cancel() }()
		if _, err := ask(ctx, "gone"); !errors.Is(err, context.Canceled) {
			t.Errorf("a client that has gone got %v", err)
		}
		if err := <-l.left; !errors.Is(err, fault.Unavailable) {
			t.Errorf("the transaction of a client that has gone came to %v", err)
		}
		same(t, "rows of a client that has gone", stored(), 0)
	})
}

// A firstByte is told when an answer begins.
type firstByte struct {
	http.ResponseWriter
	begins func()
}

func (f *firstByte) WriteHeader(status int) {
	f.begins()
	f.ResponseWriter.WriteHeader(status)
}
