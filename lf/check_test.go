package lf

import (
	"fmt"
	"slices"
	"strings"

	"lflab/cas"
)

// The checker explores every interleaving of the code that runs: members step
// their own machine on a real cas.Leadership and real cas.Permits, one atomic
// access at a time. Only the kernel is a model here: futex(2) (compare and
// sleep in one step, wake, return for no reason), the wait for an event (which
// may be interrupted), and the peers (events arrive, the source ends).
//
// What is checked in every state that can be reached:
//
//	S1  one leader at most; free slots, leaders and promises add up to one:
//	    the leadership is neither lost nor doubled
//	S2  leadership is free only while no follower waits
//	S3  the stack has no cycle, and names only threads that wait unpromised
//	S4  a thread that waits unpromised is on the stack, or somebody is about
//	    to tell it: nobody sleeps who cannot be woken
//	S5  each event is handled once, by the thread that received it
//	S6  only a leader waits for events
//	S7  after the end nobody is pushed
//	L1  every event is received in the end
//	L2  every promised thread leads in the end
//	L4  never does a thread idle while nobody leads or is about to
//	L5  once the source has ended, all threads leave
//
// That each single thread leads some day is not among them: last in, first out
// lets the bottom of the stack rest on purpose.
//
// Events and disturbances are unlimited: a state holds no history, tags are
// kept relative, and so the reachable states are finite although runs are not.

const maxMembers = 3

// actor is one member and where it is outside of its machine.
type actor struct {
	m       member
	at      place
	take    cas.Take
	heir    uint8
	holding bool  // an event that has not been handled yet
	extra   uint8 // scratch of mutants
}

type place uint8

const (
	running  place = iota
	taking         // in the parker, before the next access of Take
	inWait         // has called FUTEX_WAIT, not yet compared
	asleep         // on the futex's queue
	giving         // about to give heir its permit
	inWake         // has called FUTEX_WAKE for heir
	onSource       // blocked on the event source
	handling       // in the handler
	gone
)

// state is everything; it is comparable.
type state struct {
	image   cas.Image
	permit  [maxMembers]uint32
	threads [maxMembers]actor
	pending uint8 // events that wait to be received
	closed  bool  // the source has ended
	lost    bool  // an event was dropped or handled twice
}

// mutant replaces transitions of a thread. step returns false to leave the
// transition to the code that runs.
type mutant struct {
	name string
	step func(c *checker, s *state, i int) bool
	// spurious, when set, forbids the kernel's spurious returns: the mutant
	// must be caught without their help.
	calm bool
}

type checker struct {
	n       int
	rules   rules
	backlog uint8 // events that may wait at once
	mutant  mutant
	limit   int
	stop    bool // at the first violation of safety

	l       *cas.Leadership
	permits []*cas.Permit

	states []key
	index  map[key]int32
	edges  [][]int32 // by the protocol's own steps; the environment's are not kept
	parent []int32
	label  []label
	found  map[string]int32 // violation -> state
}

func newChecker(n int, m mutant) *checker {
	c := &checker{n: n, rules: rulesOf("handoff"), backlog: 2, mutant: m, limit: 5_000_000,
		l: cas.NewLeadership(n, 1), index: map[key]int32{}, found: map[string]int32{}}
	for range n {
		c.permits = append(c.permits, new(cas.Permit))
	}
	return c
}

