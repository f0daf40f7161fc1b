package lf

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"lflab/cas"
	"lflab/lf/flight"
	"lflab/lf/thread"
	"lflab/sync/gate"
	"lflab/sync/park"
)

// ErrEnded is what a Source's Wait returns when no event will come any more.
var ErrEnded = errors.New("event source ended")

// Source yields events. In the paper's words it is a handle set together with
// its demultiplexer.
type Source[E any] interface {
	// Wait blocks until there is an event. Only the leader calls it, and id is
	// its number in the pool. ErrEnded
	// ends the pool; after any other error the leader stays leader and waits
	// again, so a source that cannot go on for a while must wait a while
	// itself.
	Wait(id int) (E, error)

	// Interrupt makes the Wait that blocks and all later ones return
	// ErrEnded. Any thread may call it, more than once.
	Interrupt()
}

// Handler processes one event on the thread that received it. id is the
// thread's number in the pool, from 0.
type Handler[E any] func(id int, event E)

// Options are a pool's parameters. Threads and Parker must be set.
type Options struct {
	Name    string    // of the threads, as the kernel shows them: Name-ID
	Threads int       // members, leader included
	Parker  park.Kind // what followers sleep on
	Park    park.Options

	// Order is which follower is promoted and Promotion is when. Empty means
	// the default, the first of Orders and Promotions.
	Order     string
	Promotion string

	// Gate, when set, takes the place of Parker: the leadership is a lock.
	Gate *gate.Kind

	// Leaders is how many threads may wait for events at once; 0 means 1.
	Leaders int

	// Hold is how long promotions lazy and adaptive let a leader keep the
	// leadership while it processes; 0 means DefaultHold.
	Hold time.Duration

	// Log, when set, gives the flight log of each thread.
	Log func(id int) *flight.Log
}

// DefaultHold is how much handler time promotion adaptive lets pass before the
// leadership goes to another thread.
const DefaultHold = 50 * time.Microsecond

// Named is a policy that can be chosen by name.
type Named struct{ Name, Doc string }

// Orders are the known orders in which followers are promoted.
func Orders() []Named {
	return []Named{{"lifo", "the follower that parked last: its caches are warmest"}}
}

// Promotions are the known moments at which leadership is given up.
func Promotions() []Named {
	return []Named{{"handoff", "before the event is handled, to a named follower; exactly one wake-up"}}
}

// Choose returns the policy of that name, or the first of known for "".
func Choose(what, name string, known []Named) (string, error) {
	if name == "" {
		return known[0].Name, nil
	}
	names := ""
	for i, k := range known {
		if k.Name == name {
			return name, nil
		}
		if i > 0 {
			names += ", "
		}
		names += k.Name
	}
	return "", fmt.Errorf("unknown %s %q (known: %s)", what, name, names)
}

// Pool is a set of threads that take turns leading. Make it with New.
type Pool[E any] struct {
	source     Source[E]
	handle     Handler[E]
	opt        Options
	leadership *cas.Leadership
	parkers    []park.Parker
	counters   []counters
	passes     atomic.Uint64 // number of the next hand-off, for the flight log
	threads    []*thread.Thread
	ended      sync.WaitGroup
}

// New prepares a pool; Start sets it going.
func New[E any](source Source[E], handle Handler[E], opt Options) (*Pool[E], error) {
	if opt.Threads < 1 || opt.Threads > cas.MaxFollowers {
		return nil, fmt.Errorf("pool of %d threads (want 1 to %d)", opt.Threads, cas.MaxFollowers)
	}
	var err error
	if opt.Order, err = Choose("order", opt.Order, Orders()); err != nil {
		return nil, err
	}
	if opt.Promotion, err = Choose("promotion", opt.Promotion, Promotions()); err != nil {
		return nil, err
	}
	p := &Pool[E]{
		source: source, handle: handle, opt: opt,
		leadership: cas.NewLeadership(opt.Threads, 1),
		counters:   make([]counters, opt.Threads),
	}
	for i := range opt.Threads {
		parker, err := opt.Parker.New(opt.Park)
		if err != nil {
			p.closeParkers()
			return nil, fmt.Errorf("make parker %d of %d: %w", i+1, opt.Threads, err)
		}
		p.parkers = append(p.parkers, parker)
	}
	return p, nil
}

// Start starts the threads. The first to come leads, the others follow.
func (p *Pool[E]) Start() {
	thread.Reserve(p.opt.Threads)
	p.ended.Add(p.opt.Threads)
	for id := range p.opt.Threads {
		name := fmt.Sprintf("%s-%d", p.opt.Name, id)
		p.threads = append(p.threads, thread.Start(thread.Options{Name: name, CPU: thread.AnyCPU}, func(*thread.Thread) {
			defer p.ended.Done()
			p.run(id)
		}))
	}
}

// Stop ends the pool: the leader's wait is interrupted, followers leave, and
// threads that are processing leave when they are done. It does not wait.
func (p *Pool[E]) Stop() { p.source.Interrupt() }

// Wait blocks until every thread has left, and then gives the parkers back.
func (p *Pool[E]) Wait() error {
	p.ended.Wait()
	return p.closeParkers()
}

func (p *Pool[E]) closeParkers() error {
	var errs []error
	for _, parker := range p.parkers {
		errs = append(errs, parker.Close())
	}
	return errors.Join(errs...)
}

// run is a member's life: it steps the protocol and does what that asks for.
func (p *Pool[E]) run(id int) {
	var (
		m     = newMember(id)
		c     = &p.counters[id]
		log   *flight.Log
		event E
		slept bool // parked at least once since joining
		stale bool // a permit may be left over: promised before it could park
	)
	if p.opt.Log != nil {
		log = p.opt.Log(id)
	}
	for {
		led := m.pc == leading
		switch m.step(p.leadership) {
		case goOn:
			if m.pc == leading && !led {
				c.leads(&m)
				log.Leads(p.passes.Load(), slept)
				stale = stale || m.promoted && !slept
				slept = false
			}
		case sleep:
			if slept && !stale {
				c.wakesWasted.Add(1)
			}
			stale = stale && !slept
			log.Flush()
			p.parkers[id].Park()
			slept = true
		case lead:
			log.Arms()
			var err error
			event, err = p.source.Wait(id)
			switch {
			case err == nil:
				// Only the leader counts, so the number needs no atomic add.
				n := p.passes.Load()
				p.passes.Store(n + 1)
				log.Event(n)
				log.Passes()
				m.waited(gotEvent)
			case errors.Is(err, ErrEnded):
				m.waited(sourceEnded)
			default:
				m.waited(gotNothing)
			}
		case wake:
			log.Published()
			if p.parkers[m.heir()].Unpark() {
				c.wakesIssued.Add(1)
			}
			log.Woke()
		case process:
			c.retries.Add(uint64(m.promote.Retries))
			p.process(id, event)
			c.processed.Add(1)
			m.processed()
		case leave:
			log.Flush()
			return
		}
	}
}

// process calls the handler and survives it: leadership has been passed on
// already, so a handler that panics costs the pool nothing but its event.
func (p *Pool[E]) process(id int, event E) {
	defer func() {
		if r := recover(); r != nil {
			p.counters[id].panics.Add(1)
			slog.Error("handler panicked", "thread", id, "panic", r, "stack", string(debug.Stack()))
		}
	}()
	p.handle(id, event)
}
