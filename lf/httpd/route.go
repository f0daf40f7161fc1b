package httpd

import (
	"sync/atomic"

	"github.com/valyala/fasthttp"
)

// Handler answers an exchange. It runs on the thread that read the request.
type Handler func(*Exchange)

// route is the handler of a path and the methods that it accepts.
type route struct {
	methods methods
	handler Handler
	slow    atomic.Int64 // until when the handler counts as slow, ns of CLOCK_MONOTONIC; 0 if it does not
}

func newRoute(m methods, h Handler) *route { return &route{methods: m, handler: h} }

// routeOf finds the route by the path as sent. So a path with needless escapes
// names a file.
func (s *Server) routeOf(x *Exchange) *route {
	r, ok := s.routes[view(x.Path)]
	switch {
	case x.method == unknown:
		return notImplemented
	case len(x.Path) == 1 && x.Path[0] == '*':
		return optionsOfServer
	case !ok:
		r = s.files
	}
	switch {
	case r.methods&x.method != 0:
		return r
	case r.methods&post != 0:
		return allowsPost
	}
	return allowsGet
}

// The routes of requests that no handler serves.
var (
	notImplemented = newRoute(0, func(x *Exchange) {
		x.AnswerText(fasthttp.StatusNotImplemented, "the method is not implemented")
	})
	optionsOfServer = newRoute(0, func(x *Exchange) {
		x.Field("Allow", (get | head | post).allow())
		x.Answer(fasthttp.StatusNoContent, "", nil)
	})
	allowsPost = notAllowedBut(get | head | post)
	allowsGet  = notAllowedBut(get | head)
)

func notAllowedBut(m methods) *route {
	return newRoute(0, func(x *Exchange) {
		x.Field("Allow", m.allow())
		x.AnswerText(fasthttp.StatusMethodNotAllowed, "the method is not allowed (use %s)", m.allow())
	})
}
