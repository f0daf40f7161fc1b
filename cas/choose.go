package cas

// Order says which follower a leader promotes.
type Order uint8

const (
	LIFO     Order = iota // the one that joined last: Promote
	FIFO                  // the one that has waited longest: Choose
	Priority              // the one with the highest rank, and among equals the one that has waited longest: Choose
)

// Choose promotes a follower that need not be on top of the stack. It walks the
// stack and unlinks the heir, from the middle if it has to. It takes time in
// proportion to the number of followers.
//
// Only the thread that has set the choosing bit writes links below the top.
// Pushes go on meanwhile. A leader that finds the bit set frees its slot and
// leaves; the thread that chooses then promotes for that slot, too. So no
// thread waits for another one.
//
// The caller sets Order and Slot. All other fields start as zero.
type Choose struct {
	PC      ChoosePC
	Order   Order
	Slot    uint8
	Heir    uint16 // the follower to wake after Promoted and PromotedOne
	At      uint16 // the follower being looked at
	Prev    uint16 // the follower above At
	Best    uint16 // the heir so far
	Above   uint16 // the follower above Best
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
	ChooseBelow                  // read the link of Best
	ChooseUnlink                 // write the link of Above
	ChoosePop                    // CAS: Best is on top, so pop it
	ChooseGrant                  // grant the leadership to the heir
	ChooseDone                   // read the word: has another slot become free?
	ChooseClaim                  // CAS: take a slot that was freed meanwhile
	ChooseUnlock                 // CAS: clear the bit
	ChooseRest                   // tell the remaining followers that the pool has ended
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
		c.retry(ChooseTop) // another follower was pushed, a slot was freed, or the pool ends
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
			return Freed // there is no other thread to wake
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

// look compares At with the best so far. A follower deeper in the stack has
// waited longer.
func (c *Choose) look(l *Leadership) {
	if c.Best == End || c.Order == FIFO || l.followers[c.At].rank >= l.followers[c.Best].rank {
		c.Best, c.Above = c.At, c.Prev
	}
}

func (c *Choose) retry(pc ChoosePC) {
	c.Retries++
	c.PC = pc
}
