package httpd

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// After the last response the server waits for a peer that may still send. In
// that case, and only then, it ends its own side before it closes the
// connection.
func TestWhoIsWaitedFor(t *testing.T) {
	const last10 = "GET /hello HTTP/1.0\r\n\r\n"
	limits := func(l Limits) Config { return Config{Limits: l, Debug: true, Log: slog.New(slog.DiscardHandler)} }
	tests := []struct {
		name   string
		config Config
		drain  bool
		input  string
		want   bool
	}{
		{"announced", Config{}, false, lastHello, false},
		{"announced-1.0", Config{}, false, last10, false},
		{"announced-and-drained", Config{}, true, lastHello, false},
		{"announced-and-more", Config{}, false, lastHello + getHello, true},
		{"announced-1.0-and-more", Config{}, false, last10 + last10, true},
		{"drained", Config{}, true, getHello, true},
		{"last-of-two", limits(Limits{MaxKeepAliveRequests: 2}), false, getHello + getHello, true},
		{"none-kept", limits(Limits{MaxKeepAliveRequests: 1}), false, getHello, true},
		{"none-kept-announced", limits(Limits{MaxKeepAliveRequests: 1}), false, lastHello, false},
		{"panic", limits(Limits{}), false, ask("GET", "/panic", "", ""), true},
		{"refused", Config{}, false, "nonsense\r\n", true},
		{"refused-body", limits(Limits{Body: 10}), false, ask("POST", "/echo", "Content-Length: 11\r\n", ""), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, waits := range []bool{true, false} {
				server := newServer(t, test.config)
				if test.drain {
					server.Drain()
				}
				f := &fake{t: t, waits: waits, pieces: [][]byte{[]byte(test.input)}, ended: true}
				drive(t, server.newSession(), f, f)
				if len(answers(t, f.written.String())) == 0 || f.shut != test.want {
					t.Errorf("waits %v: our side ended first: %v; %.60q", waits, f.shut, f.written.String())
				}
			}
		})
	}
}

// E6: the server discards what the peer sends after a refusal, however much it
// is, until the peer ends its side.
func TestAllIsThrownAway(t *testing.T) {
	for _, waits := range []bool{true, false} {
		body := strings.Repeat("x", 3*turn)
		f := &fake{t: t, waits: waits, ended: true, pieces: cut([]byte(ask("POST", "/echo", "Content-Length: 6291456\r\n", body)), 10000)}
		drive(t, newServer(t, Config{}).newSession(), f, f)
		codes(t, f, []int{413})
		if !f.shut || len(f.pieces) != 0 {
			t.Errorf("waits %v: %d pieces were not read, our side ended first: %v", waits, len(f.pieces), f.shut)
		}
	}
}

// endless is a peer that never stops sending.
type endless struct{ *fake }

func (e endless) Read(p []byte) (int, error) {
	if len(e.pieces) == 0 || len(e.pieces[0]) == 0 {
		return len(p), nil
	}
	return e.fake.Read(p)
}

func (e endless) Waits() bool { return e.waits }

func (e endless) ReadIdle(p []byte) (int, error) { return e.Read(p) }

// E6: the discarding has a time limit. On a stream that does not wait, the
// thread is released in between.
func TestLingerIsBounded(t *testing.T) {
	const limit = 30 * time.Millisecond
	for _, waits := range []bool{true, false} {
		s := newServer(t, Config{Limits: Limits{LingerTimeout: limit}}).newSession()
		f := &fake{t: t, waits: waits, pieces: [][]byte{[]byte("G\r\n")}}
		s.Reset(endless{f})
		th := serve.Thread{Row: new(serve.Row)}
		began, turns := time.Now(), 0
		for s.Serve(&th) == serve.Linger {
			turns++
		}
		if took := time.Since(began); took < limit {
			t.Errorf("waits %v: it took %v", waits, took)
		}
		if waits != (turns == 0) {
			t.Errorf("waits %v: the thread was let go %d times", waits, turns)
		}
		if serve.State(th.State.Load()) != serve.Closing {
			t.Errorf("the row shows %v", serve.State(th.State.Load()))
		}
	}
}

// E6: a thread that blocks waits for each further byte only for the short
// limit. In a drain that limit holds for all.
func TestShortLinger(t *testing.T) {
	f := &fake{t: t, waits: true, pieces: [][]byte{[]byte("G\r\n"), []byte("more")}}
	server := newServer(t, Config{Limits: apart})
	begin := flight.Now()
	drive(t, server.newSession(), f, f)
	if len(f.readBys) != 3 {
		t.Fatalf("%d reads, want 3", len(f.readBys))
	}
	for _, by := range f.readBys[1:] {
		if !within(by, begin, apart.LingerShort) {
			t.Errorf("a silent peer is waited for %v", time.Duration(by-begin))
		}
	}

	s := server.newSession()
	g := &fake{t: t, pieces: [][]byte{[]byte("G\r\n")}}
	s.Reset(g)
	th := serve.Thread{Row: new(serve.Row)}
	begin = flight.Now()
	if next := s.Serve(&th); next != serve.Linger || !within(s.Deadline(), begin, apart.LingerTimeout) {
		t.Fatalf("next is %d, for %v", next, time.Duration(s.Deadline()-begin))
	}
	drained := flight.Now()
	server.Drain()
	if !within(s.Deadline(), drained, apart.LingerShort) {
		t.Errorf("drained, for %v", time.Duration(s.Deadline()-drained))
	}
}
