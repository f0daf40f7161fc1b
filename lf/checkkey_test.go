package lf

import (
	"bytes"
	"slices"

	"lflab/cas"
)

// A key is the packed form in which the checker remembers a state. It leaves
// out everything that can no longer matter, so that states with equal behaviour
// have equal keys. It loses nothing by leaving out:
//
//   - machines that are not running, fields that they will write before
//     they read them, and statistics;
//   - how long ago a word was read: once the tag has changed, the
//     compare-and-swap fails whatever else the word says, because a tag
//     returns only after 2^32 pushes and pops, and the end is for good;
//   - how often a lease began and ended: a value read earlier is the present
//     one, the next one, or neither;
//   - the threads' numbers: of all permutations of a state the least counts,
//     unless numbers are ranks.
//
// If a mutant uses something that a key leaves out, it says so in extra, and
// the key keeps it. TestKey checks keys against states that forget nothing.
type codec struct {
	c       *checker
	s       *state
	buf     []byte
	reading bool
	exact   bool
	place   [maxMembers]byte // thread -> place
}

func (c *checker) codec(s *state) codec {
	return codec{c: c, s: s, exact: c.mutant.step != nil && !c.mutant.lean}
}

// pack returns the key of a state. It is valid until the next call.
func (c *checker) pack(s *state) []byte {
	sign := c.signatures(s)
	dead := c.deadLinks(s)
	best := c.packed[0][:0]
	k := c.codec(s)
	for _, order := range permutations[c.threads] {
		if !sorted(order, &sign) {
			continue
		}
		for p, i := range order {
			k.place[i] = byte(p)
		}
		k.buf = c.packed[1][:0]
		k.state(order, &dead)
		c.packed[1] = k.buf
		if len(best) == 0 || bytes.Compare(k.buf, best) < 0 {
			c.packed[0], c.packed[1] = k.buf, best
			best = k.buf
		}
	}
	return best
}

func sorted(order []int, sign *[maxMembers]uint32) bool {
	for p := 1; p < len(order); p++ {
		if sign[order[p-1]] > sign[order[p]] {
			return false
		}
	}
	return true
}

func (c *checker) unpack(at int32) (s state) {
	c.unpackTo(&s, c.store.key(at))
	return s
}

func (c *checker) unpackTo(s *state, key []byte) {
	*s = state{}
	k := c.codec(s)
	k.buf, k.reading = key, true
	k.state(permutations[c.threads][0], &[maxMembers]bool{})
}

// permutations[n] has the orders of n threads: place -> thread. The first is
// the identity.
var permutations = func() (all [maxMembers + 1][][]int) {
	for n := 1; n <= maxMembers; n++ {
		var grow func(order []int)
		grow = func(order []int) {
			if len(order) == n {
				all[n] = append(all[n], slices.Clone(order))
				return
			}
			for i := range n {
				if !slices.Contains(order, i) {
					grow(append(order, i))
				}
			}
		}
		grow(nil)
	}
	return all
}()

// signatures describes each thread by properties that do not depend on
// numbering, so that few permutations are left to try. Threads with different
// signatures differ in the key; threads with equal ones may also differ.
func (c *checker) signatures(s *state) (sign [maxMembers]uint32) {
	var depth [maxMembers]uint32
	for x, n := s.image.Word.Head(), uint32(1); int(x) < c.threads && depth[x] == 0; x, n = s.image.Next[x], n+1 {
		depth[x] = n
	}
	for i := range c.threads {
		if c.order == cas.Priority {
			sign[i] = uint32(i)
			continue
		}
		t := &s.threads[i]
		m := &t.m
		sub := uint32(0)
		switch m.pc {
		case joining:
			sub = uint32(m.join.PC)
		case following:
			sub = uint32(s.image.Promise[i].Kind())
		case watching:
			sub = uint32(m.watch.PC)
		case beginning:
			sub = uint32(m.hold.PC)
		case promoting:
			if sub = uint32(m.promote.PC); c.order != cas.LIFO {
				sub = uint32(m.choose.PC)
			}
		case terminating:
			sub = uint32(m.terminate.PC)
		}
		sign[i] = uint32(m.pc)<<20 | uint32(t.at)<<16 | sub<<8 | depth[i]<<4 | s.permit[i]<<1
		if t.holding {
			sign[i]++
		}
	}
	return sign
}

