package load

import "golang.org/x/sys/unix"

// A conn is one of the connections that a load may have open at once: a place
// that holds a descriptor or none.
//
//	idle -> sending -> waiting -> idle               an exchange on a kept connection
//	                   waiting -> closing -> idle    the server will close; its close is waited for
//	       (any) -> resting -> idle                  it failed, and is tried again later
type conn struct {
	fd       int // -1: none open
	state    connState
	reused   bool   // an answer has come on this descriptor
	counted  bool   // its request was planned in the measured time
	asked    bool   // a request was given to this place
	took     bool   // a request was written on it
	served   bool   // an answer has come on it
	interest uint32 // what epoll was told; 0: not in its set
	index    int32
	gen      int32 // of the descriptor, so that an event for an old one is known
	failures int   // in a row
	sent     int   // bytes of the request written

	planned  arrival // of a closed loop's request, only its time
	started  int64   // its actual start, as the clock gives it
	written  int64   // when the write of its first byte began; of a pair's only; 0: not yet
	free     int64   // since when the place has been free
	deadline int64   // of the exchange, of the server's close, or the end of the rest

	answer answer
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

	// A server that said it would close has this long to do so. Its close is
	// waited for so that TIME_WAIT is the server's, as it is without a
	// generator that runs out of ports.
	closePatience int64 = 1e9 // ns

	backoffFirst int64 = 1e6   // ns, doubled with each failure in a row
	backoffMost  int64 = 128e6 // ns
)

// backoff returns how long to rest after c's last failure.
func (c *conn) backoff() int64 {
	return min(backoffMost, backoffFirst<<min(c.failures-1, 10))
}

// A freeList holds the places that can take a request, the longest free first:
// the requests of an open loop visit all connections in turn.
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
