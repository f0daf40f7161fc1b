package httpd

import (
	"errors"
	"io"

	"lflab/lf/serve"
)

// sendFile sends the pending output and then the file by the stream's SendFile,
// if the stream has it. It returns true if the rest of the response has to be
// written instead. It leaves small files to that, because one write of head and
// body costs less.
func (s *Session) sendFile(t *serve.Thread) (serve.Next, bool) {
	x := &s.x
	e, ok := x.source.(*extract)
	if !ok || e.copied || x.length <= pieceSize {
		return 0, true
	}
	st, ok := s.stream.(serve.FileSender)
	if !ok {
		return 0, true
	}
	for s.offset < x.length {
		if s.moved >= turn && !s.eager {
			return s.awaitRoom(t, true), false
		}
		s.beginLong(t)
		s.stream.SetWriteDeadline(s.now + int64(s.server.limits.WriteTimeout))
		head := s.out[s.sent:]
		n, err := st.SendFile(head, e.descriptor, e.start+s.offset, min(x.length-s.offset, turn))
		fromHead := min(int(n), len(head))
		s.sent += fromHead
		s.offset += n - int64(fromHead)
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			e.copied = true
			t.Bytes.Add(uint64(n))
			return 0, true
		case errors.Is(err, io.ErrUnexpectedEOF):
			s.brokeOff(err)
		}
		if next, ok := s.wrote(t, int(n), err); !ok {
			return next, false
		}
		s.clock()
	}
	x.close()
	return 0, true
}
