package mpm

import (
	"sync/atomic"

	"lflab/lf/serve"
)

// waitsFor is what a connection waits for while no thread has it: the last
// answer of its session. Its owner writes it, and any thread may read it, to
// count.
type waitsFor struct{ next atomic.Uint32 }

// set is called with each request, and storing costs more than looking.
func (w *waitsFor) set(next serve.Next) {
	if !w.is(next) {
		w.next.Store(uint32(next))
	}
}

func (w *waitsFor) is(next serve.Next) bool { return w.next.Load() == uint32(next) }

// countIn counts n connections that wait for that in a server's status.
func countIn(st *serve.Status, next serve.Next, n int) {
	p := &st.Processes[0]
	switch next {
	case serve.Idle:
		p.AsyncKeepAlive, st.AsyncKeepAlive = p.AsyncKeepAlive+n, st.AsyncKeepAlive+n
	case serve.WriteMore:
		p.AsyncWriting, st.AsyncWriting = p.AsyncWriting+n, st.AsyncWriting+n
	case serve.Linger:
		p.AsyncClosing, st.AsyncClosing = p.AsyncClosing+n, st.AsyncClosing+n
	}
}

// open notes in a server's status how many connections are open, where some
// of them wait without a thread.
func open(st *serve.Status, n int) {
	st.Async = true
	st.Open, st.Processes[0].Open = n, n
	st.Counters["connections_open"] = uint64(n)
}
