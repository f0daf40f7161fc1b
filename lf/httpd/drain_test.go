package httpd

import (
	"testing"

	"lflab/lf/serve"
)

func TestDrainEndsAfterTheResponse(t *testing.T) {
	onAllKindsDraining := func(input string, check func(f *fake)) {
		for _, k := range kinds {
			server := newServer(t, Config{})
			server.Drain()
			f := &fake{t: t, waits: k.waits, pieces: cut([]byte(input), k.cut), takes: k.takes, ended: true}
			drive(t, server.newSession(), f, f)
			check(f)
		}
	}
	onAllKindsDraining(getHello+getHello, func(f *fake) {
		a := answers(t, f.written.String())
		if len(a) != 1 || a[0].code != 200 || !a[0].close {
			t.Errorf("%q", f.written.String())
		}
	})
	onAllKindsDraining("", func(f *fake) {
		if f.written.Len() != 0 {
			t.Errorf("%q", f.written.String())
		}
	})
}

func TestDrainDoesNotWaitForRequests(t *testing.T) {
	server := newServer(t, Config{})
	s := server.newSession()
	f := &fake{t: t, pieces: [][]byte{[]byte(getHello)}}
	th := serve.Thread{Row: new(serve.Row)}
	s.Reset(f)
	if next := s.Serve(&th); next != serve.Idle || !s.Empty() {
		t.Fatalf("next is %d", next)
	}
	server.Drain()
	if next := s.Serve(&th); next != serve.Close {
		t.Errorf("next is %d", next)
	}
}

// Only the wait for a request's first byte is one that a drain ends.
func TestIdleReads(t *testing.T) {
	f := &fake{t: t, waits: true, ended: true}
	for _, p := range []string{"G", getHello[1:], "GE", getHello[2:], ask("POST", "/echo", "Content-Length: 2\r\n", ""), "a", "b"} {
		f.pieces = append(f.pieces, []byte(p))
	}
	drive(t, newServer(t, Config{}).newSession(), f, f)
	if f.idleReads != 4 || f.reads != 8 {
		t.Errorf("%d of %d reads are idle", f.idleReads, f.reads)
	}
}

// A session can be used for another connection after Reset, and keeps nothing
// of the first.
func TestSessionMovesOn(t *testing.T) {
	s := newServer(t, Config{}).newSession()
	th := serve.Thread{Row: new(serve.Row)}
	for _, piece := range []string{getHello, ask("GET", "/bytes?n=1000000", "", ""), "nonsense\r\n", ask("POST", "/echo", "Content-Length: 5\r\n", "he")} {
		f := &fake{t: t, pieces: [][]byte{[]byte(piece)}, takes: []int{100, 0}}
		s.Reset(f)
		s.Serve(&th)
		next := &fake{t: t, pieces: [][]byte{[]byte(getHello)}}
		s.Reset(next)
		if !s.Empty() {
			t.Error("not empty after Reset")
		}
		s.Serve(&th)
		if a := answers(t, next.written.String()); len(a) != 1 || a[0].body != helloWords {
			t.Errorf("after %.20q: %q", piece, next.written.String())
		}
	}
}

// The thread's row shows its state: reading, handling, keep-alive, closing.
func TestScoreboard(t *testing.T) {
	server := newServer(t, Config{})
	th := serve.Thread{Row: new(serve.Row)}
	state := func() serve.State { return serve.State(th.State.Load()) }
	var seen []byte
	server.routes["/look"] = newRoute(get, func(x *Exchange) { seen = append(seen, state().String()...) })
	s := server.newSession()
	f := &fake{t: t}
	s.Reset(f)
	look := ask("GET", "/look", "", "")
	for _, piece := range []string{"", look[:9], look[9:], "", "nonsense\r\n"} {
		if piece != "" {
			f.pieces = append(f.pieces, []byte(piece))
		}
		f.gap = false
		s.Serve(&th)
		seen = append(seen, state().String()...)
	}
	if string(seen) != "RRWKKC" {
		t.Errorf("states %s", seen)
	}
}

// interrupted is a stream on which the drain begins when the first response is
// written. The client has sent another request by then.
type interrupted struct {
	*fake
	server *Server
}

func (s interrupted) Waits() bool { return false }

func (s interrupted) Write(p []byte) (int, error) {
	n, err := s.fake.Write(p)
	if !s.server.draining.Load() {
		s.server.Drain()
		s.pieces, s.gap = append(s.pieces, []byte(getHello)), false
	}
	return n, err
}

// A client that was not told of the end may have sent another request. Closing
// the connection with that unread would reset it.
func TestDrainServesWhatHasArrived(t *testing.T) {
	server := newServer(t, Config{})
	f := &fake{t: t, pieces: [][]byte{[]byte(getHello)}}
	s, th := server.newSession(), serve.Thread{Row: new(serve.Row)}
	s.Reset(interrupted{f, server})
	for s.Serve(&th) != serve.Close {
	}
	a := answers(t, f.written.String())
	if len(a) != 2 || a[0].close || a[1].code != 200 || !a[1].close {
		t.Errorf("%q", f.written.String())
	}
}
