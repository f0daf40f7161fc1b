package mpm

import (
	"sync"
	"sync/atomic"

	"lflab/lf/serve"
)

// link is a connection of a percore thread, and that thread's alone. It is
// reused for all connections with its place. next is serve.Close until it waits
// for the first time, and after its end.
type link struct {
	connection
	place uint32 // in the thread's table
	life  uint32 // which connection of this place; events carry its number
	open  bool
	again bool // is in line to be served once more

	deadline int64 // of the wait, ns; 0 none
	timer    timer
}

func (l *link) token() uint64 { return uint64(l.place) | uint64(l.life)<<32 }

// links are the connections of a thread: those that are open, and places to be
// used again.
type links struct {
	all  []*link
	free []*link
	open atomic.Int64

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
	l.begin(fd, stamped)
	l.life++
	l.open, l.again = true, false
	l.deadline = 0
	t.open.Add(1)
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
	l.next.set(serve.Close)
	t.free = append(t.free, l)
	t.open.Add(-1)
	return l.conn.Release()
}
