package lf

import "lflab/cas"

// inspectLiveness checks, from every state, that the protocol's own steps can
// reach rest: no event waits, each slot's leader waits for events, and all
// others are asleep; or, once the source has ended, all have left. With fair
// scheduling that is L1 (every event is received), L2 (every promised thread
// leads), L4 (no idle thread while nobody leads) and L5 (the pool ends). The
// deadlines of the sentinel are steps of the protocol.
//
// Where events are not to wait behind handlers, it also checks that with
// handlers that never return each slot gets its leader, or no thread is idle.
func (c *checker) inspectLiveness() {
	into, from := c.reverse()
	c.reach(into, from, rests, func(at int32) {
		name := "L1 L2 L4 the pool never comes to rest"
		if s := c.unpack(at); s.closed {
			name = "L5 the pool never ends"
		}
		c.flag(name, at)
	})
	if c.rules.early || c.rules.leased {
		c.reach(into, from, serves, func(at int32) {
			c.flag("L1 an event waits behind a handler though a thread is idle", at)
		})
	}
}

// goal is what a state is for liveness, as bits.
type goal uint8

const (
	rests  goal = 1 << iota
	serves      // no thread is idle that could go on if no handler returns
)

// reverse turns the edges round: those that lead to state x are
// from[into[x]:into[x+1]].
func (c *checker) reverse() (into, from []int32) {
	into = make([]int32, c.store.len()+1)
	for _, to := range c.edges {
		into[to+1]++
	}
	for i := range c.store.len() {
		into[i+1] += into[i]
	}
	next := append([]int32(nil), into...)
	from = make([]int32, len(c.edges))
	for at := range c.store.len() {
		for e := c.first[at]; e < c.first[at+1]; e++ {
			to := c.edges[e]
			from[next[to]] = int32(at)
			if c.finish[e] {
				from[next[to]] = ^int32(at)
			}
			next[to]++
		}
	}
	return into, from
}

// reach calls missed with each state from which no state that is a goal can be
// reached; for serves by edges that no handler has to go on for.
func (c *checker) reach(into, from []int32, want goal, missed func(int32)) {
	live := make([]bool, c.store.len())
	var todo []int32
	for at := range int32(c.store.len()) {
		if c.goals[at]&want != 0 {
			live[at] = true
			todo = append(todo, at)
		}
	}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, f := range from[into[at]:into[at+1]] {
			if f < 0 {
				if want == serves {
					continue
				}
				f = ^f
			}
			if !live[f] {
				live[f] = true
				todo = append(todo, f)
			}
		}
	}
	for at := range int32(c.store.len()) {
		if !live[at] {
			missed(at)
		}
	}
}

// goal tells what s is.
func (c *checker) goal(s *state) (g goal) {
	n := c.count(s)
	led := s.pending == [maxSlots]uint8{} && n[onSource] == c.leaders
	if s.closed && n[gone] == c.threads || !s.closed && led && n[asleep] == c.threads-c.leaders {
		g |= rests
	}
	switch {
	case n[handling]+n[asleep]+n[onSource]+n[gone] < c.threads:
	case s.closed && (n[onSource] > 0 || n[asleep] > 0):
	case n[asleep] == 0 || led:
		g |= serves
	}
	return g
}

// count returns how many threads are at each place. One that sleeps with
// something to do, or until a deadline, is at none.
func (c *checker) count(s *state) (n [gone + 1]int) {
	for i := range c.threads {
		t := &s.threads[i]
		if t.at == asleep && (t.timed || t.m.pc == following && s.image.Promise[i] != cas.NoPromise) {
			continue
		}
		n[t.at]++
	}
	return n
}
