package lf

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"lflab/cas"
	"lflab/lf/flight"
	"lflab/lf/thread"
	"lflab/sync/gate"
	"lflab/sync/park"
)

// ErrEnded is returned by a Source that will yield no more events.
var ErrEnded = errors.New("event source ended")

// Source yields events. It is the paper's handle set together with its
// demultiplexer.
type Source[E any] interface {
	// Wait blocks until there is an event. Only the leader calls it, and id is
	// the leader's number in the pool. ErrEnded ends the pool. After any other
	// error the leader calls Wait again, so a source that cannot go on must
	// itself wait a while before it returns.
	Wait(id int) (E, error)

	// Interrupt makes the blocked Wait and all later ones return ErrEnded. Any
	// thread may call it, more than once.
	Interrupt()
}

// Queued is a Source that takes several events at a time from the system.
// Promotion adaptive asks it how much work waits.
type Queued interface {
	// Ready counts the events that wait besides the one that Wait returned
	// last. Only the leader calls it.
	Ready() int
}

// Owned is a Source whose events are bound to threads: the leader hands each
// event to its owner and leads on. (The paper calls this bound associations of
// handles and threads.)
type Owned[E any] interface {
	Source[E]
	// Owner returns the number of the thread that must handle the event.
	Owner(E) int
}

// Handler processes one event on the thread that received it. id is the
// thread's number in the pool, from 0.
type Handler[E any] func(id int, event E)

// Pool is a set of threads that take turns leading. Make one with New.
type Pool[E any] struct {
	sources    []Source[E]
	handle     Handler[E]
	opt        Options
	rules      rules
	leadership *cas.Leadership
	gate       gate.Gate      // replaces leadership and the members' parkers
	since      []stamp        // for each slot: when its leader received the current event; used only with leases
	backlogs   []backlog      // for each slot; used if leases are
	idle       atomic.Bool    // the sentinel's last look found a free processor
	census     *thread.Census // nil if it is not needed or cannot be opened
	cpus       int
	members    []seat[E]
	passes     atomic.Uint64 // number of the next hand-off, for the flight log
	threads    []*thread.Thread
	ended      sync.WaitGroup
	started    atomic.Bool
	procs      func() // releases the reservation of GOMAXPROCS
}

// seat holds the data of one thread.
type seat[E any] struct {
	counters
	m      member
	id     int
	parker park.Parker
	log    *flight.Log
	event  E
	began  int64
	slept  bool // parked at least once since joining
	stale  bool // a permit may be left over, because the promise came before the thread could park
	watch  vigil
	box    *cas.Ring[E] // bound events that wait for the thread
	holds  bool         // holds the gate
	_      [cas.CacheLine]byte
}

type stamp struct {
	atomic.Int64
	_ [cas.CacheLine - 8]byte
}

// New makes a pool with one event source. Start starts it.
func New[E any](source Source[E], handle Handler[E], opt Options) (*Pool[E], error) {
	return NewOver([]Source[E]{source}, handle, opt)
}

