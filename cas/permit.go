package cas

import "sync/atomic"

// Permit is the word between one thread that sleeps, the owner, and the threads
// that wake it. It holds at most one permit. A wake-up that comes before the
// sleep is not lost, and two wake-ups count as one.
//
//	value     meaning
//	none      no permit, and the owner is not about to sleep
//	given     a permit is there for the owner to take
//	Asleep    the owner sleeps or is about to: a thread that gives must wake it
//
//	none   -> Asleep   owner   Take, before it blocks
//	given  -> none     owner   Take, the permit is consumed
//	Asleep -> none     owner   Cancel, when the deadline has passed
//	any    -> given    others  Give; if the word was Asleep, the giver must wake the owner
//
// Only the owner changes the word from given, so no permit is lost. Apart from
// the owner, only Give changes it from Asleep; so the owner may block for as
// long as the word is Asleep.
//
// The zero value is ready for use. A Permit must not be copied after first use.
// It must live on the heap if its address goes to the kernel, because a
// goroutine's stack moves.
type Permit struct {
	_    [CacheLine]byte
	word atomic.Uint32
	_    [CacheLine - 4]byte
}

const (
	none  uint32 = 0
	given uint32 = 1
	// Asleep is the value that a blocking call compares the word with, as in
	// futex(2) FUTEX_WAIT.
	Asleep uint32 = 2
)

// Word returns the word, for the kernel to wait on and for threads that spin on
// it. Only the machines in this file write it.
func (p *Permit) Word() *atomic.Uint32 { return &p.word }

// Given reports whether there is a permit to take. One atomic load.
func (p *Permit) Given() bool { return p.word.Load() == given }

// TakeResult is what the owner must do after a step of Take.
type TakeResult uint8

const (
	TakeMore  TakeResult = iota // step again
	TakeSleep                   // block while the word is Asleep, then step again; returning early is harmless
	Taken                       // the permit is consumed
)

// Take is the owner's step machine. It sleeps until there is a permit and
// consumes it. It starts as the zero value.
type Take struct{ PC uint8 }

const (
	takeArm   uint8 = iota // CAS none -> Asleep
	takeCheck              // load: still Asleep?
	takeClear              // store none
)

// Step makes one atomic access.
func (t *Take) Step(p *Permit) TakeResult {
	switch t.PC {
	case takeArm:
		if p.word.CompareAndSwap(none, Asleep) {
			t.PC = takeCheck
			return TakeSleep
		}
		t.PC = takeClear // only the owner writes Asleep, so the word is given
		return TakeMore
	case takeCheck:
		if p.word.Load() == Asleep {
			return TakeSleep
		}
		t.PC = takeClear
		return TakeMore
	default:
		// A Give between the last access and this store merges with the permit
		// taken here. No wake-up is lost: the giver changed the predicate
		// before it gave, and the owner reads the predicate after this store.
		p.word.Store(none)
		return Taken
	}
}

// Give makes a permit available and reports whether the owner was asleep, so
// that the caller must wake it in the kernel. One atomic access.
func (p *Permit) Give() (wake bool) { return p.word.Swap(given) == Asleep }

// Cancel ends a Take whose deadline has passed. It reports whether a permit
// arrived after all. If so it consumes the permit, and the giver's wake-up may
// still be under way in the kernel. Call it after TakeSleep, and do not step
// that Take again.
func (p *Permit) Cancel() (taken bool) {
	if p.word.CompareAndSwap(Asleep, none) {
		return false
	}
	p.word.Store(none)
	return true
}
