package probe

import (
	"cmp"
	"fmt"
	"slices"

	"lflab/experiments/probe/bpf"
	"lflab/experiments/probe/stage"
)

// The records of single events. Their layout is that of bpf/records.h, and a
// test compares the two. All times are nanoseconds of CLOCK_MONOTONIC; 0 is a
// stamp that was not taken.

// Sleep describes one sleep of a thread and its end.
type Sleep struct {
	Off      uint64 `json:"off_ns"`            // when it left the CPU
	Waking   uint64 `json:"waking_ns"`         // when the waker chose it
	Wakeup   uint64 `json:"wakeup_ns"`         // when it was on a run queue
	Run      uint64 `json:"run_ns"`            // when it was on a CPU
	Call     uint64 `json:"call_ns,omitempty"` // when the waker entered its system call; 0 if no followed thread woke it
	Waker    uint32 `json:"waker_tid,omitempty"`
	WakerCPU uint16 `json:"waker_cpu"`
	CPU      uint16 `json:"cpu"`
	By       uint16 `json:"waker_call"` // number of the waker's system call; valid with Call, as In and Kind are
	In       uint16 `json:"sleeper_call"`
	Kind     Kind   `json:"kind"`
}

// Placement returns where the sleeper ran, relative to its waker.
func (s *Sleep) Placement() stage.Placement {
	switch {
	case s.Waking == 0:
		return stage.NoWake
	case s.WakerCPU == s.CPU:
		return stage.SameCPU
	}
	return stage.CrossCPU
}

// Receipt describes one wait for events, from its call to its return.
type Receipt struct {
	Enter  uint64 `json:"enter_ns"`
	Sleep  Sleep  `json:"sleep"` // zero if the call returned at once
	Return uint64 `json:"return_ns"`
	Set    uint64 `json:"set"` // if polled: what the wait was on
	TID    uint32 `json:"tid"`
	Polled uint32 `json:"polled"` // 1: a wait on several files, 0: accept
}

// Request describes data that became ready on a connection and was read.
type Request struct {
	Kind          uint32  `json:"-"`
	TID           uint32  `json:"tid"`     // of the reader
	Time          uint64  `json:"read_ns"` // when the read ended
	Sock          uint64  `json:"sock"`
	Established   uint64  `json:"established_ns"`
	ListenerReady uint64  `json:"listener_ready_ns"`
	DataReady     uint64  `json:"data_ready_ns"`
	Accepted      uint64  `json:"accepted_ns"`
	Acceptor      uint32  `json:"acceptor_tid"`
	First         uint32  `json:"first"`    // 1: the first of its connection
	From          uint64  `json:"ready_ns"` // when D begins
	Receipt       Receipt `json:"receipt"`  // of the event; zero if unknown
	Pass          Sleep   `json:"pass"`     // the reader's wake-up by a hand-off; zero if none is part of D
	PassReturn    uint64  `json:"pass_return_ns"`
	Read          Sleep   `json:"read"`          // the reader's sleep within the read; zero if there was none
	WakeEnter     uint64  `json:"wake_enter_ns"` // of the reader's last wake call
	WakeExit      uint64  `json:"wake_return_ns"`
	Moved         uint32  `json:"moved"`           // 1: another thread used the connection last; 2: and the reader slept since the data was ready
	ReceiptPolled uint32  `json:"acceptor_polled"` // 1: the acceptor got the connection from an epoll set
}

// Handoff is a wake-up that the woken thread made use of.
type Handoff struct {
	Kind       uint32 `json:"-"`
	TID        uint32 `json:"tid"`       // the woken thread
	Time       uint64 `json:"return_ns"` // when the call that it slept in returned
	Sleep      Sleep  `json:"sleep"`
	ReceiptRet uint64 `json:"receipt_return_ns"` // of the event that the waker had received
	Group      Total  `json:"group"`
	_          uint32
}

// Gap is a time in which no thread waited for events.
type Gap struct {
	Kind  uint32 `json:"-"`
	TID   uint32 `json:"tid"`     // the next thread that waits
	Time  uint64 `json:"ends_ns"` // when it enters the wait
	Began uint64 `json:"began_ns"`
	Giver uint32 `json:"giver_tid"` // the thread that received the event
	How   Total  `json:"how"`
	// How the next thread was woken, and the giver's last wake call. The gap's
	// stages are computed from these.
	Pass       Sleep  `json:"pass"`
	PassReturn uint64 `json:"pass_return_ns"`
	WakeEnter  uint64 `json:"wake_enter_ns"`
	WakeExit   uint64 `json:"wake_return_ns"`
}