// NewOver makes a pool with several event sources. For each source,
// Options.Leaders threads may lead at once. All sources share the followers.
// The pool ends when the first source ends.
func NewOver[E any](sources []Source[E], handle Handler[E], opt Options) (*Pool[E], error) {
	r, err := opt.resolve()
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, errors.New("a pool without an event source (pass one or more)")
	}
	for i, source := range sources {
		if source == nil {
			return nil, fmt.Errorf("event source %d of %d is nil (pass a Source)", i+1, len(sources))
		}
	}
	if handle == nil {
		return nil, errors.New("a pool without a handler (pass the function that processes an event)")
	}
	slots := opt.Leaders * len(sources)
	bound := opt.Association == Bound
	_, owned := sources[0].(Owned[E])
	switch {
	case bound && !owned:
		return nil, errors.New("bound events need a source that knows their owners (implement Owned)")
	case bound && slots > 1:
		return nil, fmt.Errorf("bound events are handed out by one leader, not %d", slots)
	case slots > cas.MaxLeaders:
		return nil, fmt.Errorf("%d leaders for each of %d event sources (want at most %d in all)", opt.Leaders, len(sources), cas.MaxLeaders)
	case slots > opt.Threads:
		return nil, fmt.Errorf("%d threads for %d event sources with %d leaders each (want a thread for each leader)", opt.Threads, len(sources), opt.Leaders)
	case slots > 1 && opt.Gate != nil:
		return nil, fmt.Errorf("gate %s lets in one leader; there are %d event sources (use one source, or a parker)", opt.Gate.Name, len(sources))
	}
	p := &Pool[E]{
		sources: sources, handle: handle, opt: opt, rules: r,
		leadership: cas.NewLeadership(opt.Threads, slots),
		since:      make([]stamp, slots),
		backlogs:   make([]backlog, slots),
		members:    make([]seat[E], opt.Threads),
	}
	for i := range p.members {
		s := &p.members[i]
		s.id = i
		s.m = newMember(i, r, slots)
		p.leadership.Rank(uint16(i), uint8(max(0, 255-i)))
		if bound {
			s.box = cas.NewRing[E](boxSize)
		}
		if opt.Gate != nil {
			continue
		}
		if s.parker, err = opt.Parker.New(opt.Park); err != nil {
			return nil, errors.Join(fmt.Errorf("make parker %d of %d: %w", i+1, opt.Threads, err), p.close())
		}
	}
	if r.leased {
		// Without a census, a leader with much waiting work keeps the
		// leadership.
		p.census, _ = thread.NewCensus()
		p.cpus = len(thread.CPUs())
	}
	if opt.Gate != nil {
		if p.gate, err = opt.Gate.New(opt.Threads); err != nil {
			return nil, fmt.Errorf("make gate %s: %w", opt.Gate.Name, err)
		}
	}
	return p, nil
}

// Start starts the threads. The first to join leads, the others follow. It
// raises GOMAXPROCS until Wait returns; see the package comment. It panics if
// the pool was started before.
func (p *Pool[E]) Start() {
	if p.started.Swap(true) {
		panic("lf: a pool was started twice (make another one with New)")
	}
	p.procs = thread.Reserve(p.opt.Threads)
	p.ended.Add(p.opt.Threads)
	body := p.run
	if p.gate != nil {
		body = p.runGated
	}
	for id := range p.members {
		s := &p.members[id]
		if p.opt.Log != nil {
			s.log = p.opt.Log(id)
		}
		if p.opt.Handoffs != nil {
			s.handoffs = p.opt.Handoffs(id)
		}
		name := fmt.Sprintf("%s-%d", p.opt.Name, id)
		p.threads = append(p.threads, thread.Start(thread.Options{
			Name: name, CPU: thread.AnyCPU, Unlocked: p.gate == nil && p.opt.Parker.Unlocked,
		}, func(*thread.Thread) {
			defer p.ended.Done()
			if p.opt.Leave != nil {
				defer p.opt.Leave(id)
			}
			if p.opt.Enter != nil {
				p.opt.Enter(id)
			}
			body(s)
		}))
	}
}

// Stop ends the pool. It interrupts the leader's wait; followers leave; threads
// that process leave when they are done. It does not wait for them.
func (p *Pool[E]) Stop() {
	for _, s := range p.sources {
		s.Interrupt()
	}
}

// Wait blocks until every thread has left. Then it closes what they slept on
// and restores GOMAXPROCS. If the pool was not started it returns at once. Call
// it once.
func (p *Pool[E]) Wait() error {
	p.ended.Wait()
	if p.procs != nil {
		p.procs()
	}
	return p.close()
}

func (p *Pool[E]) close() error {
	var errs []error
	for i := range p.members {
		if parker := p.members[i].parker; parker != nil {
			errs = append(errs, parker.Close())
		}
	}
	if p.gate != nil {
		errs = append(errs, p.gate.Close())
	}
	if p.census != nil {
		errs = append(errs, p.census.Close())
	}
	return errors.Join(errs...)
}

