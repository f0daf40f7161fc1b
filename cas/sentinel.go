package cas

import "sync/atomic"

// Sentinel names the thread that watches over leaders who keep the leadership
// while they process: the sentinel. It waits apart from the stack of
// followers, and either looks again after a while or, when there is nothing to
// see, sleeps until it is roused.
//
//	bits   meaning
//	0-15   the thread's number plus 1; 0 none
//	16     it sleeps, or is about to, until it is roused
type Sentinel uint32

// NoSentinel is the word when nobody watches.
const NoSentinel Sentinel = 0

const asleepBit Sentinel = 1 << 16

func sentinel(thread uint16) Sentinel { return Sentinel(thread) + 1 }

// Thread is the sentinel's number.
func (s Sentinel) Thread() uint16 { return uint16(s) - 1 }

// Asleep reports whether it must be woken to look.
func (s Sentinel) Asleep() bool { return s&asleepBit != 0 }

// Sentinel reads who watches. One atomic access.
func (l *Leadership) Sentinel() Sentinel { return Sentinel(l.sentinel.Load()) }

// rouse takes the sleep from the sentinel's word; whoever does wakes it.
func (l *Leadership) rouse(thread uint16) bool {
	s := sentinel(thread)
	return l.sentinel.CompareAndSwap(uint32(s|asleepBit), uint32(s))
}

// Lease is the state of a leader slot: it is odd while its leader processes an
// event, and grows with each beginning and each end. The leader begins; it
// ends itself, unless the sentinel was quicker and took the leadership.
type Lease uint64

// Busy reports whether the leader processes.
func (s Lease) Busy() bool { return s&1 != 0 }

type lease struct {
	_     [CacheLine]byte
	state atomic.Uint64
	_     [CacheLine - 8]byte
}

// Lease reads the state of a slot. One atomic access.
func (l *Leadership) Lease(slot uint8) Lease { return Lease(l.leases[slot].state.Load()) }

// End ends a stay in the busy state that was seen as s: the leader's, when it
// has processed or gives the leadership up; the sentinel's, when it takes the
// leadership. Of these exactly one succeeds. One atomic access.
func (l *Leadership) End(slot uint8, s Lease) bool {
	return l.leases[slot].state.CompareAndSwap(uint64(s), uint64(s+1))
}

// HoldResult is what Hold asks of its caller after a step.
type HoldResult uint8

const (
	HoldMore  HoldResult = iota // step again
	HoldWake                    // done: wake the sentinel, Heir
	HeldAlone                   // done: nobody watches, call somebody (Promote with Way Calling)
	Held                        // done
)

// Hold is the machine by which the leader of Slot begins to process an event
// and keeps the leadership. PC zero is its beginning.
type Hold struct {
	PC   HoldPC
	Slot uint8
	Mine Lease  // the state that Hold has set; for End
	Heir uint16 // the sentinel, to be woken
}

// HoldPC is the next access Hold makes.
type HoldPC uint8

const (
	HoldLoad  HoldPC = iota // read the slot's state
	HoldBegin               // store: busy
	HoldLook                // does the sentinel sleep?
	HoldRouse               // CAS: it does not any more
)

// Step makes one atomic access. Either the sentinel is found asleep after the
// slot became busy, or it finds the slot busy before it sleeps.
func (h *Hold) Step(l *Leadership) HoldResult {
	switch h.PC {
	case HoldLoad:
		h.Mine = l.Lease(h.Slot) + 1
		h.PC = HoldBegin
	case HoldBegin:
		l.leases[h.Slot].state.Store(uint64(h.Mine)) // even: nobody else writes it
		h.PC = HoldLook
	case HoldLook:
		s := l.Sentinel()
		switch {
		case s == NoSentinel:
			return HeldAlone
		case !s.Asleep():
			return Held
		}
		h.Heir = s.Thread()
		h.PC = HoldRouse
	case HoldRouse:
		if l.rouse(h.Heir) {
			return HoldWake
		}
		return Held // somebody else has
	}
	return HoldMore
}

// WatchResult is what Watch asks of its caller after a step.
type WatchResult uint8