// Wait records a thread's return from a call that waits, or in which another thread
// woke it.
type Wait struct {
	Kind   uint32 `json:"-"`
	TID    uint32 `json:"tid"`
	Time   uint64 `json:"return_ns"`
	Enter  uint64 `json:"enter_ns"`
	Sleep  Sleep  `json:"sleep"`
	Result int64  `json:"result"`
	Call   Call   `json:"call"`
	Number uint32 `json:"number"` // of the system call
}

// Wake records a thread's return from a futex wake call, or from another call that
// woke a thread.
type Wake struct {
	Kind   uint32 `json:"-"`
	TID    uint32 `json:"tid"`
	Time   uint64 `json:"return_ns"`
	Enter  uint64 `json:"enter_ns"`
	Woken  int64  `json:"woken"`
	Number uint32 `json:"number"` // of the system call
	_      uint32
}

// Run records a thread's time on a CPU.
type Run struct {
	Kind     uint32 `json:"-"`
	TID      uint32 `json:"tid"`
	Time     uint64 `json:"off_ns"`
	From     uint64 `json:"on_ns"`     // 0 if the switch to it was not seen
	Armed    uint64 `json:"armed_ns"`  // when it entered the wait for events in which it first blocks here; 0 if none
	Waking   uint64 `json:"waking_ns"` // when it was chosen, if it slept before; else 0
	CPU      uint32 `json:"cpu"`
	WakerCPU uint32 `json:"waker_cpu"` // valid with Waking
	State    uint32 `json:"state"`     // its state as it left the CPU; 0 if it was still runnable
	_        uint32
}

// Total is the number of the stage that is a group's total. Its text is the
// group's name.
type Total uint32

// Group returns the group whose total the stage is.
func (t Total) Group() stage.Group {
	if int(t) < len(stage.All) {
		return stage.All[t].Group
	}
	return stage.Solitary
}

// MarshalText returns the name of the group.
func (t Total) MarshalText() ([]byte, error) { return []byte(t.Group()), nil }

// UnmarshalText parses the name of a group.
func (t *Total) UnmarshalText(text []byte) error {
	for i, s := range stage.All {
		if s.Name == "total" && s.Group == stage.Group(text) {
			*t = Total(i)
			return nil
		}
	}
	return fmt.Errorf("group %q is unknown", text)
}

// Call is the system call in which a thread waited.
type Call uint32

var callNames = map[Call]string{
	Call(bpf.ProbeCallCALL_NONE):       "other",
	Call(bpf.ProbeCallCALL_ACCEPT):     "accept",
	Call(bpf.ProbeCallCALL_POLL):       "epoll_wait",
	Call(bpf.ProbeCallCALL_SELECT):     "poll",
	Call(bpf.ProbeCallCALL_URING):      "io_uring",
	Call(bpf.ProbeCallCALL_FUTEX_WAIT): "futex",
	Call(bpf.ProbeCallCALL_FUTEX_WAKE): "futex wake",
	Call(bpf.ProbeCallCALL_READ):       "read",
	Call(bpf.ProbeCallCALL_WAIT):       "wait",
	Call(bpf.ProbeCallCALL_CLOSE):      "close",
}

func (c Call) String() string { return callNames[c] }

// MarshalText returns the call's name.
func (c Call) MarshalText() ([]byte, error) { return []byte(callNames[c]), nil }

// UnmarshalText parses the call's name.
func (c *Call) UnmarshalText(text []byte) error {
	for known, name := range callNames {
		if name == string(text) {
			*c = known
			return nil
		}
	}
	return fmt.Errorf("call %q is unknown", text)
}

// Records holds all records of a session, each kind in order of time.
type Records struct {
	Requests []Request
	Handoffs []Handoff
	Gaps     []Gap
	Waits    []Wait
	Wakes    []Wake
	Runs     []Run

	Began uint64 // when Start was called; a hand-off that is used later may be older
}

// sort sorts each kind by time, because the order in the ring may differ from
// that of the times.
func (r *Records) sort() {
	slices.SortStableFunc(r.Requests, func(a, b Request) int { return cmp.Compare(a.Time, b.Time) })
	slices.SortStableFunc(r.Handoffs, func(a, b Handoff) int { return cmp.Compare(a.Time, b.Time) })
	slices.SortStableFunc(r.Gaps, func(a, b Gap) int { return cmp.Compare(a.Time, b.Time) })
	slices.SortStableFunc(r.Waits, func(a, b Wait) int { return cmp.Compare(a.Time, b.Time) })
	slices.SortStableFunc(r.Wakes, func(a, b Wake) int { return cmp.Compare(a.Time, b.Time) })
	slices.SortStableFunc(r.Runs, func(a, b Run) int { return cmp.Compare(a.Time, b.Time) })
}
