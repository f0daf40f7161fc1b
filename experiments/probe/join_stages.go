package probe

// The groups of what kernel and user stamps come to together.
const (
	UserH Group = "H.user" // hand-off, from p0 to f5
	UserD Group = "D.user" // dispatch latency, from a1 to h0
	UserG Group = "G.user" // gap, from a5 to f6: the kernel's, with the user's stamps within
)

// The stages, by their place in userStages.
const (
	hTotal = iota
	hUserWake
	hWakeReturn
	hFutexUser

	dTotal
	dReadyReturn
	dReturnAccept
	dReturnUser
	dUserPass
	dUserWake
	dWakeReturn
	dFutexUser
	dPassTake
	dWakeWoke
	dWokeUser
	dUserPromote
	dUserRead
	dReadyRead
	dReadHandler

	gTotal
	gReturnUser
	gUserPass
	gUserWake
	gWakeReturn
	gFutexUser
	gWakeWoke
	gWokeUser
	gUserPromote
	gUserArm
)

// Both sides have a p3, the end of the wake call: woke-user is the time from
// the kernel's to the user's.
var userStages = [...]Stage{
	hTotal:      {Group: UserH, Name: "total", From: "p0", To: "f5", Text: "passing begins - the receiver knows"},
	hUserWake:   {Group: UserH, Name: "user-wake", From: "p0", To: "p2", Text: "passing begins - the wake call"},
	hWakeReturn: {Group: UserH, Name: "wake-return", From: "p2", To: "f4", Text: "the kernel's part: the wake call - the woken thread's return"},
	hFutexUser:  {Group: UserH, Name: "futex-user", From: "f4", To: "f5", Text: "the futex call's return - the receiver knows"},

	dTotal:        {Group: UserD, Name: "total", From: "a1", To: "h0", Text: "the data is ready - the handler begins"},
	dReadyReturn:  {Group: UserD, Name: "ready-return", From: "a1", To: "a5", Text: "the kernel's part: until accept or epoll_wait returns"},
	dReturnAccept: {Group: UserD, Name: "return-accept", From: "e4", To: "a5", Text: "epoll_wait's return - accept's return"},
	dReturnUser:   {Group: UserD, Name: "return-user", From: "a5", To: "u0", Text: "accept's or epoll_wait's return - user code has the event"},
	dUserPass:     {Group: UserD, Name: "user-pass", From: "u0", To: "p0", Text: "until passing begins"},
	dUserWake:     {Group: UserD, Name: "user-wake", From: "p0", To: "p2", Text: "until the wake call"},
	dWakeReturn:   {Group: UserD, Name: "wake-return", From: "p2", To: "f4", Text: "hand-off, the kernel's part: the wake call - the woken thread's return"},
	dFutexUser:    {Group: UserD, Name: "futex-user", From: "f4", To: "f5", Text: "hand-off: the futex call's return - the receiver knows"},
	dPassTake:     {Group: UserD, Name: "pass-take", From: "p0", To: "f5", Text: "hand-off to a thread that was not asleep"},
	dWakeWoke:     {Group: UserD, Name: "wake-woke", From: "p2", To: "p3", Text: "the reader wakes the next thread first: the kernel's part of that call"},
	dWokeUser:     {Group: UserD, Name: "woke-user", From: "p3", To: "p3", Text: "until user code goes on"},
	dUserPromote:  {Group: UserD, Name: "user-promote", From: "p0", To: "p3", Text: "the reader promotes a thread that is not asleep, or by a call that is not known"},
	dUserRead:     {Group: UserD, Name: "user-read", From: "f5", To: "r4", Text: "until the data has been read"},
	dReadyRead:    {Group: UserD, Name: "ready-read", From: "a1", To: "r4", Text: "the same, where the reader slept for the data or no stamp lies before it"},
	dReadHandler:  {Group: UserD, Name: "read-handler", From: "r4", To: "h0", Text: "the read's end - the handler begins"},

	gTotal:       {Group: UserG, Name: "total", From: "a5", To: "f6", Text: "an event's receipt - the next thread waits"},
	gReturnUser:  {Group: UserG, Name: "return-user", From: "a5", To: "u0", Text: "until user code has the event"},
	gUserPass:    {Group: UserG, Name: "user-pass", From: "u0", To: "p0", Text: "until passing begins"},
	gUserWake:    {Group: UserG, Name: "user-wake", From: "p0", To: "p2", Text: "until the wake call"},
	gWakeReturn:  {Group: UserG, Name: "wake-return", From: "p2", To: "f4", Text: "the kernel's part: until the woken thread returns"},
	gFutexUser:   {Group: UserG, Name: "futex-user", From: "f4", To: "f5", Text: "until it knows"},
	gWakeWoke:    {Group: UserG, Name: "wake-woke", From: "p2", To: "p3", Text: "the kernel's part of the wake call"},
	gWokeUser:    {Group: UserG, Name: "woke-user", From: "p3", To: "p3", Text: "until user code goes on"},
	gUserPromote: {Group: UserG, Name: "user-promote", From: "p0", To: "p3", Text: "passing to a thread that is not asleep, or by a call that is not known"},
	gUserArm:     {Group: UserG, Name: "user-arm", From: "f5", To: "f6", Text: "until it calls accept or epoll_wait"},
}

// UserStages are the stages that Join knows, in order of time. A group's first
// is its total, and the others add up to that.
func UserStages() []Stage { return userStages[:] }

// way is how a request came to its reader.
type way int

const (
	direct way = iota // it received the event, or has the connection already
	woken             // it was woken for it
	queued            // it was given it while awake
)

