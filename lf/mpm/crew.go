package mpm

import (
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/lf/thread"
)

// crew is what architectures with threads of their own have in common: the
// threads' places on the scoreboard, a connection and a session for each, and
// the way they drain. It knows nothing of who waits for what.
type crew struct {
	name     string
	cfg      Config
	started  int64
	easing   atomic.Bool // the server ends: connections do not wait for another request
	draining atomic.Bool // and takes no more of them
	seats    []seat
	running  sync.WaitGroup
	release  func() // gives back what the threads were reserved of Ps
	panics   atomic.Uint64
	exit
}

// seat is one thread's.
type seat struct {
	_ [128]byte // what one thread writes must not share a cache line with what another does
	serve.Thread
	conn    sock.Conn
	session serve.Session
	gone    atomic.Bool // the thread has ended
}

func newCrew(name string, cfg Config, threads int) *crew {
	c := &crew{name: name, cfg: cfg, seats: make([]seat, threads)}
	for i := range c.seats {
		s := &c.seats[i]
		s.ID = i
		s.Row = cfg.row(i)
		s.Timed = cfg.Row != nil
		s.Log = cfg.Recorder.NewLog()
		s.session = cfg.Service.NewSession()
	}
	c.ended = cfg.Listeners[0].Ended
	c.mindShortage(&c.cfg, c.accepted)
	return c
}

// accepted is how many connections the threads have had.
func (c *crew) accepted() (n uint64) {
	for i := range c.seats {
		n += c.seats[i].Connections.Load()
	}
	return n
}

// muster has the rows of all threads show that they are being started.
func (c *crew) muster() {
	c.started = flight.Now()
	for i := range c.seats {
		c.seats[i].Set(serve.Starting)
	}
}

// enter shows a thread on its row, which calls it when it begins, and puts it
// on its CPU. That only fails where the process has lost that CPU since it
// started; what was to be measured cannot be then.
func (c *crew) enter(id int) {
	s := &c.seats[id]
	if c.cfg.CPU != nil {
		if err := thread.Pin(c.cfg.CPU(id)); err != nil {
			panic(fmt.Sprintf("mpm %s: thread %d: %v", c.name, id, err))
		}
	}
	if !c.cfg.Parker.Unlocked {
		s.TID.Store(int32(unix.Gettid()))
	}
	s.Set(serve.Waiting)
}

// leave takes it off, as the last thing the thread does.
func (c *crew) leave(id int) {
	s := &c.seats[id]
	s.TID.Store(0)
	s.Set(serve.Dead)
	s.gone.Store(true)
}

// shown has a pool's threads shown on their rows.
func (c *crew) shown(opt *lf.Options) {
	opt.Log = func(id int) *flight.Log { return c.seats[id].Log }
	opt.Handoffs = func(id int) *atomic.Uint64 { return &c.seats[id].Handoffs }
	opt.Enter, opt.Leave = c.enter, c.leave
}

// spawn starts one locked thread per seat. body gets the seat's number.
func (c *crew) spawn(body func(id int)) {
	c.muster()
	c.release = thread.Reserve(len(c.seats))
	c.running.Add(len(c.seats))
	for id := range c.seats {
		thread.Start(thread.Options{Name: fmt.Sprintf("%s-%d", c.name, id), CPU: thread.AnyCPU, Unlocked: c.cfg.Parker.Unlocked}, func(*thread.Thread) {
			defer c.running.Done()
			defer c.leave(id)
			c.enter(id)
			body(id)
		})
	}
}

// serve serves a whole connection on thread id and closes it.
func (c *crew) serve(id, fd int) {
	s := &c.seats[id]
	s.Connections.Add(1)
	s.conn.Reset(fd, true, c.stamping(), &c.easing)
	c.begun(&s.conn)
	defer func() {
		if v := recover(); v != nil {
			c.panicked(&s.Thread, v)
			s.session = c.cfg.Service.NewSession()
		}
		s.conn.Close()
		s.Set(serve.Waiting)
	}()
	s.session.Reset(&s.conn)
	s.session.Serve(&s.Thread)
}

// panicked notes that a session panicked outside of its handler. That is a
// defect of ours; it costs its connection and no more.
func (c *crew) panicked(t *serve.Thread, value any) {
	c.panics.Add(1)
	slog.Error("session panicked", "mpm", c.name, "thread", t.ID, "panic", value, "stack", string(debug.Stack()))
}

// Drain implements MPM.
func (c *crew) Drain() { c.drain(func() {}) }

// Wait implements MPM.
func (c *crew) Wait() {
	c.running.Wait()
	c.end()
	if c.release != nil {
		c.release()
	}
}

// status is the part of Status that the scoreboard knows.
func (c *crew) status() serve.Status {
	st := serve.Status{
		MPM: c.name, Threads: len(c.seats), Started: c.started,
		Counters: map[string]uint64{
			"accept_short": 0, "accept_aborted": 0,
			"session_panics": c.panics.Load(),
		},
	}
	c.cfg.countAccepts(st.Counters)
	p := serve.Process{PID: os.Getpid(), Started: c.started}
	p.User, p.System = used()
	for i := range c.seats {
		p.Rows = append(p.Rows, c.seats[i].Look(false))
	}
	st.Add(p)
	st.Alone()
	return st
}
