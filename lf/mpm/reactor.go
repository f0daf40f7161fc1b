package mpm

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

var reactorKind = Kind{
	Name:       "reactor",
	Doc:        "Leader/Followers over the whole handle set: listener and connections in one epoll set, the leader takes an event and promotes, the handle is deactivated meanwhile",
	Async:      true,
	MinThreads: 1,
	Parks:      true,
	Pool:       true,
	Divides:    true,
	Choices:    []Choice{choiceOf("deactivate"), choiceOf("association")},
	Promotes:   reactorPromotion,
	Refuses:    refuseReactor,
	Shape:      flight.Leadership,
	New:        newReactor,
}

// reactor is a pool whose event sources are epoll sets. A connection is served
// while there is something to do and waits in the set otherwise, so a slow
// peer holds no thread. Sets beyond the first divide the connections, not the
// listener, which is in all of them.
type reactor struct {
	*crew
	pool  *lf.Pool[*handle]
	door  *entrance
	sets  []*handleSet
	edges bool
	bound bool
	// afterRead has a leader promote when it has read.
	afterRead bool
	table     []atomic.Pointer[handle] // by descriptor
	highest   atomic.Int64             // descriptor ever held
	alive     atomic.Int64             // connections that are open
	sessions  *cas.Ring[serve.Session]
	owners    int // that connections were given to, where they are bound; the leader's
}

func newReactor(cfg Config) (MPM, error) {
	m := &reactor{
		crew:     newCrew("reactor", cfg, cfg.Threads),
		door:     cfg.entrance(),
		edges:    cfg.Deactivate == lf.Edge,
		sessions: cas.NewRing[serve.Session](1 << 10),
	}
	if err := m.setUp(cfg); err != nil {
		for _, s := range m.sets {
			s.close()
		}
		return nil, err
	}
	return m, nil
}

// reactorPromotion is adaptive where the rest allows it.
func reactorPromotion(cfg Config) lf.Promotion {
	if cfg.Gate != nil || cfg.Association == lf.Bound {
		return lf.Handoff
	}
	return lf.Adaptive
}

// refuseReactor tells what does not go with events that are bound to threads.
func refuseReactor(cfg Config) error {
	if cfg.Association == lf.Bound && cfg.Sets > 1 {
		return fmt.Errorf("connections that are bound to threads have one handle set, not %d", cfg.Sets)
	}
	return nil
}

func (m *reactor) setUp(cfg Config) (err error) {
	if m.table, err = newTable[handle](); err != nil {
		return err
	}
	if err = m.door.doNotWait(); err != nil {
		return err
	}
	var sources []lf.Source[*handle]
	for range max(cfg.Sets, 1) {
		s := &handleSet{m: m, kick: -1}
		m.sets = append(m.sets, s)
		if err = s.open(); err != nil {
			return err
		}
		for range max(cfg.Leaders, 1) {
			sources = append(sources, &demultiplexer{m: m, set: s, events: make([]unix.EpollEvent, batch)})
		}
	}
	opt := cfg.pool("reactor")
	m.bound = opt.Association == lf.Bound
	opt.Leaders = 1 // for each source
	m.shown(&opt)
	if m.pool, err = lf.NewOver(sources, m.handle, opt); err != nil {
		return err
	}
	m.afterRead = opt.Promotion == lf.AfterRead
	for id := range m.seats {
		m.seats[id].Yield = func() { m.pool.Yield(id) }
	}
	return nil
}

// newTable makes a table with a place for each descriptor that the process may have.
func newTable[T any]() ([]atomic.Pointer[T], error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil, fmt.Errorf("read the limit of open files: %w", err)
	}
	return make([]atomic.Pointer[T], min(limit.Max, 1<<20)), nil
}

func (m *reactor) Start() error {
	m.muster()
	m.pool.Start()
	return nil
}

// Drain implements MPM: it wakes the leaders, which do the rest.
func (m *reactor) Drain() {
	m.crew.drain(func() { m.whileOpen(m.knock) })
}

