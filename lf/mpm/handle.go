package mpm

import (
	"sync/atomic"

	"lflab/lf/sock"
)

// handle is a connection that the threads of a server share. It is reused for
// all connections with the same descriptor.
//
// state is turn<<3 | again<<2 | where. A turn begins when epoll_ctl arms the
// connection, and is counted over all connections with this descriptor. Events
// carry the number of their turn, so those of an earlier turn are recognised.
// The values of where are
//
//	shut     there is no connection until accept4 returns the descriptor again
//	owned    deactivated: one thread owns it, no other dispatches it
//	arming   reactivated, but epoll_ctl may not have returned: only an event claims it
//	waiting  reactivated: the first thread that claims it owns it
//
//	from              to       by
//	shut              owned    the thread that accepted it
//	owned             waiting  its owner, if events are edges
//	owned             arming   its owner, if events must be armed: a new turn
//	arming            waiting  the same thread; fails if an event was faster
//	arming, waiting   owned    a leader or listener, for an event of this turn
//	waiting           owned    a leader, after the deadline or to drain
//	waiting           shut     a listener that alone claims, for the same reasons
//	owned             shut     its owner, just before close(2)
//
// An edge that comes while a thread owns the connection sets again. The owner
// then serves it once more instead of letting it wait.
//
// All fields but state and deadline belong to the owner. It writes them before
// the access to state that gives the connection away, and reads them after the
// access that claims it. Any thread may read next, to count.
type handle struct {
	connection
	owner    int  // thread that it is bound to
	lingers  bool // had its last response
	state    atomic.Uint64
	deadline atomic.Int64 // of the wait, ns, rounded up to grains; 0 for none
}

const (
	shut uint64 = iota // 0, because a handle that was never open is shut
	owned
	arming
	waiting
	whereMask = 3
	againBit  = 4
	turnShift = 3
	tokenTurn = 32 // shift of the turn in a token, above the descriptor
)

// grain is the resolution of deadlines, ns. Most requests leave a connection's
// deadline in the same grain, so it need not be written.
const grain = 1 << 26 // 67 ms

// grains returns ns in grains, rounded up.
func grains(ns int64) int64 { return (ns + grain - 1) / grain }

// open begins a connection, which the caller then owns.
func (h *handle) open(fd int, stamped bool) {
	st := h.state.Load() // first, so that what follows comes after the last owner's writes
	h.begin(fd, stamped)
	h.lingers = false
	h.deadline.Store(0)
	h.state.Store(st&^(whereMask|againBit) | owned)
}

// claim takes the connection for an event; turn is the lower half of the turn's
// number. It returns false if the event is of another turn, or if a thread owns
// the connection, which then looks again.
func (h *handle) claim(turn uint32) bool {
	for {
		st := h.state.Load()
		if uint32(st>>turnShift) != turn {
			return false
		}
		switch st & whereMask {
		case shut:
			return false
		case owned:
			if st&againBit != 0 || h.state.CompareAndSwap(st, st|againBit) {
				return false
			}
		default: // arming may become waiting meanwhile
			if h.state.CompareAndSwap(st, st&^whereMask|owned) {
				return true
			}
		}
	}
}

// waits reports whether the connection waits. It stays true only for a listener
// that alone claims.
func (h *handle) waits() bool { return h.state.Load()&whereMask == waiting }

// evict claims a connection that waits, because of its deadline or a drain.
func (h *handle) evict() bool {
	st := h.state.Load()
	return st&whereMask == waiting && h.state.CompareAndSwap(st, st&^whereMask|owned)
}

// release lets the connection wait in its present turn. It returns false if an
// edge came meanwhile. Then the caller still owns it and must serve it again.
func (h *handle) release() bool {
	st := h.state.Load()
	if st&againBit == 0 && h.state.CompareAndSwap(st, st&^whereMask|waiting) {
		return true
	}
	h.state.Store(h.state.Load() &^ againBit)
	h.conn.Edge()
	return false
}

// arm is release for an event that must be armed: it begins a turn and returns
// the token for its events. Until armed is called, only an event can claim the
// connection. An edge that came meanwhile may be forgotten, because the kernel
// checks when it arms.
func (h *handle) arm() (turn, token uint64) {
	turn = h.state.Load()>>turnShift + 1
	token = uint64(uint32(h.conn.FD())) | turn<<tokenTurn
	h.state.Store(turn<<turnShift | arming)
	return turn, token
}

// armed records that epoll_ctl has returned. It does nothing if the connection
// was already claimed; it may even be in a later turn by now.
func (h *handle) armed(turn uint64) {
	h.state.CompareAndSwap(turn<<turnShift|arming, turn<<turnShift|waiting)
}

// wait puts the connection into the set, for one turn. Afterwards another
// thread may own it, and it may even be another connection. On an error the
// caller still owns it.
func (h *handle) wait(set *sock.Poller, events uint32) (err error) {
	fd, first := h.conn.FD(), !h.inSet
	h.inSet = true
	turn, token := h.arm()
	if first {
		err = set.Add(fd, events, token)
	} else {
		err = set.Modify(fd, events, token)
	}
	if err != nil {
		h.disarmed(turn)
		return err
	}
	h.armed(turn)
	return nil
}

// disarmed undoes arm after the set has refused the connection.
func (h *handle) disarmed(turn uint64) { h.state.Store(turn<<turnShift | owned) }

// shut ends a connection and returns its descriptor for the caller to close.
// The caller owns it or is its only claimant. Events for it that the set still
// has, or has already reported, have no effect.
func (h *handle) shut() (fd int) {
	fd = h.conn.Release()
	h.state.Store(h.state.Load() &^ (whereMask | againBit))
	return fd
}

// setDeadline sets until when the connection may wait, ns; 0 means no deadline.
// It returns the rounded deadline, and whether that is new.
func (h *handle) setDeadline(ns int64) (rounded int64, changed bool) {
	if ns != 0 {
		ns = (ns + grain - 1) &^ (grain - 1)
	}
	if h.deadline.Load() == ns {
		return ns, false
	}
	h.deadline.Store(ns)
	return ns, true
}
