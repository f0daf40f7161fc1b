package mpm

import (
	"math/bits"

	"lflab/lf/sock"
)

// timingWheel finds the connections of one thread whose deadline has passed. It
// is a ring of slots, each for one grain. A connection is in the slot of a
// deadline that it once had. When that comes and the deadline has moved on, the
// connection goes into a later slot. So moving a deadline further away, as each
// request does, costs nothing; moving it nearer changes a few links.
type timingWheel struct {
	slots [wheelSlots]*link
	set   [wheelSlots / 64]uint64 // bits of the slots that are not empty
	due   int64                   // last grain whose slot was emptied
}

// timer is a connection's place in a timing wheel.
type timer struct {
	grain      int64 // grain of its slot; 0 if it is in none
	prev, next *link
}

// wheelSlots is the number of slots. A connection whose deadline is further
// away than that goes into the last slot and is checked when that comes.
const wheelSlots = 256

// at sets l's deadline, at which expire will find it; 0 means none.
func (w *timingWheel) at(l *link, deadline int64) {
	l.deadline = deadline
	if deadline == 0 || l.timer.grain != 0 && l.timer.grain <= grains(deadline) {
		return
	}
	w.drop(l)
	w.put(l)
}

func (w *timingWheel) put(l *link) {
	g := min(max(grains(l.deadline), w.due+1), w.due+wheelSlots-1)
	slot := &w.slots[g%wheelSlots]
	l.timer = timer{grain: g, next: *slot}
	if *slot != nil {
		(*slot).timer.prev = l
	}
	*slot = l
	w.set[g%wheelSlots/64] |= 1 << (g % 64)
}

// drop removes a connection from the wheel.
func (w *timingWheel) drop(l *link) {
	t := l.timer
	if t.grain == 0 {
		return
	}
	if t.next != nil {
		t.next.timer.prev = t.prev
	}
	if t.prev != nil {
		t.prev.timer.next = t.next
	} else {
		w.slots[t.grain%wheelSlots] = t.next
		if t.next == nil {
			w.set[t.grain%wheelSlots/64] &^= 1 << (t.grain % 64)
		}
	}
	l.timer = timer{}
}

// begin starts the wheel, which must be empty.
func (w *timingWheel) begin(now int64) { w.due = now / grain }

// soonest returns when to call expire next, ns, or sock.Never.
func (w *timingWheel) soonest() int64 {
	for g := w.due + 1; g < w.due+wheelSlots; {
		if word := w.set[g%wheelSlots/64] >> (g % 64); word != 0 {
			return (g + int64(bits.TrailingZeros64(word))) * grain
		}
		g += 64 - g%64
	}
	return sock.Never
}

// expire calls end for each connection whose deadline has come by now. end may
// drop it.
func (w *timingWheel) expire(now int64, end func(*link)) {
	until := now / grain
	if until-w.due > wheelSlots {
		w.due = until - wheelSlots // one pass over all slots is enough
	}
	for w.due < until {
		w.due++
		slot := &w.slots[w.due%wheelSlots]
		for *slot != nil {
			l := *slot
			w.drop(l)
			switch {
			case l.deadline == 0:
			case l.deadline <= now:
				end(l)
			default:
				w.put(l)
			}
		}
	}
}
