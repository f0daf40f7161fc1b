package cas

import "sync/atomic"

// Permit is the word between one thread that sleeps and the threads that wake
// it. It holds at most one permit: a wake-up that comes before the sleep is
// not lost, and two of them count as one.
//
//	value     meaning
//	none      no permit, and the owner is not about to sleep
//	given     a permit is there for the owner to take
//	Asleep    the owner sleeps or is about to: whoever gives must wake it
//
//	none   -> Asleep   owner   Take, before it blocks
//	given  -> none     owner   Take, the permit is consumed
//	Asleep -> none     owner   Cancel, the deadline passed
//	any    -> given    others  Give; the old value Asleep obliges to wake
//
// Only the owner leaves given, so a permit cannot be lost; only Give leaves
// Asleep without the owner, so the owner may block for as long as the word
// says Asleep and needs no other sign. The zero value is ready for use. It
// must not be copied after first use, and it must live on the heap when its
// address goes to the kernel (a goroutine's stack moves).
type Permit struct {
	_    [CacheLine]byte
	word atomic.Uint32
	_    [CacheLine - 4]byte
}

const (
	none  uint32 = 0
	given uint32 = 1
	// Asleep is the value to compare with when blocking on the word, as in
	// futex(2) FUTEX_WAIT.
	Asleep uint32 = 2
)

// Word returns the word itself, for the kernel to wait on and for spinning
// readers. Its value is written by the machines of this file only.
func (p *Permit) Word() *atomic.Uint32 { return &p.word }

// Given reports whether a permit is there to take. One atomic load.
func (p *Permit) Given() bool { return p.word.Load() == given }

// TakeResult is what the owner must do after a step of Take.
type TakeResult uint8

const (
	TakeMore  TakeResult = iota // step again
	TakeSleep                   // block for as long as the word is Asleep, then step again; returning early is harmless
	Taken                       // the permit is consumed
)

// Take is the owner's machine: it consumes a permit, sleeping until there is
// one. The zero value is its beginning.
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
		t.PC = takeClear // only the owner arms, so the word is given
		return TakeMore
	case takeCheck:
		if p.word.Load() == Asleep {
			return TakeSleep
		}
		t.PC = takeClear
		return TakeMore
	default:
		// A Give between the last access and this store is merged into the
		// permit taken here: its giver wrote the predicate before it gave, and
		// the owner reads the predicate after this store.
		p.word.Store(none)
		return Taken
	}
}

// Give makes a permit available and reports whether the owner was asleep, so
// that the caller must wake it in the kernel. One atomic access.
func (p *Permit) Give() (wake bool) { return p.word.Swap(given) == Asleep }

// Cancel ends a Take whose sleep was cut short by a deadline. It reports
// whether a permit arrived after all; it is consumed then, and a wake-up for
// it may still be under way in the kernel. Call it between steps of Take
// after TakeSleep, and do not step that Take again.
func (p *Permit) Cancel() (taken bool) {
	if p.word.CompareAndSwap(Asleep, none) {
		return false
	}
	p.word.Store(none)
	return true
}
