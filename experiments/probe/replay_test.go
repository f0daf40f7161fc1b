package probe

import (
	"slices"

	"lflab/experiments/probe/bpf"
	"lflab/experiments/probe/stage"
)

// replayed computes the stages of each record in the same steps as the kernel's
// programs. It returns the single durations by stage number and placement. If
// no record was lost, they agree with the histograms of the programs. Records
// of requests, hand-offs and gaps yield the stages of D, H and G. Records of
// calls yield the stages that are in no sum.
func (r *Records) replayed() [][stage.Placements]Samples {
	p := replay{make([][stage.Placements]Samples, len(stage.All))}
	for i := range r.Requests {
		p.request(&r.Requests[i])
	}
	for i := range r.Handoffs {
		p.handoff(&r.Handoffs[i])
	}
	for i := range r.Gaps {
		p.gap(&r.Gaps[i])
	}
	for i := range r.Wakes {
		p.wake(&r.Wakes[i])
	}
	for i := range r.Runs {
		p.run(&r.Runs[i])
	}
	for stage := range p.samples {
		for place := range p.samples[stage] {
			slices.Sort(p.samples[stage][place])
		}
	}
	return p.samples
}

// The methods of replay mirror the functions of the same names in bpf/: a
// change to those needs the same change here.
type replay struct{ samples [][stage.Placements]Samples }

func (p replay) observe(stage bpf.ProbeStage, place stage.Placement, ns uint64) {
	list := &p.samples[stage][place]
	*list = append(*list, ns)
}

// upto ends a stage at stamp and moves *at there, if stamp is later.
func (p replay) upto(at *uint64, stamp uint64, stage bpf.ProbeStage, place stage.Placement) {
	if stamp > *at {
		p.observe(stage, place, stamp-*at)
		*at = stamp
	}
}

// request accounts a request that was read, as the kernel program data_read
// does.
func (p replay) request(q *Request) {
	group := bpf.ProbeStageKEPT_TOTAL
	if q.First == 1 {
		group = bpf.ProbeStageFIRST_TOTAL
	}
	at, place := q.From, stage.NoWake
	upto := func(stamp uint64, stage bpf.ProbeStage) {
		p.upto(&at, stamp, group+stage-bpf.ProbeStageFIRST_TOTAL, place)
	}
	if s := &q.Receipt.Sleep; s.Off != 0 {
		place = s.Placement()
		upto(s.Waking, bpf.ProbeStageFIRST_READY_WAKING)
		upto(s.Wakeup, bpf.ProbeStageFIRST_WAKING_WAKEUP)
		upto(s.Run, bpf.ProbeStageFIRST_WAKEUP_SWITCH)
		upto(q.Receipt.Return, bpf.ProbeStageFIRST_SWITCH_RETURN)
	} else {
		upto(q.Receipt.Enter, bpf.ProbeStageFIRST_READY_ARM)
		upto(q.Receipt.Return, bpf.ProbeStageFIRST_ARM_RETURN)
	}
	if q.First == 1 && q.ReceiptPolled == 1 {
		upto(q.Accepted, bpf.ProbeStageFIRST_RETURN_ACCEPT)
	}
	passed := q.PassReturn != 0
	switch {
	case passed:
		place = q.Pass.Placement()
		upto(q.Pass.Call, bpf.ProbeStageFIRST_RETURN_WAKE)
		upto(q.Pass.Waking, bpf.ProbeStageFIRST_PASS_WAKE_WAKING)
		upto(q.Pass.Wakeup, bpf.ProbeStageFIRST_PASS_WAKING_WAKEUP)
		upto(q.Pass.Run, bpf.ProbeStageFIRST_PASS_WAKEUP_SWITCH)
		upto(q.PassReturn, bpf.ProbeStageFIRST_PASS_SWITCH_RETURN)
	case q.Moved == 2: // no stage is known of how it came to its reader
	case q.Moved == 1 && (q.First == 1 || q.Receipt.Return == 0):
		place = stage.NoWake
		upto(q.Time, bpf.ProbeStageFIRST_RETURN_QUEUED)
	}
	if !passed && q.WakeEnter >= at && q.WakeExit > at && q.Acceptor == q.TID {
		upto(q.WakeEnter, bpf.ProbeStageFIRST_RETURN_PROMOTE)
		upto(q.WakeExit, bpf.ProbeStageFIRST_PROMOTE_CALL)
	}
	if q.Read.Waking > at {
		place = q.Read.Placement()
		upto(q.Read.Waking, bpf.ProbeStageFIRST_READ_WAKING)
		upto(q.Read.Wakeup, bpf.ProbeStageFIRST_READ_WAKEUP)
		upto(q.Read.Run, bpf.ProbeStageFIRST_READ_SWITCH)
	}
	upto(q.Time, bpf.ProbeStageFIRST_RETURN_READ)
	p.observe(group, place, q.Time-q.From)
}