// run explores everything reachable and returns the violations' names, sorted.
func (c *checker) run() []string {
	first := state{image: c.l.Save()}
	for i := range c.n {
		first.threads[i].m = newMember(i, c.rules, 1)
	}
	c.add(first, -1, label{started, 0})
	for at := int32(0); int(at) < len(c.states); at++ {
		if len(c.states) > c.limit {
			c.found["too many states"] = at
			break
		}
		if c.inspect(at); c.stop && len(c.found) > 0 {
			return c.violations()
		}
		for i := range c.n {
			c.protocolStep(at, i)
		}
		c.environment(at)
	}
	c.inspectLiveness()
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

func (c *checker) add(s state, from int32, by label) int32 {
	k := c.pack(&s)
	if at, ok := c.index[k]; ok {
		return at
	}
	at := int32(len(c.states))
	c.index[k] = at
	c.states = append(c.states, k)
	c.edges = append(c.edges, nil)
	c.parent = append(c.parent, from)
	c.label = append(c.label, by)
	return at
}

// protocolStep lets thread i make its next step, if it can.
func (c *checker) protocolStep(at int32, i int) {
	s := c.unpack(c.states[at])
	if c.mutant.step == nil || !c.mutant.step(c, &s, i) {
		if !c.advance(&s, i) {
			return
		}
	}
	to := c.add(s, at, label{stepped, uint8(i)})
	c.edges[at] = append(c.edges[at], to)
}

// advance makes thread i's next step in s. It returns false if i is blocked.
func (c *checker) advance(s *state, i int) bool {
	t := &s.threads[i]
	switch t.at {
	case running:
		a := c.stepMember(s, i)
		switch a {
		case sleep:
			t.at, t.take = taking, cas.Take{}
		case lead:
			t.at = onSource
		case wake:
			t.at, t.heir = giving, uint8(t.m.wakes)
		case process:
			t.at = handling
		case leave:
			t.at = gone
		}
	case taking:
		c.permits[i].Word().Store(s.permit[i])
		r := t.take.Step(c.permits[i])
		s.permit[i] = c.permits[i].Word().Load()
		switch r {
		case cas.TakeSleep:
			t.at = inWait
		case cas.Taken:
			t.at = running
		}
	case inWait:
		if s.permit[i] == cas.Asleep {
			t.at = asleep
		} else {
			t.at = taking
		}
	case giving:
		p := c.permits[t.heir]
		p.Word().Store(s.permit[t.heir])
		if t.at = running; p.Give() {
			t.at = inWake
		}
		s.permit[t.heir] = p.Word().Load()
	case inWake:
		c.futexWake(s, t.heir)
		t.at = running
	case onSource:
		switch {
		case s.closed:
			t.m.waited(sourceEnded)
		case s.pending > 0:
			s.pending--
			s.lost = s.lost || t.holding
			t.holding = true
			t.m.waited(gotEvent)
		default:
			return false
		}
		t.at = running
	case handling:
		s.lost = s.lost || !t.holding
		t.holding = false
		t.m.processed()
		t.at = running
	default: // asleep, gone
		return false
	}
	return true
}

// stepMember steps the machine of thread i on the real leadership word.
func (c *checker) stepMember(s *state, i int) act {
	c.l.Restore(s.image)
	a := s.threads[i].m.step(c.l)
	s.image = c.l.Save()
	return a
}

func (c *checker) futexWake(s *state, heir uint8) {
	if s.threads[heir].at == asleep {
		s.threads[heir].at = taking
	}
}

// environment adds what the world may do in any state.
func (c *checker) environment(at int32) {
	s := c.unpack(c.states[at])
	if s.pending < c.backlog && !s.closed {
		n := s
		n.pending++
		c.add(n, at, label{arrived, 0})
	}
	if !s.closed {
		n := s
		n.closed = true
		c.add(n, at, label{sourceClosed, 0})
	}
	for i := range c.n {
		switch {
		case s.threads[i].at == asleep && !c.mutant.calm:
			n := s
			n.threads[i].at = taking
			c.add(n, at, label{spuriousReturn, uint8(i)})
		case s.threads[i].at == onSource && !c.mutant.calm:
			n := s
			n.threads[i].at = running
			n.threads[i].m.waited(gotNothing)
			if c.mutant.step != nil {
				n.threads[i].extra |= interrupted
			}
			c.add(n, at, label{interruption, uint8(i)})
		}
	}
}

// interrupted marks, for mutants, that a wait for an event ended with nothing.
const interrupted = 0x80

// inspect checks the safety properties of one state.
func (c *checker) inspect(at int32) {
	s := c.unpack(c.states[at])
	flag := func(name string) {
		if _, ok := c.found[name]; !ok {
			c.found[name] = at
		}
	}
	w := s.image.Word

	// S3: the stack is finite and names only followers without a promise.
	var stacked [maxMembers]bool
	for x := w.Head(); x != cas.End; x = s.image.Next[x] {
		if int(x) >= c.n || stacked[x] {
			flag("S3 stack has a cycle")
			break
		}
		stacked[x] = true
		if s.threads[x].m.pc != following || s.image.Promise[x] != cas.NoPromise {
			flag("S3 stack names a thread that does not wait")
		}
	}

	tokens, leaders := w.Free(), 0
	var named [maxMembers]bool // somebody is about to tell this follower
	for i := range c.n {
		t := &s.threads[i]
		switch m := &t.m; {
		case t.at == gone:
			if t.holding {
				flag("S5 event lost")
			}
		case m.pc == leading:
			tokens++
			leaders++
		case m.pc == promoting:
			tokens++
			if m.promote.PC == cas.PromoteGrant {
				named[m.promote.Heir] = true
			} else {
				leaders++
			}
		case m.pc == following && s.image.Promise[i].Kind() == cas.Granted:
			tokens++
		case m.pc == terminating && m.terminate.PC >= cas.TerminateNext:
			if m.terminate.PC == cas.TerminateGrant {
				named[m.terminate.Heir] = true
			}
			for x, n := m.terminate.Next, 0; x != cas.End && n < c.n; x, n = s.image.Next[x], n+1 {
				named[x] = true
			}
		case m.pc == terminating:
			tokens++
		}
		if t.at == onSource && t.m.pc != leading {
			flag("S6 a thread waits for events that does not lead")
		}
	}
	if leaders > 1 {
		flag("S1 two leaders")
	}
	if !w.Terminated() && tokens != 1 {
		flag("S1 leadership lost or doubled")
	}
	if w.Free() > 0 && w.Head() != cas.End {
		flag("S2 leadership is free and a follower waits")
	}
	for i := range c.n {
		if s.threads[i].m.pc == following && s.threads[i].at != gone &&
			s.image.Promise[i] == cas.NoPromise && !stacked[i] && !named[i] {
			flag("S4 a follower that nobody can find")
		}
	}
	if s.lost {
		flag("S5 event lost or handled twice")
	}
	if w.Terminated() && w.Head() != cas.End {
		flag("S7 a follower was pushed after the end")
	}
}

// inspectLiveness checks, from every state, that the protocol's own steps can
// reach rest: no event waits, one thread waits for events, and all others are
// asleep; or, once the source has ended, all have left. With fair scheduling
// that is L1 (every event is received), L2 (every promised thread leads), L4
// (no idle thread while nobody leads) and L5 (the pool ends).
func (c *checker) inspectLiveness() {
	back := make([][]int32, len(c.states))
	for from, tos := range c.edges {
		for _, to := range tos {
			back[to] = append(back[to], int32(from))
		}
	}
	live := make([]bool, len(c.states))
	var todo []int32
	for at := range c.states {
		if s := c.unpack(c.states[at]); c.rests(&s) {
			live[at] = true
			todo = append(todo, int32(at))
		}
	}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, from := range back[at] {
			if !live[from] {
				live[from] = true
				todo = append(todo, from)
			}
		}
	}
	for at := range c.states {
		if live[at] {
			continue
		}
		name := "L1 L2 L4 the pool never comes to rest"
		if c.unpack(c.states[at]).closed {
			name = "L5 the pool never ends"
		}
		if _, ok := c.found[name]; !ok {
			c.found[name] = int32(at)
		}
	}
}

