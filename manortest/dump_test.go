package manortest_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor/manortest"
)

// What is erased is in no row any more, but for its id in what the audit says of
// it. What was deleted and is to be erased later is there until then.
func TestErasedIsGone(t *testing.T) {
	t.Parallel()
	manortest.Each(t, func(t *testing.T, app *manortest.App) {
		admin, eve, anon := app.Admin(t), app.User(t, "evangeline"), app.Anonymous(t)
		id := eve.User.ID
		path := "/users/" + id.String()
		eve.Patch("/users/me", body{"first_name": "Evangeline", "last_name": "Evangeline-Ray", "bio": "evangeline was here"}).Want(200)
		eve.Post("/users/me/membership", body{"legal_name": "Evangeline Ray", "email_address": "evangeline@example.net", "city": "Oslo"}).Want(201)
		group := eve.Post("/groups", body{"name": "Gophers"}).Want(201).Text("id")
		identityOf(t, app, id.String())
		admin.Post("/roles", body{"name": "editors"}).Want(201)
		admin.Put("/roles/editors/users/"+id.String(), nil).Want(204)
		anon.Post("/auth/token", login("evangeline")).Want(200)
		anon.Post("/auth/login", body{"identifier": "evangeline", "password": "evangeline guesses"}).Want(401)
		app.User(t, "bystander")
		for _, to := range []string{"BYSTANDER@example.com", "evangeline@example.org"} {
			eve.Post("/auth/email/change", body{"current_password": manortest.Password, "email": to}).Want(202)
		}
		admin.Post(path+"/password-reset", nil).Want(202)
		app.WaitTasks(t)
		about := func() (rows []string) {
			for line := range strings.Lines(dump(t, app)) {
				low := strings.ToLower(line)
				if strings.Contains(low, "evangeline") || !strings.HasPrefix(line, "audit: ") && (strings.Contains(low, id.String()) || strings.Contains(line, fmt.Sprint(id[:]))) {
					rows = append(rows, line)
				}
			}
			return rows
		}
		before := about()
		for _, table := range []string{"users", "memberships", "groups", "identities", "user_roles", "sessions", "tokens", "mails"} {
			if !slices.ContainsFunc(before, func(row string) bool { return strings.HasPrefix(row, table+": ") }) {
				t.Errorf("nothing of %s is about her", table) // or the rest would prove little
			}
		}
		admin.Delete(path + "?hard=true").Want(204)
		app.WaitTasks(t)
		if rows := about(); len(rows) > 0 {
			t.Errorf("%d rows are left:\n%s", len(rows), strings.Join(rows, ""))
		}
		if others, err := app.Mail().To(t.Context(), "bystander@example.com"); err != nil || len(others) != 1 {
			t.Errorf("others have %d mails, %v", len(others), err)
		}
		same(t, "the group is nobody's", admin.Get("/groups/"+group).Want(200).Value("submitter_id"), nil)
		if r, err := app.Audit().Verify(t.Context()); err != nil || r.Broken != nil {
			t.Errorf("the audit: %+v, %v", r, err)
		}
	})
}

// dump returns all rows of all tables of an app, sorted.
func dump(t *testing.T, app *manortest.App) string {
	t.Helper()
	var out []string
	for _, s := range app.Schemas() {
		var columns []string
		for _, c := range s.Columns {
			columns = append(columns, `"`+c.Name+`"`)
		}
		rows, err := query(t, app, "SELECT "+strings.Join(columns, ", ")+` FROM "`+s.Table+`"`, len(columns))
		if err != nil {
			t.Fatalf("dump %s: %v", s.Table, err)
		}
		for _, row := range rows {
			out = append(out, s.Table+": "+row)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// query returns rows as text, read beside the data layer.
func query(t *testing.T, app *manortest.App, text string, width int) (out []string, err error) {
	t.Helper()
	switch pool := app.DB.Driver().Native().(type) {
	case *sql.DB:
		rows, err := pool.QueryContext(t.Context(), text)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			values := make([]any, width)
			into := make([]any, width)
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				return nil, err
			}
			out = append(out, fmt.Sprint(values...))
		}
		return out, rows.Err()
	case *pgxpool.Pool:
		rows, err := pool.Query(t.Context(), text)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				return nil, err
			}
			out = append(out, fmt.Sprint(values...))
		}
		return out, rows.Err()
	default:
		return nil, fmt.Errorf("no rows from %T", pool)
	}
}