const (
	WatchMore  WatchResult = iota // step again
	WatchFree                     // a leader slot is free: call Claim, or Pass
	WatchBusy                     // the leader of Slot processes, as seen in Lease: call Take, or Pass
	WatchQuiet                    // all slots were looked at: call Look after a while, or Sleep
	WatchSleep                    // sleep until woken, then step again; returning early is harmless
	WatchLeads                    // the sentinel leads Slot and watches no more
	WatchEnds                     // the pool ends
)

// Watch is the sentinel's machine. The zero value with Me and Slots set is its
// beginning. When it leads, somebody else has to watch: the next thread that
// joins does, or one that is called (Promote with Way Calling).
type Watch struct {
	PC    WatchPC
	Me    uint16
	Slots uint8
	Slot  uint8
	Lease Lease
	Seen  Word
	Deep  bool // it is on its way to sleep
}

// WatchPC is the next access Watch makes.
type WatchPC uint8

const (
	WatchWord   WatchPC = iota // read the word
	WatchLease                 // read the state of Slot
	WatchClaim                 // CAS: take a free slot
	WatchTake                  // CAS: take the slot of a leader that processes
	WatchResign                // store: nobody watches
	WatchDoze                  // CAS: asleep
	WatchRested                // CAS: not asleep
)

// Step makes one atomic access.
func (w *Watch) Step(l *Leadership) WatchResult {
	switch w.PC {
	case WatchWord:
		w.Seen = l.Load()
		w.Slot = 0
		switch {
		case w.Seen.Terminated():
			return WatchEnds
		case w.Seen.Free() > 0 && w.Deep:
			w.PC = WatchRested
		case w.Seen.Free() > 0:
			return WatchFree
		default:
			w.PC = WatchLease
		}
	case WatchLease:
		w.Lease = l.Lease(w.Slot)
		if w.Lease.Busy() {
			if w.Deep {
				w.PC = WatchRested
				break
			}
			return WatchBusy
		}
		return w.pass()
	case WatchClaim:
		w.Slot = w.Seen.FreeSlot()
		if l.swap(w.Seen, w.Seen.withoutFree(w.Slot)) {
			w.PC = WatchResign
			break
		}
		w.PC = WatchWord
	case WatchTake:
		if l.End(w.Slot, w.Lease) {
			w.PC = WatchResign
			break
		}
		w.PC = WatchLease
	case WatchResign:
		l.sentinel.Store(uint32(NoSentinel))
		return WatchLeads
	case WatchDoze:
		// Asleep first, a look after: whoever has something to see sees that
		// the sentinel sleeps, or the sentinel sees it.
		l.sentinel.Store(uint32(sentinel(w.Me) | asleepBit))
		w.Deep = true
		w.PC = WatchWord
	case WatchRested:
		l.rouse(w.Me) // unless somebody has
		w.Deep = false
		w.PC = WatchWord
	}
	return WatchMore
}

// pass goes on to the next slot.
func (w *Watch) pass() WatchResult {
	if w.Slot++; w.Slot < w.Slots {
		w.PC = WatchLease
		return WatchMore
	}
	w.Slot = 0
	if w.Deep {
		w.PC = WatchRested
		return WatchSleep
	}
	w.PC = WatchWord
	return WatchQuiet
}

// Claim takes the free slot that was seen.
func (w *Watch) Claim() { w.PC = WatchClaim }

// Take takes the leadership from the leader that was seen processing.
func (w *Watch) Take() { w.PC = WatchTake }

// Pass leaves what was seen as it is, after WatchFree or WatchBusy. It reports
// WatchQuiet, as Step does, or WatchMore.
func (w *Watch) Pass() WatchResult {
	if w.PC == WatchWord { // it saw a free slot
		w.PC = WatchLease
		return WatchMore
	}
	return w.pass()
}

// Look begins again. Sleep does, too, and sleeps when there is nothing to see.
func (w *Watch) Look() { w.PC = WatchWord }

// Sleep goes to sleep, after WatchQuiet.
func (w *Watch) Sleep() { w.PC = WatchDoze }
