package scoreboard

import (
	"sync/atomic"

	"lflab/lf/serve"
)

// Process is one slot: a child process, or none.
type Process struct {
	// What the parent writes.

	PID        atomic.Int32  // 0 where the slot is empty
	Generation atomic.Uint32 // under which it was started
	Quiescing  atomic.Uint32 // 1 when it was told to finish
	Threads    atomic.Uint32 // how many rows it has, from 0 on
	Rows       atomic.Uint32 // how many rows it or an earlier process of the slot has had
	Bucket     atomic.Uint32 // which copy of the listeners it accepts from
	Group      atomic.Uint32 // which <User> it belongs to
	_          uint32
	Started    atomic.Int64 // ns of CLOCK_MONOTONIC
	_          [128 - 40]byte

	// What the process writes, see Publisher. The counters go on from where
	// the slot's last process left them.

	NotAccepting atomic.Uint32 // 1 while it takes no connections
	Connections  atomic.Int32  // open
	Writing      atomic.Int32  // of them without a thread: waiting for room to write
	KeepAlive    atomic.Int32  // waiting for the next request
	Closing      atomic.Int32  // waiting for the peer's end
	_            uint32
	counters     [32]atomic.Uint64 // in the order of counterNames
	_            [384 - 24 - 256]byte
}

// counterNames are the counters of architectures that a board has room for,
// by their names in serve.Status. New ones go to the end.
var counterNames = []string{
	"promotions", "events", "direct_releads", "wakes_issued", "wakes_wasted", "cas_retries", "taken", "bound_events",
	"handler_panics", "session_panics", "reserve_waits", "accept_short", "accept_aborted",
}

// Publisher shows a process on its slot. One goroutine uses it, as often as
// readers are to see something new: once a second is usual.
type Publisher struct {
	slot *Process
	base []uint64
}

// NewPublisher is for the process that has just taken up its slot.
func NewPublisher(slot *Process) *Publisher {
	p := &Publisher{slot: slot}
	for i := range counterNames {
		p.base = append(p.base, slot.counters[i].Load())
	}
	return p
}

// Publish shows what st says of connections and counters. Rows show
// themselves.
func (p *Publisher) Publish(st serve.Status) {
	accepting := uint32(0)
	if st.NotAccepting {
		accepting = 1
	}
	p.slot.NotAccepting.Store(accepting)
	p.slot.Connections.Store(int32(st.Open))
	p.slot.Writing.Store(int32(st.AsyncWriting))
	p.slot.KeepAlive.Store(int32(st.AsyncKeepAlive))
	p.slot.Closing.Store(int32(st.AsyncClosing))
	for i, name := range counterNames {
		p.slot.counters[i].Store(p.base[i] + st.Counters[name])
	}
}

// Counters are the slot's counters by name; those that are 0 are left out.
func (p *Process) Counters() map[string]uint64 {
	all := map[string]uint64{}
	for i, name := range counterNames {
		if n := p.counters[i].Load(); n > 0 {
			all[name] = n
		}
	}
	return all
}
