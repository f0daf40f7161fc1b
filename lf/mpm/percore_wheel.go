package mpm

import (
	"math/bits"

	"lflab/lf/sock"
)

// timingWheel finds the connections whose deadline has passed, for one thread: a
// wheel of slots, a grain each. A connection is in the slot of some deadline
// that it had; when that has come, and its deadline has moved on since, it goes
// into a later one. So a deadline that moves further away, as with each
// request, costs nothing, and one that comes nearer a few links.
type timingWheel struct {
	slots [wheelSlots]*link
	set   [wheelSlots / 64]uint64 // slots with something in them
	due   int64                   // grain up to which slots have been emptied, itself included
}

// timer is a connection's place in a timing wheel.
type timer struct {
	grain      int64 // whose slot it is in; 0 none
	prev, next *link
}

// wheelSlots is how many slots a timing wheel has. What is due further away
// than this many grains is looked at in between.
const wheelSlots = 256

// at sees to it that the connection is found when its deadline has passed.
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

// drop forgets a connection.
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

// begin starts the wheel, which has nothing in it.
func (w *timingWheel) begin(now int64) { w.due = now / grain }

// soonest is when the wheel has to be looked at next, ns, or sock.Never.
func (w *timingWheel) soonest() int64 {
	for g := w.due + 1; g < w.due+wheelSlots; {
		if word := w.set[g%wheelSlots/64] >> (g % 64); word != 0 {
			return (g + int64(bits.TrailingZeros64(word))) * grain
		}
		g += 64 - g%64
	}
	return sock.Never
}

// expire calls end for each connection whose deadline is not after now. end
// may drop it.
func (w *timingWheel) expire(now int64, end func(*link)) {
	until := now / grain
	if until-w.due > wheelSlots {
		w.due = until - wheelSlots // every slot once is enough
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
