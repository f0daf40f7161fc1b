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

// exit is how an architecture stops listening, and why.
type exit struct {
	drained, left, full, ill sync.Once

	hurried atomic.Bool // the accept queue is not waited for
	cutting atomic.Bool
	taken   atomic.Uint64 // connections, where there is a bound
	blocks  bool          // threads block in accept, or before its gate, and have to be interrupted
	ended   func() bool   // reports that the listeners have been left

	closing sync.Mutex
	over    bool // see whileOpen

	mu    sync.Mutex
	since int64  // when the shortage began, ns; 0 none
	last  int64  // when one was noted last, ns
	had   uint64 // connections by then
}

// drain ends idle waits, has what waits in the accept queues served, and stops
// listening. At each of these steps wake has the threads look that wait for more
// than one connection: idle ones are ended at the first, as those in the queue
// may need their descriptors. It returns at once.
func (c *crew) drain(wake func()) {
	c.drained.Do(func() {
		c.easing.Store(true)
		c.cfg.Service.Drain()
		c.kick()
		wake()
		c.whenEmpty(&c.cfg, func() {
			c.draining.Store(true)
			c.shut()
			c.kick()
			wake()
		})
	})
}

// whileOpen calls f, which names descriptors of the architecture or of its
// listeners, unless the end has come: from then on they may be closed, and a
// connection elsewhere may have their numbers. A Drain, or the Cut at the end
// of the grace, may come after the end; and threads may end while one is about.
func (e *exit) whileOpen(f func()) {
	e.closing.Lock()
	defer e.closing.Unlock()
	if !e.over {
		f()
	}
}

// end waits until nobody is in whileOpen, and has nobody go there again. All
// threads have ended.
func (e *exit) end() {
	e.closing.Lock()
	defer e.closing.Unlock()
	e.over = true
}

// isOver reports that the end has come.
func (e *exit) isOver() bool {
	e.closing.Lock()
	defer e.closing.Unlock()
	return e.over
}

// kick ends the idle waits of those connections that hold a thread.
func (c *crew) kick() {
	for i := range c.seats {
		c.seats[i].conn.Kick()
	}
}

// whenEmpty calls leave once the accept queues are empty of which this process
// is the last to accept: because it is alone, or because all others were told
// the same. Threads go on accepting until then. Queues that others go on
// accepting from are left to them.
func (e *exit) whenEmpty(cfg *Config, leave func()) {
	e.whileOpen(func() {
		for _, l := range cfg.Listeners {
			if !l.Shared() {
				l.HoldOff()
			}
		}
	})
	if e.hurried.Load() || !sock.Waiting(cfg.Listeners, 0) {
		leave()
		return
	}
	go func() {
		sock.Emptied(cfg.Listeners, func() bool { return e.hurried.Load() || e.isOver() })
		leave()
	}()
}

// hurry has nobody wait for the accept queues any more: who is in one that
// nobody else accepts from is told that the server ends.
func (e *exit) hurry(cfg *Config) {
	e.whileOpen(func() {
		for _, l := range cfg.Listeners {
			if !l.Shared() {
				l.HoldOff()
			}
			if l.HeldOff() && !l.Ended() {
				l.TurnAway(cfg.Service.TurnAway())
			}
		}
	})
	e.hurried.Store(true)
}

// shut ends listening, for this process at least.
func (c *crew) shut() {
	shared := false
	c.whileOpen(func() {
		for _, l := range c.cfg.Listeners {
			l.Shutdown()
			shared = shared || l.Shared()
		}
	})
	// Nothing but an interruption ends a wait for a gate, and an accept on what
	// others go on listening on.
	if c.blocks && (shared || c.cfg.AcceptGate != nil) {
		c.left.Do(func() {
			go func() {
				c.expel()
				c.letGo()
			}()
		})
		return
	}
	c.letGo()
}

// letGo gives the listeners back that other processes have, too.
func (c *crew) letGo() { c.giveBack(&c.cfg) }

// giveBack is letGo, and says so (Config.Left).
func (e *exit) giveBack(cfg *Config) {
	e.whileOpen(func() {
		for _, l := range cfg.Listeners {
			l.LetGo()
		}
	})
	if cfg.Left != nil && slices.ContainsFunc(cfg.Listeners, (*sock.Listener).Shared) {
		cfg.Left()
	}
}

// expel interrupts the threads that are, or may be, waiting for connections,
// until all have seen that it is over. Those that serve one see it before they
// wait again.
func (c *crew) expel() {
	for {
		waiting := false
		for i := range c.seats {
			s := &c.seats[i]
			if s.gone.Load() || !serve.State(s.State.Load()).Idle() {
				continue
			}
			waiting = true
			c.interrupt(int(s.TID.Load()))
		}
		if !waiting {
			return
		}
		// Not time.Sleep: the runtime's first timer opens descriptors, and dies
		// in a process that is short of them.
		block.SleepUntil(flight.Now() + int64(time.Millisecond))
	}
}

func (c *crew) interrupt(tid int) {
	var err error
	if tid != 0 {
		err = thread.Interrupt(tid)
	} else {
		err = thread.InterruptAll()
	}
	if err != nil {
		slog.Error("cannot interrupt a thread that waits for connections", "mpm", c.name, "error", err)
	}
}

// took counts a connection towards the bound.
func (c *crew) took() {
	if c.cfg.MostConnections != 0 && c.taken.Add(1) >= c.cfg.MostConnections {
		c.spent()
	}
}

// spent stops accepting, as no more connections are wanted.
func (c *crew) spent() {
	if c.easing.Load() {
		return // it ends anyway, and serves what has waited
	}
	c.full.Do(func() {
		c.shut()
		if c.cfg.Spent != nil {
			c.cfg.Spent()
		}
	})
}

// shortFor is for how long all attempts to accept must have failed.
const shortFor = int64(time.Second)

// mindShortage has shortages of the listeners told to whom it concerns.
// connections is how many have been accepted.
func (c *exit) mindShortage(cfg *Config, connections func() uint64) {
	if cfg.Short == nil {
		return
	}
	for _, l := range cfg.Listeners {
		l.OnShort(func(err error) {
			if c.lasts(flight.Now(), connections()) {
				c.ill.Do(func() { cfg.Short(err) })
			}
		})
	}
}

// lasts reports whether a shortage has lasted for long. One that nobody has
// noted for as long is over.
func (c *exit) lasts(now int64, had uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since == 0 || had != c.had || now-c.last >= shortFor {
		c.since, c.had = now, had
	}
	c.last = now
	return now-c.since >= shortFor
}

// sick tells whom it concerns that nothing can be accepted any more.
func (c *crew) sick(err error) {
	c.ill.Do(func() {
		if c.cfg.Short != nil {
			c.cfg.Short(err)
		}
	})
}

// Cut implements MPM.
func (c *crew) Cut() {
	c.hurry(&c.cfg)
	c.Drain()
	c.cutting.Store(true)
	for i := range c.seats {
		c.seats[i].conn.Cut()
	}
}

// begun looks after a connection that has just been Reset: either Cut finds
// it, or it is found here that all are to be cut.
func (c *crew) begun(conn *sock.Conn) {
	if c.cutting.Load() {
		conn.Cut()
	}
}

// Look implements MPM for those whose threads cannot miss a connection.
func (c *crew) Look() {}

// looks has those acceptors look that have to be told to.
func looks(acceptors ...sock.Acceptor) {
	for _, a := range acceptors {
		if l, ok := a.(sock.Looker); ok {
			l.Look()
		}
	}
}
