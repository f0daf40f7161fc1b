package mpm

import "math/bits"

// clock finds the connections whose deadline has passed, for one thread: a
// wheel of slots, a grain each. A connection is in the slot of some deadline
// that it had; when that has come, and its deadline has moved on since, it goes
// into a later one. So a deadline that moves further away, as with each
// request, costs nothing, and one that comes nearer a few links.
type clock struct {
	slots [wheel]*link
	set   [wheel / 64]uint64 // slots with something in them
	due   int64              // grain up to which slots have been emptied, itself included
}

// hand is a connection's place in a clock.
type hand struct {
	grain      int64 // whose slot it is in; 0 none
	prev, next *link
}

// wheel is how many slots a clock has. What is due further away than this many
// grains is looked at in between.
const wheel = 256

// grains is the first grain whose time has not come before ns.
func grains(ns int64) int64 { return (ns + grain - 1) / grain }

// at sees to it that the connection is found when its deadline has passed.
func (c *clock) at(l *link, deadline int64) {
	l.deadline = deadline
	if deadline == 0 || l.hand.grain != 0 && l.hand.grain <= grains(deadline) {
		return
	}
	c.drop(l)
	c.put(l)
}

func (c *clock) put(l *link) {
	g := min(max(grains(l.deadline), c.due+1), c.due+wheel-1)
	slot := &c.slots[g%wheel]
	l.hand = hand{grain: g, next: *slot}
	if *slot != nil {
		(*slot).hand.prev = l
	}
	*slot = l
	c.set[g%wheel/64] |= 1 << (g % 64)
}

// drop forgets a connection.
func (c *clock) drop(l *link) {
	h := l.hand
	if h.grain == 0 {
		return
	}
	if h.next != nil {
		h.next.hand.prev = h.prev
	}
	if h.prev != nil {
		h.prev.hand.next = h.next
	} else {
		c.slots[h.grain%wheel] = h.next
		if h.next == nil {
			c.set[h.grain%wheel/64] &^= 1 << (h.grain % 64)
		}
	}
	l.hand = hand{}
}

// begin starts the clock, which has nothing in it.
func (c *clock) begin(now int64) { c.due = now / grain }

// soonest is when the clock has to be looked at next, ns, or never.
func (c *clock) soonest() int64 {
	for g := c.due + 1; g < c.due+wheel; {
		if word := c.set[g%wheel/64] >> (g % 64); word != 0 {
			return (g + int64(bits.TrailingZeros64(word))) * grain
		}
		g += 64 - g%64
	}
	return never
}

// expire calls end for each connection whose deadline is not after now. end
// may drop it.
func (c *clock) expire(now int64, end func(*link)) {
	until := now / grain
	if until-c.due > wheel {
		c.due = until - wheel // every slot once is enough
	}
	for c.due < until {
		c.due++
		slot := &c.slots[c.due%wheel]
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
