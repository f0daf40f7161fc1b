package httpd

import (
	"github.com/valyala/fasthttp"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// phase is the state of a session.
type phase uint8

const (
	inHead    phase = iota // reads the head, or waits between requests
	inBody                 // reads the body
	ending                 // sends the last response
	lingering              // has closed its side and discards what the peer sends
)

// Session serves one connection. It implements serve.Session.
//
// Between requests it holds nothing of its connection except the number of
// responses, which a stream may keep; see Empty.
type Session struct {
	server *Server
	stream serve.Stream
	eager  bool // the stream waits, or does not say: read again right after a response

	phase    phase
	opened   bool  // the connection's first wait has a deadline
	handled  bool  // a request was handled in this call of Serve
	rest     bool  // the peer may have sent, or may still send, data that will not be read
	served   int   // number of responses on this connection
	count    *int  // where the stream keeps served for other sessions; may be nil
	now      int64 // a recent reading of the clock
	readBy   int64 // deadline of the head or the body; 0 if not yet set
	deadline int64 // deadline of the wait that Serve asked for
	date     date

	in      []byte // input; in[r:w] is not used yet
	r, w    int
	request request
	chunks  chunks

	out    []byte // output; out[:sent] has been written
	sent   int
	small  []byte // the buffer that out had before it borrowed a piece
	piece  *piece
	offset int64 // offset of the source's next piece
	moved  int   // bytes written since flush was called
	moveBy int64 // when the peer must have accepted data; 0 if its buffer is not full

	x      Exchange
	parsed fasthttp.Request // used if a handler asks for it
}

// waiter is a stream that says whether it blocks. On one that does not, a
// session leaves the next read to the next Serve. This saves a system call that
// would mostly find nothing.
type waiter interface{ Waits() bool }

// counter is a stream that does not block and that keeps the number of
// responses, because any session may serve the connection between requests.
type counter interface{ Served() *int }

// Reset begins a new connection.
func (s *Session) Reset(st serve.Stream) {
	s.release()
	s.stream = st
	s.eager = true
	if w, ok := st.(waiter); ok {
		s.eager = w.Waits()
	}
	s.phase = inHead
	s.opened, s.handled, s.rest = false, false, false
	s.served, s.readBy, s.deadline = 0, 0, 0
	if !s.eager {
		if c, ok := st.(counter); ok {
			s.count = c.Served()
			s.served = *s.count
		}
	}
	s.r, s.w = 0, 0
	s.request.reset()
}

// Deadline returns when the wait that Serve asked for must end.
func (s *Session) Deadline() int64 {
	if s.phase == lingering {
		return s.lingerTill()
	}
	return s.deadline
}

// Empty reports that the session holds no input, output or part of a request.
// It keeps its buffers, a few KiB, for the next connection.
func (s *Session) Empty() bool {
	return s.phase == inHead && s.r == s.w && s.sent == len(s.out) && s.x.source == nil
}

// Serve serves the connection until it is finished or must wait for its peer.
func (s *Session) Serve(t *serve.Thread) serve.Next {
	s.handled = false
	for {
		var next serve.Next
		var more bool
		switch s.phase {
		case inHead:
			next, more = s.stepHead(t)
		case inBody:
			next, more = s.stepBody(t)
		case ending:
			next, more = s.stepEnd(t)
		default:
			next, more = s.stepLinger(t)
		}
		if more {
			continue
		}
		if next == serve.Close {
			s.release()
		}
		return next
	}
}

// Expire ends a connection whose wait has lasted too long. If the peer is in
// the middle of a request and reads, Expire answers 408.
func (s *Session) Expire(t *serve.Thread) {
	t.Set(serve.Closing)
	asking := s.phase == inBody || s.phase == inHead && (s.r < s.w || s.served == 0)
	if asking && s.sent == len(s.out) && s.x.source == nil {
		s.refuse(t, errTimeout)
		s.flush(t) // as much as fits
		s.stream.CloseWrite()
	}
	s.release()
}

// release returns what the session borrowed or opened for its connection, and
// drops unsent output.
func (s *Session) release() {
	s.x.close()
	s.unborrow()
	s.out, s.sent, s.moveBy = s.out[:0], 0, 0
	s.stream, s.count = nil, nil
}

// clock reads the clock and stores the reading in s.now.
func (s *Session) clock() int64 {
	s.now = flight.Now()
	return s.now
}
