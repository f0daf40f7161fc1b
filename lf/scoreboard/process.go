package scoreboard

import (
	"sync/atomic"

	"lflab/lf/serve"
)

// Process is one slot. It describes a child process, or is empty.
type Process struct {
	// The parent writes these.

	PID        atomic.Int32  // 0 if the slot is empty
	Generation atomic.Uint32 // the generation in which it was started
	Quiescing  atomic.Uint32 // 1 after it was told to finish
	Threads    atomic.Uint32 // how many rows it uses, from row 0 on
	Rows       atomic.Uint32 // how many rows this process and earlier ones of the slot have used
	Bucket     atomic.Uint32 // the copy of the listeners that it accepts from
	Group      atomic.Uint32 // the <User> that it belongs to
	_          uint32
	Started    atomic.Int64 // ns of CLOCK_MONOTONIC
	_          [128 - 40]byte

	// The process writes these, see Publisher. The counters continue those of
	// the slot's previous process.

	NotAccepting atomic.Uint32 // 1 while it accepts no connections
	Connections  atomic.Int32  // open
	Writing      atomic.Int32  // of them without a thread: waiting for room in the send buffer
	KeepAlive    atomic.Int32  // waiting for the next request
	Closing      atomic.Int32  // waiting for the peer to close
	_            uint32
	counters     [32]atomic.Uint64 // in the order of counterNames
	_            [384 - 24 - 256]byte
}

// counterNames names the counters that a board has room for, as in
// serve.Status. Add new ones at the end.
var counterNames = []string{
	"promotions", "events", "direct_releads", "wakes_issued", "wakes_wasted", "cas_retries", "taken", "bound_events",
	"handler_panics", "session_panics", "reserve_waits", "accept_short", "accept_aborted",
}

// Publisher writes a process's counts into its slot. Only one goroutine may use
// it. It usually calls Publish once a second.
type Publisher struct {
	slot *Process
	base []uint64
}

// NewPublisher makes the publisher of a process that has just got its slot.
func NewPublisher(slot *Process) *Publisher {
	p := &Publisher{slot: slot}
	for i := range counterNames {
		p.base = append(p.base, slot.counters[i].Load())
	}
	return p
}

// Publish writes the connections and counters of st to the slot. Threads write
// their rows themselves.
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

// Counters returns the slot's counters by name. It leaves out those that are 0.
func (p *Process) Counters() map[string]uint64 {
	all := map[string]uint64{}
	for i, name := range counterNames {
		if n := p.counters[i].Load(); n > 0 {
			all[name] = n
		}
	}
	return all
}
