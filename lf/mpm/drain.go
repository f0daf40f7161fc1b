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

// ending is what a server needs to stop listening and to end.
type ending struct {
	// The architecture sets those that it needs. stop ends accepting beside the
	// listeners, wake ends the waits of threads that wait for many connections,
	// cut cuts the connections that no seat has.
	stop, wake, cut func()

	drained, left, full sync.Once

	hurried atomic.Bool // do not wait for the accept queues
	cutting atomic.Bool
	taken   atomic.Uint64 // connections accepted, if there is a limit
	blocks  bool          // threads block in accept or at its gate, and must be interrupted
	ended   func() bool   // reports whether the listeners are shut down
	short   shortage

	closing sync.Mutex
	over    atomic.Bool // see whileOpen
}

// Drain implements MPM. It ends idle waits, lets threads serve what is in the
// accept queues, and stops listening. Before and after the queues it wakes the
// threads that wait for many connections. The first time they end idle ones,
// because connections in the queues may need their descriptors.
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

// endWaits ends the idle waits of connections that occupy a thread, and wakes
// the threads that wait for many connections.
func (m *server) endWaits() {
	for i := range m.seats {
		m.seats[i].conn.Kick()
	}
	if m.wake != nil {
		m.whileOpen(m.wake)
	}
}

// whileOpen calls f, which uses descriptors of the architecture or of its
// listeners, unless end was called. After that they may be closed, and another
// connection may have their numbers. Drain, or Cut after the grace period, may
// be called after the end, and threads may end while it runs.
func (m *server) whileOpen(f func()) {
	m.closing.Lock()
	defer m.closing.Unlock()
	if !m.over.Load() {
		f()
	}
}

// end makes later calls of whileOpen do nothing, and waits for those that run.
// All threads must have ended.
func (m *server) end() {
	m.closing.Lock()
	defer m.closing.Unlock()
	m.over.Store(true)
}

// eachListener calls do with each listener, unless end was called.
func (m *server) eachListener(do func(*sock.Listener)) {
	m.whileOpen(func() {
		for _, l := range m.cfg.Listeners {
			do(l)
		}
	})
}

// holdOff makes a listener refuse new connections, unless other processes have
// it.
func holdOff(l *sock.Listener) {
	if !l.Shared() {
		l.HoldOff()
	}
}

// whenEmpty calls leave once the accept queues are empty that nobody would
// accept from afterwards: this process is alone, or all processes were told to
// drain. Other queues it leaves to the processes that go on accepting from
// them. Threads accept until then.
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

// hurry ends the wait for the accept queues. Peers in a queue that no other
// process accepts from are told that the server ends.
func (m *server) hurry() {
	m.eachListener(func(l *sock.Listener) {
		if holdOff(l); l.HeldOff() && !l.Ended() {
			l.TurnAway(m.cfg.Service.TurnAway())
		}
	})
	m.hurried.Store(true)
}

// shut stops listening, at least in this process.
func (m *server) shut() {
	if m.stop != nil {
		m.stop()
	}
	shared := false
	m.eachListener(func(l *sock.Listener) {
		l.Shutdown()
		shared = shared || l.Shared()
	})
	// Only an interruption ends a wait for a gate, or an accept on a listener
	// that other processes go on using.
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

// letGo releases the listeners that other processes also have, and calls
// Config.Left.
func (m *server) letGo() {
	m.eachListener((*sock.Listener).LetGo)
	if m.cfg.Left != nil && slices.ContainsFunc(m.cfg.Listeners, (*sock.Listener).Shared) {
		m.cfg.Left()
	}
}

// interruptAccepts interrupts the threads that wait for connections, or are
// about to, until all have seen the end. Threads that serve a connection see it
// before they wait again.
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
		// Not time.Sleep: the runtime's first timer opens descriptors, and the
		// runtime dies if none are left.
		block.SleepUntil(flight.Now() + int64(time.Millisecond))
	}
}

// interrupt interrupts thread tid, or all threads if tid is 0.
func interrupt(tid int) error {
	if tid != 0 {
		return thread.Interrupt(tid)
	}
	return thread.InterruptAll()
}

// took counts an accepted connection and stops accepting at the limit.
func (m *server) took() {
	if m.cfg.MostConnections != 0 && m.taken.Add(1) >= m.cfg.MostConnections {
		m.spent()
	}
}

// spent stops accepting, because the limit of connections is reached.
func (m *server) spent() {
	if m.draining.Load() {
		return // Drain shuts the listeners once the accept queues are served
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

// begun cuts a connection that was just Reset if Cut was called. So either Cut
// finds the connection, or begun sees that Cut was called.
func (m *server) begun(conn *sock.Conn) {
	if m.cutting.Load() {
		conn.Cut()
	}
}
