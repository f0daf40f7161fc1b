package mpm

import (
	"sync"
	"sync/atomic"

	"lflab/lf/serve"
)

// link is a connection of one percore thread, and only that thread serves it.
// It is reused for all connections in its place. next is serve.Close before the
// first wait and after the end.
type link struct {
	connection
	place uint32 // index in links.all
	life  uint32 // number of the connection in this place; events carry it
	open  bool
	again bool // is in core.again

	deadline int64 // of the wait, ns; 0 for none
	timer    timer
}

func (l *link) token() uint64 { return uint64(l.place) | uint64(l.life)<<32 }

// links holds the places of a thread's connections, open and free ones.
type links struct {
	all  []*link
	free []*link
	open atomic.Int64

	mu sync.Mutex // held to append to all, and by other threads to read it
}

// each calls do for all places. Any thread may call it.
func (t *links) each(do func(*link)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.all {
		do(l)
	}
}

// add begins a connection in a free place or in a new one.
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

// find returns the connection that an event is for, or nil if it has ended.
func (t *links) find(token uint64) *link {
	if place := uint32(token); int(place) < len(t.all) {
		if l := t.all[place]; l.open && l.life == uint32(token>>32) {
			return l
		}
	}
	return nil
}

// remove ends a connection and returns its descriptor for the caller to close.
func (t *links) remove(l *link) (fd int) {
	l.open = false
	l.next.set(serve.Close)
	t.free = append(t.free, l)
	t.open.Add(-1)
	return l.conn.Release()
}
