package httpd

import (
	"time"

	"lflab/lf/serve"
)

// What others wait for, the leadership above all, is given up before a handler
// that is known to be slow: one that was, a moment ago. A mark holds for
// slowFor, and is gone with the first run that is quick, for a run may have
// been slow because another process had the CPU.
const slowFor = int64(time.Second)

// yieldTo has t give up what others wait for if r is slow, and returns when
// the handler begins, 0 where nobody waits for t. A thread that keeps account
// of when it began with an event spares a reading of the clock, unless the
// wait for the request is part of that event.
func (s *Session) yieldTo(t *serve.Thread, r *route) (began int64) {
	if t.Yield == nil {
		return 0
	}
	if began = max(t.Began, s.now); s.eager || t.Began == 0 {
		began = s.clock()
	}
	if began < r.slow.Load() {
		t.BeforeLong()
		began = s.clock() // without what that took
	}
	return began
}

// judge notes how long the handler took that began then, by the clock reading
// of its response.
func (s *Session) judge(r *route, began int64) {
	switch {
	case began == 0:
	case s.now-began > s.server.slow:
		r.slow.Store(s.now + slowFor)
	case r.slow.Load() != 0:
		r.slow.Store(0)
	}
}

// willTake is BeforeLong for a handler that knows how long it will take, ns.
func (x *Exchange) willTake(ns int64) {
	if ns > x.session.server.slow {
		x.BeforeLong()
	}
}
