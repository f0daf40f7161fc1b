package httpd

import (
	"errors"

	"lflab/lf/serve"
)

const (
	// outMost is how much is put together, of responses to pipelined requests,
	// before it is written.
	outMost = pieceSize
	outKeep = 16 << 10 // of the largest output buffer that is kept
)

// turn is how much a session sends at a time. On a stream that does not wait
// it lets others have their turn then, though the peer would take more; and it
// is asked of the kernel in one call, which nothing interrupts.
const turn = 2 << 20

// flush writes everything that is to be written, a large body piece by piece.
// When it cannot it returns false, and what Serve has to return.
func (s *Session) flush(t *serve.Thread) (serve.Next, bool) {
	if len(s.out) == 0 && s.x.source == nil {
		return 0, true
	}
	for s.moved = 0; ; {
		next, ok := s.sendFile(t)
		if !ok {
			return next, false
		}
		if s.sent == 0 && !s.produce(t) {
			return serve.Close, false
		}
		for s.sent < len(s.out) {
			if next, ok := s.write(t); !ok {
				return next, false
			}
		}
		s.out, s.sent, s.moveBy = s.out[:0], 0, 0
		if s.x.source == nil {
			break
		}
		s.clock()
		if s.moved >= turn && !s.eager {
			return s.awaitRoom(t, true), false
		}
	}
	s.unborrow()
	if cap(s.out) > outKeep {
		s.out = nil
	}
	return 0, true
}

// write writes once.
func (s *Session) write(t *serve.Thread) (serve.Next, bool) {
	s.stream.SetWriteDeadline(s.now + int64(s.server.limits.WriteTimeout))
	n, err := s.stream.Write(s.out[s.sent:])
	s.sent += n
	return s.wrote(t, n, err)
}

// wrote tells what follows from a write that took n bytes.
func (s *Session) wrote(t *serve.Thread, n int, err error) (serve.Next, bool) {
	if n > 0 {
		s.moved += n
		t.Bytes.Add(uint64(n))
	}
	switch {
	case err == nil && n > 0:
		s.moveBy = 0
		return 0, true
	case errors.Is(err, serve.ErrWouldBlock):
		return s.awaitRoom(t, n > 0), false
	}
	return serve.Close, false
}

// awaitRoom has the session served again when there is room for more. The peer
// has a new deadline when it has moved since.
func (s *Session) awaitRoom(t *serve.Thread, moved bool) serve.Next {
	if moved || s.moveBy == 0 {
		s.moveBy = s.clock() + int64(s.server.limits.WriteTimeout)
	}
	s.deadline = s.moveBy
	t.Set(serve.Writing)
	return serve.WriteMore
}

// produce fills up the output with the large body in hand, if there is one. It
// reports false when that body has broken off, as a file's does that has been
// truncated since.
func (s *Session) produce(t *serve.Thread) bool {
	x := &s.x
	if x.source == nil {
		return true
	}
	s.beginLong(t)
	s.borrow()
	from := len(s.out)
	n := int(min(int64(cap(s.out)-from), x.length-s.offset))
	if n > 0 {
		got, err := x.source.ReadAt(s.out[from:from+n], s.offset)
		if got < n {
			s.brokeOff(err)
			return false
		}
		s.out = s.out[:from+n]
		s.offset += int64(n)
	}
	if s.offset == x.length {
		x.close()
	}
	return true
}

// beginLong shows that a body is being sent, and lets nobody wait for the
// thread while a long one is.
func (s *Session) beginLong(t *serve.Thread) {
	t.Set(serve.Writing)
	if s.x.length > long {
		t.BeforeLong()
	}
}

// long is the size from which on sending a body takes longer than waking a
// thread in its place.
const long = 256 << 10

func (s *Session) brokeOff(err error) {
	if err != nil {
		s.server.log.Warn("response broke off", "error", err)
	}
}

// borrow takes a piece for output buffer.
func (s *Session) borrow() {
	if s.piece != nil {
		return
	}
	s.piece = s.server.pieces.Get().(*piece)
	s.small = s.out
	s.out = append(s.piece[:0], s.out...)
}

// unborrow gives it back.
func (s *Session) unborrow() {
	if s.piece == nil {
		return
	}
	s.out = s.small[:0]
	s.small = nil
	s.server.pieces.Put(s.piece)
	s.piece = nil
}
