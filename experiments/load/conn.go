package load

import (
	"golang.org/x/sys/unix"

	"lflab/experiments/load/answer"
)

// A conn is a slot for one of the connections that a load may have open at
// once. It has a descriptor or none.
//
//	idle -> sending -> waiting -> idle               an exchange on a kept connection
//	                   waiting -> closing -> idle    the server will close; wait for its close
//	       (any) -> resting -> idle                  it failed; try again later
type conn struct {
	fd       int // -1 if none is open
	state    connState
	reused   bool   // an answer has come on this descriptor
	counted  bool   // its request was planned within the measured time
	carried  bool   // its request was planned before the measured time and sent within it
	asked    bool   // this slot was given a request
	took     bool   // a request was written on it
	served   bool   // an answer has come on it
	open     bool   // its request has no outcome yet
	interest uint32 // the events that epoll reports; 0 if it is not in the set
	index    int32
	gen      int32 // number of the descriptor in this slot, to recognise events for an earlier one
	failures int   // number of failures in a row
	sent     int   // bytes of the request that were written

	planned  arrival // of a closed loop's request, only the time
	started  int64   // the actual start
	written  int64   // when the write of the first byte began, for pairs only; 0 before
	free     int64   // since when the slot has been free
	deadline int64   // of the exchange, of the server's close, or the end of the rest

	answer answer.Reader
	sight  sight
}

type connState uint8

const (
	idle connState = iota
	sending
	waiting
	closing
	resting
)

const (
	wantAnswer = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET
	wantSend   = wantAnswer | unix.EPOLLOUT

	// How long a server may take to close after it said that it will. The
	// client waits for it so that the server gets the TIME_WAIT state, as it
	// does with real clients; otherwise the generator would run out of ports.
	closePatience int64 = 1e9 // ns

	backoffFirst int64 = 1e6   // ns, doubled with each failure in a row
	backoffMost  int64 = 128e6 // ns
)

// backoff returns how long c must rest after its last failure.
func (c *conn) backoff() int64 {
	return min(backoffMost, backoffFirst<<min(c.failures-1, 10))
}

// A freeList holds the slots that can take a request. It yields the one that
// was free longest, so the requests of an open loop use all connections in
// turn.
type freeList struct {
	ring []*conn
	head int
	n    int
}

func (f *freeList) push(c *conn) {
	i := f.head + f.n
	if i >= len(f.ring) {
		i -= len(f.ring)
	}
	f.ring[i] = c
	f.n++
}

func (f *freeList) pop() *conn {
	c := f.ring[f.head]
	if f.head++; f.head == len(f.ring) {
		f.head = 0
	}
	f.n--
	return c
}
