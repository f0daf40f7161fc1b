package stage

// Group is a set of stages that add up to a sum.
type Group string

// The groups. A group's first stage is its total.
const (
	First    Group = "D.first"  // dispatch latency of a connection's first request
	Kept     Group = "D.kept"   // dispatch latency of later requests
	Item     Group = "H.item"   // hand-off of a connection
	Lead     Group = "H.lead"   // hand-off of the leadership
	Bare     Group = "H.bare"   // wake-up of a thread that has no part in serving
	Passed   Group = "G.passed" // gap that a woken thread ended
	Retook   Group = "G.retook" // gap that the receiver of the event ended itself
	Joined   Group = "G.joined" // gap that a thread ended without being woken
	Solitary Group = ""         // stages that belong to no sum
)

// Stage is the time between two stamps of a chain. The package comment defines
// the stamps.
type Stage struct {
	Group    Group
	Name     string // "total", or the two ends: "waking-wakeup"
	From, To string // stamps
	Text     string // what happens in it
}

// dispatchStages are the stages of both First and Kept, in order of time.
var dispatchStages = []Stage{
	{Name: "total", From: "a1", To: "r4", Text: "the data is ready - it has been read"},
	{Name: "ready-waking", From: "a1", To: "a2", Text: "until the waiting thread is chosen"},
	{Name: "waking-wakeup", From: "a2", To: "a3", Text: "until it is on a run queue (interrupt, idle exit)"},
	{Name: "wakeup-switch", From: "a3", To: "a4", Text: "on the run queue"},
	{Name: "switch-return", From: "a4", To: "a5", Text: "until accept or epoll_wait returns"},
	{Name: "ready-arm", From: "a1", To: "f6", Text: "nobody waits: until the accepting thread comes"},
	{Name: "arm-return", From: "f6", To: "a5", Text: "it takes the event without sleeping"},
	{Name: "return-accept", From: "e4", To: "a5", Text: "epoll_wait's return - accept's return"},
	{Name: "return-wake", From: "a5", To: "q2", Text: "until the call that wakes another thread"},
	{Name: "pass-wake-waking", From: "q2", To: "w1", Text: "hand-off: the wake call until the thread is chosen"},
	{Name: "pass-waking-wakeup", From: "w1", To: "w2", Text: "hand-off: until it is on a run queue (interrupt, idle exit)"},
	{Name: "pass-wakeup-switch", From: "w2", To: "w3", Text: "hand-off: on the run queue"},
	{Name: "pass-switch-return", From: "w3", To: "w4", Text: "hand-off: until its call returns"},
	{Name: "return-queued", From: "a5", To: "r4", Text: "moved to a thread that was not asleep"},
	{Name: "return-promote", From: "a5", To: "p2", Text: "the reader wakes the next thread first: until that call"},
	{Name: "promote-call", From: "p2", To: "p3", Text: "that call"},
	{Name: "read-waking", From: "a1", To: "r1", Text: "the reader slept for the data: until it is chosen"},
	{Name: "read-wakeup", From: "r1", To: "r2", Text: "until it is on a run queue"},
	{Name: "read-switch", From: "r2", To: "r3", Text: "on the run queue"},
	{Name: "return-read", From: "w4", To: "r4", Text: "until the data has been read"},
}

var Handoff = []Stage{
	{Name: "total", From: "p2", To: "f4", Text: "the wake call - the woken thread's return"},
	{Name: "wake-waking", From: "p2", To: "f1", Text: "until the thread is chosen"},
	{Name: "waking-wakeup", From: "f1", To: "f2", Text: "until it is on a run queue (interrupt, idle exit)"},
	{Name: "wakeup-switch", From: "f2", To: "f3", Text: "on the run queue"},
	{Name: "switch-return", From: "f3", To: "f4", Text: "until its call returns"},
}

// All lists all stages, in the order of the numbers in the kernel programs.
var All = func() []Stage {
	var all []Stage
	add := func(g Group, list []Stage) {
		for _, s := range list {
			s.Group = g
			all = append(all, s)
		}
	}
	add(First, dispatchStages)
	add(Kept, dispatchStages)
	add(Item, Handoff)
	add(Lead, Handoff)
	add(Bare, Handoff)
	add(Passed, []Stage{
		{Name: "total", From: "a5", To: "f6", Text: "an event's receipt - the next thread waits"},
		{Name: "return-wake", From: "a5", To: "p2", Text: "until the call that wakes the next thread"},
		{Name: "wake-waking", From: "p2", To: "f1", Text: "until it is chosen"},
		{Name: "waking-wakeup", From: "f1", To: "f2", Text: "until it is on a run queue (interrupt, idle exit)"},
		{Name: "wakeup-switch", From: "f2", To: "f3", Text: "on the run queue"},
		{Name: "switch-return", From: "f3", To: "f4", Text: "until its call returns"},
		{Name: "return-arm", From: "f4", To: "f6", Text: "until it waits for events"},
	})
	add(Retook, []Stage{
		{Name: "total", From: "a5", To: "f6", Text: "an event's receipt - the same thread waits again"},
		{Name: "return-wake", From: "a5", To: "q2", Text: "until the call that wakes another thread"},
		{Name: "wake-woke", From: "q2", To: "q3", Text: "the wake call"},
		{Name: "woke-arm", From: "q3", To: "f6", Text: "until it waits for events"},
		{Name: "return-arm", From: "a5", To: "f6", Text: "until it waits for events, no wake call in between"},
	})
	add(Joined, []Stage{{Name: "total", From: "a5", To: "f6", Text: "an event's receipt - a thread waits that came by itself"}})
	add(Solitary, []Stage{
		{Name: "arm-block", From: "f6", To: "f7", Text: "entry of accept or epoll_wait - off the CPU in it"},
		{Name: "wake-woke", From: "p2", To: "p3", Text: "a wake call that found a sleeper"},
		{Name: "wake-elided", From: "p2", To: "p3", Text: "a wake call that found none"},
		{Name: "waking-switch", From: "f1", To: "f3", Text: "every wake-up of a thread, whatever its cause: chosen - on a CPU"},
	})
	return all
}()

// Placement is where a woken thread ran, relative to its waker.
type Placement int

// The placements, with their numbers in the kernel programs.
const (
	SameCPU Placement = iota
	CrossCPU
	NoWake
	Placements = int(iota)
)

func (p Placement) String() string {
	return [Placements]string{"same_cpu", "cross_cpu", "no_wake"}[p]
}