// state packs everything, or unpacks it.
func (k *codec) state(order []int, dead *[maxMembers]bool) {
	s, c := k.s, k.c
	k.word(&s.image.Word)
	for source := range c.sources {
		num(k, &s.pending[source])
	}
	var sentinel uint16
	var asleep bool
	if c.rules.watched {
		sentinel = cas.End
		if s.image.Sentinel != cas.NoSentinel {
			sentinel, asleep = s.image.Sentinel.Thread(), s.image.Sentinel.Asleep()
		}
		k.name(&sentinel)
	}
	k.bools(&s.closed, &s.lost, &s.unfair, &asleep)
	if k.reading && c.rules.watched && sentinel != cas.End {
		if s.image.Sentinel = cas.Sentinel(sentinel) + 1; asleep {
			s.image.Sentinel |= 1 << 16
		}
	}
	if c.rules.leased {
		for slot := range c.leaders {
			k.parity(&s.image.Lease[slot])
		}
	}
	if c.order != cas.LIFO {
		num(k, &s.waiting)
		num(k, &s.walked)
		for i := range s.waiting {
			x := uint16(s.arrivals[i])
			k.name(&x)
			s.arrivals[i] = uint8(x)
		}
	}
	for _, i := range order {
		k.thread(i, dead[i])
	}
}

// thread packs the data of thread i.
func (k *codec) thread(i int, deadLink bool) {
	s, c := k.s, k.c
	t := &s.threads[i]
	if k.reading {
		t.m = newMember(i, c.rules, c.leaders)
	}
	m := &t.m
	num(k, &m.pc)
	num(k, &t.at)
	k.bools(&t.holding, &t.timed, &m.holds)
	k.permit(&s.permit[i])
	if c.mutant.step != nil {
		num(k, &t.extra)
	}
	k.link(&s.image.Next[i], deadLink)
	switch t.at {
	case taking, inWait, asleep:
		num(k, &t.take.PC)
	case giving, inWake:
		heir := uint16(t.heir)
		k.name(&heir)
		t.heir = uint8(heir)
	}
	k.member(m, t.at)
	if k.exact || m.stacked() || m.pc == joining && m.join.PC >= cas.JoinLink {
		k.promise(&s.image.Promise[i])
	}
}

// member packs the machine of a thread that is at a place.
func (k *codec) member(m *member, at place) {
	leases := &k.s.image.Lease
	switch m.pc {
	case joining:
		if num(k, &m.join.PC); m.join.PC != cas.JoinLoad && m.join.PC != cas.JoinCheck {
			k.word(&m.join.Seen)
		}
	case watching:
		w := &m.watch
		w.Me = m.me
		num(k, &w.PC)
		k.bools(&w.Deep)
		switch w.PC {
		case cas.WatchLease, cas.WatchTake, cas.WatchResign:
			num(k, &w.Slot)
		}
		if w.PC == cas.WatchClaim || at == finding {
			k.word(&w.Seen)
		}
		if w.PC == cas.WatchTake || at == judging {
			k.lease(&w.Lease, leases[w.Slot])
		}
	case leading:
		num(k, &m.slot)
	case beginning:
		num(k, &m.slot)
		m.hold.Slot = m.slot
		if num(k, &m.hold.PC); m.hold.PC != cas.HoldLoad {
			k.lease(&m.hold.Mine, leases[m.slot])
		}
		if m.hold.PC == cas.HoldRouse {
			k.name(&m.hold.Heir)
		}
	case promoting:
		if m.after = processing; k.c.order != cas.LIFO {
			m.choose.Order = k.c.order
			k.choose(&m.choose)
			break
		}
		m.promote.Watched = k.c.rules.watched
		k.promote(&m.promote)
	case calling:
		if num(k, &m.after); m.after != following {
			num(k, &m.slot)
		}
		if m.after == processing {
			k.lease(&m.mine, leases[m.slot])
		}
		k.promote(&m.promote)
	case processing, ending, yielding:
		if m.pc == processing && !m.holds {
			break
		}
		if num(k, &m.slot); k.c.rules.leased {
			k.lease(&m.mine, leases[m.slot])
		}
	case terminating:
		num(k, &m.slot)
		m.terminate.Watched = k.c.rules.watched
		k.terminate(&m.terminate)
	}
}

