package httpd

import (
	"errors"
	"io"

	"lflab/lf/serve"
)

// nothingRead decides what follows a read that returned no bytes.
func (s *Session) nothingRead(t *serve.Thread, idle bool, err error) (serve.Next, bool) {
	switch {
	case errors.Is(err, serve.ErrWouldBlock):
		if s.readBy == 0 { // the first wait of the connection, or of this session on it
			limit := s.server.limits.HeadTimeout
			if idle && s.served > 0 {
				limit = s.server.limits.KeepAliveTimeout
			}
			s.readBy = s.clock() + int64(limit)
		}
		s.deadline = s.readBy
		if !idle {
			return serve.ReadMore, false
		}
		return s.between(), false
	case errors.Is(err, serve.ErrDeadline):
		if idle && s.served > 0 {
			return serve.Close, false
		}
		s.refuse(t, errTimeout)
		return 0, true
	case errors.Is(err, io.EOF) && !idle:
		s.refuse(t, errEnded)
		return 0, true
	}
	return serve.Close, false
}
