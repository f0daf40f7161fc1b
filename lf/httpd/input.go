package httpd

import (
	"lflab/lf/flight"
	"lflab/lf/serve"
)

const (
	inSize = 4 << 10  // first size of the input buffer
	inKeep = 16 << 10 // largest input buffer that is kept for the next request
)

// stepHead reads a head and then goes on to the body.
func (s *Session) stepHead(t *serve.Thread) (serve.Next, bool) {
	if s.x.source != nil || len(s.out)-s.sent >= outMost {
		if next, ok := s.flush(t); !ok {
			return next, false
		}
	}
	s.skipEmptyLines()
	b := s.in[s.r:s.w]
	if len(b) == 0 {
		return s.idle(t)
	}
	if len(b) > 1 || b[0] != '\r' { // a CR alone may be half of an empty line
		if r := s.request.scan(b, s.server.limits.Head); r != nil {
			s.refuse(t, r)
			return 0, true
		}
	}
	if !s.request.whole {
		if s.readBy == 0 {
			s.readBy = flight.Now() + int64(s.server.limits.HeadTimeout)
		}
		t.Set(serve.Reading)
		return s.fill(t, false)
	}
	s.readBy = 0
	if r := s.begin(); r != nil {
		s.refuse(t, r)
	}
	return 0, true
}

// skipEmptyLines drops line ends before a request, as RFC 9112, 2.2 demands,
// because some clients send one after a body.
func (s *Session) skipEmptyLines() {
	for s.request.looked == 0 && s.w-s.r >= 2 && s.in[s.r] == '\r' && s.in[s.r+1] == '\n' {
		s.r += 2
	}
}

// idle waits for the first byte of a request.
func (s *Session) idle(t *serve.Thread) (serve.Next, bool) {
	s.r, s.w, s.readBy = 0, 0, 0
	if cap(s.in) > inKeep {
		s.in = nil
	}
	if next, ok := s.flush(t); !ok {
		return next, false
	}
	switch {
	case !s.opened:
		s.opened = true
		if s.eager { // without eager a wait is rare, and nothingRead sets readBy
			s.readBy = s.clock() + int64(s.server.limits.HeadTimeout)
			t.Set(serve.Reading)
		}
	case s.served == 0: // nothing was served yet, or an empty line came
		s.readBy = s.now + int64(s.server.limits.HeadTimeout)
		t.Set(serve.Reading)
	default:
		s.readBy = s.now + int64(s.server.limits.KeepAliveTimeout)
		if s.eager {
			t.Set(serve.KeepAlive)
		} else if s.handled && !s.server.draining.Load() {
			s.deadline = s.readBy
			return s.between(), false
		}
	}
	return s.fill(t, true)
}

// between returns what to wait for between requests.
func (s *Session) between() serve.Next {
	if s.server.draining.Load() {
		return serve.Close
	}
	return serve.Idle
}

// begin prepares for the body of a request whose head is complete.
func (s *Session) begin() *refusal {
	q := &s.request
	limits := &s.server.limits
	if q.length > limits.Body {
		return errBodySize
	}
	s.phase = inBody
	if q.chunked {
		s.chunks = chunks{}
	}
	if q.expects && !q.http10 && (q.chunked || q.length > 0) && s.w == s.r+q.checked {
		s.clock()
		s.out = append(s.out, "HTTP/1.1 100 Continue\r\n\r\n"...)
	}
	return nil
}

// stepBody reads the body and then serves the request.
func (s *Session) stepBody(t *serve.Thread) (serve.Next, bool) {
	q := &s.request
	size := max(q.length, 0)
	whole := s.w-s.r >= q.checked+size
	if q.chunked {
		if r := s.chunks.scan(s.in[s.r+q.checked:s.w], &s.server.limits); r != nil {
			s.refuse(t, r)
			return 0, true
		}
		size = s.chunks.pos
		whole = s.chunks.step == chunkDone
	}
	if !whole {
		if s.readBy == 0 {
			s.readBy = flight.Now() + int64(s.server.limits.BodyTimeout)
		}
		t.Set(serve.Reading)
		return s.fill(t, false)
	}
	s.readBy = 0
	return s.serveRequest(t, size)
}

// fill reads more input. It first writes all output, because the peer may wait
// for that before it sends.
func (s *Session) fill(t *serve.Thread, idle bool) (serve.Next, bool) {
	if next, ok := s.flush(t); !ok {
		return next, false
	}
	s.makeRoom()
	s.stream.SetReadDeadline(s.readBy)
	var n int
	var err error
	if idle {
		n, err = s.stream.ReadIdle(s.in[s.w:cap(s.in)])
	} else {
		n, err = s.stream.Read(s.in[s.w:cap(s.in)])
	}
	if n > 0 {
		s.w += n
		s.in = s.in[:s.w]
		if idle {
			s.begun()
		}
		return 0, true
	}
	return s.nothingRead(t, idle, err)
}

// begun is called when the first bytes of a request have come. The first
// request keeps its deadline, which counts from the connection's start.
func (s *Session) begun() {
	if s.served > 0 {
		s.readBy = 0
	}
}

// makeRoom makes room to read into.
func (s *Session) makeRoom() {
	if s.w < cap(s.in) {
		return
	}
	size := inSize
	if s.r > 0 {
		s.w = copy(s.in, s.in[s.r:s.w])
		s.r = 0
		if s.w < cap(s.in) {
			s.in = s.in[:s.w]
			return
		}
	}
	if cap(s.in) > 0 {
		size = 2 * cap(s.in)
		if q := &s.request; s.phase == inBody && !q.chunked {
			size = min(size, q.checked+q.length)
		}
	}
	grown := make([]byte, s.w, size)
	copy(grown, s.in[:s.w])
	s.in = grown
}
