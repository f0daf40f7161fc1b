package mpm

import (
	"sync/atomic"

	"lflab/lf/sock"
)

// handle is a connection that the threads of a server share. It is reused for
// all connections with its descriptor.
//
// state is turn<<3 | again<<2 | where it is. A turn begins whenever the epoll
// set is told of the connection, and is counted over all connections with this
// descriptor; events carry its number, so one that was reported for an earlier
// turn is recognised. Where it is:
//
//	shut     until accept4 returns its descriptor again
//	owned    deactivated: one thread has it, no other dispatches it
//	arming   reactivated, but epoll_ctl may not have returned: it must not be closed
//	waiting  reactivated: the first to claim it has it
//
//	from              to       by
//	shut              owned    the thread that accepted it
//	owned             waiting  its owner, where events are edges
//	owned             arming   its owner, where events have to be armed: a new turn
//	arming            waiting  the same thread; fails if an event was quicker
//	arming, waiting   owned    a leader or listener, for an event of this turn
//	waiting           owned    a leader, when its time is over or the server drains
//	waiting           shut     a listener that is the only one to claim, for the same
//	owned             shut     its owner, just before close(2)
//
// An edge that comes while somebody owns the connection sets again: then the
// owner does not let it wait but serves it once more.
//
// All fields but state and deadline belong to the owner: they are written
// before the access to state that gives the connection away, and read after
// the one that takes it. next may be read by anybody, to count.
type handle struct {
	connection
	owner    int  // thread that it is bound to
	lingers  bool // has had its last response
	state    atomic.Uint64
	deadline atomic.Int64 // of the wait, ns, rounded up to grains; 0 none
}

const (
	shut uint64 = iota // 0: what was never open is shut
	owned
	arming
	waiting
	whereMask = 3
	againBit  = 4
	turnShift = 3
	tokenTurn = 32 // shift of the turn in a token, above the descriptor
)

// grain is how exact deadlines are kept, ns. Most requests leave a
// connection's deadline in the grain where it was, and need not write it.
const grain = 1 << 26 // 67 ms

// grains is the first grain whose time has not come before ns.
func grains(ns int64) int64 { return (ns + grain - 1) / grain }

// open begins a connection, which the caller then owns.
func (h *handle) open(fd int, stamped bool) {
	st := h.state.Load() // first: it orders what follows behind the last owner's writes
	h.begin(fd, stamped)
	h.lingers = false
	h.deadline.Store(0)
	h.state.Store(st&^(whereMask|againBit) | owned)
}

// claim takes the connection for an event with that turn's lower half. It
// reports false when the event is not for the caller: it is of another turn, or
// somebody owns the connection, who will look again.
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

// waits reports that the connection waits. Only for a listener that is the only
// one to claim this stays true.
func (h *handle) waits() bool { return h.state.Load()&whereMask == waiting }

// evict takes a connection that waits, for its deadline or the drain.
func (h *handle) evict() bool {
	st := h.state.Load()
	return st&whereMask == waiting && h.state.CompareAndSwap(st, st&^whereMask|owned)
}

// release lets the connection wait in its turn. It reports false when there was
// an edge meanwhile: then the caller owns it still and serves it again.
func (h *handle) release() bool {
	st := h.state.Load()
	if st&againBit == 0 && h.state.CompareAndSwap(st, st&^whereMask|waiting) {
		return true
	}
	h.state.Store(h.state.Load() &^ againBit)
	h.conn.Edge()
	return false
}

// arm is release where an event has to be armed: it begins a turn and returns
// the token for its events. Until armed is called, the connection cannot be
// closed by others. An edge that came meanwhile may be forgotten: the kernel
// looks when it arms.
func (h *handle) arm() (turn, token uint64) {
	turn = h.state.Load()>>turnShift + 1
	token = uint64(uint32(h.conn.FD())) | turn<<tokenTurn
	h.state.Store(turn<<turnShift | arming)
	return turn, token
}

// armed tells that epoll_ctl has returned. Nothing follows when the connection
// was claimed already, and perhaps is in a later turn by now.
func (h *handle) armed(turn uint64) {
	h.state.CompareAndSwap(turn<<turnShift|arming, turn<<turnShift|waiting)
}

// wait puts the connection into the set, for one turn. From then on it may
// belong to somebody else, and even be another connection; on an error it is
// the caller's still.
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

// disarmed takes back arm where the set has refused the connection.
func (h *handle) disarmed(turn uint64) { h.state.Store(turn<<turnShift | owned) }

// shut ends a connection that the caller owns, or may end as its only claimant,
// and returns the descriptor to be closed. An event that the set has for it, or
// has reported already, comes to nothing.
func (h *handle) shut() (fd int) {
	fd = h.conn.Release()
	h.state.Store(h.state.Load() &^ (whereMask | againBit))
	return fd
}

// setDeadline notes until when the connection may wait, ns; 0 for ever. It
// reports whether that was written, rounded.
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
