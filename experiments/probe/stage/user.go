package stage

// The groups whose sums combine kernel stamps and user stamps.
const (
	UserH Group = "H.user" // hand-off, from p0 to f5
	UserD Group = "D.user" // dispatch latency, from a1 to h0
	UserG Group = "G.user" // gap, from a5 to f6: the kernel's, divided by user stamps
)

// The indices of the stages in User.
const (
	HTotal = iota
	HUserWake
	HWakeReturn
	HFutexUser

	DTotal
	DReadyReturn
	DReturnAccept
	DReturnUser
	DUserPass
	DUserWake
	DWakeReturn
	DFutexUser
	DPassTake
	DWakeWoke
	DWokeUser
	DUserPromote
	DUserRead
	DReadyRead
	DReadHandler

	GTotal
	GReturnUser
	GUserPass
	GUserWake
	GWakeReturn
	GFutexUser
	GWakeWoke
	GWokeUser
	GUserPromote
	GUserArm
)

// User lists the stages of the joined groups, in order of time. A group's first
// stage is its total, and the others add up to it. Both sides have a stamp p3,
// the end of the wake call: woke-user is the time from the kernel's p3 to the
// user's.
var User = [...]Stage{
	HTotal:      {Group: UserH, Name: "total", From: "p0", To: "f5", Text: "passing begins - the receiver knows"},
	HUserWake:   {Group: UserH, Name: "user-wake", From: "p0", To: "p2", Text: "passing begins - the wake call"},
	HWakeReturn: {Group: UserH, Name: "wake-return", From: "p2", To: "f4", Text: "the kernel's part: the wake call - the woken thread's return"},
	HFutexUser:  {Group: UserH, Name: "futex-user", From: "f4", To: "f5", Text: "the futex call's return - the receiver knows"},

	DTotal:        {Group: UserD, Name: "total", From: "a1", To: "h0", Text: "the data is ready - the handler begins"},
	DReadyReturn:  {Group: UserD, Name: "ready-return", From: "a1", To: "a5", Text: "the kernel's part: until accept or epoll_wait returns"},
	DReturnAccept: {Group: UserD, Name: "return-accept", From: "e4", To: "a5", Text: "epoll_wait's return - accept's return"},
	DReturnUser:   {Group: UserD, Name: "return-user", From: "a5", To: "u0", Text: "accept's or epoll_wait's return - user code has the event"},
	DUserPass:     {Group: UserD, Name: "user-pass", From: "u0", To: "p0", Text: "until passing begins"},
	DUserWake:     {Group: UserD, Name: "user-wake", From: "p0", To: "p2", Text: "until the wake call"},
	DWakeReturn:   {Group: UserD, Name: "wake-return", From: "p2", To: "f4", Text: "hand-off, the kernel's part: the wake call - the woken thread's return"},
	DFutexUser:    {Group: UserD, Name: "futex-user", From: "f4", To: "f5", Text: "hand-off: the futex call's return - the receiver knows"},
	DPassTake:     {Group: UserD, Name: "pass-take", From: "p0", To: "f5", Text: "hand-off to a thread that was not asleep"},
	DWakeWoke:     {Group: UserD, Name: "wake-woke", From: "p2", To: "p3", Text: "the reader wakes the next thread first: the kernel's part of that call"},
	DWokeUser:     {Group: UserD, Name: "woke-user", From: "p3", To: "p3", Text: "until user code goes on"},
	DUserPromote:  {Group: UserD, Name: "user-promote", From: "p0", To: "p3", Text: "the reader promotes a thread that is not asleep, or by a call that is not known"},
	DUserRead:     {Group: UserD, Name: "user-read", From: "f5", To: "r4", Text: "until the data has been read"},
	DReadyRead:    {Group: UserD, Name: "ready-read", From: "a1", To: "r4", Text: "the same, where the reader slept for the data or no stamp lies before it"},
	DReadHandler:  {Group: UserD, Name: "read-handler", From: "r4", To: "h0", Text: "the read's end - the handler begins"},

	GTotal:       {Group: UserG, Name: "total", From: "a5", To: "f6", Text: "an event's receipt - the next thread waits"},
	GReturnUser:  {Group: UserG, Name: "return-user", From: "a5", To: "u0", Text: "until user code has the event"},
	GUserPass:    {Group: UserG, Name: "user-pass", From: "u0", To: "p0", Text: "until passing begins"},
	GUserWake:    {Group: UserG, Name: "user-wake", From: "p0", To: "p2", Text: "until the wake call"},
	GWakeReturn:  {Group: UserG, Name: "wake-return", From: "p2", To: "f4", Text: "the kernel's part: until the woken thread returns"},
	GFutexUser:   {Group: UserG, Name: "futex-user", From: "f4", To: "f5", Text: "until it knows"},
	GWakeWoke:    {Group: UserG, Name: "wake-woke", From: "p2", To: "p3", Text: "the kernel's part of the wake call"},
	GWokeUser:    {Group: UserG, Name: "woke-user", From: "p3", To: "p3", Text: "until user code goes on"},
	GUserPromote: {Group: UserG, Name: "user-promote", From: "p0", To: "p3", Text: "passing to a thread that is not asleep, or by a call that is not known"},
	GUserArm:     {Group: UserG, Name: "user-arm", From: "f5", To: "f6", Text: "until it calls accept or epoll_wait"},
}
