package mpm

import (
	"sync"

	"lflab/lf/serve"
	"lflab/lf/sock"
)

// link is a connection of a percore thread, and that thread's alone. It is
// reused for all connections with its place.
type link struct {
	conn    sock.Conn
	session serve.Session // when it holds something of the connection
	place   uint32        // in the thread's table
	life    uint32        // which connection of this place; events bear its number
	next    serve.Next    // what it waits for
	open    bool
	inSet   bool // is in the epoll set
	ended   bool // the peer has ended its side, or the connection is broken
	again   bool // is in line to be served once more

	deadline int64 // of the wait, ns; 0 none
	hand     hand
}

func (l *link) token() uint64 { return uint64(l.place) | uint64(l.life)<<32 }

// links are the connections of a thread: those that are open, and places to be
// used again.
type links struct {
	all  []*link
	free []*link
	open int

	mu sync.Mutex // held to add to all, and by others who read it
}

// each calls do for all places; any thread may.
func (t *links) each(do func(*link)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.all {
		do(l)
	}
}

// add begins a connection.
func (t *links) add(fd int, stamped bool) *link {
	var l *link
	if n := len(t.free); n > 0 {
		l, t.free = t.free[n-1], t.free[:n-1]
	} else {
		l = &link{place: uint32(len(t.all))}
		t.mu.Lock()
		t.all = append(t.all, l)
		t.mu.Unlock()
	}
	l.conn.Reset(fd, false, stamped, nil)
	l.life++
	l.open, l.inSet, l.ended, l.again = true, false, false, false
	l.deadline = 0
	t.open++
	return l
}

// find is the connection that an event is for, nil when it has ended.
func (t *links) find(token uint64) *link {
	if place := uint32(token); int(place) < len(t.all) {
		if l := t.all[place]; l.open && l.life == uint32(token>>32) {
			return l
		}
	}
	return nil
}

// remove ends a connection, and gives back its descriptor for the caller to
// close.
func (t *links) remove(l *link) (fd int) {
	l.open = false
	t.free = append(t.free, l)
	t.open--
	return l.conn.Release()
}