// handoff mirrors handed_off.
func (p replay) handoff(h *Handoff) {
	at, place := h.Sleep.Call, h.Sleep.Placement()
	upto := func(stamp uint64, stage bpf.ProbeStage) {
		p.upto(&at, stamp, bpf.ProbeStage(h.Group)+stage-bpf.ProbeStageITEM_TOTAL, place)
	}
	p.observe(bpf.ProbeStage(h.Group), place, h.Time-at)
	upto(h.Sleep.Waking, bpf.ProbeStageITEM_WAKE_WAKING)
	upto(h.Sleep.Wakeup, bpf.ProbeStageITEM_WAKING_WAKEUP)
	upto(h.Sleep.Run, bpf.ProbeStageITEM_WAKEUP_SWITCH)
	upto(h.Time, bpf.ProbeStageITEM_SWITCH_RETURN)
}

// gap mirrors close_gap.
func (p replay) gap(g *Gap) {
	at, place := g.Began, stage.NoWake
	if g.How.Group() == stage.Passed {
		place = g.Pass.Placement()
	}
	p.observe(bpf.ProbeStage(g.How), place, g.Time-at)
	switch {
	case g.How.Group() == stage.Passed:
		p.upto(&at, g.Pass.Call, bpf.ProbeStagePASSED_RETURN_WAKE, place)
		p.upto(&at, g.Pass.Waking, bpf.ProbeStagePASSED_WAKE_WAKING, place)
		p.upto(&at, g.Pass.Wakeup, bpf.ProbeStagePASSED_WAKING_WAKEUP, place)
		p.upto(&at, g.Pass.Run, bpf.ProbeStagePASSED_WAKEUP_SWITCH, place)
		p.upto(&at, g.PassReturn, bpf.ProbeStagePASSED_SWITCH_RETURN, place)
		p.upto(&at, g.Time, bpf.ProbeStagePASSED_RETURN_ARM, place)
	case g.How.Group() == stage.Retook && g.WakeExit > at:
		p.upto(&at, g.WakeEnter, bpf.ProbeStageRETOOK_RETURN_WAKE, place)
		p.upto(&at, g.WakeExit, bpf.ProbeStageRETOOK_WAKE_WOKE, place)
		p.upto(&at, g.Time, bpf.ProbeStageRETOOK_WOKE_ARM, place)
	case g.How.Group() == stage.Retook:
		p.upto(&at, g.Time, bpf.ProbeStageRETOOK_RETURN_ARM, place)
	}
}

// wake mirrors the end of a futex wake call in leave.
func (p replay) wake(w *Wake) {
	number := bpf.ProbeStageWAKE_ELIDED
	if w.Woken > 0 {
		number = bpf.ProbeStageWAKE_WOKE
	}
	p.observe(number, stage.NoWake, w.Time-w.Enter)
}

// run mirrors a thread's switch onto a CPU and off it in switched.
func (p replay) run(one *Run) {
	if one.Waking != 0 && one.From > one.Waking {
		place := stage.CrossCPU
		if one.WakerCPU == one.CPU {
			place = stage.SameCPU
		}
		p.observe(bpf.ProbeStageWAKING_SWITCH, place, one.From-one.Waking)
	}
	if one.Armed != 0 && one.Time > one.Armed {
		p.observe(bpf.ProbeStageARM_BLOCK, stage.NoWake, one.Time-one.Armed)
	}
}
