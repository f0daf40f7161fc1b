package httpd

import (
	"time"

	"lflab/lf/serve"
)

// A thread gives up what others wait for, above all the leadership, before a
// handler that was slow a moment ago. slowFor is how long a handler counts as
// slow. Its first quick run ends that, because a run may have been slow only
// because another process had the CPU.
const slowFor = int64(time.Second)

// yieldTo makes t give up what others wait for if r is slow. It returns when
// the handler begins, or 0 if no thread waits for t. It uses t.Began instead of
// reading the clock, unless t.Began is unknown or includes the wait for the
// request.
func (s *Session) yieldTo(t *serve.Thread, r *route) (began int64) {
	if t.Yield == nil {
		return 0
	}
	if began = max(t.Began, s.now); s.eager || t.Began == 0 {
		began = s.clock()
	}
	if began < r.slow.Load() {
		t.BeforeLong()
		began = s.clock() // without the time that took
	}
	return began
}

// judge records whether the handler that began at began was slow. It ends the
// run at s.now, the clock reading of the response.
func (s *Session) judge(r *route, began int64) {
	switch {
	case began == 0:
	case s.now-began > s.server.slow:
		r.slow.Store(s.now + slowFor)
	case r.slow.Load() != 0:
		r.slow.Store(0)
	}
}

// willTake is BeforeLong for a handler that will take ns nanoseconds.
func (x *Exchange) willTake(ns int64) {
	if ns > x.session.server.slow {
		x.BeforeLong()
	}
}
