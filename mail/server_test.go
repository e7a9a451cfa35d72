package mail_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// An envelope is a message that the server accepted.
type envelope struct {
	from, to, auth string
	encrypted      bool
	data           string
}

// A server is a small SMTP server on this machine. reply may answer a command
// ("MAIL", "RCPT", "DATA", "." for the end of a message) in its place; hangUp ends
// the connection instead, and silence says nothing any more.
type server struct {
	addr     string
	tls      *tls.Config // nil means no STARTTLS
	reply    func(command string) string
	accepted chan envelope

	mu       sync.Mutex
	commands map[string]int
}

// What reply may return instead of an answer.
const (
	hangUp  = "hang up"
	silence = "say nothing"
)

func newServer(t *testing.T, encrypted bool, reply func(command string) string) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	s := &server{addr: l.Addr().String(), reply: reply, accepted: make(chan envelope, 100), commands: map[string]int{}}
	if encrypted {
		web := httptest.NewTLSServer(nil) // for its certificate, which nobody trusts
		s.tls = &tls.Config{Certificates: web.TLS.Certificates}
		web.Close()
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		conns.Wait()
	})
	return s
}

func (s *server) count(command string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commands[command]
}

func (s *server) answer(command, otherwise string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands[command]++
	if s.reply != nil {
		if r := s.reply(command); r != "" {
			return r
		}
	}
	return otherwise
}

func (s *server) serve(c net.Conn) {
	defer func() { c.Close() }()
	in := bufio.NewReader(c)
	say := func(line string) {
		switch line {
		case hangUp:
			c.Close()
		case silence: // until the client has had enough
			_, _ = io.Copy(io.Discard, c)
		default:
			fmt.Fprintf(c, "%s\r\n", line)
		}
	}
	var e envelope
	say(s.answer("", "220 test"))
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		command, rest, _ := strings.Cut(line, " ")
		switch command = strings.ToUpper(command); command {
		case "EHLO":
			say("250-test")
			if s.tls != nil && !e.encrypted {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN")
		case "STARTTLS":
			say("220 go ahead")
			c = tls.Server(c, s.tls)
			in = bufio.NewReader(c)
			e.encrypted = true
		case "AUTH":
			e.auth = rest
			say(s.answer(command, "235 ok"))
		case "MAIL":
			e.from = rest
			say(s.answer(command, "250 ok"))
		case "RCPT":
			e.to = rest
			say(s.answer(command, "250 ok"))
		case "DATA":
			answer := s.answer(command, "354 go ahead")
			say(answer)
			if !strings.HasPrefix(answer, "354") {
				continue
			}
			var data strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				data.WriteString(strings.TrimPrefix(line, "."))
			}
			answer = s.answer(".", "250 queued")
			if e.data = data.String(); strings.HasPrefix(answer, "250") || answer == hangUp {
				s.accepted <- e
			}
			say(answer)
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}
