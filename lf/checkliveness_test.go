package lf

import "lflab/cas"

// inspectLiveness checks that from every state the protocol's own steps can
// reach rest: no event waits, each slot's leader waits for events, and all
// other threads sleep; or the source has ended and all threads have left. With
// fair scheduling that implies L1 (every event is received), L2 (every promised
// thread leads), L4 (no thread is idle while none leads) and L5 (the pool
// ends). The deadlines of the sentinel are steps of the protocol.
//
// If events must not wait for handlers to return, it also checks with handlers
// that never return: each slot gets a leader, or no thread is idle.
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

// goal has bits that say which goals of liveness a state meets.
type goal uint8

const (
	rests  goal = 1 << iota
	serves      // no thread is idle that could act if no handler returns
)

// reverse inverts the edges. The states with an edge to x are
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

// reach calls missed with each state that cannot reach a state with the goal
// want. For the goal serves it uses no edges on which a handler returns or
// yields.
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

// count returns the number of threads at each place. A thread that sleeps
// although it has something to do, or until a deadline, counts at none.
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