// Cut implements MPM.
func (m *reactor) Cut() {
	m.hurry(&m.cfg)
	m.Drain()
	m.cutting.Store(true)
	for fd := range m.highest.Load() + 1 {
		if h := m.table[fd].Load(); h != nil {
			h.conn.Cut()
		}
	}
}

func (m *reactor) knock() {
	for _, s := range m.sets {
		s.knock()
	}
}

func (m *reactor) Wait() {
	_ = m.pool.Wait() // what is left of these ends with the process
	m.end()
	for _, s := range m.sets {
		s.close()
	}
}

func (m *reactor) Status() serve.Status {
	st := m.status()
	st.Primitive = m.cfg.primitive()
	for name, n := range m.pool.Stats().Map() {
		st.Counters[name] = n
	}
	open(&st, int(max(m.alive.Load(), 0)))
	for fd := range m.highest.Load() + 1 {
		if h := m.table[fd].Load(); h != nil && h.state.Load()&whereMask == waiting {
			countIn(&st, serve.Next(h.next.next.Load()), 1)
		}
	}
	return st
}

// handle serves a connection on thread id, which owns it, until it must wait
// for its peer.
func (m *reactor) handle(id int, h *handle) {
	s := &m.seats[id]
	s.Began = m.pool.Began(id)
	if m.afterRead {
		h.conn.AfterRead = s.Yield
	}
	set := m.setOf(h)
	for m.again(s, set, h) {
		s.BeforeLong() // something has arrived that another leader was told of
	}
	s.Set(serve.Waiting)
}

// again serves the connection once, and gives it away. It reports true when
// there is more to do, and the caller owns it still.
func (m *reactor) again(s *seat, set *handleSet, h *handle) bool {
	next, ok := m.step(s, h)
	if !ok || next == serve.Close {
		m.close(h)
		return false
	}
	return !m.await(set, h, next)
}

// reach notes that a descriptor has been held.
func (m *reactor) reach(fd int64) {
	for old := m.highest.Load(); fd > old && !m.highest.CompareAndSwap(old, fd); {
		old = m.highest.Load()
	}
}

// setOf is the handle set that the connection belongs to.
func (m *reactor) setOf(h *handle) *handleSet {
	if len(m.sets) == 1 {
		return m.sets[0]
	}
	return m.sets[h.conn.FD()%len(m.sets)]
}

// step has the session served, and sees to it that it stays with the
// connection if it holds something of it, and with the thread otherwise.
func (m *reactor) step(s *seat, h *handle) (next serve.Next, ok bool) {
	session := h.session
	if session == nil {
		session = s.session
		session.Reset(&h.conn)
	}
	defer func() {
		if v := recover(); v != nil {
			m.panicked(&s.Thread, v)
			if h.session == nil {
				s.session = m.cfg.Service.NewSession()
			}
			h.session = nil
		}
	}()
	next = session.Serve(&s.Thread)
	if next == serve.Close {
		return next, true
	}
	by := session.Deadline()
	// A peer that sends a byte now and then keeps its connection from ever
	// being found waiting too long.
	if next.Reads() && by != 0 && by <= flight.Now() {
		session.Expire(&s.Thread)
		return serve.Close, true
	}
	h.next.set(next)
	if at, changed := h.setDeadline(by); changed {
		m.setOf(h).due(at)
	}
	switch keep := !session.Empty(); {
	case keep && h.session == nil:
		h.session, s.session = session, m.spareSession()
	case !keep && h.session != nil:
		h.session = nil
		m.sessions.Push(session) // a full ring leaves it to the collector
	}
	return next, true
}

func (m *reactor) spareSession() serve.Session {
	if session, ok := m.sessions.Pop(); ok {
		return session
	}
	return m.cfg.Service.NewSession()
}

