package httpd

import (
	"errors"

	"lflab/lf/serve"
)

const (
	// outMost is how many bytes of responses to pipelined requests are
	// collected before they are written.
	outMost = pieceSize
	outKeep = 16 << 10 // largest output buffer that is kept
)

// turn is the most that a session sends at a time. On a stream that does not
// block, other connections then have their turn, even if the peer would accept
// more. It is also the most that one system call sends, because nothing
// interrupts that.
const turn = 2 << 20

// flush writes all output, a large body piece by piece. If it cannot, it
// returns false and what Serve must return.
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

// wrote decides what follows a write of n bytes.
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

// awaitRoom makes Serve return WriteMore. If the peer has accepted data since,
// it gets a new deadline.
func (s *Session) awaitRoom(t *serve.Thread, moved bool) serve.Next {
	if moved || s.moveBy == 0 {
		s.moveBy = s.clock() + int64(s.server.limits.WriteTimeout)
	}
	s.deadline = s.moveBy
	t.Set(serve.Writing)
	return serve.WriteMore
}

// produce fills the output buffer from the source, if there is one. It returns
// false if the source has fewer bytes than announced, for example because the
// file was truncated.
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

// beginLong sets the thread's state to Writing. Before a long body it gives up
// what others wait for.
func (s *Session) beginLong(t *serve.Thread) {
	t.Set(serve.Writing)
	if s.x.length > long {
		t.BeforeLong()
	}
}

// long is the size above which sending a body takes longer than waking another
// thread.
const long = 256 << 10

func (s *Session) brokeOff(err error) {
	if err != nil {
		s.server.log.Warn("response broke off", "error", err)
	}
}

// borrow takes a piece from the pool as the output buffer.
func (s *Session) borrow() {
	if s.piece != nil {
		return
	}
	s.piece = s.server.pieces.Get().(*piece)
	s.small = s.out
	s.out = append(s.piece[:0], s.out...)
}

// unborrow puts the piece back.
func (s *Session) unborrow() {
	if s.piece == nil {
		return
	}
	s.out = s.small[:0]
	s.small = nil
	s.server.pieces.Put(s.piece)
	s.piece = nil
}
