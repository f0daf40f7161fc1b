package mpm

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/lf/thread"
	"lflab/sync/queue"
)

// server is what all architectures have in common: the threads' rows on the
// scoreboard, a connection and a session for each thread, what they wait in,
// and the drain. It does not know who waits for what. An architecture fills it
// in, and replaces the methods that do not suit it.
type server struct {
	name      string
	primitive string // name of what threads sleep on, for Status
	cfg       Config
	started   int64
	seats     []seat
	body      func(id int)       // runs thread id, if the threads are not a pool's
	listen    func()             // runs thread 0 instead, if that is a listener
	pool      followers          // runs the threads, if they are a pool's
	handoffs  func() queue.Stats // of the queue from a listener thread to workers; nil if there is none
	sources   []io.Closer        // what threads wait in; closed after the threads have ended
	running   sync.WaitGroup     // threads that are not a pool's
	release   func()             // undoes thread.Reserve
	panics    atomic.Uint64      // of sessions
	loose     atomic.Uint64      // connections that no seat has served
	draining  atomic.Bool        // the server ends: connections do not wait for another request
	stopped   atomic.Bool        // the server accepts no more connections
	ending
}

// followers is a Leader/Followers pool with any type of events.
type followers interface {
	Start()
	Wait() error
	Stats() lf.Stats
}

// seat is the state of one thread.
type seat struct {
	_ [128]byte // so that data of different threads share no cache line
	serve.Thread
	conn    sock.Conn
	session serve.Session
	spare   *cas.Ring[serve.Session] // sessions for later connections, if they wait without a thread
	gone    atomic.Bool              // the thread has ended
}

// newServer makes the server of an architecture, with a seat for each thread.
func newServer(k Kind, cfg Config) *server {
	m := &server{name: k.Name, primitive: cfg.Parker.Name, cfg: cfg}
	if cfg.Gate != nil {
		m.primitive = cfg.Gate.Name
	}
	if !k.Unbounded {
		m.seats = make([]seat, cfg.Threads)
	}
	for i := range m.seats {
		s := &m.seats[i]
		s.ID = i
		s.Row = cfg.row(i)
		s.Timed = cfg.Row != nil
		s.Log = cfg.Recorder.NewLog()
		s.session = cfg.Service.NewSession()
	}
	m.ended = cfg.Listeners[0].Ended
	m.mindShortage()
	return m
}

// owns makes the server close c at its end.
func (m *server) owns(c io.Closer) { m.sources = append(m.sources, c) }

// closer makes a function an io.Closer.
type closer func() error

func (c closer) Close() error { return c() }

// close closes what the server owns.
func (m *server) close() error {
	var errs []error
	for _, s := range m.sources {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// poller makes a handle set with those listeners in it, and a waker if none is
// given. The server owns what it makes.
func (m *server) poller(waker *sock.Waker, ls []*sock.Listener) (*sock.Poller, error) {
	if waker == nil {
		var err error
		if waker, err = sock.NewWaker(); err != nil {
			return nil, err
		}
		m.owns(waker)
	}
	p, err := sock.NewPoller(waker, m.cfg.Exclusive || m.cfg.Sets > 1, ls...) // it is enough to wake one of several sets
	if err == nil {
		m.owns(p)
	}
	return p, err
}

// poolOptions makes the pool of opt show its threads on their rows.
func (m *server) poolOptions(opt lf.Options) lf.Options {
	opt.Log = func(id int) *flight.Log { return m.seats[id].Log }
	opt.Handoffs = func(id int) *atomic.Uint64 { return &m.seats[id].Handoffs }
	opt.Enter, opt.Leave = m.enter, m.leave
	return opt
}

// Start implements MPM.
func (m *server) Start() error {
	m.started = flight.Now()
	for i := range m.seats {
		m.seats[i].Set(serve.Starting)
	}
	if m.pool != nil {
		m.pool.Start()
		return nil
	}
	m.release = thread.Reserve(len(m.seats))
	m.running.Add(len(m.seats))
	for id := range m.seats {
		thread.Start(thread.Options{Name: fmt.Sprintf("%s-%d", m.name, id), CPU: thread.AnyCPU, Unlocked: m.cfg.Parker.Unlocked}, func(*thread.Thread) {
			defer m.running.Done()
			defer m.leave(id)
			m.enter(id)
			if id == 0 && m.listen != nil {
				m.listen()
			} else {
				m.body(id)
			}
		})
	}
	return nil
}

// enter pins a thread to its CPU and shows it on its row. The thread calls it
// first. It panics if the process has lost that CPU since the start, because
// then the planned measurement is impossible.
func (m *server) enter(id int) {
	s := &m.seats[id]
	if m.cfg.CPU != nil {
		if err := thread.Pin(m.cfg.CPU(id)); err != nil {
			panic(fmt.Sprintf("mpm %s: thread %d: %v", m.name, id, err))
		}
	}
	if !m.cfg.Parker.Unlocked {
		s.TID.Store(int32(unix.Gettid()))
	}
	s.Set(serve.Waiting)
}

// leave shows on its row that a thread has ended. The thread calls it last.
func (m *server) leave(id int) {
	s := &m.seats[id]
	s.TID.Store(0)
	s.Set(serve.Dead)
	s.gone.Store(true)
}

// serve serves a whole connection on thread id and closes it.
func (m *server) serve(id, fd int) {
	s := &m.seats[id]
	s.Connections.Add(1)
	s.conn.Reset(fd, true, m.stamping(), &m.draining)
	m.begun(&s.conn)
	defer func() {
		if v := recover(); v != nil {
			m.panicked(&s.Thread, v)
			s.session = m.cfg.Service.NewSession()
		}
		s.conn.Close()
		s.Set(serve.Waiting)
	}()
	s.session.Reset(&s.conn)
	s.session.Serve(&s.Thread)
}

// stamping reports whether new connections have kernel time stamps. The first
// listener speaks for all, because they do not differ in this.
func (m *server) stamping() bool { return m.cfg.Listeners[0].Stamping() }

// panicked counts and logs a panic of a session outside of its handler, which
// is a defect of this program. It costs only that connection.
func (m *server) panicked(t *serve.Thread, value any) {
	m.panics.Add(1)
	slog.Error("session panicked", "mpm", m.name, "thread", t.ID, "panic", value, "stack", string(debug.Stack()))
}

// Wait implements MPM.
func (m *server) Wait() {
	if m.pool != nil {
		_ = m.pool.Wait() // what remains of the parkers ends with the process
	}
	m.running.Wait()
	m.end()
	if m.release != nil {
		m.release()
	}
	_ = m.close() // what remains of it ends with the process
}

// Look implements MPM. It calls Look of all sources that have it.
func (m *server) Look() {
	m.whileOpen(func() {
		for _, s := range m.sources {
			if l, ok := s.(sock.Looker); ok {
				l.Look()
			}
		}
	})
}
