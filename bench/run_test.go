package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the program run itself again, as a server or to measure a file.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "serve" || os.Args[1] == "file") {
		main()
		return
	}
	os.Exit(m.Run())
}

// Everybody can do all work on both databases.
func TestShort(t *testing.T) {
	var out strings.Builder
	missed, err := run(t.Context(), []string{"-short", "-dir", t.TempDir()}, &out)
	if err != nil || missed > 0 {
		t.Fatalf("%d goals missed, %v:\n%s", missed, err, &out)
	}
	text := out.String()
	for _, db := range []string{"sqlite", "postgres"} {
		for _, work := range slices.Concat(works, deepWorks, []string{"http me", "http products"}) {
			_, line, found := strings.Cut(text, "| "+db+" "+work+" | 1 (")
			if line, _, _ = strings.Cut(line, "\n"); !found || strings.Count(line, "| ") < 4 || strings.Contains(line, "failed") {
				t.Errorf("%s %s: there is only %q", db, work, line)
			}
		}
		for _, want := range []string{"\n| " + db + ", a file of 8 MiB in a folder | put", "\n| 64 writers, SQLite |", "\nThe disk by itself"} {
			if !strings.Contains(text, want) {
				t.Errorf("nothing is told of %q", want)
			}
		}
	}
}

// One who fails costs nobody else a result.
func TestFailures(t *testing.T) {
	fine := task{
		prepare: func(context.Context, int) error { return nil },
		run:     func(context.Context, int) error { return nil },
	}
	does := func(name string, run func(context.Context, int) error) entry {
		return entry{name, func(context.Context) (contestant, error) {
			bad := fine
			bad.run, bad.writes = run, true
			return contestant{name: name, tasks: map[string]task{"get": bad, "list": fine}, close: func() error { return nil }}, nil
		}}
	}
	tidied := 0
	f := field{
		tidy: func(context.Context) error { tidied++; return nil },
		entries: []entry{
			{"bare", func(context.Context) (contestant, error) { return contestant{}, errors.New("not at home") }},
			does("gorm", func(context.Context, int) error { return errors.New("does not like it") }),
			does("bun", func(context.Context, int) error { panic("falls over") }),
			does("manor", fine.run),
			does("ent", fine.run),
		},
	}
	out, err := f.measure(t.Context(), []string{"get", "list"}, 1, plan{heats: 2, rounds: 2, slot: time.Microsecond})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	j := &judge{out: &text, by: wall}
	j.report(out, "sqlite", contestants)
	j.conclude("test")
	for work, able := range map[string]string{"get": "manor ent", "list": "manor gorm bun ent"} {
		r := out[slices.IndexFunc(out, func(r result) bool { return r.work == work })]
		for _, name := range contestants {
			want := 0
			if slices.Contains(strings.Fields(able), name) {
				want = 4
			}
			if len(r.samples[name]) != want {
				t.Errorf("%s: %s had %d turns, want %d", work, name, len(r.samples[name]), want)
			}
		}
	}
	if len(j.failures) != 4 || tidied == 0 {
		t.Errorf("%q failed, and what was written was removed %d times", j.failures, tidied)
	}
	for _, want := range []string{"| sqlite get | failed | 1 (", "does not like it", "panic: falls over", "not at home", "4 failed:"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("nothing is told of %q in\n%s", want, &text)
		}
	}
}

func TestParse(t *testing.T) {
	c, err := parse([]string{"-only", "upsert,upsert-4000,crowd,products", "-with", "bare,manor", "-db", "postgres"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"upsert-plain", "upsert-1000", "upsert-2000", "upsert-4000"}; !slices.Equal(c.works, want) || !c.crowd || c.bigFile || len(c.deepWorks) > 0 {
		t.Errorf("chose %q %q, many writers %v, a file %v", c.works, c.deepWorks, c.crowd, c.bigFile)
	}
	if len(c.routes) != 1 || c.routes[0].name != "products" || !slices.Equal(c.databases, []string{"postgres"}) {
		t.Errorf("chose %+v on %q", c.routes, c.databases)
	}
	for name, want := range map[string]bool{"bare": true, "hand": true, "manor+log": true, "gorm": false, peerName: false} {
		if got := c.takesPart(name); got != want {
			t.Errorf("%s takes part: %v", name, got)
		}
	}
	for _, bad := range []string{"-only=upser", "-with=nobody", "-db=oracle", "-by=luck", "-heats=0", "short"} {
		if _, err := parse([]string{bad}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
