package cas

// Order is which follower is promoted.
type Order uint8

const (
	LIFO     Order = iota // the one that came last: Promote
	FIFO                  // the one that has waited longest: Choose
	Priority              // the one of the highest rank; among equals the one that has waited longest: Choose
)

// Choose is Promote for an heir that is not the one on top: it walks the stack
// and takes a follower out of its middle. Links below the top have one writer
// for that, whoever has set the choosing bit; pushes go on meanwhile. A leader
// that finds the bit set frees its slot and goes: the one that chooses serves
// it, too, so nobody waits for anybody. It takes time in proportion to the
// number of followers. Fields but Order and Slot are zero at the beginning.
type Choose struct {
	PC      ChoosePC
	Order   Order
	Slot    uint8
	Heir    uint16 // to be woken after Promoted and PromotedOne
	At      uint16 // the follower being looked at
	Prev    uint16 // the one above it
	Best    uint16 // the heir so far
	Above   uint16 // the one above that
	Next    uint16
	Seen    Word
	Retries uint32
	Rest    Terminate
}

// ChoosePC is the next access Choose makes.
type ChoosePC uint8

const (
	ChooseLoad   ChoosePC = iota // read the word
	ChooseFree                   // CAS: free the slot
	ChooseLock                   // CAS: set the choosing bit
	ChooseTop                    // read the word: the stack as it is now
	ChooseWalk                   // read the link of At
	ChooseBelow                  // read the link of the heir
	ChooseUnlink                 // write the link of the one above it
	ChoosePop                    // CAS: the heir is on top
	ChooseGrant                  // promise it the leadership
	ChooseDone                   // read the word: is there more to do?
	ChooseClaim                  // CAS: take a slot that was freed meanwhile
	ChooseUnlock                 // CAS: clear the bit
	ChooseRest                   // tell the rest that the pool has ended
)

// Step makes one atomic access.
func (c *Choose) Step(l *Leadership) PromoteResult {
	switch c.PC {
	case ChooseLoad:
		c.Seen = l.Load()
		switch {
		case c.Seen.Terminated():
			return PromoteTooLate
		case c.Seen.Head() == End || c.Seen.Choosing():
			c.PC = ChooseFree
		default:
			c.PC = ChooseLock
		}
	case ChooseFree:
		if l.swap(c.Seen, c.Seen.withFree(c.Slot)) {
			return Freed
		}
		c.retry(ChooseLoad)
	case ChooseLock:
		if l.swap(c.Seen, c.Seen|choosingBit) {
			c.PC = ChooseTop
			break
		}
		c.retry(ChooseLoad)
	case ChooseTop:
		c.Seen = l.Load()
		c.At, c.Prev, c.Best, c.Above = c.Seen.Head(), End, End, End
		c.PC = ChooseWalk
	case ChooseWalk:
		c.look(l)
		next := uint16(l.followers[c.At].next.Load())
		c.Prev, c.At = c.At, next
		if next == End {
			c.PC = ChooseBelow
		}
	case ChooseBelow:
		c.Next = uint16(l.followers[c.Best].next.Load())
		c.PC = ChooseUnlink
		if c.Above == End {
			c.PC = ChoosePop
		}
	case ChooseUnlink:
		l.followers[c.Above].next.Store(uint32(c.Next))
		c.Heir = c.Best
		c.PC = ChooseGrant
	case ChoosePop:
		if l.swap(c.Seen, c.Seen.withHead(c.Next)) {
			c.Heir = c.Best
			c.PC = ChooseGrant
			break
		}
		c.retry(ChooseTop) // somebody lies on top of it now, or a slot was freed, or the pool ends
	case ChooseGrant:
		l.followers[c.Heir].promise.Store(uint32(grant(c.Slot)))
		c.PC = ChooseDone
		return PromotedOne
	case ChooseDone:
		c.Seen = l.Load()
		c.PC = ChooseUnlock
		if c.Seen.Free() > 0 && c.Seen.Head() != End && !c.Seen.Terminated() {
			c.PC = ChooseClaim
		}
	case ChooseClaim:
		c.Slot = c.Seen.FreeSlot()
		if l.swap(c.Seen, c.Seen.withoutFree(c.Slot)) {
			c.PC = ChooseTop
			break
		}
		c.retry(ChooseDone)
	case ChooseUnlock:
		to := c.Seen &^ choosingBit
		if c.Seen.Terminated() {
			to = to.withHead(End)
		}
		if !l.swap(c.Seen, to) {
			c.retry(ChooseDone)
			break
		}
		if !c.Seen.Terminated() {
			return Freed // nobody else to wake
		}
		c.Rest.takeRest(c.Seen.Head())
		c.PC = ChooseRest
	case ChooseRest:
		switch c.Rest.Step(l) {
		case TerminateWake:
			c.Heir = c.Rest.Heir
			return PromotedOne
		case Terminated:
			return PromoteTooLate
		}
	}
	return PromoteMore
}

// look compares At with the best so far. Deeper ones have waited longer.
func (c *Choose) look(l *Leadership) {
	if c.Best == End || c.Order == FIFO || l.followers[c.At].rank >= l.followers[c.Best].rank {
		c.Best, c.Above = c.At, c.Prev
	}
}

func (c *Choose) retry(pc ChoosePC) {
	c.Retries++
	c.PC = pc
}
