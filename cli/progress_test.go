package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data/transfer"
)

func TestBar(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Unix(0, 0)
	b := &bar{p: &program{Process: Process{Stderr: &out}}, shows: true, now: func() time.Time { return now }}
	for i := range 200 {
		b.step(transfer.Step{Table: "users", Rows: int64(i * 1000), Share: float64(i) / 200})
		now = now.Add(20 * time.Millisecond)
	}
	b.step(transfer.Step{Table: "groups", Rows: 7, Share: -1})
	b.end()
	drawn := strings.Split(out.String(), "\r\x1b[K")
	if len(drawn) < 40 || len(drawn) > 45 {
		t.Errorf("it was drawn %d times in 4 seconds", len(drawn))
	}
	for _, want := range []string{"users                    [##########..........]  50% 100000 rows, 50000/s", "groups                   7 rows"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q was not drawn:\n%s", want, strings.Join(drawn, "\n"))
		}
	}
	if last := drawn[len(drawn)-1]; last != "" {
		t.Errorf("%q is left", last)
	}
	out.Reset()
	// 5,000 rows are found in two seconds, and 1,000 stored in the third.
	for i := range 7 {
		b.step(transfer.Step{Table: "users", Rows: int64(min(i, 5)*1000 + max(0, i-5)*1000), Share: float64(i) / 10, Found: int64(min(i, 5) * 1000)})
		now = now.Add(400 * time.Millisecond)
	}
	now = now.Add(200 * time.Millisecond)
	b.step(transfer.Step{Table: "users", Rows: 6000, Share: 0.6, Found: 5000})
	if want := "60% 6000 rows (5000 were there), 1000/s"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("%q was not drawn last: %q", want, out.String())
	}
	// Another file of the same table.
	b.step(transfer.Step{Table: "users", Rows: 1000, Share: 0.1})
	now = now.Add(time.Second)
	b.step(transfer.Step{Table: "users", Rows: 3000, Share: 0.3})
	if want := "30% 3000 rows, 2000/s"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("%q was not drawn last: %q", want, out.String())
	}
	out.Reset()
	quiet := (&program{Process: Process{Stderr: &out}}).bar()
	quiet.step(transfer.Step{Table: "users"})
	quiet.end()
	if out.Len() > 0 {
		t.Errorf("%q was drawn where there is no terminal", out.String())
	}
}
