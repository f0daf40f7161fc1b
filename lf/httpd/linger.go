package httpd

import (
	"errors"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// A server must not close a connection while its peer may still send. If data
// is unread at the close or arrives after it, the kernel answers with a reset,
// and the reset destroys what the peer has received but not yet read: the last
// response. So the server first closes only its own side, and discards what the
// peer sends until the peer closes, too, or the time is over.
//
// This costs system calls and time, so it is done only where the peer may send
// more: the request was refused before all of it was read, data follows the
// last request, or the server ends a connection that the peer meant to keep and
// on which it may have sent another request. It is not done for a peer that
// announced the end itself, closed its side, or was too slow with its request.

// stepEnd sends the last response and closes our side.
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

// stepLinger discards what the peer still sends. On a stream that blocks, it
// waits at most LingerShort for more data.
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

// lingerTill returns when the wait for the peer ends. That time becomes earlier
// when the server drains.
func (s *Session) lingerTill() int64 {
	limits := &s.server.limits
	if drained := s.server.drained.Load(); drained != 0 {
		began := s.readBy - int64(limits.LingerTimeout)
		return min(s.readBy, max(began, drained)+int64(limits.LingerShort))
	}
	return s.readBy
}
