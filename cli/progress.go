package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/manorgo/manor/data/transfer"
)

// A bar shows on a terminal how far work on rows is. It does nothing elsewhere.
type bar struct {
	p     *program
	shows bool
	now   func() time.Time

	table       string
	since, last time.Time
	from, rows  int64 // rows of the table when since was, and of the last step
	drawn       bool
}

func (p *program) bar() *bar {
	f, ok := p.Stderr.(*os.File)
	return &bar{p: p, shows: ok && term.IsTerminal(int(f.Fd())), now: time.Now}
}

// step draws, though not more than ten times a second.
func (b *bar) step(s transfer.Step) {
	if !b.shows {
		return
	}
	now := b.now()
	// What an earlier load had stored says nothing of how fast this one is. A
	// second file of a table begins anew.
	again := s.Table != b.table || s.Rows < b.rows
	if b.rows = s.Rows; again || s.Rows == s.Found {
		b.since, b.from = now, s.Rows
	}
	if again {
		b.table = s.Table
	} else if now.Sub(b.last) < 100*time.Millisecond {
		return
	}
	b.last, b.drawn = now, true
	fmt.Fprint(b.p.Stderr, "\r\x1b[K", b.line(s, now.Sub(b.since)))
}

// line returns what is drawn.
func (b *bar) line(s transfer.Step, took time.Duration) string {
	text := fmt.Sprintf("%-24s ", s.Table)
	if s.Share >= 0 {
		const width = 20
		full := int(s.Share * width)
		text += fmt.Sprintf("[%s%s] %3.0f%% ", strings.Repeat("#", full), strings.Repeat(".", width-full), s.Share*100)
	}
	text += fmt.Sprintf("%d rows", s.Rows)
	if s.Found > 0 {
		text += fmt.Sprintf(" (%d were there)", s.Found)
	}
	if took >= time.Second {
		text += fmt.Sprintf(", %.0f/s", float64(s.Rows-b.from)/took.Seconds())
	}
	return text
}

// end removes the bar.
func (b *bar) end() {
	if b.drawn {
		fmt.Fprint(b.p.Stderr, "\r\x1b[K")
	}
}
