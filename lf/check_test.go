package lf

import (
	"slices"

	"lflab/cas"
)

// The checker explores every interleaving of the real code: members step their
// own machine on a real cas.Leadership and real cas.Permits, one atomic access
// at a time. Only the environment is a model: futex(2) (compare and sleep in
// one step, wake, spurious return), the wait for an event (which may be
// interrupted), the handler (which may give the leadership up at any moment, or
// not), time (a deadline may pass at any moment), and the peers (events arrive,
// the source ends).
//
// In every reachable state it checks:
//
//	S1  each leader slot is in exactly one place: free, with a leader, with a
//	    thread that processes and keeps it, granted or being granted, or on
//	    its way to the sentinel. The leadership is neither lost nor doubled
//	S2  leadership is free only while no follower waits, or while a thread
//	    chooses; after an open or silent promotion some thread is about to
//	    look at it
//	S3  the stack has no cycle, and contains only threads that wait without
//	    a promise
//	S4  a thread that waits without a promise is on the stack, or another is
//	    about to tell it: every sleeping thread can be woken. The sentinel
//	    does not sleep while it has something to see, unless a thread is
//	    about to wake it
//	S5  each event is handled once, by the thread that received it
//	S6  only a leader waits for events
//	S7  after the end no thread is pushed
//	S8  the promoted follower is the one that the order names
//	L1  every event is received in the end; if the promotion gives up or takes
//	    the leadership before the end of processing, also if no handler ever
//	    returns and a thread is idle
//	L2  every promised thread leads in the end
//	L4  no thread is idle while no thread leads or is about to
//	L5  once the source has ended, all threads leave
//
// That each single thread leads some day (L3) is not checked, because last in,
// first out keeps the bottom of the stack idle on purpose.
//
// Events and disturbances are unlimited. A state holds no history, and tags and
// leases are stored relative to each other, so the reachable states are finite
// although runs are not.

// trial is a configuration to explore.
type trial struct {
	promotion string
	order     cas.Order
	threads   int
	leaders   int // 0 means 1
	sources   int // 0 means 1
	parking   parking
	calm      bool // without spurious returns
	endless   bool // there is always another event, and the source never ends
	limit     int  // of states; 0 means defaultLimit, and reaching that is an error
}

// parking is how much of the parker is modelled.
type parking uint8

const (
	byFutex parking = iota // permit and futex, one access at a time
	atOnce                 // a parker's operation is one step, as its contract promises
)

const (
	maxMembers   = 4
	maxSlots     = 2
	defaultLimit = 8_000_000
)

// tooMany is reported if a space is larger than the limit.
const tooMany = "too many states"

type checker struct {
	trial
	rules   rules
	backlog uint8 // events of each source that may wait at once
	mutant  mutant
	stop    bool // at the first violation of safety

	l       *cas.Leadership
	permits []*cas.Permit

	here, next state     // buffers
	packed     [2][]byte // buffers

	store  store
	goals  []goal  // of each state
	first  []int32 // state -> its first edge; the last state has the rest
	edges  []int32 // by the protocol's own steps; those of the environment are not kept
	finish []bool  // of each edge: a handler returns or yields
	parent []int32
	label  []label
	cut    bool             // the limit was reached
	lost   bool             // a mutant's step followed an invalid link
	found  map[string]int32 // violation -> state
}

func newChecker(t trial, m mutant) *checker {
	t.leaders, t.sources = max(t.leaders, 1), max(t.sources, 1)
	c := &checker{trial: t, rules: rulesOf(t.promotion), backlog: 2, mutant: m,
		l: cas.NewLeadership(t.threads, t.leaders), store: newStore(), found: map[string]int32{}}
	c.rules.order = t.order
	if t.sources > 1 {
		c.backlog = 1
	}
	for i := range t.threads {
		c.permits = append(c.permits, new(cas.Permit))
		c.l.Rank(uint16(i), uint8(255-i))
	}
	return c
}

func rulesOf(name string) rules {
	for _, p := range promotions {
		if p.Name == name {
			return p.rules
		}
	}
	panic("no promotion " + name)
}

// run explores everything reachable and returns the names of the violations,
// sorted.
func (c *checker) run() []string {
	first := c.start()
	c.add(&first, -1, label{what: started})
	limit := c.limit
	if limit == 0 {
		limit = defaultLimit
	}
	for at := int32(0); int(at) < c.store.len(); at++ {
		c.first = append(c.first, int32(len(c.edges)))
		if c.cut = c.store.len() > limit; c.cut {
			if c.limit == 0 {
				c.found[tooMany] = at
			}
			return c.violations()
		}
		s := &c.here
		c.unpackTo(s, c.store.key(at))
		c.goals = append(c.goals, c.goal(s))
		if c.inspect(at, s); c.stop && len(c.found) > 0 {
			return c.violations()
		}
		c.protocol(s, func(next *state, by label) {
			to := c.add(next, at, by)
			if c.lost {
				c.lost = false
				c.flag("S3 a link leads nowhere", to)
			}
			c.edges = append(c.edges, to)
			c.finish = append(c.finish, s.threads[by.who].at == handling)
		})
		c.environment(s, func(next *state, by label) { c.add(next, at, by) })
	}
	c.first = append(c.first, int32(len(c.edges)))
	if !c.endless {
		c.inspectLiveness()
	}
	return c.violations()
}

func (c *checker) violations() []string {
	names := make([]string, 0, len(c.found))
	for name := range c.found {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (c *checker) flag(name string, at int32) {
	if _, ok := c.found[name]; !ok {
		c.found[name] = at
	}
}

func (c *checker) add(s *state, from int32, by label) int32 {
	at, isNew := c.store.add(c.pack(s))
	if isNew {
		c.parent = append(c.parent, from)
		c.label = append(c.label, by)
	}
	return at
}

// protocol calls next with each state to which a step of a thread leads. next
// must not keep the state.
func (c *checker) protocol(s *state, next func(*state, label)) {
	n := &c.next
	for i := range c.threads {
		*n = *s
		if c.mutant.step != nil && c.mutant.step(c, n, i) {
			next(n, label{stepped, uint8(i), 0})
			continue
		}
		for choice := range c.choices(s, i) {
			if *n = *s; c.advance(n, i, choice) {
				next(n, label{stepped, uint8(i), uint8(choice)})
			}
		}
	}
}
