package probe

import "lflab/experiments/probe/stage"

// way says how a request reached its reader.
type way int

const (
	direct way = iota // the reader received the event, or has the connection already
	woken             // the reader was woken for it
	queued            // the reader got it while awake
)

// walk goes along the stamps of one event and observes each stage. A stamp that
// is missing or earlier than the previous one takes no time, so the stages add
// up to the total.
type walk struct {
	side  *UserSide
	place stage.Placement
	at    uint64
}

func (w *walk) upto(stamp uint64, stage int) {
	if stamp > w.at {
		w.side.byStage[stage][w.place].Observe(stamp - w.at)
		w.at = stamp
	}
}

// dispatch observes a request's stages from its readiness to its handler. Its
// placement is that of the last wake-up among them.
func (j *joiner) dispatch(q *Request, g, u *UserRecord, how way) {
	w := walk{j.side, stage.NoWake, q.From}
	for _, s := range []*Sleep{&q.Receipt.Sleep, &q.Pass, &q.Read} {
		if s.Waking > q.From {
			w.place = s.Placement()
		}
	}
	j.side.byStage[stage.DTotal][w.place].Observe(u.H0 - q.From)
	if q.Receipt.Return != 0 && g.U0 >= q.Receipt.Return {
		w.upto(q.Receipt.Return, stage.DReadyReturn)
		w.upto(q.Accepted, stage.DReturnAccept) // zero unless the thread has come from epoll_wait to accept
		w.upto(g.U0, stage.DReturnUser)
		w.upto(g.P0, stage.DUserPass)
		switch {
		case how == woken:
			w.upto(q.Pass.Call, stage.DUserWake)
			w.upto(q.PassReturn, stage.DWakeReturn)
			w.upto(u.F5, stage.DFutexUser)
		case how == queued:
			w.upto(u.F5, stage.DPassTake)
		case q.WakeEnter >= g.P0 && q.WakeExit <= g.P3:
			w.upto(q.WakeEnter, stage.DUserWake)
			w.upto(q.WakeExit, stage.DWakeWoke)
			w.upto(g.P3, stage.DWokeUser)
		default:
			w.upto(g.P3, stage.DUserPromote)
		}
	}
	if w.at == q.From || q.Read.Waking > w.at {
		w.upto(q.Time, stage.DReadyRead)
	} else {
		w.upto(q.Time, stage.DUserRead)
	}
	w.upto(u.H0, stage.DReadHandler)
}

func (j *joiner) handoff(h *Handoff, g, u *UserRecord) {
	w := walk{j.side, h.Sleep.Placement(), g.P0}
	j.side.byStage[stage.HTotal][w.place].Observe(u.F5 - g.P0)
	w.upto(h.Sleep.Call, stage.HUserWake)
	w.upto(h.Time, stage.HWakeReturn)
	w.upto(u.F5, stage.HFutexUser)
}

// passed observes the stages of a gap that a woken thread ended.
func (j *joiner) passed(gap *Gap, p pair) {
	w := walk{j.side, p.handoff.Sleep.Placement(), gap.Began}
	j.side.byStage[stage.GTotal][w.place].Observe(gap.Time - gap.Began)
	w.upto(p.giver.U0, stage.GReturnUser)
	w.upto(p.giver.P0, stage.GUserPass)
	w.upto(p.handoff.Sleep.Call, stage.GUserWake)
	w.upto(p.handoff.Time, stage.GWakeReturn)
	w.upto(p.receiver.F5, stage.GFutexUser)
	w.upto(gap.Time, stage.GUserArm)
}

// retook observes the stages of a gap that the receiver of the event ended
// itself, after it had handed over the last connection of the event.
func (j *joiner) retook(gap *Gap, event, last *UserRecord) {
	w := walk{j.side, stage.NoWake, gap.Began}
	j.side.byStage[stage.GTotal][w.place].Observe(gap.Time - gap.Began)
	w.upto(event.U0, stage.GReturnUser)
	w.upto(last.P0, stage.GUserPass)
	if gap.WakeEnter >= last.P0 && gap.WakeExit <= last.P3 {
		w.upto(gap.WakeEnter, stage.GUserWake)
		w.upto(gap.WakeExit, stage.GWakeWoke)
		w.upto(last.P3, stage.GWokeUser)
	} else {
		w.upto(last.P3, stage.GUserPromote)
	}
	w.upto(gap.Time, stage.GUserArm)
}

// Histogram returns the distribution of a stage over all placements.
func (s *UserSide) Histogram(group stage.Group, name string) *Histogram {
	for i := range stage.User {
		if stage.User[i].Group == group && stage.User[i].Name == name {
			return all(s.byStage[i])
		}
	}
	return &Histogram{}
}

// Total returns the distribution of "H", "D" or "G" between user stamps (the
// ends of G are the kernel's), or nil if it is empty.
func (s *UserSide) Total(name string) *Histogram {
	if h := s.Histogram(stage.Group(name+".user"), "total"); h.Count > 0 {
		return h
	}
	return nil
}

// Stages returns the stages that have values, under their names in a Report:
// those of H bare, those of D and G with a prefix. Of is "H" or "D" if the
// stage can be added to the kernel's sum of that name because it lies outside
// it. Otherwise it is "H_user", "D_user" or "G_user".
func (s *UserSide) Stages() map[string]stage.Times {
	m := map[string]stage.Times{}
	for i, part := range stage.User {
		one := all(s.byStage[i])
		if part.Name == "total" || one.Count == 0 {
			continue
		}
		of := string(part.Group[:1])
		key := of + "." + part.Name
		if part.Group == stage.UserH {
			key = part.Name
		}
		total := s.Total(of)
		switch i {
		case stage.HUserWake, stage.HFutexUser, stage.DReadHandler:
		default:
			of += "_user"
		}
		m[key] = stage.Times{Of: of, From: part.From, To: part.To, Text: part.Text, Dist: one.Dist(),
			PartOfMean: float64(one.Sum) / float64(total.Count), ByPlacement: placed(s.byStage[i]), Log2: one.Log2()}
	}
	return m
}