func (c *checker) rests(s *state) bool {
	waiting, sleeping, left := 0, 0, 0
	for i := range c.n {
		switch s.threads[i].at {
		case onSource:
			waiting++
		case asleep:
			sleeping++
		case gone:
			left++
		}
	}
	if s.closed {
		return left == c.n
	}
	return s.pending == 0 && waiting == 1 && sleeping == c.n-1
}

// label is what led to a state, for its story.
type label struct {
	what cause
	who  uint8
}

type cause uint8

const (
	started cause = iota
	stepped
	arrived
	sourceClosed
	spuriousReturn
	interruption
)

// story is how a state was reached, for a failing test to print. Threads are
// interchangeable and are renumbered from state to state: a line's number is
// the thread's place in the state before it.
func (c *checker) story(at int32) string {
	var lines []string
	for ; at >= 0; at = c.parent[at] {
		s := c.unpack(c.states[at])
		by := c.label[at]
		what := [...]string{"start", "", "an event arrives", "the source ends",
			fmt.Sprintf("t%d FUTEX_WAIT returns for no reason", by.who),
			fmt.Sprintf("t%d the wait is interrupted", by.who)}[by.what]
		if by.what == stepped {
			before := c.unpack(c.states[c.parent[at]])
			what = describe(&before.threads[by.who], by.who)
		}
		lines = append(lines, fmt.Sprintf("%-36s %v pending %d", what, s.image.Word, s.pending))
	}
	slices.Reverse(lines)
	return strings.Join(lines, "\n")
}

func describe(t *actor, i uint8) string {
	what := [...]string{"", "takes", "calls FUTEX_WAIT", "sleeps", "gives", "calls FUTEX_WAKE", "receives", "handles", "is gone"}[t.at]
	if t.at == running {
		what = [...]string{
			fmt.Sprint("joins ", t.m.join.PC), "checks its promise", "watches", "calls", "leads", "begins", fmt.Sprint("promotes ", t.m.promote.PC),
			"processes", "ends processing", "yields", fmt.Sprint("terminates ", t.m.terminate.PC), "leaves"}[t.m.pc]
	}
	return fmt.Sprintf("t%d %s", i, what)
}

// rulesOf are the rules of a promotion by its name.
func rulesOf(name string) rules {
	for _, p := range promotions {
		if p.Name == name {
			return p.rules
		}
	}
	panic("no promotion " + name)
}
