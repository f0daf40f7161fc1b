package probe

import (
	"cmp"
	"fmt"
	"slices"

	"lflab/experiments/probe/bpf"
	"lflab/experiments/probe/stage"
)

// The records of single events, as the kernel's programs write them: their
// layout is that of bpf/records.h, and a test holds them together. All times
// are nanoseconds of CLOCK_MONOTONIC; 0 is a stamp that was not taken.

// Sleep is one sleep of a thread and how it ended.
type Sleep struct {
	Off      uint64 `json:"off_ns"`            // left the CPU
	Waking   uint64 `json:"waking_ns"`         // chosen by the waker
	Wakeup   uint64 `json:"wakeup_ns"`         // on a run queue
	Run      uint64 `json:"run_ns"`            // on a CPU
	Call     uint64 `json:"call_ns,omitempty"` // the waker's entry into its futex call; 0: something else woke it
	Waker    uint32 `json:"waker_tid,omitempty"`
	WakerCPU uint16 `json:"waker_cpu"`
	CPU      uint16 `json:"cpu"`
}

// Placement says where the sleeper ran, seen from its waker.
func (s *Sleep) Placement() stage.Placement {
	switch {
	case s.Waking == 0:
		return stage.NoWake
	case s.WakerCPU == s.CPU:
		return stage.SameCPU
	}
	return stage.CrossCPU
}

// Receipt is one wait for events, from its call to its return.
type Receipt struct {
	Enter  uint64 `json:"enter_ns"`
	Sleep  Sleep  `json:"sleep"` // zero when the call returned at once
	Return uint64 `json:"return_ns"`
	TID    uint32 `json:"tid"`
	Polled uint32 `json:"polled"` // 1: epoll_wait, 0: accept
}

// Request is data that became ready on a connection and was read.
type Request struct {
	Kind          uint32  `json:"-"`
	TID           uint32  `json:"tid"`     // of the reader
	Time          uint64  `json:"read_ns"` // the read's end
	Sock          uint64  `json:"sock"`
	Established   uint64  `json:"established_ns"`
	ListenerReady uint64  `json:"listener_ready_ns"`
	DataReady     uint64  `json:"data_ready_ns"`
	Accepted      uint64  `json:"accepted_ns"`
	Acceptor      uint32  `json:"acceptor_tid"`
	First         uint32  `json:"first"`    // 1: of its connection
	From          uint64  `json:"ready_ns"` // where D begins
	Receipt       Receipt `json:"receipt"`  // of the event; zero if none is known
	Pass          Sleep   `json:"pass"`     // the reader's wake-up by a hand-off; zero if none is on the path
	PassReturn    uint64  `json:"pass_return_ns"`
	Read          Sleep   `json:"read"`          // its sleep within the read; zero if there was none
	WakeEnter     uint64  `json:"wake_enter_ns"` // the reader's last wake call
	WakeExit      uint64  `json:"wake_return_ns"`
	Moved         uint32  `json:"moved"`           // 1: another thread touched the connection last
	ReceiptPolled uint32  `json:"acceptor_polled"` // 1: its acceptor had it from an epoll set
}

// Handoff is a wake-up that a thread put to use.
type Handoff struct {
	Kind       uint32 `json:"-"`
	TID        uint32 `json:"tid"`       // who was woken
	Time       uint64 `json:"return_ns"` // its futex call's return
	Sleep      Sleep  `json:"sleep"`
	ReceiptRet uint64 `json:"receipt_return_ns"` // of the event that the waker had
	Group      Total  `json:"group"`
	_          uint32
}

// Gap is a time in which no thread waited for events.
type Gap struct {
	Kind  uint32 `json:"-"`
	TID   uint32 `json:"tid"`     // the next that waits
	Time  uint64 `json:"ends_ns"` // its entry
	Began uint64 `json:"began_ns"`
	Giver uint32 `json:"giver_tid"` // who received the event
	How   Total  `json:"how"`
	// How the next thread was woken, and the giver's last wake call: what the
	// gap's stages come from.
	Pass       Sleep  `json:"pass"`
	PassReturn uint64 `json:"pass_return_ns"`
	WakeEnter  uint64 `json:"wake_enter_ns"`
	WakeExit   uint64 `json:"wake_return_ns"`
}

