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
	quiet := (&program{Process: Process{Stderr: &out}}).bar()
	quiet.step(transfer.Step{Table: "users"})
	quiet.end()
	if out.Len() > 0 {
		t.Errorf("%q was drawn where there is no terminal", out.String())
	}
}