// Yield gives up the leadership if thread id still has it while it processes. A
// handler calls it on its own thread before it blocks or works for long. It
// does nothing with a promotion that gives up the leadership before the
// handler, or never. It does not block.
func (p *Pool[E]) Yield(id int) {
	s := &p.members[id]
	if p.gate != nil {
		p.leaveGate(s)
		return
	}
	if !s.m.holds || p.rules.never {
		return
	}
	s.log.Passes()
	for s.m.yield(); ; {
		switch s.m.step(p.leadership) {
		case wake:
			p.wake(s)
		case process:
			return
		}
	}
}

// Began returns when thread id received the event that it processes, in ns of
// CLOCK_MONOTONIC. It is 0 where the promotion does not record it. Only thread
// id may call it.
func (p *Pool[E]) Began(id int) int64 { return p.members[id].began }

// run is the main loop of a thread. It steps the member and does what each step
// asks for.
func (p *Pool[E]) run(s *seat[E]) {
	m := &s.m
	for {
		led := m.pc == leading || m.pc == ending // a leader that leads on has not joined
		next := m.step(p.leadership)
		if m.pc == leading && !led {
			s.leads(m)
			s.log.Leads(p.passes.Load(), s.slept)
			s.stale = s.stale || m.promoted && !s.slept
			s.slept = false
		}
		switch next {
		case sleep:
			if s.hasMail() {
				m.visits()
				continue
			}
			if s.slept && !s.stale {
				s.wakesWasted.Add(1)
			}
			s.stale = s.stale && !s.slept
			s.log.Flush()
			p.sleep(s)
			s.slept = true
		case lead:
			if s.hasMail() {
				m.visits()
				continue
			}
			s.log.Arms()
			p.lead(s)
		case wake:
			p.wake(s)
		case process:
			s.retries.Add(uint64(m.promote.Retries + m.choose.Retries))
			p.process(s)
			s.processed.Add(1)
			p.readMail(s)
			m.processed()
		case visit:
			p.readMail(s)
			m.visited()
		case found:
			p.found(s)
		case overdue:
			p.overdue(s)
		case quiet:
			p.quiet(s)
		case rest:
			s.log.Flush()
			s.parker.Park()
		case leave:
			p.readMail(s)
			s.log.Flush()
			return
		}
	}
}

// lead waits once for an event.
func (p *Pool[E]) lead(s *seat[E]) {
	var err error
	s.event, err = p.source(s.m.slot).Wait(s.id)
	switch {
	case err == nil && p.opt.Association == Bound && p.deliver(s):
		s.m.waited(gotNothing)
	case err == nil:
		p.received(s)
		if p.rules.leased && p.divides(s) {
			s.m.waited(gotMany)
			break
		}
		s.m.waited(gotEvent)
	case errors.Is(err, ErrEnded):
		if len(p.sources) > 1 {
			p.Stop() // the leaders of other sources still wait
		}
		s.m.waited(sourceEnded)
	default:
		s.m.waited(gotNothing)
	}
}

func (p *Pool[E]) source(slot uint8) Source[E] { return p.sources[int(slot)%len(p.sources)] }

// received records that an event has come.
func (p *Pool[E]) received(s *seat[E]) {
	if p.rules.leased {
		s.began = flight.Now()
		p.since[s.m.slot].Store(s.began)
	}
	if s.log == nil {
		return
	}
	s.log.Event(p.passes.Add(1) - 1)
	if p.rules.early {
		s.log.Passes()
	}
}

// wake wakes the member that the protocol named.
func (p *Pool[E]) wake(s *seat[E]) {
	s.log.Published()
	if p.members[s.m.wakes].parker.Unpark() {
		s.wakesIssued.Add(1)
	}
	s.log.Woke()
}

// sleep parks a follower until it is woken. It may return early.
func (p *Pool[E]) sleep(s *seat[E]) {
	if p.rules.spins && p.spin(s) {
		return
	}
	s.parker.Park()
}

// process calls the handler. If the handler panics, only its event is lost.
func (p *Pool[E]) process(s *seat[E]) {
	defer func() {
		if r := recover(); r != nil {
			s.panics.Add(1)
			slog.Error("handler panicked", "thread", s.id, "panic", r, "stack", string(debug.Stack()))
		}
	}()
	p.handle(s.id, s.event)
}
