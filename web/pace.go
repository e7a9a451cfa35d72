package web

import (
	"io"
	"net/http"
	"time"
)

const (
	paceStart = 30 * time.Second // that every transfer may take
	paceRate  = 16 << 10         // bytes a second that it must make from then on
	paceStep  = 256 << 10        // bytes after which the deadline moves
)

// Pace lets a request and its answer take as long as their size asks for,
// whatever the server's timeouts are: 30 seconds, and another one for each 16
// KiB that have passed. So large files get through, and nobody can hold a
// connection by sending almost nothing. It replaces the body of r and returns
// what to write the answer to.
func Pace(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	p := &pace{control: http.NewResponseController(w), start: time.Now()}
	p.move(0)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &pacedBody{r.Body, p}
	}
	return &pacedWriter{w, p}
}

// A pace moves the deadlines of a connection.
type pace struct {
	control *http.ResponseController
	start   time.Time
	passed  int64
	next    int64
}

func (p *pace) move(n int) {
	p.passed += int64(n)
	if p.passed < p.next {
		return
	}
	p.next = p.passed + paceStep
	end := p.start.Add(paceStart + time.Duration(p.next/paceRate)*time.Second)
	// A server without deadlines has none to move.
	_ = p.control.SetReadDeadline(end)
	_ = p.control.SetWriteDeadline(end.Add(paceStart))
}

type pacedBody struct {
	io.ReadCloser
	pace *pace
}

// Read moves the deadline on.
func (b *pacedBody) Read(buf []byte) (int, error) {
	n, err := b.ReadCloser.Read(buf)
	b.pace.move(n)
	return n, err
}

type pacedWriter struct {
	http.ResponseWriter
	pace *pace
}

// Write moves the deadline on.
func (w *pacedWriter) Write(buf []byte) (int, error) {
	n, err := w.ResponseWriter.Write(buf)
	w.pace.move(n)
	return n, err
}

// Unwrap lets http.ResponseController find what is behind.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