// Wait is a thread's return from accept, epoll_wait or a futex wait.
type Wait struct {
	Kind   uint32 `json:"-"`
	TID    uint32 `json:"tid"`
	Time   uint64 `json:"return_ns"`
	Enter  uint64 `json:"enter_ns"`
	Sleep  Sleep  `json:"sleep"`
	Result int64  `json:"result"`
	Call   Call   `json:"call"`
	_      uint32
}

// Wake is a thread's return from a futex wake call.
type Wake struct {
	Kind  uint32 `json:"-"`
	TID   uint32 `json:"tid"`
	Time  uint64 `json:"return_ns"`
	Enter uint64 `json:"enter_ns"`
	Woken int64  `json:"woken"`
}

// Run is a thread's time on a CPU.
type Run struct {
	Kind     uint32 `json:"-"`
	TID      uint32 `json:"tid"`
	Time     uint64 `json:"off_ns"`
	From     uint64 `json:"on_ns"`     // 0: its way onto the CPU was not seen
	Armed    uint64 `json:"armed_ns"`  // entry of the wait for events that it first blocks in here; 0: none
	Waking   uint64 `json:"waking_ns"` // it was asleep before and was chosen then; 0: it was not
	CPU      uint32 `json:"cpu"`
	WakerCPU uint32 `json:"waker_cpu"` // with Waking
	State    uint32 `json:"state"`     // it left the CPU in; 0: it could have gone on
	_        uint32
}

// Total is the number of the stage that is its group's total; as text it is the
// group's name.
type Total uint32

// Group is the group that the stage is the total of.
func (t Total) Group() stage.Group {
	if int(t) < len(stage.All) {
		return stage.All[t].Group
	}
	return stage.Solitary
}

// MarshalText writes the group.
func (t Total) MarshalText() ([]byte, error) { return []byte(t.Group()), nil }

// UnmarshalText reads a group.
func (t *Total) UnmarshalText(text []byte) error {
	for i, s := range stage.All {
		if s.Name == "total" && s.Group == stage.Group(text) {
			*t = Total(i)
			return nil
		}
	}
	return fmt.Errorf("group %q is not known", text)
}

// Call is what a thread waited in.
type Call uint32

var callNames = map[Call]string{
	Call(bpf.ProbeCallCALL_ACCEPT):     "accept",
	Call(bpf.ProbeCallCALL_POLL):       "epoll_wait",
	Call(bpf.ProbeCallCALL_FUTEX_WAIT): "futex",
}

func (c Call) String() string { return callNames[c] }

// MarshalText writes the call's name.
func (c Call) MarshalText() ([]byte, error) { return []byte(callNames[c]), nil }

// UnmarshalText reads it.
func (c *Call) UnmarshalText(text []byte) error {
	for known, name := range callNames {
		if name == string(text) {
			*c = known
			return nil
		}
	}
	return fmt.Errorf("call %q is not known", text)
}

// Records are all that a session collected, each kind in order of time.
type Records struct {
	Requests []Request
	Handoffs []Handoff
	Gaps     []Gap
	Waits    []Wait
	Wakes    []Wake
	Runs     []Run

	Began uint64 // when Start was called; a hand-off that is put to use later may be older
}

// sort puts each kind in order of time: CPUs write to one ring, but a record's
// time is older than its place in it.
func (r *Records) sort() {
	slices.SortStableFunc(r.Requests, func(a, b Request) int { return cmp.Compare(a.Time, b.Time) })
	slices.SortStableFunc(r.Handoffs, func(a, b Handoff) int { return cmp.Compare(a.Time, b.Time) })
	slices.SortStableFunc(r.Gaps, func(a, b Gap) int { return cmp.Compare(a.Time, b.Time) })
	slices.SortStableFunc(r.Waits, func(a, b Wait) int { return cmp.Compare(a.Time, b.Time) })
	slices.SortStableFunc(r.Wakes, func(a, b Wake) int { return cmp.Compare(a.Time, b.Time) })
	slices.SortStableFunc(r.Runs, func(a, b Run) int { return cmp.Compare(a.Time, b.Time) })
}
