package accounts_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

// BenchmarkTelling has somebody time what is refused or answered alike, for
// accounts of every kind in random order, and reports how well they could tell
// the kinds apart: auc is the worst area under the curve of two kinds, 0.5 where
// it is chance; apart the worst difference of two medians, as a share of one;
// and the same for two runs of one kind, which is what the machine's noise does.
// It wants a thousand rounds: -benchtime 1000x.
func BenchmarkTelling(b *testing.B) {
	kinds := []string{"ann", "nobody", "unproved@example.com", "off", "without"}
	try := func(app *manor.App, who string) func() {
		return func() {
			_, _, _ = app.Accounts().SignIn(b.Context(), accounts.SigningIn{Identifier: who, Password: secret.NewText("another lantern 1193"), Kind: sessions.Cookie})
		}
	}
	forgot := func(app *manor.App, who string) func() {
		name, _, _ := strings.Cut(who, "@")
		return func() { _ = app.Accounts().ForgotPassword(b.Context(), name+"@example.com") }
	}
	free := func(c *manor.Config) { c.Limits.Off = true }
	for _, x := range []struct {
		name string
		way  func(*manor.App, string) func()
		mod  []func(*manor.Config)
	}{
		{"sign-in", try, []func(*manor.Config){free}},
		{"sign-in to what is locked", try, nil}, // as all are after ten failures
		{"forgot", forgot, []func(*manor.Config){free}},
	} {
		b.Run(x.name, func(b *testing.B) {
			app := benchApp(b, nil, x.mod...)
			tellingPeople(b, app)
			ways := []func(){x.way(app, "stranger"), x.way(app, "stranger")}
			for _, who := range kinds {
				ways = append(ways, x.way(app, who))
			}
			if x.mod == nil {
				for range 12 {
					for _, way := range ways {
						way()
					}
				}
			}
			reportTelling(b, ways)
		})
	}
}

// tellingPeople makes the people beside ann.
func tellingPeople(b testing.TB, app *manor.App) {
	b.Helper()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	_, err := app.Accounts().Register(b.Context(), accounts.Registering{Email: "unproved@example.com", Password: secret.NewText(manortest.Password)})
	must(err)
	for _, name := range []string{"off", "without"} {
		in := users.Create{Email: name + "@example.com", Username: name, Password: secret.NewText(manortest.Password)}
		if name == "without" {
			in.Password = secret.Text{}
		}
		if name == "off" {
			in.Active = new(false)
		}
		_, err := app.Accounts().CreateUser(b.Context(), in, false)
		must(err)
	}
}

// reportTelling times the ways, of which the first two are one.
func reportTelling(b *testing.B, ways []func()) {
	took := make([][]float64, len(ways))
	order := make([]int, len(ways))
	for i := range order {
		order[i] = i
	}
	for b.Loop() {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			begun := time.Now()
			ways[i]()
			took[i] = append(took[i], float64(time.Since(begun)))
		}
	}
	for _, t := range took {
		slices.Sort(t)
	}
	worst, apart := 0.5, 0.0
	for i := range took {
		for j := range i {
			a := area(took[i], took[j])
			m := took[i][len(took[i])/2]/took[j][len(took[j])/2] - 1
			if i == 1 { // the control
				b.ReportMetric(max(a, 1-a), "control-auc")
				b.ReportMetric(max(m, -m), "control-apart")
				continue
			}
			worst, apart = max(worst, a, 1-a), max(apart, m, -m)
		}
	}
	b.ReportMetric(worst, "auc")
	b.ReportMetric(apart, "apart")
}

// area returns how often one of x is more than one of y; both are in order.
func area(x, y []float64) float64 {
	sum, j := 0, 0
	for _, v := range x {
		for j < len(y) && y[j] < v {
			j++
		}
		sum += j
	}
	return float64(sum) / float64(len(x)*len(y))
}
