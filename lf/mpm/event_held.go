package mpm

import (
	"sync/atomic"

	"lflab/lf/serve"
	"lflab/lf/sock"
)

// held is a connection of the event architecture. It is reused for all
// connections with its descriptor.
//
// state is turn<<2 | where it is. A turn is one stay in the epoll set, counted
// over all connections with this descriptor; an event bears its number, so one
// that was reported for an earlier turn is recognised. In the order of a turn:
//
//	served   a worker has it, or the listener on the way there
//	arming   next turn; given to the set, epoll_ctl may not have returned
//	waiting  it has returned: the listener may close it now
//	closed   until accept4 returns its descriptor again
//
//	from              to       by
//	closed            served   listener, which accepted it
//	served            arming   worker, which increments the turn
//	arming            waiting  the same worker; fails if the listener was quicker
//	arming, waiting   served   listener, for an event of this turn
//	waiting           closed   listener, which closes it
//	served            closed   whoever has it, just before close(2)
//
// All fields but state belong to whoever has it: they are written before the
// store to state that gives it away, and read after the load that finds that;
// next may be read by anybody, to count.
type held struct {
	conn     sock.Conn
	session  serve.Session // when it holds something of the connection
	inSet    bool          // has been added to the epoll set
	lingers  bool          // has had its last response
	next     waitsFor
	deadline int64
	state    atomic.Uint64
}

const (
	closedState uint64 = iota // 0: what was never open is closed
	servedState
	armingState
	waitingState
	stateMask = 3
)

// open begins a connection, which the caller then has.
func (c *held) open(fd int, stamped bool) {
	st := c.state.Load() // first: it orders what follows behind the last owner's writes
	c.conn.Reset(fd, false, stamped, nil)
	c.inSet, c.lingers = false, false
	c.state.Store(st&^stateMask | servedState)
}

// arm begins a turn and returns the token for its event.
func (c *held) arm() (turn, token uint64) {
	turn = c.state.Load()>>2 + 1
	token = uint64(uint32(c.conn.FD())) | turn<<32
	c.state.Store(turn<<2 | armingState)
	return turn, token
}

// armed tells that the set has it. Nothing follows when it was taken already,
// and perhaps is in a later turn by now.
func (c *held) armed(turn uint64) {
	c.state.CompareAndSwap(turn<<2|armingState, turn<<2|waitingState)
}

// disarmed takes back arm where the set has refused the connection.
func (c *held) disarmed(turn uint64) { c.state.Store(turn<<2 | servedState) }

// take claims the connection for an event with that turn's lower half.
func (c *held) take(turn uint32) bool {
	for {
		st := c.state.Load()
		if uint32(st>>2) != turn || st&stateMask < armingState {
			return false
		}
		if c.state.CompareAndSwap(st, st&^stateMask|servedState) {
			return true
		}
		// arming became waiting meanwhile
	}
}

// waits tells whether the listener may end it. Only for the listener this
// stays true.
func (c *held) waits() bool { return c.state.Load()&stateMask == waitingState }

// shut ends a connection that the caller has, or as the listener may end, and
// returns the descriptor to be closed. An event that epoll has for it, or has
// reported already, comes to nothing.
func (c *held) shut() (fd int) {
	fd = c.conn.Release()
	c.state.Store(c.state.Load() &^ stateMask) // closed
	return fd
}