// walk goes along the stamps of one event, from one stage to the next. A stamp
// that was not taken or lies before the last one takes no time, so that the
// stages add up to the whole.
type walk struct {
	side  *UserSide
	place Placement
	at    uint64
}

func (w *walk) upto(stamp uint64, stage int) {
	if stamp > w.at {
		w.side.byStage[stage][w.place].Observe(stamp - w.at)
		w.at = stamp
	}
}

// dispatch is a request's way from its readiness to its handler. Its placement
// is that of the last wake-up on the way.
func (j *joiner) dispatch(q *Request, g, u *UserRecord, how way) {
	w := walk{j.side, NoWake, q.From}
	for _, s := range []*Sleep{&q.Receipt.Sleep, &q.Pass, &q.Read} {
		if s.Waking > q.From {
			w.place = s.Placement()
		}
	}
	j.side.byStage[dTotal][w.place].Observe(u.H0 - q.From)
	if q.Receipt.Return != 0 && g.U0 >= q.Receipt.Return {
		w.upto(q.Receipt.Return, dReadyReturn)
		w.upto(q.Accepted, dReturnAccept) // at once, or long ago, in all other cases
		w.upto(g.U0, dReturnUser)
		w.upto(g.P0, dUserPass)
		switch {
		case how == woken:
			w.upto(q.Pass.Call, dUserWake)
			w.upto(q.PassReturn, dWakeReturn)
			w.upto(u.F5, dFutexUser)
		case how == queued:
			w.upto(u.F5, dPassTake)
		case q.WakeEnter >= g.P0 && q.WakeExit <= g.P3:
			w.upto(q.WakeEnter, dUserWake)
			w.upto(q.WakeExit, dWakeWoke)
			w.upto(g.P3, dWokeUser)
		default:
			w.upto(g.P3, dUserPromote)
		}
	}
	if w.at == q.From || q.Read.Waking > w.at {
		w.upto(q.Time, dReadyRead)
	} else {
		w.upto(q.Time, dUserRead)
	}
	w.upto(u.H0, dReadHandler)
}

func (j *joiner) handoff(h *Handoff, g, u *UserRecord) {
	w := walk{j.side, h.Sleep.Placement(), g.P0}
	j.side.byStage[hTotal][w.place].Observe(u.F5 - g.P0)
	w.upto(h.Sleep.Call, hUserWake)
	w.upto(h.Time, hWakeReturn)
	w.upto(u.F5, hFutexUser)
}

// passed is a gap that ended with a thread that was woken for it.
func (j *joiner) passed(gap *Gap, p pair) {
	w := walk{j.side, p.handoff.Sleep.Placement(), gap.Began}
	j.side.byStage[gTotal][w.place].Observe(gap.Time - gap.Began)
	w.upto(p.giver.U0, gReturnUser)
	w.upto(p.giver.P0, gUserPass)
	w.upto(p.handoff.Sleep.Call, gUserWake)
	w.upto(p.handoff.Time, gWakeReturn)
	w.upto(p.receiver.F5, gFutexUser)
	w.upto(gap.Time, gUserArm)
}

// retook is a gap that the receiver of the event ended itself, after it had
// passed the last of what the event brought.
func (j *joiner) retook(gap *Gap, event, last *UserRecord) {
	w := walk{j.side, NoWake, gap.Began}
	j.side.byStage[gTotal][w.place].Observe(gap.Time - gap.Began)
	w.upto(event.U0, gReturnUser)
	w.upto(last.P0, gUserPass)
	if gap.WakeEnter >= last.P0 && gap.WakeExit <= last.P3 {
		w.upto(gap.WakeEnter, gUserWake)
		w.upto(gap.WakeExit, gWakeWoke)
		w.upto(last.P3, gWokeUser)
	} else {
		w.upto(last.P3, gUserPromote)
	}
	w.upto(gap.Time, gUserArm)
}

// Histogram is the distribution of a stage, over all placements.
func (s *UserSide) Histogram(group Group, name string) *Histogram {
	for i := range userStages {
		if userStages[i].Group == group && userStages[i].Name == name {
			return all(s.byStage[i])
		}
	}
	return &Histogram{}
}

// Total is the distribution of "H", "D" or "G" with its ends in user space
// (those of G are the kernel's); nil when there is none.
func (s *UserSide) Total(name string) *Histogram {
	if h := s.Histogram(Group(name+".user"), "total"); h.Count > 0 {
		return h
	}
	return nil
}

// Stages are those that something went through, by their names in a Report: H's
// bare, those of D and G with a prefix. Of is "H" or "D" for a stage that the
// kernel's own sum of that name does not contain and that can be added to it;
// it is "H_user", "D_user" or "G_user" for the others, which lie within.
func (s *UserSide) Stages() map[string]StageReport {
	m := map[string]StageReport{}
	for i, stage := range userStages {
		one := all(s.byStage[i])
		if stage.Name == "total" || one.Count == 0 {
			continue
		}
		of := string(stage.Group[:1])
		key := of + "." + stage.Name
		if stage.Group == UserH {
			key = stage.Name
		}
		total := s.Total(of)
		switch i {
		case hUserWake, hFutexUser, dReadHandler:
		default:
			of += "_user"
		}
		m[key] = StageReport{Of: of, From: stage.From, To: stage.To, Text: stage.Text, Dist: one.Dist(),
			PartOfMean: float64(one.Sum) / float64(total.Count), ByPlacement: placed(s.byStage[i]), Log2: one.Log2()}
	}
	return m
}
