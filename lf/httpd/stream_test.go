package httpd

import (
	"bytes"
	"io"
	"testing"

	"lflab/lf/serve"
)

// fake is a connection in memory. A fake that waits has all its input from the
// beginning, and after that its deadline passes or the input ends. One that
// does not wait would block between any two pieces.
type fake struct {
	t       testing.TB
	waits   bool
	pieces  [][]byte
	ended   bool  // the peer ends its side after the pieces
	takes   []int // how much each write can take, in turn; 0 is nothing
	written bytes.Buffer

	reads, idleReads, writes int
	readBy, writeBy          int64
	readBys                  []int64 // one for each read
	gap                      bool    // the next read would block
	shut                     bool    // by CloseWrite
	failWrites               error
}

func (f *fake) Read(p []byte) (int, error) {
	f.reads++
	f.readBys = append(f.readBys, f.readBy)
	if len(p) == 0 {
		f.t.Fatal("read into nothing")
	}
	if !f.waits && f.gap {
		f.gap = false
		return 0, serve.ErrWouldBlock
	}
	for len(f.pieces) > 0 && len(f.pieces[0]) == 0 {
		f.pieces = f.pieces[1:]
	}
	if len(f.pieces) == 0 {
		switch {
		case f.ended:
			return 0, io.EOF
		case !f.waits:
			return 0, serve.ErrWouldBlock
		case f.readBy == 0:
			f.t.Fatal("would wait for input without a deadline")
		}
		return 0, serve.ErrDeadline
	}
	n := copy(p, f.pieces[0])
	f.pieces[0] = f.pieces[0][n:]
	f.gap = len(f.pieces[0]) == 0
	return n, nil
}

func (f *fake) ReadIdle(p []byte) (int, error) {
	f.idleReads++
	return f.Read(p)
}

func (f *fake) Write(p []byte) (int, error) {
	f.writes++
	switch {
	case f.shut:
		f.t.Error("write behind the end of our side")
	case len(p) == 0:
		f.t.Error("write of nothing")
	case f.failWrites != nil:
		return 0, f.failWrites
	case f.waits && f.writeBy == 0:
		f.t.Error("would wait for the peer without a deadline")
	}
	if f.waits || len(f.takes) == 0 {
		return f.written.Write(p)
	}
	n := min(f.takes[0], len(p))
	f.takes = append(f.takes[1:], f.takes[0])
	f.written.Write(p[:n])
	if n < len(p) {
		return n, serve.ErrWouldBlock
	}
	return n, nil
}

func (f *fake) SetReadDeadline(ns int64)  { f.readBy = ns }
func (f *fake) SetWriteDeadline(ns int64) { f.writeBy = ns }
func (f *fake) CloseWrite() error         { f.shut = true; return nil }
func (f *fake) Arrived() int64            { return 0 }

// noWaiter is a fake that reports that it does not wait.
type noWaiter struct{ *fake }

func (noWaiter) Waits() bool { return false }

// used reports whether the peer has nothing more to send.
func (f *fake) used() bool {
	for _, p := range f.pieces {
		if len(p) > 0 {
			return false
		}
	}
	return !f.ended
}

// drive serves a connection as an MPM does, until it is closed. When the peer
// stays silent, the deadline passes.
func drive(t testing.TB, s *Session, f *fake, st serve.Stream) {
	t.Helper()
	th := serve.Thread{Row: new(serve.Row)}
	s.Reset(st)
	for range 3_000_000 {
		next := s.Serve(&th)
		if next == serve.Close {
			return
		}
		if f.waits {
			t.Fatalf("asks to wait (%d) on a stream that waits", next)
		}
		if s.Deadline() == 0 {
			t.Fatalf("asks to wait (%d) without a deadline", next)
		}
		if empty := s.Empty(); empty != (next == serve.Idle) {
			t.Fatalf("asks to wait (%d), and Empty is %v", next, empty)
		}
		if next != serve.WriteMore && f.used() && !f.gap {
			f.takes = nil // Expire tries to write once
			s.Expire(&th)
			return
		}
	}
	t.Fatal("never ends")
}

// kinds are the streams on which every test of behaviour runs.
var kinds = []struct {
	name  string
	waits bool
	tells bool
	cut   int // bytes per piece
	takes []int
}{
	{name: "waits", waits: true, cut: 1 << 30},
	{name: "waits-bytewise", waits: true, cut: 1},
	{name: "blocks", cut: 1 << 30},
	{name: "blocks-tells", tells: true, cut: 1 << 30},
	{name: "blocks-bytewise", cut: 1, takes: []int{1, 0, 3}},
	{name: "blocks-pieces", tells: true, cut: 7, takes: []int{0, 100, 0, 0, 5}},
}

func cut(b []byte, size int) [][]byte {
	var pieces [][]byte
	for len(b) > size {
		pieces = append(pieces, b[:size])
		b = b[size:]
	}
	return append(pieces, b)
}

// onAllKinds serves input on each kind of stream and passes the answer to
// check. The peer ends its side unless open is true.
func onAllKinds(t *testing.T, c Config, input string, open bool, check func(t *testing.T, f *fake, answer string)) {
	t.Helper()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			size := k.cut
			takes := k.takes
			if len(input) > 20000 && size < 100 { // pieces of a few bytes would take long and show nothing new
				size, takes = 5000, []int{0, 70000, 1}
			}
			f := &fake{t: t, waits: k.waits, pieces: cut([]byte(input), size), ended: !open, takes: takes}
			var st serve.Stream = f
			if k.tells {
				st = noWaiter{f}
			}
			s := newServer(t, c).newSession()
			drive(t, s, f, st)
			if s.stream != nil || s.x.source != nil || s.piece != nil {
				t.Error("the session holds on to a closed connection")
			}
			check(t, f, f.written.String())
		})
	}
}

func newServer(t testing.TB, c Config) *Server {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