// await reactivates the connection: from the moment it is given away, it may
// belong to somebody else, and even be another connection. It reports false
// when an edge came meanwhile: then it is the caller's still.
//
// Where events are edges, a connection is put into the set once, and from then
// on its word is all that has to be written. An edge is told when something
// arrives, not while it is there: for what was left unread, or room left
// unfilled, the kernel is asked to look again.
func (m *reactor) await(set *handleSet, h *handle, next serve.Next) bool {
	if m.edges && h.inSet && !h.unfinished(next) {
		if !h.release() {
			return false
		}
		m.mindDrain()
		return true
	}
	var events uint32
	switch {
	case m.edges:
		events = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET
	case next == serve.WriteMore:
		events = unix.EPOLLOUT | unix.EPOLLONESHOT
	default:
		events = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT
	}
	fd, token, first := h.conn.FD(), h.token(), !h.inSet
	h.inSet = true
	st := h.arm()
	var err error
	if first {
		err = set.epoll.Add(fd, events, token)
	} else {
		err = set.epoll.Modify(fd, events, token)
	}
	if err != nil {
		h.disarmed(st)
		m.refused(h, err)
		return true
	}
	h.armed(st)
	m.mindDrain()
	return true
}

// mindDrain has a leader look at a connection that came to wait while the
// server ends.
func (m *reactor) mindDrain() {
	if m.easing.Load() {
		m.knock()
	}
}

// refused closes a connection that the set does not take: ENOMEM, or the limit
// of epoll watches.
func (m *reactor) refused(h *handle, err error) {
	m.cfg.noteShort(fmt.Errorf("cannot wait for a connection: %w", err))
	m.close(h)
}

// close closes a connection that the caller owns.
func (m *reactor) close(h *handle) {
	if h.session != nil {
		m.sessions.Push(h.session)
		h.session = nil
	}
	_ = sock.CloseFD(h.shut()) // the set forgets the descriptor with it
	if m.alive.Add(-1) == 0 && m.draining.Load() {
		m.knock()
	}
}

// handleSet is one epoll set with the listener in it.
type handleSet struct {
	m     *reactor
	epoll *sock.Epoll
	kick  int // eventfd that wakes a leader

	// soonest is the earliest deadline that is known of, ns, or never.
	// waitsTill is until when a leader waits, 0 when it does not: then it
	// looks at soonest before it does.
	soonest   atomic.Int64
	waitsTill atomic.Int64
}

const never = math.MaxInt64

func (s *handleSet) open() (err error) {
	s.soonest.Store(never)
	if s.epoll, err = sock.NewEpoll(); err != nil {
		return err
	}
	if s.kick, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return fmt.Errorf("make eventfd: %w", err)
	}
	if err = s.epoll.Add(s.kick, unix.EPOLLIN|unix.EPOLLET, kickToken); err != nil {
		return fmt.Errorf("add eventfd to epoll set: %w", err)
	}
	return s.watch()
}

func (s *handleSet) watch() error { return s.m.door.watch(s.epoll) }

// unwatch takes the listeners out of the set, if they are there.
func (s *handleSet) unwatch() { s.m.door.unwatch(s.epoll) }

// knock ends the wait of one leader. The eventfd is never read: each write is
// an edge.
func (s *handleSet) knock() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(s.kick, one[:]) // the counter cannot overflow
}

// due notes a deadline, and ends a leader's wait that would last beyond it.
func (s *handleSet) due(at int64) {
	if at == 0 {
		return
	}
	for {
		old := s.soonest.Load()
		if old <= at {
			return
		}
		if s.soonest.CompareAndSwap(old, at) {
			break
		}
	}
	if s.waitsTill.Load() > at {
		s.waitsTill.Store(at)
		s.knock()
	}
}

func (s *handleSet) close() {
	if s.epoll != nil {
		_ = s.epoll.Close()
	}
	if s.kick >= 0 {
		_ = unix.Close(s.kick)
	}
}

// Look implements MPM.
func (m *reactor) Look() {
	m.whileOpen(func() {
		for i := range m.sets {
			m.door.look(m.sets[i].epoll)
		}
	})
}
