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
func (c *timingWheel) at(l *link, deadline int64) {
	l.deadline = deadline
	if deadline == 0 || l.timer.grain != 0 && l.timer.grain <= grains(deadline) {
		return
	}
	c.drop(l)
	c.put(l)
}

func (c *timingWheel) put(l *link) {
	g := min(max(grains(l.deadline), c.due+1), c.due+wheelSlots-1)
	slot := &c.slots[g%wheelSlots]
	l.timer = timer{grain: g, next: *slot}
	if *slot != nil {
		(*slot).timer.prev = l
	}
	*slot = l
	c.set[g%wheelSlots/64] |= 1 << (g % 64)
}

// drop forgets a connection.
func (c *timingWheel) drop(l *link) {
	h := l.timer
	if h.grain == 0 {
		return
	}
	if h.next != nil {
		h.next.timer.prev = h.prev
	}
	if h.prev != nil {
		h.prev.timer.next = h.next
	} else {
		c.slots[h.grain%wheelSlots] = h.next
		if h.next == nil {
			c.set[h.grain%wheelSlots/64] &^= 1 << (h.grain % 64)
		}
	}
	l.timer = timer{}
}

// begin starts the wheel, which has nothing in it.
func (c *timingWheel) begin(now int64) { c.due = now / grain }

// soonest is when the wheel has to be looked at next, ns, or sock.Never.
func (c *timingWheel) soonest() int64 {
	for g := c.due + 1; g < c.due+wheelSlots; {
		if word := c.set[g%wheelSlots/64] >> (g % 64); word != 0 {
			return (g + int64(bits.TrailingZeros64(word))) * grain
		}
		g += 64 - g%64
	}
	return sock.Never
}

// expire calls end for each connection whose deadline is not after now. end
// may drop it.
func (c *timingWheel) expire(now int64, end func(*link)) {
	until := now / grain
	if until-c.due > wheelSlots {
		c.due = until - wheelSlots // every slot once is enough
	}
	for c.due < until {
		c.due++
		slot := &c.slots[c.due%wheelSlots]
		for *slot != nil {
			l := *slot
			c.drop(l)
			switch {
			case l.deadline == 0:
			case l.deadline <= now:
				end(l)
			default:
				c.put(l)
			}
		}
	}
}
