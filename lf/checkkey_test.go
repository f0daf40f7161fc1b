package lf

import (
	"bytes"
	"slices"

	"lflab/cas"
)

// key is a state as the checker remembers it: packed, and with everything
// removed that cannot matter any more, so that states that behave alike are
// one. What is left out, and why that loses nothing:
//
//   - machines that are not running, and statistics;
//   - how long ago a word was read: once the tag has moved, the
//     compare-and-swap fails whatever the rest of the word says, for a tag does
//     not come back within 2^32 pushes and pops;
//   - the threads' numbers: all permutations of a state are one, the least.
//
// Mutants may give such things a meaning, and mark that in extra: then they
// are kept.
type key [13 + maxMembers*12]byte

const stale = 0x80 // in the flags of a word: its tag has moved on

func (c *checker) pack(s *state) key {
	best := c.packAs(s, permutations[c.n][0])
	for _, order := range permutations[c.n][1:] {
		if k := c.packAs(s, order); bytes.Compare(k[:], best[:]) < 0 {
			best = k
		}
	}
	return best
}

// permutations[n] are the orders of n threads: place -> thread.
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

func (c *checker) packAs(s *state, order []int) (k key) {
	var place [maxMembers]byte // thread -> place
	for p, i := range order {
		place[i] = byte(p)
	}
	name := func(x uint16) byte {
		if int(x) < c.n {
			return place[x]
		}
		return 0xff
	}
	word := func(to []byte, w cas.Word) (isStale bool) {
		if w.Tag() != s.image.Word.Tag() {
			to[0], to[1] = 0, stale
			return true
		}
		to[0], to[1] = name(w.Head()), byte(w.Free())
		if w.Terminated() {
			to[1] |= 0x40
		}
		return false
	}
	word(k[0:2], s.image.Word)
	k[2] = s.pending
	if s.closed {
		k[3] |= 1
	}
	if s.lost {
		k[3] |= 2
	}
	exact := c.mutant.step != nil
	linked := c.linked(s)
	for p, i := range order {
		t := &s.threads[i]
		m := &t.m
		if exact || linked[i] {
			k[4+p] = name(s.image.Next[i])
		}
		if exact || m.pc == following || m.pc == joining && m.join.PC >= cas.JoinLink {
			k[7+p] = byte(s.image.Promise[i])
		}
		k[10+p] = byte(s.permit[i])
		a := k[13+12*p:]
		a[0], a[1], a[2] = byte(m.pc), byte(t.at), t.extra
		if t.holding {
			a[3] = 1
		}
		if t.at == taking || t.at == inWait || t.at == asleep {
			a[4] = t.take.PC
		}
		if t.at == giving || t.at == inWake {
			a[5] = name(uint16(t.heir))
		}
		switch m.pc {
		case joining:
			if a[6] = byte(m.join.PC); m.join.PC != cas.JoinLoad {
				word(a[7:9], m.join.Seen)
			}
		case promoting:
			a[6] = byte(m.promote.PC)
			isStale := m.promote.PC != cas.PromoteLoad && word(a[7:9], m.promote.Seen)
			if m.promote.PC == cas.PromoteGrant || m.promote.PC != cas.PromoteLoad && !isStale || exact {
				a[9] = name(m.promote.Heir)
			}
			if m.promote.PC == cas.PromotePop && !isStale || exact {
				a[10] = name(m.promote.Next)
			}
		case terminating:
			if a[6] = byte(m.terminate.PC); m.terminate.PC == cas.TerminateTake {
				word(a[7:9], m.terminate.Seen)
			}
			if m.terminate.PC >= cas.TerminateNext || exact {
				a[9], a[10] = name(m.terminate.Heir), name(m.terminate.Next)
			}
		}
	}
	return k
}

// linked tells whose link can still be followed by somebody whose
// compare-and-swap may succeed.
func (c *checker) linked(s *state) (yes [maxMembers]bool) {
	follow := func(x uint16) {
		for n := 0; int(x) < c.n && n < c.n; n++ {
			yes[x] = true
			x = s.image.Next[x]
		}
	}
	follow(s.image.Word.Head())
	for i := range c.n {
		switch m := &s.threads[i].m; {
		case m.pc == joining && m.join.PC == cas.JoinPush:
			yes[i] = yes[i] || m.join.Seen.Tag() == s.image.Word.Tag()
		case m.pc == terminating && m.terminate.PC >= cas.TerminateNext:
			follow(m.terminate.Next)
		}
	}
	return yes
}

func (c *checker) unpack(k key) (s state) {
	name := func(b byte) uint16 {
		if b == 0xff {
			return cas.End
		}
		return uint16(b)
	}
	word := func(b []byte) cas.Word {
		w := cas.NewWord(int(b[1]&0x3f))&^0xffff | cas.Word(name(b[0]))
		if b[1]&0x40 != 0 {
			w |= 1 << 31
		}
		if b[1]&stale != 0 {
			w |= 0xffffffff << 32
		}
		return w
	}
	s.image.Word = word(k[0:2])
	s.pending, s.closed, s.lost = k[2], k[3]&1 != 0, k[3]&2 != 0
	for p := range c.n {
		s.image.Next[p] = name(k[4+p])
		s.image.Promise[p] = cas.Promise(k[7+p])
		s.permit[p] = uint32(k[10+p])
		a := k[13+12*p:]
		t := &s.threads[p]
		t.at, t.extra, t.holding = place(a[1]), a[2], a[3] != 0
		t.take.PC, t.heir = a[4], a[5]
		t.m = newMember(p, c.rules, 1)
		t.m.after = processing
		t.m.pc = memberPC(a[0])
		switch t.m.pc {
		case joining:
			t.m.join.PC, t.m.join.Seen = cas.JoinPC(a[6]), word(a[7:9])
		case promoting:
			t.m.promote.PC, t.m.promote.Seen = cas.PromotePC(a[6]), word(a[7:9])
			t.m.promote.Heir, t.m.promote.Next = name(a[9]), name(a[10])
		case terminating:
			t.m.terminate.PC, t.m.terminate.Seen = cas.TerminatePC(a[6]), word(a[7:9])
			t.m.terminate.Heir, t.m.terminate.Next = name(a[9]), name(a[10])
		}
	}
	return s
}
