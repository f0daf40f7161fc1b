package cas

import "sync/atomic"

// Sentinel names the thread that watches leaders that keep the leadership while
// they process. That thread is the sentinel. It waits outside the stack of
// followers. It looks at the slots again after a while or, when no leader
// processes, sleeps until another thread wakes it.
//
//	bits   meaning
//	0-15   the thread's number plus 1; 0 for no sentinel
//	16     the sentinel sleeps, or is about to, until it is woken
type Sentinel uint32

// NoSentinel is the value when there is no sentinel.
const NoSentinel Sentinel = 0

const asleepBit Sentinel = 1 << 16

func sentinel(thread uint16) Sentinel { return Sentinel(thread) + 1 }

// Thread returns the sentinel's thread number.
func (s Sentinel) Thread() uint16 { return uint16(s) - 1 }

// Asleep reports whether the sentinel must be woken.
func (s Sentinel) Asleep() bool { return s&asleepBit != 0 }

// Sentinel reads which thread is the sentinel. One atomic access.
func (l *Leadership) Sentinel() Sentinel { return Sentinel(l.sentinel.Load()) }

// rouse clears the asleep bit. If it returns true the caller must wake the
// sentinel.
func (l *Leadership) rouse(thread uint16) bool {
	s := sentinel(thread)
	return l.sentinel.CompareAndSwap(uint32(s|asleepBit), uint32(s))
}

// Lease is the state of a leader slot. It is odd while the leader processes an
// event, and grows by 1 at each beginning and each end. The leader begins. The
// leader also ends, unless the sentinel took the leadership before.
type Lease uint64

// Busy reports whether the leader processes an event.
func (s Lease) Busy() bool { return s&1 != 0 }

type lease struct {
	_     [CacheLine]byte
	state atomic.Uint64
	_     [CacheLine - 8]byte
}

// Lease reads the state of a slot. One atomic access.
func (l *Leadership) Lease(slot uint8) Lease { return Lease(l.leases[slot].state.Load()) }

// End ends the busy state that the caller read as s. The leader calls it when
// it has processed or gives up the leadership; the sentinel calls it to take
// the leadership. Exactly one of these calls succeeds. One atomic access.
func (l *Leadership) End(slot uint8, s Lease) bool {
	return l.leases[slot].state.CompareAndSwap(uint64(s), uint64(s+1))
}

// HoldResult says what the caller must do after a step of Hold.
type HoldResult uint8

const (
	HoldMore  HoldResult = iota // step again
	HoldWake                    // done: wake Heir, the sentinel
	HeldAlone                   // done: there is no sentinel, so call a follower (Promote with Way Calling)
	Held                        // done
)

// Hold is the step machine by which the leader of Slot begins to process an
// event and keeps the leadership. It starts at PC zero.
type Hold struct {
	PC   HoldPC
	Slot uint8
	Mine Lease  // the state that Hold has set; pass it to End
	Heir uint16 // the sentinel to wake
}

// HoldPC is the next access Hold makes.
type HoldPC uint8

const (
	HoldLoad  HoldPC = iota // read the slot's state
	HoldBegin               // store: busy
	HoldLook                // read whether the sentinel sleeps
	HoldRouse               // CAS: clear the sentinel's asleep bit
)

// Step makes one atomic access. Either Hold finds the sentinel asleep after the
// slot became busy, or the sentinel finds the slot busy before it sleeps.
func (h *Hold) Step(l *Leadership) HoldResult {
	switch h.PC {
	case HoldLoad:
		h.Mine = l.Lease(h.Slot) + 1
		h.PC = HoldBegin
	case HoldBegin:
		l.leases[h.Slot].state.Store(uint64(h.Mine)) // the lease was even, so no other thread writes it
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
		return Held // another thread wakes the sentinel
	}
	return HoldMore
}

// WatchResult says what the caller must do after a step of Watch.
type WatchResult uint8

const (
	WatchMore  WatchResult = iota // step again
	WatchFree                     // a leader slot is free: call Claim, or Pass
	WatchBusy                     // the leader of Slot processes, and Lease is its state: call Take, or Pass
	WatchQuiet                    // Watch has looked at all slots: call Look after a while, or Sleep
	WatchSleep                    // sleep until woken, then step again; returning early is harmless
	WatchLeads                    // the thread leads Slot and is no longer the sentinel
	WatchEnds                     // the pool ends
)

// Watch is the sentinel's step machine. It starts as the zero value with Me and
// Slots set. When the sentinel becomes a leader, the next thread that joins, or
// one that is called (Promote with Way Calling), becomes the sentinel.
type Watch struct {
	PC    WatchPC
	Me    uint16
	Slots uint8
	Slot  uint8
	Lease Lease
	Seen  Word
	Deep  bool // the asleep bit is set and Watch looks once more before it sleeps
}

// WatchPC is the next access Watch makes.
type WatchPC uint8

const (
	WatchWord   WatchPC = iota // read the word
	WatchLease                 // read the state of Slot
	WatchClaim                 // CAS: take a free slot
	WatchTake                  // CAS: take the slot of a leader that processes
	WatchResign                // store: there is no sentinel
	WatchDoze                  // CAS: set the asleep bit
	WatchRested                // CAS: clear the asleep bit
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
		// The asleep bit is set before the last look. So either a thread that
		// changes a slot sees the bit, or the sentinel sees the change.
		l.sentinel.Store(uint32(sentinel(w.Me) | asleepBit))
		w.Deep = true
		w.PC = WatchWord
	case WatchRested:
		l.rouse(w.Me) // no effect if another thread has done it
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

// Claim makes the next steps take the free slot, after WatchFree.
func (w *Watch) Claim() { w.PC = WatchClaim }

// Take makes the next steps take the leadership from the leader that processes,
// after WatchBusy.
func (w *Watch) Take() { w.PC = WatchTake }

// Pass ignores the slot, after WatchFree or WatchBusy. It returns WatchQuiet or
// WatchMore, as Step does.
func (w *Watch) Pass() WatchResult {
	if w.PC == WatchWord { // after WatchFree
		w.PC = WatchLease
		return WatchMore
	}
	return w.pass()
}

// Look makes the next steps look at all slots again.
func (w *Watch) Look() { w.PC = WatchWord }

// Sleep makes the next steps look once more and then sleep, after WatchQuiet.
func (w *Watch) Sleep() { w.PC = WatchDoze }
