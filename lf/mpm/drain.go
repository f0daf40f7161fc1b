package mpm

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/lf/thread"
	"lflab/sync/block"
)

// ending is the state of a server that stops listening.
type ending struct {
	// An architecture sets what it has of these: they stop what accepts beside
	// the listeners, end the waits of threads that wait for many connections, and
	// cut the connections that no seat has.
	stop, wake, cut func()

	drained, left, full sync.Once

	hurried atomic.Bool // the accept queue is not waited for
	cutting atomic.Bool
	taken   atomic.Uint64 // connections, where there is a bound
	blocks  bool          // threads block in accept, or before its gate, and have to be interrupted
	ended   func() bool   // reports that the listeners have been left
	short   shortage

	closing sync.Mutex
	over    atomic.Bool // see whileOpen
}

// Drain implements MPM: it ends idle waits, has what waits in the accept queues
// served, and stops listening. At each of these steps it wakes the threads that
// wait for more than one connection: they end idle ones at the first, as those
// in the queue may need their descriptors.
func (m *server) Drain() {
	m.drained.Do(func() {
		m.draining.Store(true)
		m.cfg.Service.Drain()
		m.endWaits()
		m.whenEmpty(func() {
			m.stopped.Store(true)
			m.shut()
			m.endWaits()
		})
	})
}

// endWaits ends the idle waits of connections that hold a thread, and has the
// other threads look.
func (m *server) endWaits() {
	for i := range m.seats {
		m.seats[i].conn.Kick()
	}
	if m.wake != nil {
		m.whileOpen(m.wake)
	}
}

// whileOpen calls f, which names descriptors of the architecture or of its
// listeners, unless the end has come: from then on they may be closed, and a
// connection elsewhere may have their numbers. A Drain, or the Cut at the end
// of the grace, may come after the end; and threads may end while one is about.
func (m *server) whileOpen(f func()) {
	m.closing.Lock()
	defer m.closing.Unlock()
	if !m.over.Load() {
		f()
	}
}

// end makes whileOpen do nothing from now on, and waits until nobody is in it.
// All threads have ended.
func (m *server) end() {
	m.closing.Lock()
	defer m.closing.Unlock()
	m.over.Store(true)
}

// eachListener calls do with each listener, whileOpen.
func (m *server) eachListener(do func(*sock.Listener)) {
	m.whileOpen(func() {
		for _, l := range m.cfg.Listeners {
			do(l)
		}
	})
}

// holdOff makes a listener refuse new connections, unless others accept from it.
func holdOff(l *sock.Listener) {
	if !l.Shared() {
		l.HoldOff()
	}
}

// whenEmpty calls leave once the accept queues are empty of which this process
// is the last to accept: because it is alone, or because all others were told
// the same. Threads go on accepting until then. Queues that others go on
// accepting from are left to them.
func (m *server) whenEmpty(leave func()) {
	m.eachListener(holdOff)
	if m.hurried.Load() || !sock.Waiting(m.cfg.Listeners, 0) {
		leave()
		return
	}
	go func() {
		sock.Emptied(m.cfg.Listeners, func() bool { return m.hurried.Load() || m.over.Load() })
		leave()
	}()
}

// hurry ends the wait for the accept queues. A peer in a queue that nobody else
// accepts from is told that the server ends.
func (m *server) hurry() {
	m.eachListener(func(l *sock.Listener) {
		if holdOff(l); l.HeldOff() && !l.Ended() {
			l.TurnAway(m.cfg.Service.TurnAway())
		}
	})
	m.hurried.Store(true)
}

// shut ends listening, for this process at least.
func (m *server) shut() {
	if m.stop != nil {
		m.stop()
	}
	shared := false
	m.eachListener(func(l *sock.Listener) {
		l.Shutdown()
		shared = shared || l.Shared()
	})
	// Nothing but an interruption ends a wait for a gate, and an accept on what
	// others go on listening on.
	if m.blocks && (shared || m.cfg.AcceptGate != nil) {
		m.left.Do(func() {
			go func() {
				m.interruptAccepts()
				m.letGo()
			}()
		})
		return
	}
	m.letGo()
}

// letGo gives the listeners back that other processes have, too, and says so
// (Config.Left).
func (m *server) letGo() {
	m.eachListener((*sock.Listener).LetGo)
	if m.cfg.Left != nil && slices.ContainsFunc(m.cfg.Listeners, (*sock.Listener).Shared) {
		m.cfg.Left()
	}
}

// interruptAccepts interrupts the threads that wait for connections, or may,
// until all have seen that it is over. Those that serve one see it before they
// wait again.
func (m *server) interruptAccepts() {
	for {
		waiting := false
		for i := range m.seats {
			s := &m.seats[i]
			if s.gone.Load() || !serve.State(s.State.Load()).Idle() {
				continue
			}
			waiting = true
			if err := interrupt(int(s.TID.Load())); err != nil {
				slog.Error("cannot interrupt a thread that waits for connections", "mpm", m.name, "error", err)
			}
		}
		if !waiting {
			return
		}
		// Not time.Sleep: the runtime's first timer opens descriptors, and dies
		// in a process that is short of them.
		block.SleepUntil(flight.Now() + int64(time.Millisecond))
	}
}

// interrupt interrupts the thread, or all where it is not known.
func interrupt(tid int) error {
	if tid != 0 {
		return thread.Interrupt(tid)
	}
	return thread.InterruptAll()
}

// took counts a connection towards the bound.
func (m *server) took() {
	if m.cfg.MostConnections != 0 && m.taken.Add(1) >= m.cfg.MostConnections {
		m.spent()
	}
}

// spent stops accepting, as no more connections are wanted.
func (m *server) spent() {
	if m.draining.Load() {
		return // it ends anyway, and serves what has waited
	}
	m.full.Do(func() {
		m.shut()
		if m.cfg.Spent != nil {
			m.cfg.Spent()
		}
	})
}

// Cut implements MPM.
func (m *server) Cut() {
	m.hurry()
	m.Drain()
	m.cutting.Store(true)
	for i := range m.seats {
		m.seats[i].conn.Cut()
	}
	if m.cut != nil {
		m.cut()
	}
}

// begun looks after a connection that has just been Reset: either Cut finds
// it, or it is found here that all are to be cut.
func (m *server) begun(conn *sock.Conn) {
	if m.cutting.Load() {
		conn.Cut()
	}
}
