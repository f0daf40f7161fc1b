package scoreboard

import (
	"strings"
	"sync/atomic"
)

const (
	// magic reads lflabSCB in a dump of a little-endian machine.
	magic   uint64 = 0x4243_5362_616c_666c
	version uint32 = 1
)

// Header describes the whole server. Only the parent writes it.
type Header struct {
	magic   atomic.Uint64 // written last
	version atomic.Uint32
	_       uint32
	slots   atomic.Uint64
	rows    atomic.Uint64

	ParentPID   atomic.Int32
	_           uint32
	parentStart atomic.Uint64 // when the kernel started the parent, clock ticks since boot

	StartedAt   atomic.Int64 // when the server started, ns of CLOCK_REALTIME
	RestartedAt atomic.Int64 // when the server was last restarted, or started, ns of CLOCK_REALTIME
	Started     atomic.Int64 // when the server started, ns of CLOCK_MONOTONIC

	Generation       atomic.Uint32 // of the children: 0 at first, plus 1 with each restart
	ConfigGeneration atomic.Uint32 // how often a configuration was applied
	Async            atomic.Uint32 // 1 if connections wait without a thread
	_                uint32

	ServerLimit     atomic.Uint32 // the limits now in force; at most Slots
	ThreadLimit     atomic.Uint32
	ThreadsPerChild atomic.Uint32
	MaxWorkers      atomic.Uint32

	// CPU time of children that have ended, ns.
	ChildrenUser   atomic.Uint64
	ChildrenSystem atomic.Uint64

	// Used is the number of slots that have had a process. Slots beyond it are
	// empty.
	Used atomic.Uint32
	_    uint32

	// MPM and Primitive name what the children run.
	MPM       Text
	Primitive Text

	_ [1024 - 256]byte
}

// Text is a short string in shared memory. While it is being set, a reader may
// see a mix of old and new bytes.
type Text struct{ words [8]atomic.Uint64 }

// Set sets the text to the first 64 bytes of s.
func (t *Text) Set(s string) {
	var b [64]byte
	copy(b[:], s)
	for i := range t.words {
		var w uint64
		for j := range 8 {
			w |= uint64(b[i*8+j]) << (8 * j)
		}
		t.words[i].Store(w)
	}
}

// String returns the text.
func (t *Text) String() string {
	var b [64]byte
	for i := range t.words {
		w := t.words[i].Load()
		for j := range 8 {
			b[i*8+j] = byte(w >> (8 * j))
		}
	}
	s, _, _ := strings.Cut(string(b[:]), "\x00")
	return s
}
