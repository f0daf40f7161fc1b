package mpm

import (
	"sync/atomic"

	"lflab/lf/serve"
	"lflab/lf/sock"
)

// handle is a connection of the reactor. It is reused for all connections with
// its descriptor.
//
// state is life<<3 | again<<2 | where it is. A life is one connection; events
// bear its number, so one that was reported for a predecessor with the same
// descriptor is recognised. Where it is:
//
//	shut     until accept4 returns its descriptor again
//	owned    deactivated: one thread has it, no other dispatches it
//	arming   reactivated, but epoll_ctl has not returned: it must not be closed
//	waiting  reactivated: the first to claim it has it
//
//	from              to       by
//	shut              owned    the leader that accepted it: a new life
//	owned             waiting  its owner, where events are edges
//	owned             arming   its owner, where events have to be armed
//	arming            waiting  the same thread; fails if an event was quicker
//	arming, waiting   owned    a leader, for an event of this life
//	waiting           owned    a leader, when its time is over or the server drains
//	owned             shut     its owner, just before close(2)
//
// An edge that comes while somebody owns the connection sets again: then the
// owner does not let it wait but serves it once more.
//
// All fields but state and deadline belong to the owner: they are written
// before the access to state that gives the connection away, and read after
// the one that takes it.
type handle struct {
	conn     sock.Conn
	session  serve.Session // when it holds something of the connection
	next     waitsFor
	owner    int  // thread that it is bound to; of its whole life
	inSet    bool // has been added to the epoll set
	ended    bool // the peer has ended its side, or the connection is broken
	state    atomic.Uint64
	deadline atomic.Int64 // of the wait, ns, rounded up to grains; 0 none
}

const (
	shut uint64 = iota
	owned
	arming
	waiting
	whereMask  = 3
	againBit   = 4
	lifeShift  = 3
	tokenShift = 32 // of the life in a token, above the descriptor
)

// grain is how exact deadlines are kept, ns. Most requests leave a
// connection's deadline in the grain where it was, and need not write it.
const grain = 1 << 26 // 67 ms

// open begins a life, which the caller then owns.
func (h *handle) open(fd int, stamped bool) {
	st := h.state.Load() // first: it orders what follows behind the last owner's writes
	h.conn.Reset(fd, false, stamped, nil)
	h.inSet, h.ended = false, false
	h.deadline.Store(0)
	h.state.Store((st>>lifeShift+1)<<lifeShift | owned)
}

// token is what events of this life bear. The owner's to call.
func (h *handle) token() uint64 {
	return uint64(uint32(h.conn.FD())) | h.state.Load()>>lifeShift<<tokenShift
}

// claim takes the connection for an event of that life. It reports false when
// the event is not for the caller: it is of another life, or somebody owns the
// connection, who will look again.
func (h *handle) claim(life uint32) bool {
	for {
		st := h.state.Load()
		if uint32(st>>lifeShift) != life {
			return false
		}
		switch st & whereMask {
		case shut:
			return false
		case owned:
			if st&againBit != 0 || h.state.CompareAndSwap(st, st|againBit) {
				return false
			}
		default:
			if h.state.CompareAndSwap(st, st&^whereMask|owned) {
				return true
			}
		}
	}
}

// evict takes a connection that waits, for its deadline or the drain.
func (h *handle) evict() bool {
	st := h.state.Load()
	return st&whereMask == waiting && h.state.CompareAndSwap(st, st&^whereMask|owned)
}

// unfinished reports that there is something to do though nothing new arrives:
// the session stopped before all was read or written, or the peer's end has
// been told and not been read.
func (h *handle) unfinished(next serve.Next) bool {
	if next == serve.WriteMore {
		return !h.conn.Full()
	}
	return h.ended || !h.conn.Drained()
}

// release lets the connection wait. It reports false when there was an edge
// meanwhile: then the caller owns it still and serves it again.
func (h *handle) release() bool {
	st := h.state.Load()
	if st&againBit == 0 && h.state.CompareAndSwap(st, st&^whereMask|waiting) {
		return true
	}
	h.state.Store(h.state.Load() &^ againBit)
	h.conn.Edge()
	return false
}

// arm is release where an event has to be armed: until armed is called with
// what it returns, the connection cannot be closed by others. An edge that came
// meanwhile may be forgotten: the kernel looks when it arms.
func (h *handle) arm() (st uint64) {
	st = h.state.Load()&^(whereMask|againBit) | arming
	h.state.Store(st)
	return st
}

// armed tells that epoll_ctl has returned. Nothing follows when the connection
// was claimed already, and perhaps has another life by now.
func (h *handle) armed(st uint64) { h.state.CompareAndSwap(st, st&^whereMask|waiting) }

// disarmed takes back arm where the set has refused the connection.
func (h *handle) disarmed(st uint64) { h.state.Store(st&^whereMask | owned) }

// shut ends the life of a connection that the caller owns, and returns the
// descriptor to be closed.
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
