package httpd

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"lflab/lf/serve"
)

// peer sends one request with each Read, n times, and takes any answer. It
// allocates no memory.
type peer struct {
	request       []byte
	left          int
	waits         bool
	reads, writes int
	bytes         int
}

func (p *peer) Read(b []byte) (int, error) {
	p.reads++
	if p.left == 0 {
		if p.waits {
			return 0, io.EOF
		}
		return 0, serve.ErrWouldBlock
	}
	p.left--
	return copy(b, p.request), nil
}

func (p *peer) ReadIdle(b []byte) (int, error) { return p.Read(b) }
func (p *peer) Write(b []byte) (int, error)    { p.writes++; p.bytes += len(b); return len(b), nil }
func (p *peer) SetReadDeadline(int64)          {}
func (p *peer) SetWriteDeadline(int64)         {}
func (p *peer) CloseWrite() error              { return nil }
func (p *peer) Arrived() int64                 { return 0 }
func (p *peer) Waits() bool                    { return p.waits }

func TestNoAllocationPerRequest(t *testing.T) {
	const many = 100
	head := "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: peer/1.0\r\nAccept: */*\r\n"
	tests := []struct {
		name    string
		request string
		each    int // requests per connection
		waits   bool
	}{
		{"keepalive/waits", head + "\r\n", many, true},
		{"close/waits", head + "Connection: close\r\n\r\n", 1, true},
		{"keepalive/blocks", head + "\r\n", many, false},
		{"close/blocks", head + "Connection: close\r\n\r\n", 1, false},
		{"post", ask("POST", "/echo", "Content-Length: 5\r\n", "hello"), many, true},
		{"chunked", ask("POST", "/echo", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), many, true},
		{"spin", ask("GET", "/spin?us=1", "", ""), many, true},
		{"touch", ask("GET", "/touch?kib=32", "", ""), many, true},
		{"bytes", ask("GET", "/bytes?n=200000", "", ""), many, true},
		{"http-1.0", "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", many, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, Config{}).newSession()
			p := &peer{request: []byte(test.request), waits: test.waits}
			th := serve.Thread{Row: new(serve.Row)}
			run := func() {
				for range many / test.each {
					p.left = test.each
					s.Reset(p)
					for p.left > 0 {
						s.Serve(&th)
					}
				}
			}
			run()
			if raceEnabled {
				t.Skip("the race detector makes pools drop what they hold, and so allocate")
			}
			if n := testing.AllocsPerRun(20, run); n >= 1 {
				t.Errorf("%v allocations in %d requests", n, many)
			}
		})
	}
}

// A request takes one read and one write.
func TestCallsPerRequest(t *testing.T) {
	for _, waits := range []bool{true, false} {
		for _, each := range []int{1, 50} {
			t.Run(fmt.Sprintf("waits=%v/requests=%d", waits, each), func(t *testing.T) {
				s := newServer(t, Config{}).newSession()
				p := &peer{request: []byte(getHello), left: each, waits: waits}
				if each == 1 {
					p.request = []byte(lastHello)
				}
				th := serve.Thread{Row: new(serve.Row)}
				s.Reset(p)
				for p.left > 0 {
					next := s.Serve(&th)
					if want := serve.Idle; !waits && each > 1 && next != want {
						t.Fatalf("next is %d", next)
					}
				}
				reads := p.reads
				if waits && each > 1 {
					reads-- // the read of the end of file
				}
				if reads != each || p.writes != each {
					t.Errorf("%d reads and %d writes for %d requests", reads, p.writes, each)
				}
				if th.Requests.Load() != uint64(each) || th.Bytes.Load() != uint64(p.bytes) {
					t.Errorf("counted %d requests and %d bytes of %d", th.Requests.Load(), th.Bytes.Load(), p.bytes)
				}
			})
		}
	}
}

// The answers to pipelined requests that arrive together take one write.
func TestPipelinedAnswersAreOneWrite(t *testing.T) {
	f := &fake{t: t, waits: true, ended: true, pieces: [][]byte{[]byte(strings.Repeat(getHello, 20))}}
	drive(t, newServer(t, Config{}).newSession(), f, f)
	if len(answers(t, f.written.String())) != 20 || f.writes != 1 || f.reads != 2 {
		t.Errorf("%d writes, %d reads", f.writes, f.reads)
	}
}
