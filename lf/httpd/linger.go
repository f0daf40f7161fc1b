package httpd

import (
	"errors"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// A connection must not be closed while its peer may still send: data that is
// found, or arrives, at a closed socket has the kernel answer with a reset, and
// a reset destroys at the peer what it has received and not read yet, the last
// response. So our side alone is closed first, and what the peer sends is
// thrown away until it closes, too, or its time is over.
//
// That costs system calls and time, and is done only where the peer may send
// something more: where a request was refused before all of it was read, where
// something lies behind the last request, and where the server ends a
// connection that the peer meant to go on with, which may have asked again by
// then. A peer that has announced the end itself, that has ended its side, or
// that was too slow with its request is not waited for.

// stepEnd sends the last response and ends our side.
func (s *Session) stepEnd(t *serve.Thread) (serve.Next, bool) {
	if next, ok := s.flush(t); !ok {
		return next, false
	}
	t.Set(serve.Closing)
	if !s.rest || s.stream.CloseWrite() != nil {
		return serve.Close, false
	}
	s.phase = lingering
	s.readBy = flight.Now() + int64(s.server.limits.LingerTimeout)
	return 0, true
}

// stepLinger throws away what the peer still sends. A thread that waits for
// that waits less long for a peer that says nothing.
func (s *Session) stepLinger(t *serve.Thread) (serve.Next, bool) {
	t.Set(serve.Closing)
	p := s.server.pieces.Get().(*piece)
	defer s.server.pieces.Put(p)
	for discarded := 0; ; {
		now, till := flight.Now(), s.lingerTill()
		if now >= till {
			return serve.Close, false
		}
		if s.eager {
			till = min(till, now+int64(s.server.limits.LingerShort))
		}
		s.stream.SetReadDeadline(till)
		n, err := s.stream.Read(p[:])
		discarded += n
		switch {
		case n > 0 && discarded >= turn && !s.eager, errors.Is(err, serve.ErrWouldBlock):
			return serve.Linger, false
		case n == 0:
			return serve.Close, false
		}
	}
}

// lingerTill is until when a peer is waited for at most. It comes nearer when
// the server drains.
func (s *Session) lingerTill() int64 {
	limits := &s.server.limits
	if drained := s.server.drained.Load(); drained != 0 {
		began := s.readBy - int64(limits.LingerTimeout)
		return min(s.readBy, max(began, drained)+int64(limits.LingerShort))
	}
	return s.readBy
}
