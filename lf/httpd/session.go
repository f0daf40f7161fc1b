package httpd

import (
	"github.com/valyala/fasthttp"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// phase is what a session waits for or does.
type phase uint8

const (
	inHead    phase = iota // the head, or between requests
	inBody                 // the body
	ending                 // the last response is on its way out
	lingering              // our side is closed; the peer's rest is thrown away
)

// Session serves one connection. It implements serve.Session.
//
// Between requests it holds nothing of its connection, but for how many
// responses it has sent, which a stream may keep; see Empty.
type Session struct {
	server *Server
	stream serve.Stream
	eager  bool // the stream waits, or does not say: read on after a response

	phase    phase
	opened   bool  // the connection's first wait has its deadline
	handled  bool  // a request was handled since Serve was called
	rest     bool  // the peer may have sent, or may still send, what will not be read
	served   int   // responses on this connection
	count    *int  // where the stream keeps served for sessions to come; nil where it does not
	now      int64 // a recent reading of the clock
	readBy   int64 // until when the head or the body must be there; 0 when not known yet
	deadline int64 // of the wait that was asked for
	date     date

	in      []byte // what was read; in[r:w] is not used yet
	r, w    int
	request request
	chunks  chunks

	out    []byte // what is to be written; out[:sent] has been
	sent   int
	small  []byte // out's own memory while it borrows a piece
	piece  *piece
	offset int64 // of the source's next piece
	moved  int   // bytes written since flush was called
	moveBy int64 // until when the peer must take something; 0 when it is not full

	x      Exchange
	parsed fasthttp.Request // where a handler has asked for it
}

// waiter is what a stream may tell about itself. A session on one that does
// not wait leaves the attempt to read another request to the next Serve, and
// saves a system call that would mostly find nothing.
type waiter interface{ Waits() bool }

// counter is a stream that does not wait and keeps the number of responses on
// its connection, for between them any session may take it up.
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

// Deadline is until when the wait that Serve asked for may last.
func (s *Session) Deadline() int64 {
	if s.phase == lingering {
		return s.lingerTill()
	}
	return s.deadline
}

// Empty reports that the session holds neither input nor output nor a part of
// a request. Its buffers, a few KiB, stay with it for the next connection.
func (s *Session) Empty() bool {
	return s.phase == inHead && s.r == s.w && s.sent == len(s.out) && s.x.source == nil
}

// Serve serves the connection until it is over or must wait for its peer.
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

// Expire ends a connection whose wait has lasted too long. A peer in the
// middle of a request is told so; one that does not read is not.
func (s *Session) Expire(t *serve.Thread) {
	t.Set(serve.Closing)
	asking := s.phase == inBody || s.phase == inHead && (s.r < s.w || s.served == 0)
	if asking && s.sent == len(s.out) && s.x.source == nil {
		s.refuse(t, errTimeout)
		s.flush(t) // whatever fits
		s.stream.CloseWrite()
	}
	s.release()
}

// release gives back what the session borrowed or opened for its connection,
// and forgets what was not sent.
func (s *Session) release() {
	s.x.close()
	s.unborrow()
	s.out, s.sent, s.moveBy = s.out[:0], 0, 0
	s.stream, s.count = nil, nil
}

// clock reads the clock and keeps the reading.
func (s *Session) clock() int64 {
	s.now = flight.Now()
	return s.now
}
