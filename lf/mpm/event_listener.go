package mpm

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// listener is the state of event's listener thread. No other thread uses it.
type listener struct {
	events      []unix.EpollEvent
	pending     fifo[*handle] // taken from the set, to be handed over
	ready       sock.Ready    // listeners with waiting connections
	fullBatches int           // consecutive full batches of events
	lookAgain   int64         // when to check deadlines next, ns
	seq         uint64        // of the next hand-off
	crowded     bool          // no more connections may be open
	workers     int64         // that were not dismissed
}

// tick is the interval between checks of deadlines while connections wait.
const tick = 100 * time.Millisecond

// listen is the loop of the listener thread.
func (m *event) listen() {
	s, l := &m.seats[0], &m.listener
	s.Set(serve.Leading)
	for !m.stopped.Load() || m.alive.Load() > 0 {
		m.mindListeners()
		m.dismiss()
		if l.pending.empty() {
			s.Log.Arms()
			m.turn(true)
		} else {
			m.turn(false) // so that a new connection need not wait until none is pending
		}
		// While the listener waits for a worker, more may become pending. They
		// are handed over in the next round, after a new connection.
		for range l.pending.len() {
			h := l.pending.pop()
			if m.sheds(h) {
				continue
			}
			m.queue.Reserve()
			m.handOver(s, h)
		}
		if l.ready != 0 {
			m.acceptOne(s)
		}
	}
	m.queue.Close()
}

// turn waits once on the set, or only polls it. It records the events and ends
// connections that have waited too long.
func (m *event) turn(wait bool) {
	l := &m.listener
	timeout := -1
	if !wait {
		timeout = 0
	} else if m.inSet.Load() > 0 || m.set.ResumeAt() != sock.Never || m.draining.Load() {
		timeout = int(tick / time.Millisecond)
	}
	n, err := m.set.Wait(l.events, timeout)
	if err != nil {
		panic(fmt.Sprintf("event: %v", err)) // the set is unusable: nothing can be served
	}
	for i := range n {
		if token := sock.Token(&l.events[i]); !l.ready.Note(token) {
			if h, turn := m.at(token); h != nil && h.claim(turn) && !m.sheds(h) {
				l.pending.push(h)
			}
		}
	}
	// After a full batch, ready connections may remain that only were not
	// looked at. They are not late. Enough full batches in a row contain them
	// all.
	if l.fullBatches++; n < len(l.events) || int64(l.fullBatches*len(l.events)) > m.alive.Load() {
		l.fullBatches = 0
		m.endLate()
	}
}

// handOver hands the connection to the reserved worker.
func (m *event) handOver(s *seat, h *handle) {
	seq := m.listener.seq
	m.listener.seq++
	s.Log.Event(seq)
	s.Log.Passes()
	m.queue.Put(item[*handle]{h, seq})
	s.Log.Published()
	m.queue.Wake()
	s.Log.Woke()
}

// acceptOne reserves a worker and accepts one connection. If more wait, the set
// reports that again, together with what else has become ready.
func (m *event) acceptOne(s *seat) {
	l := &m.listener
	if l.crowded = m.crowded(); l.crowded {
		l.ready = 0
		m.set.Suspend()
		return
	}
	m.queue.Reserve()
	fd, err := m.set.Accept(&l.ready)
	l.ready = 0
	if err != nil {
		return
	}
	if h := m.begin(fd); h != nil {
		m.handOver(s, h)
	}
}

// mindListeners keeps the listeners in the set while connections may be opened.
func (m *event) mindListeners() {
	if m.stopped.Load() {
		m.set.Leave()
	}
	if m.set.Listening() {
		return
	}
	if l := &m.listener; l.crowded {
		if l.crowded = m.crowded(); l.crowded {
			return
		}
	}
	m.set.Resume()
}

// dismiss ends idle workers after the server has stopped listening, as long as
// there are more workers than connections, because these are not needed again.
func (m *event) dismiss() {
	l := &m.listener
	for m.stopped.Load() && l.workers > m.alive.Load() {
		if !m.queue.TryReserve() {
			m.queue.Watch()
			if !m.queue.TryReserve() {
				return // the next worker that becomes idle wakes the listener
			}
		}
		m.queue.Dismiss()
		l.workers--
	}
}

// endLate closes waiting connections whose deadline has passed, and in a drain
// those between requests.
func (m *event) endLate() {
	s, l := &m.seats[0], &m.listener
	if m.inSet.Load() == 0 {
		return
	}
	draining, now := m.draining.Load(), flight.Now()
	if now < l.lookAgain && !draining {
		return
	}
	l.lookAgain = now + int64(tick)
	for h := range m.all {
		if !h.waits() {
			continue
		}
		by := h.deadline.Load()
		if draining && h.session != nil && h.next.is(serve.Linger) {
			by = h.session.Deadline() // the drain has brought it nearer
		}
		late := by != 0 && by <= now
		if !late && !(draining && h.next.is(serve.Idle)) {
			continue
		}
		if late {
			s.expire(&h.connection)
		}
		m.drop(s, h)
	}
}

// listenerParker is what the listener sleeps on while all workers are busy: the
// set without the listeners. So deadlines are kept and a drain is noticed. A
// worker that becomes idle wakes it.
type listenerParker struct{ m *event }

func (p listenerParker) Park() {
	p.m.set.Suspend()
	p.m.turn(true)
}

func (p listenerParker) ParkUntil(int64) bool {
	p.Park()
	return false
}

func (p listenerParker) Unpark() (woke bool) {
	p.m.set.Wake()
	return true
}

func (p listenerParker) Close() error { return nil }
