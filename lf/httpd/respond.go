package httpd

import (
	"github.com/valyala/fasthttp"

	"lflab/lf/serve"
)

// serveRequest calls the handler for the complete request and answers. The
// request's body takes size bytes of the input.
func (s *Session) serveRequest(t *serve.Thread, size int) (serve.Next, bool) {
	q := &s.request
	whole := s.in[s.r : s.r+q.checked+size]
	x := &s.x
	x.reset()
	x.thread, x.method, x.size = t, q.method, size
	x.Path, x.Query = q.path.of(whole), q.query.of(whole)
	if len(x.Path) == 0 {
		x.Path = slash
	}
	r := s.server.routeOf(x)

	began := s.yieldTo(t, r)
	since := s.timed(t, began)
	t.Set(serve.Writing)
	t.Log.HandlerBegins(s.stream.Arrived())
	failed := s.handle(r)
	t.Log.HandlerEnds()

	s.handled = true
	s.served++
	if s.count != nil {
		*s.count = s.served
	}
	s.r += len(whole)
	most := s.server.limits.MaxKeepAliveRequests
	announced := q.closes || q.http10 && !q.keepsAlive
	switch {
	case announced, failed, s.server.draining.Load(), most > 0 && s.served >= most:
		s.rest = s.r < s.w || !announced
		s.respond(t, closing)
		s.phase = ending
	case q.http10:
		s.respond(t, keepAlive)
		s.phase = inHead
	default:
		s.respond(t, silent)
		s.phase = inHead
	}
	s.judge(r, began)
	if t.Timed {
		t.Busy.Add(uint64(s.now - since))
	}
	x.forget()
	s.request.reset()
	return 0, true
}

// timed records in the thread's row when the handler begins, if the thread is
// Timed. It uses the clock reading began unless that is 0.
func (s *Session) timed(t *serve.Thread, began int64) int64 {
	if !t.Timed {
		return 0
	}
	if began == 0 {
		began = s.clock()
	}
	t.Since.Store(began)
	return began
}

var slash = []byte("/")

// parse makes fasthttp parse the request, whose body takes size bytes of the
// input. It panics with errParser if fasthttp refuses the request.
func (s *Session) parse(size int) {
	q := &s.request
	whole := s.in[s.r : s.r+q.checked+size]
	head, body := whole[:q.checked], whole[q.checked:]
	p := s.server.parsers.Get().(*parser)
	err := p.head(&s.parsed, head, q)
	if err == nil && q.chunked {
		err = p.chunked(&s.parsed, body, &s.chunks, s.server.limits.Body)
	} else if err == nil && len(body) > 0 {
		s.parsed.SetBodyRaw(body)
	}
	s.server.parsers.Put(p)
	if err != nil {
		s.parsed.Reset()
		panic(errParser)
	}
}

// handle calls the handler of r, and checks the conditions of the request unless
// r is of files, which do so themselves. If the handler panics, handle answers
// 500, or 400 if the parser refused the request, and returns true. Then the
// connection must be closed.
func (s *Session) handle(r *route) (failed bool) {
	defer func() {
		if v := recover(); v != nil {
			s.failed(v)
			failed = true
		}
	}()
	r.handler(&s.x)
	if s.request.conditional && r.methods != 0 && r != s.server.files {
		s.x.unmet()
	}
	return false
}

// failed answers instead of a handler that panicked with value.
func (s *Session) failed(value any) {
	x := &s.x
	path := x.Path
	x.reset()
	if value == errParser {
		x.AnswerText(errParser.status, "%s", errParser.reason)
		return
	}
	s.server.panicked(value, path)
	x.AnswerText(fasthttp.StatusInternalServerError, "the handler panicked")
}

// refuse answers a request that is not served, and ends the connection. The
// peer may have sent more after the refused part.
func (s *Session) refuse(t *serve.Thread, r *refusal) {
	s.x.reset()
	s.x.method = s.request.method
	s.x.AnswerText(r.status, "%s", r.reason)
	s.rest = r != errTimeout && r != errEnded
	s.respond(t, closing)
	s.phase = ending
}

// respond puts the response into the output buffer, except a large body.
func (s *Session) respond(t *serve.Thread, c connection) {
	x := &s.x
	s.out = x.appendHead(s.out, s.date.at(s.clock()), c)
	t.Requests.Add(1)
	switch {
	case !x.hasBody() || x.method == head:
		x.close()
	case x.source == nil:
		s.out = append(s.out, x.body...)
	}
	x.body = nil
	s.offset = 0
}