func (k *codec) promote(p *cas.Promote) {
	num(k, &p.PC)
	num(k, &p.Way)
	num(k, &p.Slot)
	var stale bool
	switch p.PC {
	case cas.PromoteFree, cas.PromoteNext, cas.PromotePop:
		stale = k.word(&p.Seen)
	}
	if k.exact {
		k.name(&p.Heir)
		k.name(&p.Next)
		return
	}
	switch p.PC {
	case cas.PromoteNext, cas.PromotePop:
		if stale {
			return
		}
		if k.name(&p.Heir); p.PC == cas.PromotePop {
			k.name(&p.Next)
		}
	case cas.PromoteGrant, cas.PromoteSkip, cas.PromoteAwake:
		k.name(&p.Heir)
	}
}

func (k *codec) choose(p *cas.Choose) {
	if num(k, &p.PC); p.PC <= cas.ChooseGrant {
		num(k, &p.Slot)
	}
	switch p.PC {
	case cas.ChooseFree, cas.ChooseLock, cas.ChooseWalk, cas.ChooseBelow, cas.ChoosePop, cas.ChooseClaim, cas.ChooseUnlock:
		k.word(&p.Seen)
	}
	if p.PC == cas.ChooseLock && k.c.mutant.step != nil {
		k.names(&p.Best, &p.Above) // of a mutant that has already searched
	}
	switch p.PC {
	case cas.ChooseWalk:
		k.names(&p.At, &p.Prev, &p.Best, &p.Above)
	case cas.ChooseBelow:
		k.names(&p.Best, &p.Above)
	case cas.ChooseUnlink:
		k.names(&p.Best, &p.Above, &p.Next)
	case cas.ChoosePop:
		k.names(&p.Best, &p.Next)
	case cas.ChooseGrant:
		k.names(&p.Heir)
	case cas.ChooseRest:
		k.terminate(&p.Rest)
	}
}

func (k *codec) terminate(t *cas.Terminate) {
	if num(k, &t.PC); t.PC == cas.TerminateTake {
		k.word(&t.Seen)
	}
	if t.PC == cas.TerminateGrant || k.exact {
		k.name(&t.Heir)
	}
	if t.PC == cas.TerminateNext || t.PC == cas.TerminateGrant || k.exact {
		k.name(&t.Next)
	}
}

// deadLinks reports which links no thread can follow any more that could still
// succeed with its compare-and-swap.
func (c *checker) deadLinks(s *state) (dead [maxMembers]bool) {
	if c.mutant.step != nil && !c.mutant.lean {
		return dead
	}
	for i := range c.threads {
		dead[i] = true
	}
	follow := func(x uint16) {
		for n := 0; int(x) < c.threads && n < c.threads; n++ {
			dead[x] = false
			x = s.image.Next[x]
		}
	}
	follow(s.image.Word.Head())
	for i := range c.threads {
		switch m := &s.threads[i].m; {
		case m.pc == joining && m.join.PC == cas.JoinPush:
			dead[i] = dead[i] && c.stale(s, m.join.Seen)
		case m.pc == promoting && c.order != cas.LIFO:
			switch m.choose.PC {
			case cas.ChooseWalk:
				follow(m.choose.At)
				follow(m.choose.Best)
			case cas.ChooseBelow:
				dead[m.choose.Best] = false
			case cas.ChooseRest:
				follow(m.choose.Rest.Next)
			}
		case m.pc == promoting || m.pc == calling:
			if m.promote.PC == cas.PromoteNext && !c.stale(s, m.promote.Seen) {
				dead[m.promote.Heir] = false
			}
		case m.pc == terminating && (m.terminate.PC == cas.TerminateNext || m.terminate.PC == cas.TerminateGrant):
			follow(m.terminate.Next)
		}
	}
	return dead
}

// stale reports whether the word can no longer become w.
func (c *checker) stale(s *state, w cas.Word) bool {
	now := s.image.Word
	return w.Tag() != now.Tag() || now.Terminated() && !w.Terminated()
}
